/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Packages that build amdgpu and are registered with dkms: var/lib/dkms/NAME/VERSION, with a link
 * `source` to their tree below usr/src. The tree is the truth that `dkms status` prints; formats
 * from 2.x to 3.2.2 are one but for what 3.1.7 adds (.origin files beside archived modules).
 * Defined by dkms(8) and by the script itself (github.com/dell/dkms).
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "dkms.h"
#include "inspect/codec.h"
#include "inspect/inspect.h"
#include "probe/probe.h"

#define MODULE	       "amdgpu"
#define DKMS_FOLDER    "/var/lib/dkms"
#define FRAMEWORK_CONF "/etc/dkms/framework.conf"

int rd_dkms_note_unread(const struct rd_dkms *dkms, const char *path, const struct rd_error *why,
			struct rd_error *err)
{
	const struct rd_unreads *unreads = &dkms->examiner.facts->unreads;

	for (size_t i = 0; i < unreads->n; i++) {
		if (!strcmp(unreads->items[i].path, path))
			return 0;
	}
	return rd_attribute_unread(dkms->examiner.facts, path, why, err);
}

int rd_dkms_list(const struct rd_dkms *dkms, const char *folder, struct rd_entries *entries,
		 struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_list(dkms->examiner.sys, folder, entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (!r && entries->n > RD_DKMS_ENTRIES_MAX) {
		rd_error_set(&why, EFBIG, "%zu entries, more than any machine", entries->n);
		rd_entries_deinit(entries);
		r = RD_SYSTEM_UNREADABLE;
	}
	return r == RD_SYSTEM_UNREADABLE ? rd_dkms_note_unread(dkms, folder, &why, err) : 0;
}

/* Where the source link leads, as seen from the root; NULL if to no folder. */
static int find_source(const struct rd_dkms *dkms, struct rd_dkms_package *package,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *link = rd_attribute_path(package->path, "source");
	RD_CLEANUP(rd_freep) char *target = NULL;
	struct rd_error why = RD_ERROR_INIT;
	struct stat st;
	int r;

	if (!link)
		return rd_error_nomem(err);
	r = rd_system_stat(dkms->examiner.sys, link, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_dkms_note_unread(dkms, link, &why, err);
	if (r || !S_ISDIR(st.st_mode))
		return 0;
	r = rd_system_readlink(dkms->examiner.sys, link, &target, err);
	if (r < 0)
		return r;
	/* A folder, or a link of somebody's own making: the name that always works. */
	package->source = target && *target == '/' ? RD_TAKE_PTR(target) : RD_TAKE_PTR(link);
	return 0;
}

static bool names_amdgpu(const struct rd_dkms_modules *modules)
{
	for (size_t i = 0; i < modules->n; i++) {
		if (!strcmp(modules->items[i].name, MODULE))
			return true;
	}
	return false;
}

/* Whether a module of that name was ever built here, whatever dkms.conf says by now. */
static int has_built_amdgpu(const struct rd_dkms *dkms, const struct rd_dkms_package *package,
			    bool *hasp, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries kernels = { 0 };
	int r;

	r = rd_dkms_list(dkms, package->path, &kernels, err);
	for (size_t i = 0; !r && i < kernels.n && !*hasp; i++) {
		RD_CLEANUP(rd_entries_deinit) struct rd_entries archs = { 0 };
		RD_CLEANUP(rd_freep) char *kernel = NULL;

		if (kernels.items[i].type != DT_DIR ||
		    !isdigit((unsigned char)*kernels.items[i].name))
			continue;
		kernel = rd_attribute_path(package->path, kernels.items[i].name);
		if (!kernel)
			return rd_error_nomem(err);
		r = rd_dkms_list(dkms, kernel, &archs, err);
		for (size_t k = 0; !r && k < archs.n && !*hasp; k++) {
			RD_CLEANUP(rd_freep) char *file = NULL;
			RD_CLEANUP(rd_freep)
			char *folder = rd_text_format("%s/%s/module", kernel, archs.items[k].name);

			if (!folder)
				return rd_error_nomem(err);
			r = rd_dkms_find_file(dkms->examiner.sys, folder, MODULE, &file, err);
			*hasp = file != NULL;
		}
	}
	return r;
}

/* Whether the version builds amdgpu. Others are none of ours, and their mistakes neither. */
static int is_meant(const struct rd_dkms *dkms, const struct rd_dkms_package *package,
		    const struct rd_dkms_conf *conf, bool *meantp, struct rd_error *err)
{
	RD_CLEANUP(rd_dkms_modules_deinit) struct rd_dkms_modules modules = { 0 };

	if (rd_dkms_find_modules(conf, &modules))
		return rd_error_nomem(err);
	*meantp = names_amdgpu(&modules) ||
		  (!package->source && rd_text_has_prefix(package->name, MODULE));
	return *meantp ? 0 : has_built_amdgpu(dkms, package, meantp, err);
}

static int read_package(struct rd_dkms *dkms, struct rd_dkms_package *package, bool *meantp,
			struct rd_error *err)
{
	RD_CLEANUP(rd_dkms_conf_deinit) struct rd_dkms_conf conf = RD_DKMS_CONF_INIT;
	int r;

	r = find_source(dkms, package, err);
	if (!r)
		r = rd_dkms_read_conf(dkms, package, NULL, NULL, &conf, err);
	if (r >= 0)
		r = is_meant(dkms, package, &conf, meantp, err);
	if (r || !*meantp)
		return r;
	r = rd_dkms_fill_package(dkms, package, &conf, err);
	return r ? r : rd_dkms_add_builds(dkms, package, err);
}

static int add_version(struct rd_dkms *dkms, const char *name, const char *version,
		       struct rd_error *err)
{
	struct rd_dkms_package package = {
		.name = strdup(name),
		.version = strdup(version),
		.path = rd_text_format("%s/%s/%s", dkms->tree, name, version),
	};
	bool is_ours = false;
	int r;

	r = package.name && package.version && package.path
		    ? read_package(dkms, &package, &is_ours, err)
		    : rd_error_nomem(err);
	if (!r && is_ours && !rd_array_push(&dkms->examiner.facts->dkms, &package))
		return 0;
	rd_dkms_package_deinit(&package);
	return r || !is_ours ? r : rd_error_nomem(err);
}

/* Versions are folders; "kernel-K-ARCH" are links, and what was moved aside is no version. */
static int add_package(struct rd_dkms *dkms, const char *name, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries versions = { 0 };
	RD_CLEANUP(rd_freep) char *folder = rd_attribute_path(dkms->tree, name);
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = rd_dkms_list(dkms, folder, &versions, err);
	for (size_t i = 0; !r && i < versions.n; i++) {
		const struct rd_entry *entry = &versions.items[i];

		if (entry->type == DT_DIR && strcmp(entry->name, "original_module") != 0)
			r = add_version(dkms, name, entry->name, err);
	}
	return r;
}

/* framework.conf may put the tree elsewhere. */
static int find_tree(struct rd_dkms *dkms, struct rd_error *err)
{
	RD_CLEANUP(rd_dkms_conf_deinit) struct rd_dkms_conf conf = RD_DKMS_CONF_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	const char *tree;
	int r;

	r = rd_system_read(dkms->examiner.sys, FRAMEWORK_CONF, RD_DKMS_CONF_MAX, &text, err);
	if (r < 0)
		return r;
	if (text.data && rd_dkms_conf_read(&conf, text.data, text.len))
		return rd_error_nomem(err);
	tree = rd_dkms_conf_get(&conf, "dkms_tree", 0);
	dkms->tree = strdup(tree && *tree == '/' ? tree : DKMS_FOLDER);
	return dkms->tree ? 0 : rd_error_nomem(err);
}

static int read_tree(struct rd_dkms *dkms, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries packages = { 0 };
	int r;

	r = rd_dkms_list(dkms, dkms->tree, &packages, err);
	for (size_t i = 0; !r && i < packages.n; i++) {
		if (packages.items[i].type == DT_DIR)
			r = add_package(dkms, packages.items[i].name, err);
	}
	return r ? r : rd_dkms_add_weak(dkms, err);
}

static void dkms_deinit(struct rd_dkms *dkms)
{
	rd_examiner_deinit(&dkms->examiner);
	free(dkms->tree);
}

int rd_probe_dkms(const struct rd_system *sys, const struct rd_probe_options *options,
		  struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(dkms_deinit)
	struct rd_dkms dkms = {
		.examiner = {
			.sys = sys,
			.options = options,
			.facts = facts,
			.flags = options->want_sha256 ? RD_INSPECT_SHA256 : 0,
			.max = RD_CODEC_MAX_MODULE,
			.compares_content = true,
		},
	};
	int r;

	r = find_tree(&dkms, err);
	if (!r)
		r = rd_dkms_find_folder(&dkms, err);
	if (!r)
		r = rd_examiner_recall(&dkms.examiner, err);
	if (!r)
		r = read_tree(&dkms, err);
	if (!r)
		r = rd_dkms_forget_sources(&dkms, err);
	return r ? r : rd_dkms_judge_kernels(&dkms, err);
}
