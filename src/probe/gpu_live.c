/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Display devices of the machine that the program runs on: libpci lists the functions and knows
 * the names, libudev knows the drm nodes.
 *
 * libpci reports trouble through a callback that must not return and is told nothing of its
 * caller; it is left by a jump, whose place is thread-local and set while libpci runs only. The
 * access method is sysfs and no other: libpci's guess may end at raw I/O ports.
 */

#include <errno.h>
#include <libudev.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "gpu.h"

#define VENDOR_AMD 0x1002

static _Thread_local struct {
	jmp_buf back;
	char msg[200];
} trouble;

static void __attribute__((noreturn, format(printf, 1, 2))) on_error(char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(trouble.msg, sizeof(trouble.msg), fmt, ap);
	va_end(ap);
	longjmp(trouble.back, 1);
}

static void __attribute__((format(printf, 1, 2))) on_message(char *fmt, ...)
{
	(void)fmt;
}

static void pci_cleanupp(struct pci_access **accessp)
{
	if (*accessp)
		pci_cleanup(*accessp);
}

static void udev_unrefp(struct udev **udevp)
{
	udev_unref(*udevp);
}

static void udev_enumerate_unrefp(struct udev_enumerate **enumeratep)
{
	udev_enumerate_unref(*enumeratep);
}

static void udev_device_unrefp(struct udev_device **devicep)
{
	udev_device_unref(*devicep);
}

/* NULL when out of memory; pci_alloc() itself would end the process on that. */
static struct pci_access *access_new(void)
{
	struct pci_access *access = pci_alloc();

	if (!access)
		return NULL;
	access->method = PCI_ACCESS_SYS_BUS_PCI;
	access->error = on_error;
	access->warning = on_message;
	access->debug = on_message;
	access->id_lookup_mode = 0; /* neither DNS nor its cache in somebody's home */
	return access;
}

/* Runs libpci's scan; false: trouble.msg says why the list is not complete. */
static bool scan_bus(struct pci_access *access)
{
	if (setjmp(trouble.back))
		return false;
	pci_init(access);
	pci_scan_bus(access);
	for (struct pci_dev *dev = access->devices; dev; dev = dev->next)
		pci_fill_info(dev, PCI_FILL_IDENT | PCI_FILL_CLASS);
	return true;
}

static int add_function(const struct pci_dev *dev, struct rd_facts *facts, struct rd_error *err)
{
	char slot[sizeof("7fffffff:ff:ff.ff")];

	snprintf(slot, sizeof(slot), "%04x:%02x:%02x.%x", (unsigned int)dev->domain, dev->bus,
		 dev->dev, dev->func);
	if (rd_gpu_add(&facts->gpus, &(struct rd_pci_function){
					     .slot = slot,
					     .vendor = dev->vendor_id,
					     .device = dev->device_id,
					     .pci_class = RD_NUM((uint64_t)dev->device_class << 8),
				     }))
		return rd_error_nomem(err);
	return 0;
}

static int live_scan(const struct rd_system *sys, struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(pci_cleanupp) struct pci_access *access = NULL;
	struct rd_error why = RD_ERROR_INIT;
	struct stat st;
	int r;

	r = rd_system_stat(sys, RD_PCI_DEVICES, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return rd_attribute_unread(facts, RD_PCI_DEVICES, &why, err);

	access = access_new();
	if (!access)
		return rd_error_nomem(err);
	if (!scan_bus(access)) {
		rd_error_set(&why, EIO, "libpci: %s", trouble.msg);
		return rd_attribute_unread(facts, RD_PCI_DEVICES, &why, err);
	}
	for (const struct pci_dev *dev = access->devices; dev; dev = dev->next) {
		r = add_function(dev, facts, err);
		if (r)
			return r;
	}
	facts->gpus_known = RD_PRESENCE_YES;
	return 0;
}

static int add_node(struct udev *udev, const char *syspath, struct rd_facts *facts,
		    struct rd_error *err)
{
	RD_CLEANUP(udev_device_unrefp)
	struct udev_device *device = udev_device_new_from_syspath(udev, syspath);
	struct udev_device *parent; /* owned by @device */
	const char *name;

	if (!device) /* gone meanwhile */
		return 0;
	name = udev_device_get_sysname(device);
	parent = udev_device_get_parent_with_subsystem_devtype(device, "pci", NULL);
	if (!name || !parent || !rd_gpu_is_node(name))
		return 0;
	return rd_gpu_set_node(&facts->gpus, udev_device_get_sysname(parent), name)
		       ? rd_error_nomem(err)
		       : 0;
}

static int live_find_nodes(const struct rd_system *sys, struct rd_facts *facts,
			   struct rd_error *err)
{
	RD_CLEANUP(udev_unrefp) struct udev *udev = udev_new();
	RD_CLEANUP(udev_enumerate_unrefp) struct udev_enumerate *enumerate = NULL;
	struct udev_list_entry *entry;
	int r;

	(void)sys;
	enumerate = udev ? udev_enumerate_new(udev) : NULL;
	if (!enumerate)
		return rd_error_nomem(err);
	r = udev_enumerate_add_match_subsystem(enumerate, "drm");
	if (r >= 0)
		r = udev_enumerate_scan_devices(enumerate);
	if (r == -ENOMEM)
		return rd_error_nomem(err);

	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
	{
		r = add_node(udev, udev_list_entry_get_name(entry), facts, err);
		if (r)
			return r;
	}
	return 0;
}

/* Asks libpci's data base; NULL without an entry, or with a broken data base. */
static const char *lookup(struct pci_access *access, char *buf, int size, uint16_t device)
{
	if (setjmp(trouble.back))
		return NULL;
	return pci_lookup_name(access, buf, size,
			       PCI_LOOKUP_DEVICE | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB,
			       VENDOR_AMD, device);
}

int rd_gpu_name_by_libpci(uint16_t device, char **namep, struct rd_error *err)
{
	RD_CLEANUP(pci_cleanupp) struct pci_access *access = access_new();
	char buf[256];
	const char *name;

	if (!access)
		return rd_error_nomem(err);
	name = lookup(access, buf, sizeof(buf), device);
	if (!name)
		return 0;
	*namep = strdup(name);
	return *namep ? 0 : rd_error_nomem(err);
}

static int live_find_name(const struct rd_system *sys, uint16_t device, char **namep,
			  struct rd_error *err)
{
	(void)sys;
	return rd_gpu_name_by_libpci(device, namep, err);
}

const struct rd_gpu_backend rd_gpu_backend_live = {
	.scan = live_scan,
	.find_nodes = live_find_nodes,
	.find_name = live_find_name,
};
