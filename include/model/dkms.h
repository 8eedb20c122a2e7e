/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What dkms has registered below var/lib/dkms, as its tree says and not as dkms would print it. */

#include <stdbool.h>
#include <stddef.h>

#include "model/evidence.h"
#include "model/presence.h"

enum rd_dkms_state {
	RD_DKMS_UNKNOWN, /* could not be read */
	RD_DKMS_ADDED, /* registered; nothing built for that kernel */
	RD_DKMS_BUILT, /* built, not installed */
	RD_DKMS_INSTALLED,
	RD_DKMS_INSTALLED_WEAK, /* by a link to another kernel's module */
	RD_DKMS_DIFFERS, /* installed, and not what was built */
	RD_DKMS_ABSENT, /* registered as installed, and a module of the set is not there */
	RD_DKMS_BROKEN, /* its source or its build is missing in part */
};

struct rd_dkms_build {
	char *kernel, *arch;
	enum rd_dkms_state state;
	bool has_original; /* dkms moved a module of the distribution aside */
	bool is_active; /* the version that dkms has as installed for this kernel */
	struct {
		char **items;
		size_t n, cap;
	} files; /* of an active one: its modules below lib/modules, as far as they are there */
	char *log; /* make.log of a build that failed, NULL if none did */
	char *error; /* the first line of that log that is an error, NULL if there is none */
};

/* A module that the package builds: BUILT_MODULE_NAME and its kin. */
struct rd_dkms_module {
	char *name; /* DEST_MODULE_NAME */
	char *location; /* DEST_MODULE_LOCATION as dkms.conf has it; NULL if it has none */
	bool is_conditional; /* dkms.conf decides when it runs whether there is one */
};

/* One registered version of a package that builds amdgpu. */
struct rd_dkms_package {
	char *name, *version;
	char *path; /* /var/lib/dkms/NAME/VERSION */
	char *source; /* where its source link leads, as seen from the root; NULL: nowhere */
	bool is_newest; /* of the versions of this name whose source is there, in dkms' order */
	enum rd_presence has_autoinstall; /* UNKNOWN: dkms.conf could not be read, or runs code */
	char *problem; /* what of dkms.conf could not be told without running it; NULL: nothing */
	struct {
		struct rd_dkms_module *items;
		size_t n, cap;
	} modules;
	struct {
		char **items;
		size_t n, cap;
	} patches; /* PATCH[]: names of the files that change the source before a build */
	struct {
		char **items;
		size_t n, cap;
	} hooks; /* "PRE_BUILD: command", of those that are set */
	struct rd_evidence patched_by; /* what puts a known patch into the source at each build */
	struct rd_evidence touched_by; /* what changes kfd_crat.c at each build, how is not known */
	struct {
		struct rd_dkms_build *items;
		size_t n, cap;
	} builds;
};

struct rd_dkms_packages {
	struct rd_dkms_package *items;
	size_t n, cap;
};

/* "added", "built", "installed", ... as dkms status has them; "unknown"; static. */
const char *rd_dkms_state_name(enum rd_dkms_state state);

/* The build for that kernel, of that architecture unless NULL; or NULL; borrowed. */
struct rd_dkms_build *rd_dkms_package_find_build(const struct rd_dkms_package *package,
						 const char *kernel, const char *arch);

/* Whether @called, "NAME/VERSION" or NULL, is that package. */
bool rd_dkms_package_is(const struct rd_dkms_package *package, const char *called);

void rd_dkms_package_deinit(struct rd_dkms_package *package);
void rd_dkms_packages_deinit(struct rd_dkms_packages *packages);
