/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What dkms has registered, in three parts: its configuration, its builds, the kernels it serves.
 * Private to src/probe. */

#include "examine.h"
#include "inspect/dkms_conf.h"
#include "model/facts.h"

/* A tree that is read. */
struct rd_dkms {
	struct rd_examiner examiner; /* of modules; has the system, the options and the facts */
	char *tree; /* /var/lib/dkms */
	const char *folder; /* where modules go below lib/modules/KERNEL, whatever dkms.conf says;
			       NULL: where it says; static */
	bool is_folder_known; /* os-release could be read */
};

/* Kernels below one version, versions of one package, packages: more than any machine has. */
#define RD_DKMS_ENTRIES_MAX 512

/* Notes what could not be read, once however often it is tried. Return: 0 or -ENOMEM. */
int rd_dkms_note_unread(const struct rd_dkms *dkms, const char *path, const struct rd_error *why,
			struct rd_error *err);

/* The entries of a folder; none if it is not there or cannot be read, which is noted. */
int rd_dkms_list(const struct rd_dkms *dkms, const char *folder, struct rd_entries *entries,
		 struct rd_error *err);

/* Where the distribution has dkms put modules; fills @dkms. Return: 0 or a negative errno. */
int rd_dkms_find_folder(struct rd_dkms *dkms, struct rd_error *err);

/**
 * rd_dkms_read_conf() - the configuration of one version, for one kernel
 * @kernel, @arch: NULL: as far as it holds for all kernels; ${kernelver} stays as it is then
 * @conf: empty; rd_dkms_conf_deinit() it
 *
 * Return: 0, RD_SYSTEM_ABSENT, RD_SYSTEM_UNREADABLE (also noted), or a negative errno.
 */
int rd_dkms_read_conf(const struct rd_dkms *dkms, const struct rd_dkms_package *package,
		      const char *kernel, const char *arch, struct rd_dkms_conf *conf,
		      struct rd_error *err);

struct rd_dkms_modules {
	struct rd_dkms_module *items;
	size_t n, cap;
};

void rd_dkms_modules_deinit(struct rd_dkms_modules *modules);

/* The modules that a configuration names; 0 or -ENOMEM. */
int rd_dkms_find_modules(const struct rd_dkms_conf *conf, struct rd_dkms_modules *modules);

/* Patches, hooks and all else that dkms.conf says for every kernel. Return: 0 or -errno. */
int rd_dkms_fill_package(const struct rd_dkms *dkms, struct rd_dkms_package *package,
			 const struct rd_dkms_conf *conf, struct rd_error *err);

/* Adds the builds of a version and their copies of amdgpu. Return: 0 or a negative errno. */
int rd_dkms_add_builds(struct rd_dkms *dkms, struct rd_dkms_package *package, struct rd_error *err);

/* Marks the kernels that use a build of another kernel. Return: 0 or a negative errno. */
int rd_dkms_add_weak(const struct rd_dkms *dkms, struct rd_error *err);

/* Whether one of the files that a build made is a module called @name: its path, malloc()ed, or
 * NULL. Return: 0 or a negative errno. */
int rd_dkms_find_file(const struct rd_system *sys, const char *folder, const char *name,
		      char **pathp, struct rd_error *err);

/* Sources of versions that dkms knew once are nothing that it builds from. Return: 0 or -errno. */
int rd_dkms_forget_sources(const struct rd_dkms *dkms, struct rd_error *err);

/* What the next autoinstall does to each kernel. Return: 0 or a negative errno. */
int rd_dkms_judge_kernels(const struct rd_dkms *dkms, struct rd_error *err);
