/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The package managers, each behind the same questions. Private to src/probe/package*.c. */

#include "inspect/digest.h"
#include "probe/package.h"

struct package_manager {
	enum rd_package_manager manager;
	/* As rd_package_find(); leaves @owner empty if the manager is not there. */
	int (*find)(struct rd_package_db *db, const struct rd_package_file *file,
		    struct rd_package_owner *owner, struct rd_error *err);
	/* As rd_package_original(); NULL: keeps no packages. */
	int (*original)(struct rd_package_db *db, const char *path,
			struct rd_package_original *original, struct rd_error *err);
};

extern const struct package_manager package_dpkg;

/* The list of digests of an installed package of dpkg; empty if it cannot be had. 0 or -errno. */
int package_dpkg_list(struct rd_package_db *db, const char *package, struct rd_text *listp,
		      struct rd_error *err);

/* The folder that tells which package a path may be of. */
struct package_place {
	char *name; /* "6.1.0-50-amd64", "amdgpu-6.16.6"; NULL: neither modules nor sources */
	bool is_source;
};

void package_place_deinit(struct package_place *place);

/* /lib/modules/NAME/…, /usr/lib/modules/NAME/…, /usr/src/NAME/…. Return: 0 or -ENOMEM. */
int package_place_of(const char *path, struct package_place *placep);

/* Whether @digest, lower-case hex, is the one of @file: into owner->is_equal. 0 or -ENOMEM. */
int package_compare(const struct rd_package_file *file, enum rd_digest kind, const char *digest,
		    struct rd_package_owner *owner, struct rd_error *err);
