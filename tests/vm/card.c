// SPDX-License-Identifier: GPL-2.0-only
/*
 * A Navi 10 that is none: a PCI bus with one device whose configuration space says 1002:731f, so
 * that a guest without such hardware counts as a machine with an RDNA1 card. Nothing stands behind
 * it: no BAR, no interrupt, and writes are dropped. The real amdgpu declines it politely.
 */
#include <linux/module.h>
#include <linux/pci.h>

#define CARD_DOMAIN 0x10 /* QEMU's own devices are in domain 0 */

/* PCI Local Bus Specification 3.0, chapter 6.1: offsets in the header of type 0. */
static u8 space[PCI_CFG_SPACE_EXP_SIZE] = {
	[PCI_VENDOR_ID] = 0x02,		  [PCI_VENDOR_ID + 1] = 0x10,
	[PCI_DEVICE_ID] = 0x1f,		  [PCI_DEVICE_ID + 1] = 0x73,
	[PCI_REVISION_ID] = 0xca,	  [PCI_CLASS_DEVICE + 1] = PCI_BASE_CLASS_DISPLAY,
	[PCI_SUBSYSTEM_VENDOR_ID] = 0x02, [PCI_SUBSYSTEM_VENDOR_ID + 1] = 0x10,
	[PCI_SUBSYSTEM_ID] = 0x36,	  [PCI_SUBSYSTEM_ID + 1] = 0x0b,
};

static struct pci_sysdata sysdata = { .domain = CARD_DOMAIN, .node = NUMA_NO_NODE };

static struct resource buses = { .name = "card", .start = 0, .end = 0, .flags = IORESOURCE_BUS };

static int card_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	*val = ~0u;
	if (devfn || where < 0 || where + size > (int)sizeof(space))
		return PCIBIOS_DEVICE_NOT_FOUND;
	*val = 0;
	memcpy(val, space + where, size);
	return PCIBIOS_SUCCESSFUL;
}

static int card_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops card_ops = { .read = card_read, .write = card_write };

static int __init card_init(void)
{
	LIST_HEAD(resources);
	struct pci_bus *bus;

	pci_add_resource(&resources, &buses);
	bus = pci_create_root_bus(NULL, 0, &card_ops, &sysdata, &resources);
	if (!bus)
		return -ENODEV;
	pci_scan_child_bus(bus);
	pci_bus_add_devices(bus);
	return 0;
}
module_init(card_init);

MODULE_DESCRIPTION("A PCI function 1002:731f for a test");
MODULE_LICENSE("GPL");
