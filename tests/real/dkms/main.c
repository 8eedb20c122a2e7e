// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ../module/main.c does, with declarations of its own: the driver's headers are what takes
 * long to compile, and here only kfd_crat.c reads them. It needs the other two modules of the set.
 */
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci.h>

/* kfd_crat.h, kfd_priv.h */
#define COMPUTE_UNIT_CPU 1
struct kfd_dev;
int kfd_create_crat_image_virtual(void **crat_image, size_t *size, int flags, struct kfd_dev *kdev,
				  uint32_t proximity_domain);
int kfd_parse_crat_table(void *crat_image, struct list_head *device_list,
			 uint32_t proximity_domain);
void kfd_destroy_crat_image(void *crat_image);

int amdttm_ready(void);

static int __init lab_init(void)
{
	struct list_head devices;
	void *image = NULL;
	size_t size = 0;
	int r;

	if (!amdttm_ready())
		return -ENODEV;
	INIT_LIST_HEAD(&devices);
	r = kfd_create_crat_image_virtual(&image, &size, COMPUTE_UNIT_CPU, NULL, 0);
	if (r)
		return r;
	r = kfd_parse_crat_table(image, &devices, 0);
	kfd_destroy_crat_image(image);
	pr_debug("lab: parsed: %d\n", r);
	return 0;
}

static void __exit lab_exit(void)
{
}

static const struct pci_device_id lab_ids[] = {
	{ PCI_DEVICE(0x1002, 0x7310) }, { PCI_DEVICE(0x1002, 0x7312) },
	{ PCI_DEVICE(0x1002, 0x731f) }, { PCI_DEVICE(0x1002, 0x7340) },
	{ PCI_DEVICE(0x1002, 0x7362) }, {}
};
MODULE_DEVICE_TABLE(pci, lab_ids);

module_init(lab_init);
module_exit(lab_exit);
MODULE_DESCRIPTION("kfd_crat.c of amdgpu, alone");
MODULE_LICENSE("GPL and additional rights");
MODULE_VERSION("6.16.6");
