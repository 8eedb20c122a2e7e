// SPDX-License-Identifier: GPL-2.0-only
/*
 * The small real module: the true kfd_crat.c and three of its neighbours, linked as `amdgpu`. It is
 * made to load and do nothing. It calls what the real driver calls, so that neither linker nor
 * reader takes the code for dead.
 */
#include "kfd_crat.h"
#include "kfd_priv.h"
#include "kfd_topology.h"
#include <linux/module.h>
#include <linux/pci.h>

static int __init lab_init(void)
{
	struct list_head devices;
	void *image = NULL;
	size_t size = 0;
	int r;

	INIT_LIST_HEAD(&devices);
	r = kfd_create_crat_image_virtual(&image, &size, COMPUTE_UNIT_CPU, NULL, 0);
	if (r)
		return r;
	pr_debug("lab: parsing a table of %zu bytes\n", size);
	r = kfd_parse_crat_table(image, &devices, 0);
	kfd_destroy_crat_image(image);
	pr_debug("lab: parsed: %d\n", r);
	return 0;
}

static void __exit lab_exit(void)
{
}

/* Like the real driver, the module names Navi 10 in its id table: that is no sign of a patch. */
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
MODULE_VERSION("6.1.0.lab");
