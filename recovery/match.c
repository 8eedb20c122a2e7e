/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Whether a path is what a manifest says. This is what makes each step of recovery one that may be
 * done twice, and what decides after a crash whether the new files can be trusted: by their
 * content, never by their names.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attribute.h"
#include "base/cleanup.h"
#include "digest.h"
#include "names.h"
#include "recovery/write.h"
#include "store.h"

struct match {
	const struct rd_manifest *manifest;
	enum store_match how;
};

static int match_at(const struct match *match, int dirfd, const char *name, size_t i, bool *yesp,
		    struct rd_error *err);

static int match_file(const struct rd_node *node, int fd, bool *yesp, struct rd_error *err)
{
	char hex[DIGEST_HEX];
	uint64_t size = 0;
	int r;

	r = digest_copy(fd, -1, hex, &size, err);
	if (!r)
		*yesp = size == node->size && !strcmp(hex, node->sha256);
	return r;
}

static int match_folder(const struct match *match, int fd, size_t i, bool *yesp,
			struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names names = { 0 };
	size_t after = rd_manifest_after(match->manifest, i);
	size_t child = i + 1;
	bool is_like = true;
	int r;

	r = names_read(fd, &names, err);
	for (size_t k = 0; !r && is_like && k < names.n; k++) {
		const char *path = child < after ? match->manifest->items[child].path : "/";

		is_like = !strcmp(strrchr(path, '/') + 1, names.items[k]);
		if (is_like) {
			r = match_at(match, fd, names.items[k], child, &is_like, err);
			child = rd_manifest_after(match->manifest, child);
		}
	}
	if (!r)
		*yesp = is_like && child == after;
	return r;
}

static void match_link(const struct match *match, int dirfd, const char *name,
		       const struct rd_node *node, const struct rd_node *is, bool *yesp)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	*yesp = n >= 0 && (size_t)n == strlen(node->target) &&
		!memcmp(target, node->target, (size_t)n) &&
		(match->how == STORE_CONTENT || attribute_is_like(node, is));
}

static int match_at(const struct match *match, int dirfd, const char *name, size_t i, bool *yesp,
		    struct rd_error *err)
{
	const struct rd_node *node = &match->manifest->items[i];
	RD_CLEANUP(rd_node_deinit) struct rd_node is = { 0 };
	RD_CLEANUP(rd_closep) int fd = -1;
	struct stat st;
	int r;

	*yesp = false;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		*yesp = errno == ENOENT && node->type == RD_NODE_ABSENT;
		return errno == ENOENT ? 0 : rd_error_set(err, errno, "stat: %s", strerror(errno));
	}
	if (attribute_from_stat(&is, &st, NULL) || is.type != node->type || is.size != node->size)
		return 0;
	if (node->type == RD_NODE_LINK) {
		match_link(match, dirfd, name, node, &is, yesp);
		return 0;
	}

	fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return rd_error_set(err, errno, "open: %s", strerror(errno));
	r = match->how == STORE_ALL ? attribute_read_xattrs(&is, fd, err) : 0;
	if (r || (match->how == STORE_ALL && !attribute_is_like(node, &is)))
		return r;
	return node->type == RD_NODE_FILE ? match_file(node, fd, yesp, err)
					  : match_folder(match, fd, i, yesp, err);
}

int store_is_there(const struct store *store, size_t i, enum store_match how, bool *yesp,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	const struct rd_node *node = &store->manifest.items[i];
	struct match match = { .manifest = &store->manifest, .how = how };
	int r;

	r = rd_write_place(store->rootfd, node->path, &place, err);
	if (r == RD_WRITE_ABSENT) {
		*yesp = node->type == RD_NODE_ABSENT;
		return 0;
	}
	if (!r)
		r = match_at(&match, place.dirfd, place.name, i, yesp, err);
	return r ? rd_error_prefix(err, r, "look at %s", node->path) : 0;
}
