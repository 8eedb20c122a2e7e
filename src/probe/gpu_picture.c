/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Display devices of a picture, from its files alone: a library that opens paths by itself would
 * leave the root at the first absolute link, and libpci ends the process on a missing attribute.
 *
 * A picture may have bus/pci/devices as sysfs does, or only class/drm/cardN/device as bug reports
 * do, with `device` a folder instead of a link and `uevent` the one file that has the ids.
 * pci.ids: https://pci-ids.ucw.cz, "vendor" lines, then "<tab>device  name" lines.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "gpu.h"

#define PCI_IDS_MAX ((size_t)16 << 20)
#define PCI_IDS_AMD "\n1002  "
#define DEVICES_MAX 4096

/* What a device's folder says of it; strings owned, NULL if unknown. */
struct device_files {
	struct rd_num vendor, device, pci_class;
	char *slot;
};

static void device_files_deinit(struct device_files *files)
{
	free(files->slot);
}

static int read_uevent(const struct rd_system *sys, const char *folder, struct device_files *files,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *uevent = NULL;
	RD_CLEANUP(rd_freep) char *ids = NULL;
	RD_CLEANUP(rd_freep) char *class = NULL;
	unsigned int vendor, device;
	uint64_t v;
	int r;

	r = rd_attribute_get(sys, folder, "uevent", &uevent, err);
	if (r || !uevent)
		return r;
	if (rd_attribute_assignment(uevent, "PCI_ID", &ids) ||
	    rd_attribute_assignment(uevent, "PCI_CLASS", &class) ||
	    rd_attribute_assignment(uevent, "PCI_SLOT_NAME", &files->slot))
		return rd_error_nomem(err);
	if (ids && sscanf(ids, "%4x:%4x", &vendor, &device) == 2) {
		files->vendor = RD_NUM(vendor);
		files->device = RD_NUM(device);
	}
	if (class && rd_text_parse_u64(class, 16, &v))
		files->pci_class = RD_NUM(v);
	return 0;
}

static int read_files(const struct rd_system *sys, const char *folder, struct device_files *files,
		      struct rd_error *err)
{
	int r;

	r = read_uevent(sys, folder, files, err);
	if (!r)
		r = rd_attribute_get_hex(sys, folder, "vendor", &files->vendor, err);
	if (!r)
		r = rd_attribute_get_hex(sys, folder, "device", &files->device, err);
	if (!r)
		r = rd_attribute_get_hex(sys, folder, "class", &files->pci_class, err);
	return r;
}

/* A scan under way. */
struct scan {
	const struct rd_system *sys;
	struct rd_facts *facts;
	bool is_listed; /* one of the two folders could be listed */
	bool is_incomplete; /* something in them could not be told */
};

static int add_function(struct scan *scan, const struct device_files *files, const char *slot,
			bool has_drm_node, struct rd_error *err)
{
	struct rd_pci_function function = {
		.slot = slot,
		.vendor = (uint16_t)files->vendor.v,
		.device = (uint16_t)files->device.v,
		.pci_class = files->pci_class,
		.has_drm_node = has_drm_node,
	};

	return rd_gpu_add(&scan->facts->gpus, &function) ? rd_error_nomem(err) : 0;
}

static bool has_ids(const struct device_files *files)
{
	return files->vendor.known && files->device.known;
}

/* A device without ids. Behind a drm node it may be none of PCI, and then has a uevent to say so.
 */
static int note_nameless(struct scan *scan, const char *folder, bool is_pci, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *uevent = NULL;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_attribute_read(scan->sys, folder, "uevent", &uevent, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r != RD_SYSTEM_UNREADABLE && !is_pci)
		return 0;
	if (r != RD_SYSTEM_UNREADABLE)
		rd_error_set(&why, ENODATA, "neither uevent nor vendor and device name its ids");
	scan->is_incomplete = true;
	return rd_attribute_unread(scan->facts, folder, &why, err);
}

static void entries_truncate(struct rd_entries *entries)
{
	while (entries->n > DEVICES_MAX)
		free(entries->items[--entries->n].name);
}

static int list(struct scan *scan, const char *folder, struct rd_entries *entries,
		struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_list(scan->sys, folder, entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE) {
		scan->is_incomplete = true;
		return rd_attribute_unread(scan->facts, folder, &why, err);
	}
	if (r)
		return 0;
	scan->is_listed = true;
	if (entries->n <= DEVICES_MAX)
		return 0;
	scan->is_incomplete = true;
	rd_error_set(&why, EFBIG, "holds %zu devices, more than any machine", entries->n);
	entries_truncate(entries);
	return rd_attribute_unread(scan->facts, folder, &why, err);
}

static int scan_bus(struct scan *scan, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	int r;

	r = list(scan, RD_PCI_DEVICES, &entries, err);
	for (size_t i = 0; !r && i < entries.n; i++) {
		RD_CLEANUP(device_files_deinit) struct device_files files = { 0 };
		RD_CLEANUP(rd_freep)
		char *folder = rd_attribute_path(RD_PCI_DEVICES, entries.items[i].name);

		if (!folder)
			return rd_error_nomem(err);
		r = read_files(scan->sys, folder, &files, err);
		if (!r && has_ids(&files))
			r = add_function(scan, &files, entries.items[i].name, false, err);
		else if (!r)
			r = note_nameless(scan, folder, true, err);
	}
	return r;
}

/* The slot behind a drm node: named by uevent, else by the link; else the node stands for it. */
static int find_slot(const struct rd_system *sys, const char *node_folder, const char *node,
		     struct device_files *files, struct rd_error *err)
{
	int r;

	if (files->slot)
		return 0;
	r = rd_attribute_link(sys, node_folder, "device", &files->slot, err);
	if (r < 0)
		return r;
	if (!files->slot)
		files->slot = strdup(node);
	return files->slot ? 0 : rd_error_nomem(err);
}

static int scan_node(struct scan *scan, const char *node, struct rd_error *err)
{
	RD_CLEANUP(device_files_deinit) struct device_files files = { 0 };
	RD_CLEANUP(rd_freep) char *node_folder = rd_attribute_path(RD_DRM_CLASS, node);
	RD_CLEANUP(rd_freep) char *folder = NULL;
	int r;

	folder = node_folder ? rd_attribute_path(node_folder, "device") : NULL;
	if (!folder)
		return rd_error_nomem(err);
	r = read_files(scan->sys, folder, &files, err);
	if (r)
		return r;
	if (!has_ids(&files))
		return note_nameless(scan, folder, false, err);
	r = find_slot(scan->sys, node_folder, node, &files, err);
	if (!r)
		r = add_function(scan, &files, files.slot, true, err);
	if (!r && rd_gpu_set_node(&scan->facts->gpus, files.slot, node))
		r = rd_error_nomem(err);
	return r;
}

static int picture_scan(const struct rd_system *sys, struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct scan scan = { .sys = sys, .facts = facts };
	int r;

	r = scan_bus(&scan, err);
	if (!r)
		r = list(&scan, RD_DRM_CLASS, &entries, err);
	for (size_t i = 0; !r && i < entries.n; i++) {
		if (rd_gpu_is_node(entries.items[i].name))
			r = scan_node(&scan, entries.items[i].name, err);
	}
	if (scan.is_listed && !scan.is_incomplete)
		facts->gpus_known = RD_PRESENCE_YES;
	return r;
}

/* The nodes that class/drm lacks: the device's own folder names them too. */
static int picture_find_nodes(const struct rd_system *sys, struct rd_facts *facts,
			      struct rd_error *err)
{
	for (size_t i = 0; i < facts->gpus.n; i++) {
		RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
		RD_CLEANUP(rd_freep) char *folder = NULL;
		const char *slot = facts->gpus.items[i].slot;
		int r;

		if (asprintf(&folder, RD_PCI_DEVICES "/%s/drm", slot) < 0) {
			folder = NULL;
			return rd_error_nomem(err);
		}
		r = rd_system_list(sys, folder, &entries, err);
		if (r < 0)
			return r;
		for (size_t j = 0; j < entries.n; j++) {
			const char *name = entries.items[j].name;

			if (rd_gpu_is_node(name) && rd_gpu_set_node(&facts->gpus, slot, name))
				return rd_error_nomem(err);
		}
	}
	return 0;
}

/* AMD's @device in the text of a pci.ids. Return: 0 or -ENOMEM. */
static int find_in_ids(const char *text, uint16_t device, char **namep)
{
	const char *line = strstr(text, PCI_IDS_AMD);
	char key[sizeof("\t731f  ")];

	if (!line)
		return 0;
	snprintf(key, sizeof(key), "\t%04x  ", device);
	for (line = strchr(line + 1, '\n'); line; line = strchr(line + 1, '\n')) {
		if (line[1] != '\t' && line[1] != '#')
			return 0;
		if (strncmp(line + 1, key, strlen(key)))
			continue;
		line += 1 + strlen(key);
		*namep = strndup(line, strcspn(line, "\r\n"));
		return *namep ? 0 : -ENOMEM;
	}
	return 0;
}

static int picture_find_name(const struct rd_system *sys, uint16_t device, char **namep,
			     struct rd_error *err)
{
	static const char *const places[] = { "/usr/share/misc/pci.ids",
					      "/usr/share/hwdata/pci.ids" };

	for (size_t i = 0; i < RD_N_ELEMENTS(places); i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		int r;

		r = rd_system_read(sys, places[i], PCI_IDS_MAX, &text, err);
		if (r < 0)
			return r;
		if (!r && text.data && find_in_ids(text.data, device, namep))
			return rd_error_nomem(err);
		if (!r)
			return 0;
	}
	/* A name is knowledge, not a fact of the picture: any machine's data base will do. */
	return rd_gpu_name_by_libpci(device, namep, err);
}

const struct rd_gpu_backend rd_gpu_backend_picture = {
	.scan = picture_scan,
	.find_nodes = picture_find_nodes,
	.find_name = picture_find_name,
};
