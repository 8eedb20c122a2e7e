/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The store of copies. A copy is never a link or the file itself: tools write through both (dracut
 * copies onto the old inode). A content has its digest as its name and gets it when it is on the
 * disk, so that one name stands for one content, whole, whoever was interrupted; equal files, such
 * as a module as built and as installed, are kept once.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attribute.h"
#include "base/cleanup.h"
#include "digest.h"
#include "names.h"
#include "recovery/write.h"
#include "store.h"

#define DEPTH_MAX   32
#define NODES_MAX   ((size_t)1 << 17)
#define CONTENT_MAX ((uint64_t)4 << 30)

int store_open(struct store *storep, int rootfd, int txnfd, const char *name, bool may_make,
	       struct rd_error *err)
{
	struct store store = STORE_INIT;

	store.rootfd = rootfd;
	store.fd = openat(txnfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (store.fd < 0 && errno == ENOENT && may_make)
		store.fd = rd_write_folder(txnfd, name, 0700, err);
	else if (store.fd < 0)
		return rd_error_set(err, errno, "open %s: %s", name, strerror(errno));
	if (store.fd < 0)
		return store.fd;
	*storep = store;
	return 0;
}

void store_deinit(struct store *store)
{
	rd_closep(&store->fd);
	rd_manifest_deinit(&store->manifest);
	*store = (struct store)STORE_INIT;
}

static bool has_content(const struct store *store, const struct rd_node *node)
{
	struct stat st;

	return !fstatat(store->fd, node->sha256, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == node->size;
}

/* Copies the open file into the store; it must be what was hashed before. */
static int add_content(struct store *store, const struct rd_node *node, int from,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int to = -1;
	char hex[DIGEST_HEX];
	uint64_t size = 0;
	int r;

	if (lseek(from, 0, SEEK_SET) < 0)
		return rd_error_set(err, errno, "seek: %s", strerror(errno));
	to = rd_write_temporary(store->fd, RD_WRITE_NEW, err);
	if (to < 0)
		return to;
	r = digest_copy(from, to, hex, &size, err);
	if (!r && (size != node->size || strcmp(hex, node->sha256) != 0))
		r = rd_error_set(err, EBUSY, "it changes while it is copied");
	if (!r)
		r = rd_write_sync(to, RD_WRITE_NEW, err);
	if (!r && renameat(store->fd, RD_WRITE_NEW, store->fd, node->sha256) < 0)
		r = rd_error_set(err, errno, "keep its content: %s", strerror(errno));
	store->is_dirty = true;
	return r;
}

static int keep_file(struct store *store, struct rd_node *node, int fd, struct rd_error *err)
{
	char hex[DIGEST_HEX];
	int r;

	if (node->size > CONTENT_MAX)
		return rd_error_set(err, EFBIG, "larger than anything that belongs here");
	r = attribute_read_xattrs(node, fd, err);
	if (!r)
		r = digest_copy(fd, -1, hex, &node->size, err);
	if (r)
		return r;
	node->sha256 = strdup(hex);
	if (!node->sha256)
		return rd_error_nomem(err);
	return store->is_list || has_content(store, node) ? 0 : add_content(store, node, fd, err);
}

static int keep_link(struct rd_node *node, int dirfd, const char *name, struct rd_error *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);

	if (n < 0)
		return rd_error_set(err, errno, "read link: %s", strerror(errno));
	target[n] = '\0';
	node->target = strdup(target);
	return node->target ? 0 : rd_error_nomem(err);
}

static int push(struct store *store, struct rd_node *node, struct rd_error *err)
{
	if (store->manifest.n >= NODES_MAX)
		return rd_error_set(err, EFBIG, "more than %zu files", NODES_MAX);
	return rd_manifest_push(&store->manifest, node) ? rd_error_nomem(err) : 0;
}

static int keep_folder(struct store *store, int fd, const char *path, unsigned int depth,
		       struct rd_error *err);

/* What is at a name of an open folder, and all below it. */
static int keep_at(struct store *store, int dirfd, const char *name, const char *path,
		   unsigned int depth, struct rd_error *err)
{
	RD_CLEANUP(rd_node_deinit) struct rd_node node = { 0 };
	RD_CLEANUP(rd_closep) int fd = -1;
	bool is_folder;
	struct stat st;
	int r;

	node.path = strdup(path);
	if (!node.path)
		return rd_error_nomem(err);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? push(store, &node, err)
				       : rd_error_set(err, errno, "stat: %s", strerror(errno));
	r = attribute_from_stat(&node, &st, err);
	if (r)
		return r;
	if (node.type == RD_NODE_LINK) {
		r = keep_link(&node, dirfd, name, err);
		return r ? r : push(store, &node, err);
	}

	is_folder = node.type == RD_NODE_FOLDER;
	fd = openat(dirfd, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (is_folder ? O_DIRECTORY : 0));
	if (fd < 0)
		return rd_error_set(err, errno, "open: %s", strerror(errno));
	r = is_folder ? attribute_read_xattrs(&node, fd, err) : keep_file(store, &node, fd, err);
	if (!r)
		r = push(store, &node, err);
	return r || !is_folder ? r : keep_folder(store, fd, path, depth, err);
}

static int keep_folder(struct store *store, int fd, const char *path, unsigned int depth,
		       struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names names = { 0 };
	int r;

	if (depth >= DEPTH_MAX)
		return rd_error_set(err, ELOOP, "too many levels of folders");
	r = names_read(fd, &names, err);
	for (size_t i = 0; !r && i < names.n; i++) {
		RD_CLEANUP(rd_freep) char *child = NULL;

		if (asprintf(&child, "%s/%s", path, names.items[i]) < 0) {
			child = NULL;
			return rd_error_nomem(err);
		}
		r = keep_at(store, fd, names.items[i], child, depth + 1, err);
		if (r)
			rd_error_prefix(err, r, "%s", names.items[i]);
	}
	return r;
}

int store_keep(struct store *store, const char *from, const char *path, struct rd_error *err)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	RD_CLEANUP(rd_node_deinit) struct rd_node absent = { 0 };
	int r;

	r = rd_write_place(store->rootfd, from, &place, err);
	if (r == RD_WRITE_ABSENT) {
		absent.path = strdup(path);
		return absent.path ? push(store, &absent, err) : rd_error_nomem(err);
	}
	if (!r)
		r = keep_at(store, place.dirfd, place.name, path, 0, err);
	return r ? rd_error_prefix(err, r, "copy %s", from) : 0;
}

int store_sync(struct store *store, struct rd_error *err)
{
	int r = store->is_dirty ? rd_write_sync(store->fd, "the copies", err) : 0;

	store->is_dirty = false;
	return r;
}

int store_is_whole(const struct store *store, const struct rd_node *node, bool *yesp,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	char hex[DIGEST_HEX];
	uint64_t size = 0;
	int r;

	fd = openat(store->fd, node->sha256, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ELOOP)
		return rd_error_set(err, errno, "open the copy of %s: %s", node->path,
				    strerror(errno));
	if (fd < 0) {
		*yesp = false;
		return 0;
	}
	r = digest_copy(fd, -1, hex, &size, err);
	if (r)
		return rd_error_prefix(err, r, "the copy of %s", node->path);
	*yesp = size == node->size && !strcmp(hex, node->sha256);
	return 0;
}
