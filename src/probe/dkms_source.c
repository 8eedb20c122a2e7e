/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What dkms builds a version from: its dkms.conf, with the administrator's additions in /etc/dkms
 * in the order in which dkms reads them, and the patches and scripts that change the source on the
 * way to a build. Read as text; the variables that dkms sets are given, the others are open.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "dkms.h"
#include "inspect/source_change.h"

#define CONF_NAME   "dkms.conf"
#define PATCHES_MAX 64

void rd_dkms_modules_deinit(struct rd_dkms_modules *modules)
{
	for (size_t i = 0; i < modules->n; i++) {
		free(modules->items[i].name);
		free(modules->items[i].location);
	}
	free(modules->items);
	*modules = (struct rd_dkms_modules){ 0 };
}

/* dkms sources os-release; only the words that it asks for are looked at. */
int rd_dkms_find_folder(struct rd_dkms *dkms, struct rd_error *err)
{
	static const char *const places[] = { "/etc/os-release", "/usr/lib/os-release" };
	static const struct {
		const char *prefix, *folder;
	} folders[] = {
		{ "fedora", "/extra" },	       { "rhel", "/extra" },
		{ "ovm", "/extra" },	       { "sles", "/updates" },
		{ "suse", "/updates" },	       { "opensuse", "/updates" },
		{ "debian", "/updates/dkms" }, { "ubuntu", "/updates/dkms" },
		{ "arch", "/updates/dkms" },
	};
	RD_CLEANUP(rd_dkms_conf_deinit) struct rd_dkms_conf conf = RD_DKMS_CONF_INIT;
	const char *id, *like;

	for (size_t i = 0; i < RD_N_ELEMENTS(places) && !dkms->is_folder_known; i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		int r = rd_system_read(dkms->examiner.sys, places[i], RD_DKMS_CONF_MAX, &text, err);

		if (r < 0)
			return r;
		dkms->is_folder_known = !r;
		if (text.data && rd_dkms_conf_read(&conf, text.data, text.len))
			return rd_error_nomem(err);
	}
	id = rd_dkms_conf_get(&conf, "ID", 0);
	like = rd_dkms_conf_get(&conf, "ID_LIKE", 0);
	if (like && (!id || strcmp(id, "ubuntu") != 0))
		id = like;
	for (size_t i = 0; id && i < RD_N_ELEMENTS(folders) && !dkms->folder; i++) {
		if (rd_text_has_prefix(id, folders[i].prefix))
			dkms->folder = folders[i].folder;
	}
	return 0;
}

/* What dkms' own functions have set when they run the file. */
static int define(const struct rd_dkms *dkms, const struct rd_dkms_package *package,
		  const char *kernel, const char *arch, struct rd_dkms_conf *conf)
{
	const char *const values[][2] = {
		{ "kernelver", kernel ? kernel : "${kernelver}" },
		{ "arch", arch ? arch : "${arch}" },
		{ "kernel_source_dir", "${kernel_source_dir}" },
		{ "module", package->name },
		{ "module_version", package->version },
		{ "dkms_tree", dkms->tree },
		{ "source_tree", "/usr/src" },
		{ "install_tree", "/lib/modules" },
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(values); i++) {
		if (rd_dkms_conf_define(conf, values[i][0], values[i][1]))
			return -ENOMEM;
	}
	return 0;
}

/* Return: as rd_system_read(). */
static int read_file(const struct rd_dkms *dkms, const char *path, struct rd_dkms_conf *conf,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_read(dkms->examiner.sys, path, RD_DKMS_CONF_MAX, &text, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE && rd_dkms_note_unread(dkms, path, &why, err))
		return -ENOMEM;
	if (text.data && rd_dkms_conf_read(conf, text.data, text.len))
		return rd_error_nomem(err);
	return r;
}

int rd_dkms_read_conf(const struct rd_dkms *dkms, const struct rd_dkms_package *package,
		      const char *kernel, const char *arch, struct rd_dkms_conf *conf,
		      struct rd_error *err)
{
	const char *name = package->name, *version = package->version;
	char *const paths[] = {
		rd_text_format("%s/source/" CONF_NAME, package->path),
		rd_text_format("/etc/dkms/%s.conf", name),
		rd_text_format("/etc/dkms/%s-%s.conf", name, version),
		rd_text_format("/etc/dkms/%s-%s-%s.conf", name, version, kernel ? kernel : ""),
		rd_text_format("/etc/dkms/%s-%s-%s-%s.conf", name, version, kernel ? kernel : "",
			       arch ? arch : ""),
	};
	size_t n = kernel ? RD_N_ELEMENTS(paths) : 3;
	int result = 0, r = 0;

	if (define(dkms, package, kernel, arch, conf))
		r = rd_error_nomem(err);
	for (size_t i = 0; i < n && r >= 0; i++) {
		r = paths[i] ? read_file(dkms, paths[i], conf, err) : rd_error_nomem(err);
		if (!i || r == RD_SYSTEM_UNREADABLE)
			result = r;
	}
	for (size_t i = 0; i < RD_N_ELEMENTS(paths); i++)
		free(paths[i]);
	return r < 0 ? r : result;
}

/* What cannot be told, or only for one kernel, is no name. */
static bool is_name(const char *name)
{
	return name && *name && !strchr(name, '/') && !strchr(name, '$');
}

int rd_dkms_find_modules(const struct rd_dkms_conf *conf, struct rd_dkms_modules *modules)
{
	static const char *const arrays[] = { "BUILT_MODULE_NAME", "BUILT_MODULE_LOCATION",
					      "DEST_MODULE_NAME", "DEST_MODULE_LOCATION" };
	size_t n = 0;

	for (size_t i = 0; i < RD_N_ELEMENTS(arrays); i++) {
		size_t count = rd_dkms_conf_count(conf, arrays[i]);

		n = count > n ? count : n;
	}
	for (size_t i = 0; i < n; i++) {
		const struct rd_dkms_variable *built = rd_dkms_conf_find(conf, arrays[0], i);
		const struct rd_dkms_variable *dest = rd_dkms_conf_find(conf, arrays[2], i);
		const char *location = rd_dkms_conf_get(conf, arrays[3], i);
		const struct rd_dkms_variable *from = dest ? dest : built;
		const char *name = from ? from->value : NULL;
		struct rd_dkms_module module = { .is_conditional = from && from->is_conditional };

		if (!from && n == 1)
			name = rd_dkms_conf_get(conf, "PACKAGE_NAME", 0);
		if (!is_name(name))
			continue;
		module.name = strdup(name);
		if (location)
			module.location = strdup(location);
		if (module.name && (!location || module.location) &&
		    !rd_array_push(modules, &module))
			continue;
		free(module.name);
		free(module.location);
		return -ENOMEM;
	}
	return 0;
}

/* Reads what changes the source; what is not there changes nothing. */
static int read_change(const struct rd_dkms *dkms, const char *path,
		       int (*look)(const char *text, size_t len, const char *name,
				   struct rd_source_change *change),
		       struct rd_source_change *change, struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_map(dkms->examiner.sys, path, RD_SOURCE_CHANGE_MAX, &map, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return r == RD_SYSTEM_UNREADABLE ? rd_dkms_note_unread(dkms, path, &why, err) : 0;
	return map.len && look((const char *)map.data, map.len, path, change) ? rd_error_nomem(err)
									      : 0;
}

static int add_patches(const struct rd_dkms *dkms, struct rd_dkms_package *package,
		       const struct rd_dkms_conf *conf, struct rd_source_change *change,
		       struct rd_error *err)
{
	size_t n = rd_dkms_conf_count(conf, "PATCH");
	int r = 0;

	for (size_t i = 0; i < n && i < PATCHES_MAX && !r; i++) {
		const char *name = rd_dkms_conf_get(conf, "PATCH", i);
		RD_CLEANUP(rd_freep) char *path = NULL;
		RD_CLEANUP(rd_freep) char *copy = NULL;

		if (!name || !*name)
			continue;
		copy = strdup(name);
		path = rd_text_format("%s/patches/%s", package->source ? package->source : "",
				      name);
		if (!copy || !path || rd_array_push(&package->patches, &copy))
			return rd_error_nomem(err);
		copy = NULL;
		if (package->source)
			r = read_change(dkms, path, rd_source_change_diff, change, err);
	}
	return r;
}

/* A hook is a file of the source tree and its arguments; those of a build can change the source. */
static int add_hooks(const struct rd_dkms *dkms, struct rd_dkms_package *package,
		     const struct rd_dkms_conf *conf, struct rd_source_change *change,
		     struct rd_error *err)
{
	static const char *const names[] = { "POST_ADD",    "PRE_BUILD",    "POST_BUILD",
					     "PRE_INSTALL", "POST_INSTALL", "POST_REMOVE" };
	int r = 0;

	for (size_t i = 0; i < RD_N_ELEMENTS(names) && !r; i++) {
		const char *command = rd_dkms_conf_get(conf, names[i], 0);
		RD_CLEANUP(rd_freep) char *path = NULL;
		RD_CLEANUP(rd_freep) char *hook = NULL;

		if (!command || !*command)
			continue;
		hook = rd_text_format("%s: %s", names[i], command);
		path = rd_text_format("%s/%.*s", package->source ? package->source : "",
				      (int)strcspn(command, " \t"), command);
		if (!hook || !path || rd_array_push(&package->hooks, &hook))
			return rd_error_nomem(err);
		hook = NULL;
		if (package->source)
			r = read_change(dkms, path, rd_source_change_script, change, err);
	}
	return r;
}

/* "no" means no since 3.1, and yes before: that is for neither of the two answers. */
static enum rd_presence read_autoinstall(const struct rd_dkms_conf *conf)
{
	const struct rd_dkms_variable *variable = rd_dkms_conf_find(conf, "AUTOINSTALL", 0);

	if (!variable)
		return conf->problem ? RD_PRESENCE_UNKNOWN : RD_PRESENCE_NO;
	if (!variable->value || variable->is_conditional || !strcasecmp(variable->value, "no"))
		return RD_PRESENCE_UNKNOWN;
	return *variable->value ? RD_PRESENCE_YES : RD_PRESENCE_NO;
}

int rd_dkms_fill_package(const struct rd_dkms *dkms, struct rd_dkms_package *package,
			 const struct rd_dkms_conf *conf, struct rd_error *err)
{
	RD_CLEANUP(rd_source_change_deinit) struct rd_source_change change = RD_SOURCE_CHANGE_INIT;
	RD_CLEANUP(rd_dkms_modules_deinit) struct rd_dkms_modules modules = { 0 };
	int r;

	if (rd_dkms_find_modules(conf, &modules) ||
	    rd_attribute_copy(&package->problem, conf->problem))
		return rd_error_nomem(err);
	package->modules.items = modules.items;
	package->modules.n = modules.n;
	package->modules.cap = modules.cap;
	modules = (struct rd_dkms_modules){ 0 };
	if (package->source)
		package->has_autoinstall = read_autoinstall(conf);

	r = add_patches(dkms, package, conf, &change, err);
	if (!r)
		r = add_hooks(dkms, package, conf, &change, err);
	package->patched_by = change.patched;
	package->touched_by = change.touched;
	change = (struct rd_source_change)RD_SOURCE_CHANGE_INIT;
	return r;
}
