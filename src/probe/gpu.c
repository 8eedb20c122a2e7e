/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The AMD display devices of a machine: PCI base class 03 and vendor 1002. A backend finds them
 * and their drm nodes; revision, subsystem, driver and link are plain files of sysfs on both. By
 * class and ids only: the data base calls bridges and audio functions "Navi 10" as well.
 *
 * The kernel keeps the ids in memory, so that a card which fell off the bus still has its own,
 * where its config space would read as ones. sysfs: Documentation/ABI/testing/sysfs-bus-pci.
 */

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "gpu.h"
#include "probe/probe.h"

#define VENDOR_AMD	   0x1002
#define BASE_CLASS_DISPLAY 0x03 /* linux/pci_ids.h PCI_BASE_CLASS_DISPLAY */
#define CONFIG_REVISION	   8 /* linux/pci_regs.h PCI_REVISION_ID */
#define CONFIG_MAX	   4096
#define LINK_WIDTH_UNKNOWN 255 /* drivers/pci/pci-sysfs.c: PCI_EXP_LNKSTA read as ones */

bool rd_gpu_is_node(const char *name)
{
	const char *digits;

	if (rd_text_has_prefix(name, "card"))
		digits = name + strlen("card");
	else if (rd_text_has_prefix(name, "renderD"))
		digits = name + strlen("renderD");
	else
		return false;
	return *digits && !digits[strspn(digits, "0123456789")];
}

static struct rd_gpu *find_slot(const struct rd_gpus *gpus, const char *slot)
{
	for (size_t i = 0; i < gpus->n; i++) {
		if (!strcmp(gpus->items[i].slot, slot))
			return &gpus->items[i];
	}
	return NULL;
}

static bool is_display(const struct rd_pci_function *function)
{
	const struct rd_device *row;

	if (function->vendor != VENDOR_AMD)
		return false;
	row = rd_device_find(function->device, (struct rd_num){ 0 });
	if (row && row->chip_class == RD_CHIP_NOT_GPU)
		return false;
	if (function->pci_class.known)
		return function->pci_class.v >> 16 == BASE_CLASS_DISPLAY;
	return function->has_drm_node || row;
}

int rd_gpu_add(struct rd_gpus *gpus, const struct rd_pci_function *function)
{
	struct rd_gpu gpu = {
		.vendor = function->vendor,
		.device = function->device,
		.pci_class = function->pci_class,
	};

	if (!is_display(function) || find_slot(gpus, function->slot))
		return 0;
	gpu.slot = strdup(function->slot);
	if (gpu.slot && !rd_array_push(gpus, &gpu))
		return 0;
	rd_gpu_deinit(&gpu);
	return -ENOMEM;
}

int rd_gpu_set_node(struct rd_gpus *gpus, const char *slot, const char *node)
{
	struct rd_gpu *gpu = find_slot(gpus, slot);
	char **nodep;

	if (!gpu)
		return 0;
	nodep = rd_text_has_prefix(node, "card") ? &gpu->drm_card : &gpu->drm_render;
	if (!*nodep)
		*nodep = strdup(node);
	return *nodep ? 0 : -ENOMEM;
}

/* The device's folder in sysfs: a bug report may have it below class/drm alone. */
static int find_folder(const struct rd_system *sys, const struct rd_gpu *gpu, char **folderp,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *folder = rd_attribute_path(RD_PCI_DEVICES, gpu->slot);
	RD_CLEANUP(rd_freep) char *node = NULL;
	const char *name = gpu->drm_card ? gpu->drm_card : gpu->drm_render;
	struct stat st;
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = rd_system_stat(sys, folder, &st, err);
	if (r < 0)
		return r;
	if (r && name) {
		node = rd_attribute_path(RD_DRM_CLASS, name);
		free(folder);
		folder = node ? rd_attribute_path(node, "device") : NULL;
		if (!folder)
			return rd_error_nomem(err);
	}
	*folderp = RD_TAKE_PTR(folder);
	return 0;
}

static int read_driver(const struct rd_system *sys, const char *folder, const char *uevent,
		       struct rd_gpu *gpu, struct rd_error *err)
{
	int r;

	r = rd_attribute_link(sys, folder, "driver", &gpu->driver, err);
	if (r < 0)
		return r;
	if (r == RD_SYSTEM_ABSENT && uevent &&
	    rd_attribute_assignment(uevent, "DRIVER", &gpu->driver))
		return rd_error_nomem(err);
	gpu->is_driver_known = gpu->driver || (r == RD_SYSTEM_ABSENT && uevent);
	return 0;
}

/* PCI_SUBSYS_ID=1DA2:E409, for pictures that hold nothing but uevent. */
static int read_subsystem(const char *uevent, struct rd_gpu *gpu, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *ids = NULL;
	unsigned int vendor, device;

	if (rd_attribute_assignment(uevent, "PCI_SUBSYS_ID", &ids))
		return rd_error_nomem(err);
	if (ids && sscanf(ids, "%4x:%4x", &vendor, &device) == 2) {
		gpu->subsystem_vendor = RD_NUM(vendor);
		gpu->subsystem_device = RD_NUM(device);
	}
	return 0;
}

/* Kernels before 4.10 have no attribute `revision`. */
static int read_revision_of_config(const struct rd_system *sys, const char *folder,
				   struct rd_gpu *gpu, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = rd_attribute_path(folder, "config");
	RD_CLEANUP(rd_text_deinit) struct rd_text config = RD_TEXT_INIT;
	uint16_t ids[2];
	int r;

	if (!path)
		return rd_error_nomem(err);
	r = rd_system_read(sys, path, CONFIG_MAX, &config, err);
	if (r || config.len <= CONFIG_REVISION)
		return r < 0 ? r : 0;
	memcpy(ids, config.data, sizeof(ids));
	if (le16toh(ids[0]) == gpu->vendor && le16toh(ids[1]) == gpu->device)
		gpu->revision = RD_NUM((unsigned char)config.data[CONFIG_REVISION]);
	return 0;
}

static int read_link(const struct rd_system *sys, const char *folder, struct rd_gpu *gpu,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *width = NULL;
	uint64_t v;
	int r;

	r = rd_attribute_get(sys, folder, "current_link_speed", &gpu->link_speed, err);
	if (!r)
		r = rd_attribute_get(sys, folder, "current_link_width", &width, err);
	if (!r && width && rd_text_parse_u64(width, 10, &v) && v && v < LINK_WIDTH_UNKNOWN)
		gpu->link_width = RD_NUM(v);
	return r;
}

static int read_attributes(const struct rd_system *sys, struct rd_gpu *gpu, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *folder = NULL;
	RD_CLEANUP(rd_freep) char *uevent = NULL;
	int r;

	r = find_folder(sys, gpu, &folder, err);
	if (!r)
		r = rd_attribute_get(sys, folder, "uevent", &uevent, err);
	if (!r && uevent)
		r = read_subsystem(uevent, gpu, err);
	if (!r)
		r = rd_attribute_get_hex(sys, folder, "class", &gpu->pci_class, err);
	if (!r)
		r = rd_attribute_get_hex(sys, folder, "revision", &gpu->revision, err);
	if (!r && !gpu->revision.known)
		r = read_revision_of_config(sys, folder, gpu, err);
	if (!r)
		r = rd_attribute_get_hex(sys, folder, "subsystem_vendor", &gpu->subsystem_vendor,
					 err);
	if (!r)
		r = rd_attribute_get_hex(sys, folder, "subsystem_device", &gpu->subsystem_device,
					 err);
	if (!r)
		r = read_driver(sys, folder, uevent, gpu, err);
	if (!r)
		r = read_link(sys, folder, gpu, err);
	return r;
}

static int classify(const struct rd_gpu_backend *backend, const struct rd_system *sys,
		    struct rd_gpu *gpu, struct rd_error *err)
{
	const struct rd_device *row = rd_device_find(gpu->device, gpu->revision);

	if (row) {
		gpu->chip_class = row->chip_class;
		if (rd_attribute_copy(&gpu->chip, row->chip) ||
		    rd_attribute_copy(&gpu->gfx, row->gfx) ||
		    rd_attribute_copy(&gpu->name, row->name))
			return rd_error_nomem(err);
	}
	return gpu->name ? 0 : backend->find_name(sys, gpu->device, &gpu->name, err);
}

static int gpu_compare(const void *a, const void *b)
{
	return strcmp(((const struct rd_gpu *)a)->slot, ((const struct rd_gpu *)b)->slot);
}

int rd_probe_gpus(const struct rd_system *sys, const struct rd_probe_options *options,
		  struct rd_facts *facts, struct rd_error *err)
{
	const struct rd_gpu_backend *backend = sys->is_live ? &rd_gpu_backend_live
							    : &rd_gpu_backend_picture;
	int r;

	(void)options;
	r = backend->scan(sys, facts, err);
	if (!r && facts->gpus.n)
		r = backend->find_nodes(sys, facts, err);
	for (size_t i = 0; !r && i < facts->gpus.n; i++) {
		r = read_attributes(sys, &facts->gpus.items[i], err);
		if (!r)
			r = classify(backend, sys, &facts->gpus.items[i], err);
	}
	if (r)
		return rd_error_prefix(err, r, "graphics cards");
	if (facts->gpus.n)
		qsort(facts->gpus.items, facts->gpus.n, sizeof(*facts->gpus.items), gpu_compare);
	return 0;
}
