/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The only gateway to the machine: everything is opened below one root descriptor, so that a
 * mounted disk or a picture of a machine is read exactly as this machine is. Reads only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"

/* A machine, or a picture of one. @is_live: may we ask the running kernel (udev, ioctl, kcore)? */
struct rd_system {
	int rootfd;
	bool is_live;
	char *root; /* as given, for messages and for libraries that want a path */
};

#define RD_SYSTEM_INIT        \
	{                     \
		.rootfd = -1, \
	}

/* Paths are absolute inside the root, with or without the leading slash. */
enum {
	_RD_SYSTEM_OK,
	RD_SYSTEM_ABSENT, /* ENOENT, ENOTDIR, a dangling link */
	RD_SYSTEM_UNREADABLE, /* exists, and may not or cannot be read; @err says why */
};

/**
 * rd_system_init() - open a root
 * @root: "/" for this machine, else a folder
 *
 * Return: 0 or a negative errno (@root missing, no folder; openat2 missing or blocked).
 */
int rd_system_init(struct rd_system *sys, const char *root, struct rd_error *err);
void rd_system_deinit(struct rd_system *sys);

/**
 * rd_system_read() - a whole file
 * @max: cap in bytes; a larger file is RD_SYSTEM_UNREADABLE
 *
 * Return: 0, RD_SYSTEM_ABSENT, RD_SYSTEM_UNREADABLE (@err filled), or a negative errno.
 */
int rd_system_read(const struct rd_system *sys, const char *path, size_t max, struct rd_text *textp,
		   struct rd_error *err);

/* As rd_system_read() for one-line attributes (64 KiB at most): white space at the end removed;
 * the string is the caller's. */
int rd_system_read_line(const struct rd_system *sys, const char *path, char **linep,
			struct rd_error *err);

/**
 * rd_system_read_at() - a part of a file that is too large to be read whole (/proc/kcore)
 * @buffer: @len bytes, filled if the result is 0
 *
 * Return: as rd_system_read(); a file that ends before is RD_SYSTEM_UNREADABLE.
 */
int rd_system_read_at(const struct rd_system *sys, const char *path, uint64_t offset, void *buffer,
		      size_t len, struct rd_error *err);

/* A read-only private mapping of a regular file. */
struct rd_map {
	const uint8_t *data; /* NULL if the file is empty */
	size_t len;
};

#define RD_MAP_INIT \
	{           \
		0   \
	}

/**
 * rd_system_map() - map a regular file without copying it
 * @max: cap in bytes
 *
 * A FIFO, a folder, a device is RD_SYSTEM_UNREADABLE, and never waited for.
 * Return: as rd_system_read().
 */
int rd_system_map(const struct rd_system *sys, const char *path, size_t max, struct rd_map *mapp,
		  struct rd_error *err);
void rd_map_deinit(struct rd_map *map);

/* Whether the file shrank while it was mapped: what was read of it then is worth nothing. */
bool rd_map_is_torn(const struct rd_map *map);

/**
 * rd_system_open() - a descriptor for a library that wants one
 * @fdp: of a regular file, read-only; the caller's
 *
 * Return: as rd_system_read().
 */
int rd_system_open(const struct rd_system *sys, const char *path, int *fdp, struct rd_error *err);

/**
 * rd_system_is_locked() - whether somebody holds an exclusive flock(2) on a file
 *
 * It is asked for by a shared lock that is given up at once: whoever wants the file just then has
 * to try again. Return: as rd_system_read().
 */
int rd_system_is_locked(const struct rd_system *sys, const char *path, bool *yesp,
			struct rd_error *err);

struct rd_entry {
	char *name;
	unsigned char type; /* DT_*, links not followed; DT_UNKNOWN resolved */
};

struct rd_entries {
	struct rd_entry *items; /* by name */
	size_t n, cap;
};

void rd_entries_deinit(struct rd_entries *entries);

/* The entries of a folder without . and .., sorted by name. Return: as rd_system_read(). */
int rd_system_list(const struct rd_system *sys, const char *path, struct rd_entries *entriesp,
		   struct rd_error *err);

/* The text of a symbolic link, the caller's. Return: as rd_system_read(). */
int rd_system_readlink(const struct rd_system *sys, const char *path, char **targetp,
		       struct rd_error *err);

/* Follows links inside the root. Return: as rd_system_read(). */
int rd_system_stat(const struct rd_system *sys, const char *path, struct stat *stp,
		   struct rd_error *err);

enum rd_walk_event {
	RD_WALK_FILE, /* anything but a folder, or a link that leads to none */
	RD_WALK_FOLDER, /* about to be entered, by a link too: RD_WALK_SKIP stays out */
	RD_WALK_UNREADABLE, /* a folder that could not be listed to its end; @why says why */
};

enum {
	_RD_WALK_OK,
	RD_WALK_SKIP,
};

/* @path: as seen from the root, valid during the call. Negative ends the walk. */
typedef int (*rd_walk_fn)(void *userdata, enum rd_walk_event event, const char *path,
			  const struct rd_error *why, struct rd_error *err);

/**
 * rd_system_walk() - meet everything below a folder
 * @path: where to start, with its leading slash and without one at the end
 * @max: entries that are looked at before the walk gives up, as RD_WALK_UNREADABLE
 *
 * Links to folders are followed inside the root, each target once; no order is kept.
 * Return: 0, RD_SYSTEM_ABSENT, RD_SYSTEM_UNREADABLE (@path itself), what @fn returned, or a
 * negative errno.
 */
int rd_system_walk(const struct rd_system *sys, const char *path, size_t max, rd_walk_fn fn,
		   void *userdata, struct rd_error *err);

/**
 * rd_system_glob() - the files whose names match a pattern
 * @pattern: absolute; * ? [...] as in fnmatch(3), within one folder; a leading dot is matched only
 *           by a dot
 * @max: folders that are looked into before the search gives up
 * @fn: called with each path, in order; a folder is no match. Anything but 0 ends the search
 *
 * What cannot be listed has no match. Return: 0, what @fn returned, -EFBIG (too many folders), or
 * another negative errno.
 */
int rd_system_glob(const struct rd_system *sys, const char *pattern, size_t max,
		   int (*fn)(void *userdata, const char *path, struct rd_error *err),
		   void *userdata, struct rd_error *err);
