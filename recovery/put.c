/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The one operation of recovery: make a path be what a manifest says. Going forward, going back and
 * doing either once more after a crash are all this, with another manifest.
 *
 * A unit is made whole under RD_WRITE_NEW beside its place, each file and folder of it synced, and
 * then renamed: over what is there, or in exchange for it where a folder is involved. A folder that
 * goes is renamed away before anything in it is removed. So at each moment the name stands for all
 * of the old or all of the new; for a boot loader too (freeze.c).
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attribute.h"
#include "base/cleanup.h"
#include "digest.h"
#include "freeze.h"
#include "recovery/write.h"
#include "store.h"

#define FOLDER_MODE 0755 /* of folders on the way that are no part of a manifest */

static int make(const struct store *store, int dirfd, const char *name, size_t i,
		struct rd_error *err);

static int make_file(const struct store *store, int dirfd, const char *name,
		     const struct rd_node *node, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int from = -1;
	RD_CLEANUP(rd_closep) int to = -1;
	char hex[DIGEST_HEX];
	uint64_t size = 0;
	int r;

	from = openat(store->fd, node->sha256, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (from < 0)
		return rd_error_set(err, errno, "open its copy: %s", strerror(errno));
	to = rd_write_temporary(dirfd, name, err);
	if (to < 0)
		return to;
	r = digest_copy(from, to, hex, &size, err);
	if (!r && (size != node->size || strcmp(hex, node->sha256) != 0))
		return rd_error_set(err, EIO, "its copy is damaged: the digest does not fit");
	if (!r)
		r = attribute_write(node, to, err);
	return r ? r : rd_write_sync(to, name, err);
}

static int make_link(int dirfd, const char *name, const struct rd_node *node, struct rd_error *err)
{
	if (symlinkat(node->target, dirfd, name) < 0)
		return rd_error_set(err, errno, "make the link: %s", strerror(errno));
	return attribute_write_link(node, dirfd, name, err);
}

static const char *name_of(const struct rd_node *node)
{
	return strrchr(node->path, '/') + 1;
}

static int make_folder(const struct store *store, int dirfd, const char *name, size_t i,
		       struct rd_error *err)
{
	const struct rd_manifest *manifest = &store->manifest;
	size_t after = rd_manifest_after(manifest, i);
	RD_CLEANUP(rd_closep) int fd = -1;
	int r = 0;

	if (mkdirat(dirfd, name, 0700) < 0)
		return rd_error_set(err, errno, "make the folder: %s", strerror(errno));
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return rd_error_set(err, errno, "open the folder: %s", strerror(errno));
	for (size_t child = i + 1; !r && child < after;
	     child = rd_manifest_after(manifest, child)) {
		r = make(store, fd, name_of(&manifest->items[child]), child, err);
		if (r)
			rd_error_prefix(err, r, "%s", name_of(&manifest->items[child]));
	}
	if (!r)
		r = attribute_write(&manifest->items[i], fd, err);
	return r ? r : rd_write_sync(fd, name, err);
}

static int make(const struct store *store, int dirfd, const char *name, size_t i,
		struct rd_error *err)
{
	const struct rd_node *node = &store->manifest.items[i];

	if (node->type == RD_NODE_FILE)
		return make_file(store, dirfd, name, node, err);
	if (node->type == RD_NODE_LINK)
		return make_link(dirfd, name, node, err);
	return make_folder(store, dirfd, name, i, err);
}

/* Puts what stands at the temporary name into its place; what was there has the name then. */
static int take_place(const struct rd_place *place, const struct stat *old, bool is_folder,
		      struct rd_error *err)
{
	if (old && (is_folder || S_ISDIR(old->st_mode)))
		return rd_write_exchange(place->dirfd, RD_WRITE_NEW, place->name, err);
	return rd_write_rename(place->dirfd, RD_WRITE_NEW, place->name, err);
}

static int put(const struct store *store, const struct rd_place *place, size_t i,
	       const struct stat *old, struct rd_error *err)
{
	const struct rd_node *node = &store->manifest.items[i];
	int r;

	if (node->type == RD_NODE_ABSENT && !S_ISDIR(old->st_mode))
		return rd_write_unlink(place->dirfd, place->name, err);
	r = rd_write_remove(place->dirfd, RD_WRITE_NEW, err);
	if (r)
		return r;
	if (node->type == RD_NODE_ABSENT) {
		r = rd_write_rename(place->dirfd, place->name, RD_WRITE_NEW, err);
	} else {
		r = make(store, place->dirfd, RD_WRITE_NEW, i, err);
		if (!r)
			r = take_place(place, old, node->type == RD_NODE_FOLDER, err);
	}
	return r ? r : rd_write_remove(place->dirfd, RD_WRITE_NEW, err);
}

/* The folder that holds the unit, made if it is not there. */
static int open_place(const struct store *store, const char *path, struct rd_place *placep,
		      struct rd_error *err)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	int fd, r;

	r = rd_write_place(store->rootfd, path, placep, err);
	if (r != RD_WRITE_ABSENT)
		return r;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	fd = rd_write_folder(store->rootfd, folder, FOLDER_MODE, err);
	if (fd < 0)
		return fd;
	placep->dirfd = fd;
	snprintf(placep->name, sizeof(placep->name), "%s", slash + 1);
	return 0;
}

int store_put(const struct store *store, size_t i, struct rd_error *err)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	const char *path = store->manifest.items[i].path;
	bool is_there = false, has_old;
	struct stat old;
	int r;

	r = store_is_there(store, i, STORE_ALL, &is_there, err);
	if (r || is_there)
		return r;
	r = open_place(store, path, &place, err);
	if (r)
		return r;
	has_old = !fstatat(place.dirfd, place.name, &old, AT_SYMLINK_NOFOLLOW);
	if (!has_old && errno != ENOENT)
		return rd_error_set(err, errno, "stat %s: %s", path, strerror(errno));
	r = put(store, &place, i, has_old ? &old : NULL, err);
	/* Before anything else is written there, to blocks that the old file gave away. */
	if (!r && rd_text_has_prefix(path, "boot/"))
		r = freeze_settle(place.dirfd, store->rootfd, err);
	return r ? rd_error_prefix(err, r, "put %s in place", path) : 0;
}
