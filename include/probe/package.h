/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Provenance: is a file, byte for byte, what the distribution's package put there? */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "model/package.h"
#include "system/system.h"

/* What was read of the data bases, so that it is read once. Start: { .sys = sys }. */
struct rd_package_db {
	const struct rd_system *sys;
	const char *archives; /* one more folder of downloaded packages, borrowed; NULL: none */
	bool is_thorough; /* ask every package, not only those whose name tells; and rpm */

	/* dpkg's. */
	bool is_loaded;
	struct {
		char **items;
		size_t n, cap;
	} lists; /* file names of the lists of digests */
	struct rd_text diversions;
	struct rd_map status;

	/* pacman's. */
	bool is_local_listed;
	struct rd_entries local; /* a folder for each package */
};

void rd_package_db_deinit(struct rd_package_db *db);

/* A file: @path as seen from the root, and its @len bytes. */
struct rd_package_file {
	const char *path;
	const uint8_t *data;
	size_t len;
};

/* The package that has a file of that path. */
struct rd_package_owner {
	char *name; /* NULL: none has one, or that could not be found out */
	char *version; /* NULL unknown */
	enum rd_package_manager manager;
	enum rd_presence is_equal; /* YES: these bytes; NO: others; UNKNOWN: cannot be told */
	const char *digest; /* by which it is known: "MD5", ...; static */
};

#define RD_PACKAGE_OWNER_INIT \
	{                     \
		0             \
	}

void rd_package_owner_deinit(struct rd_package_owner *owner);

/**
 * rd_package_find() - the package that a file is from
 * @file: a module below lib/modules, a kernel image in boot, a source below usr/src; others are
 *        looked for only if @db is thorough
 *
 * A diverted file is held against the package whose file it is. That the bytes are others is no
 * alarm: modules are signed, compressed and stripped anew on healthy machines.
 * Return: 0 (also without an owner) or a negative errno.
 */
int rd_package_find(struct rd_package_db *db, const struct rd_package_file *file,
		    struct rd_package_owner *ownerp, struct rd_error *err);

/* The file as its package has it. */
struct rd_package_original {
	char *package, *version;
	enum rd_package_manager manager;
	char *archive; /* path of the cached package that it was taken out of */
	struct rd_text content;
};

#define RD_PACKAGE_ORIGINAL_INIT \
	{                        \
		0                \
	}

void rd_package_original_deinit(struct rd_package_original *original);

enum {
	_RD_PACKAGE_OK,
	RD_PACKAGE_UNOWNED, /* no package is known to have a file of that path */
	RD_PACKAGE_NOT_CACHED, /* the cache has no archive of the installed version, which is told
				*/
	RD_PACKAGE_UNUSABLE, /* it has one, which is unreadable, broken, or has another file */
};

/**
 * rd_package_original() - the bytes that the installed package has for a path
 * @path: as seen from the root
 * @originalp: the caller's, to be released; its content has the digest that the data base of the
 *             packages has, whatever became of the file at @path. Without a good archive, package
 *             and version are set all the same, as far as they are known
 *
 * Looks for packages as they were downloaded, in the package manager's cache. Decompresses the
 * archive up to that file, which for a kernel of Debian takes seconds: to be called only when the
 * answer depends on it. Return: 0, a positive code above (@err filled), or a negative errno.
 */
int rd_package_original(struct rd_package_db *db, const char *path,
			struct rd_package_original *originalp, struct rd_error *err);

/**
 * rd_package_note() - remember an owner among the facts
 * @path: a file of it
 *
 * Return: 0 or -ENOMEM.
 */
int rd_package_note(const struct rd_package_owner *owner, const char *path,
		    struct rd_packages *packages, struct rd_error *err);
