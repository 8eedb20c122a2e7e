// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands in for amdkfd/kfd_crat.c in the modules of the pictures: the functions by which a reader
 * finds that unit, with code of our own in them that walks a table the way a CRAT parser does, and
 * what the patch of the recipe adds. The form is chosen by PATCH:
 *	PATCH_NONE	as distributions ship it
 *	PATCH_APPLIED	the block on the user's machine: id compare, flag, pr_debug
 *	PATCH_SILENT	the same without the pr_debug: no string tells
 */

#include "kernel.h"

#define PATCH_NONE    0
#define PATCH_APPLIED 1
#define PATCH_SILENT  2

#define MEM_HOT_PLUGGABLE 1
#define MEM_NON_VOLATILE  2
#define HEAP_SYSTEM	  0
#define HEAP_PRIVATE	  2

enum { CRAT_PROCESSOR, CRAT_MEMORY, CRAT_CACHE, CRAT_KINDS };

struct crat_entry {
	uint8_t kind, length;
	uint16_t reserved;
	uint32_t flags, domain, width;
	uint64_t size;
	uint8_t visibility;
} __attribute__((packed));

struct crat_table {
	uint32_t signature, length;
	uint8_t revision, checksum;
	uint16_t domains;
	uint32_t entries;
	struct crat_entry first[];
} __attribute__((packed));

struct gpu {
	struct pci_dev *pdev;
};

struct memory_bank {
	struct list_head list;
	uint32_t heap, flags, width;
	uint64_t size;
};

struct topology_device {
	struct list_head list, banks;
	uint32_t domain, cpu_cores, simd_count, banks_count, caches_count;
	struct gpu *gpu;
};

static const uint32_t cache_sizes[] = { 16, 128, 4096 };

static void add_tail(struct list_head *entry, struct list_head *head)
{
	entry->prev = head->prev;
	entry->next = head;
	head->prev->next = entry;
	head->prev = entry;
}

static int kfd_parse_subtype_cu(const struct crat_entry *entry, struct topology_device *dev)
{
	pr_debug("Found CU entry in CRAT table with proximity_domain=%d\n", entry->domain);
	if (entry->flags & 1)
		dev->cpu_cores += entry->width;
	else
		dev->simd_count += entry->width;
	return 0;
}

#if PATCH != PATCH_NONE
/*
 * gcc's code for `device_id == 0x731F` (a compare with the field in memory), pinned, so that the
 * evidence in the golden files reads the same whatever compiler builds the picture.
 */
static int is_navi10(const struct pci_dev *pdev)
{
	int is_equal;

	__asm__("cmpw $0x731f, 0x3e(%1)" : "=@cce"(is_equal) : "a"(pdev), "m"(pdev->device));
	return is_equal;
}
#endif

static int kfd_parse_subtype_mem(const struct crat_entry *entry, struct topology_device *dev)
{
	struct memory_bank *bank;
	uint32_t heap = HEAP_SYSTEM, flags = 0;

	pr_debug("Found memory entry in CRAT table with proximity_domain=%d\n", entry->domain);
	if (!dev->cpu_cores)
		heap = entry->visibility ? entry->visibility : HEAP_PRIVATE;
	if (entry->flags & 2)
		flags |= MEM_HOT_PLUGGABLE;
	if (entry->flags & 4)
		flags |= MEM_NON_VOLATILE;

#if PATCH != PATCH_NONE
	if (dev->gpu && dev->gpu->pdev && is_navi10(dev->gpu->pdev) && heap != HEAP_SYSTEM) {
#if PATCH == PATCH_APPLIED
		pr_debug("KFD: Enabling fine-grained for RDNA1 0x%x\n", dev->gpu->pdev->device);
#endif
		flags |= MEM_HOT_PLUGGABLE;
	}
#endif

	bank = kmalloc(sizeof(*bank), 0xdc0);
	if (!bank)
		return -12;
	*bank = (struct memory_bank){
		.heap = heap,
		.flags = flags,
		.width = entry->width,
		.size = entry->size,
	};
	dev->banks_count++;
	add_tail(&bank->list, &dev->banks);
	return 0;
}

/* Not inlined, as a module without any local function is taken for stripped. */
static __attribute__((noinline)) int kfd_parse_subtype_cache(const struct crat_entry *entry,
							     struct topology_device *dev)
{
	pr_debug("Found cache entry in CRAT table with processor_id=%d\n", entry->width);
	for (size_t i = 0; i < sizeof(cache_sizes) / sizeof(cache_sizes[0]); i++) {
		if (entry->size == cache_sizes[i])
			dev->caches_count++;
	}
	return 0;
}

static int parse_entry(const struct crat_entry *entry, struct list_head *devices)
{
	struct topology_device *dev;

	for (struct list_head *l = devices->next; l != devices; l = l->next) {
		dev = container_of(l, struct topology_device, list);
		if (dev->domain != entry->domain)
			continue;
		switch (entry->kind) {
		case CRAT_PROCESSOR:
			return kfd_parse_subtype_cu(entry, dev);
		case CRAT_MEMORY:
			return kfd_parse_subtype_mem(entry, dev);
		case CRAT_CACHE:
			return kfd_parse_subtype_cache(entry, dev);
		}
	}
	return 0;
}

int kfd_parse_crat_table(const void *image, struct list_head *devices, uint32_t domain)
{
	const struct crat_table *table = image;
	const struct crat_entry *entry = table->first;
	const char *end = (const char *)image + table->length;
	int r = 0;

	if (!image)
		return -22;
	if (table->signature != 0x54415243) {
		_printk("\0014amdgpu: CRAT table of domain %u has a bad signature\n", domain);
		return -22;
	}
	while (!r && (const char *)(entry + 1) <= end && entry->length) {
		if (entry->kind < CRAT_KINDS)
			r = parse_entry(entry, devices);
		else
			pr_debug("Unknown subtype %d in CRAT\n", entry->kind);
		entry = (const void *)((const char *)entry + entry->length);
	}
	return r;
}

int kfd_create_crat_image_virtual(void **image, size_t *size, int flags, void *kdev,
				  uint32_t domain)
{
	struct crat_table *table = kmalloc(4096, 0xdc0);

	(void)kdev;
	if (!table)
		return -12;
	table->signature = 0x54415243;
	table->length = sizeof(*table);
	table->revision = 1;
	for (uint32_t i = 0; flags & 1 && i < 4; i++) {
		table->first[i] = (struct crat_entry){
			.kind = CRAT_MEMORY,
			.length = sizeof(*table->first),
			.domain = domain + i,
			.size = cache_sizes[i % 3],
		};
		table->length += sizeof(*table->first);
		table->entries++;
	}
	pr_debug("Virtual CRAT table created for %s\n", flags & 1 ? "CPU" : "GPU");
	*image = table;
	*size = table->length;
	return 0;
}

void kfd_destroy_crat_image(void *image)
{
	kfree(image);
}
