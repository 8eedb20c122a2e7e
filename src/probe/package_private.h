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
extern const struct package_manager package_pacman;
extern const struct package_manager package_rpm;

/* The list of digests of an installed package of dpkg; empty if it cannot be had. 0 or -errno. */
int package_dpkg_list(struct rd_package_db *db, const char *package, struct rd_text *listp,
		      struct rd_error *err);

/* Why rpm's data base cannot be asked; *@problemp stays NULL if it can, or if there is none.
 * Return: 0 or a negative errno. */
int package_rpm_problem(const struct rd_system *sys, char **problemp, struct rd_error *err);

/* The folder that tells which package a path may be of. */
struct package_place {
	char *name; /* "6.1.0-50-amd64", "amdgpu-6.16.6"; NULL: neither modules nor sources */
	bool is_source;
};

void package_place_deinit(struct package_place *place);

/* [/usr]/lib/modules/NAME/…, /boot/vmlinuz-NAME, /usr/src/NAME/…. Return: 0 or -ENOMEM. */
int package_place_of(const char *path, struct package_place *placep);

/* Whether a package of that name may have sources of that place: called after dkms or the tree. */
bool package_is_named_after(const char *name, const struct package_place *place);

/* Whether @digest, lower-case hex, is the one of @file: into owner->is_equal. 0 or -ENOMEM. */
int package_compare(const struct rd_package_file *file, enum rd_digest kind, const char *digest,
		    struct rd_package_owner *owner, struct rd_error *err);

/**
 * package_take_out() - fill the content of an original from its archive
 * @extract: rd_deb_extract() or its like
 * @map: the archive, named by original->archive
 *
 * Return: 0, RD_PACKAGE_UNUSABLE, or a negative errno.
 */
int package_take_out(int (*extract)(const uint8_t *data, size_t len, const char *path,
				    struct rd_text *textp, struct rd_error *err),
		     const char *path, const struct rd_map *map,
		     struct rd_package_original *original, struct rd_error *err);

/* Whether the content has that digest. Return: 0, RD_PACKAGE_UNUSABLE, or -ENOMEM. */
int package_verify(const struct rd_package_original *original, const char *path,
		   enum rd_digest kind, const char *digest, struct rd_error *err);
