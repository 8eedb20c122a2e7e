// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rest of the modules in the pictures: what modinfo and the kernel read of a module, and, as in
 * the real driver, RDNA1 device ids outside of kfd_crat.c (the PCI id table, a switch), which are
 * no sign of anything. KERNEL_RELEASE and VERMAGIC_TAIL make it fit a kernel; MODULE_VERSION_TEXT,
 * SRCVERSION and IS_INTREE say who built it.
 */

#include "kernel.h"

int kfd_parse_crat_table(const void *image, struct list_head *devices, uint32_t domain);
int kfd_create_crat_image_virtual(void **image, size_t *size, int flags, void *kdev,
				  uint32_t domain);
void kfd_destroy_crat_image(void *image);

#define AMD(id)                                             \
	{                                                   \
		0x1002, id, ~0u, ~0u, 0x030000, 0xff0000, 0 \
	}

static const struct pci_device_id pciidlist[] = {
	AMD(0x7310), AMD(0x7312), AMD(0x7318), AMD(0x7319), AMD(0x731a), AMD(0x731b),
	AMD(0x731e), AMD(0x731f), AMD(0x7340), AMD(0x7341), AMD(0x7347), AMD(0x734f),
	AMD(0x7360), AMD(0x7362), AMD(0x73bf), AMD(0x73df), AMD(0x73ff), { 0 },
};

static struct {
	const char *name;
	const struct pci_device_id *ids;
} driver = { "amdgpu", pciidlist };

/* As the display code of the real driver does: by device id, and far from kfd_crat.c. */
int amdgpu_device_needs_quirk(const struct pci_dev *pdev)
{
	switch (pdev->device) {
	case 0x731e:
	case 0x7340:
		return 1;
	case 0x7360:
		return pdev->vendor == 0x1002;
#ifdef HAS_LOCAL_CHANGE
	case 0x73df:
		return 2;
#endif
	}
	return 0;
}

__attribute__((section(".init.text"))) int init_module(void)
{
	struct list_head devices = { &devices, &devices };
	void *image;
	size_t size;
	int r;

	r = kfd_create_crat_image_virtual(&image, &size, 1, NULL, 0);
	if (r)
		return r;
	r = kfd_parse_crat_table(image, &devices, 0);
	kfd_destroy_crat_image(image);
	return r ? r : __pci_register_driver(&driver, NULL, driver.name);
}

__attribute__((section(".exit.text"))) void cleanup_module(void)
{
	pci_unregister_driver(&driver);
}

/* struct module as far as the loader reads it: the name, and where to start and stop. */
__attribute__((section(".gnu.linkonce.this_module"), used, aligned(64))) struct {
	uint64_t state, list[2];
	char name[56];
	uint8_t unread[256];
	int (*init)(void);
	uint8_t unread_too[448];
	void (*exit)(void);
} __this_module = { .name = "amdgpu", .init = init_module, .exit = cleanup_module };

/* What somebody would write who wants a terminal to show something else. */
#ifdef HAS_HOSTILE_VERSION
#define MODULE_VERSION_TEXT "1.0\033[31;1mclean\033[2J\a"
#endif

#ifdef MODULE_VERSION_TEXT
MODULE_INFO("version=" MODULE_VERSION_TEXT);
#endif
MODULE_INFO("license=GPL and additional rights");
MODULE_INFO("description=AMD GPU");
MODULE_INFO("author=AMD linux driver team");
MODULE_INFO("import_ns=DMA_BUF");
#ifdef SRCVERSION
MODULE_INFO("srcversion=" SRCVERSION);
#endif
MODULE_INFO("alias=pci:v00001002d0000731Fsv*sd*bc03sc*i*");
MODULE_INFO("alias=pci:v00001002d00007340sv*sd*bc03sc*i*");
MODULE_INFO("depends=ttm,drm,gpu-sched,video");
MODULE_INFO("retpoline=Y");
#ifdef IS_INTREE
MODULE_INFO("intree=Y");
#endif
MODULE_INFO("name=amdgpu");
MODULE_INFO("vermagic=" KERNEL_RELEASE " " VERMAGIC_TAIL);
MODULE_INFO("parm=noretry:Disable retry faults (int)");
MODULE_INFO("parmtype=noretry:int");
