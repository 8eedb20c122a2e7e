/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Walking a tree below the root. A kernel's modules lie in a thousand folders, so folders are
 * opened relative to their parent and nothing is kept of what the caller does not ask for.
 *
 * A real folder is entered with O_NOFOLLOW; only links pass through openat2(2) again, which keeps
 * them inside the root. Three limits end every walk: the depth, the number of entries, and that
 * the target of a link is entered once, so that no ring of links is followed twice.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "below.h"
#include "system/system.h"

/* depmod(8) reads trees of a dozen levels; each level holds a descriptor while it is read. */
#define DEPTH_MAX 32

struct folder_id {
	dev_t dev;
	ino_t ino;
};

struct walk {
	const struct rd_system *sys;
	rd_walk_fn fn;
	void *userdata;
	size_t left; /* entries that may still be looked at */
	bool is_exhausted;
	unsigned int depth;
	struct rd_text path;
	struct {
		struct folder_id *items;
		size_t n, cap;
	} linked; /* targets of links that were entered */
};

static void walk_deinit(struct walk *walk)
{
	rd_text_deinit(&walk->path);
	free(walk->linked.items);
}

static int walk_unreadable(struct walk *walk, int errnum, const char *what, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;

	rd_error_set(&why, errnum, "list %s: %s", walk->path.data, what);
	return walk->fn(walk->userdata, RD_WALK_UNREADABLE, walk->path.data, &why, err);
}

/* Opens the folder that the link at walk->path leads to; *@fdp stays -1 when it leads to none. */
static int open_linked(struct walk *walk, int *fdp, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	struct folder_id id;
	struct stat st;

	fd = below_open(walk->sys->rootfd, walk->path.data, O_RDONLY | O_DIRECTORY);
	if (fd == -ENOMEM || fd == -EMFILE || fd == -ENFILE)
		return rd_error_set(err, -fd, "open %s: %s", walk->path.data, strerror(-fd));
	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;

	id = (struct folder_id){ .dev = st.st_dev, .ino = st.st_ino };
	for (size_t i = 0; i < walk->linked.n; i++) {
		if (walk->linked.items[i].dev == id.dev && walk->linked.items[i].ino == id.ino)
			return RD_WALK_SKIP;
	}
	if (rd_array_push(&walk->linked, &id))
		return rd_error_nomem(err);
	*fdp = RD_TAKE_FD(fd);
	return 0;
}

static int walk_folder(struct walk *walk, int fd, struct rd_error *err);

/* Asks the caller, then enters; takes @fd. */
static int enter(struct walk *walk, int fd, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int owned = fd;
	int r;

	r = walk->fn(walk->userdata, RD_WALK_FOLDER, walk->path.data, NULL, err);
	if (r)
		return r == RD_WALK_SKIP ? 0 : r;
	if (walk->depth >= DEPTH_MAX)
		return walk_unreadable(walk, ELOOP, "too many levels of folders", err);

	walk->depth++;
	r = walk_folder(walk, RD_TAKE_FD(owned), err);
	walk->depth--;
	return r;
}

/* One entry, whose path is in walk->path. */
static int walk_entry(struct walk *walk, int dirfd, const char *name, unsigned char type,
		      struct rd_error *err)
{
	struct stat st;
	int fd = -1;
	int r;

	if (type == DT_UNKNOWN && !fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW))
		type = (unsigned char)IFTODT(st.st_mode);

	if (type == DT_LNK) {
		r = open_linked(walk, &fd, err);
		if (r)
			return r == RD_WALK_SKIP ? 0 : r;
	} else if (type == DT_DIR) {
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			return 0;
		if (fd < 0)
			return walk_unreadable(walk, errno, strerror(errno), err);
	}
	if (fd >= 0)
		return enter(walk, fd, err);
	return walk->fn(walk->userdata, RD_WALK_FILE, walk->path.data, NULL, err);
}

/* Everything in the folder at walk->path; takes @fd. */
static int walk_folder(struct walk *walk, int fd, struct rd_error *err)
{
	RD_CLEANUP(rd_closedirp) DIR *dir = fdopendir(fd);
	size_t len = walk->path.len;
	const struct dirent *de;
	int r;

	if (!dir) {
		close(fd);
		return rd_error_nomem(err);
	}
	while (!walk->is_exhausted && (errno = 0, de = readdir(dir))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (!walk->left--) {
			walk->is_exhausted = true;
			return walk_unreadable(walk, EFBIG, "too many entries", err);
		}
		if (rd_text_puts(&walk->path, "/") || rd_text_puts(&walk->path, de->d_name))
			return rd_error_nomem(err);
		r = walk_entry(walk, dirfd(dir), de->d_name, de->d_type, err);
		if (r)
			return r;
		walk->path.len = len;
		walk->path.data[len] = '\0';
	}
	return !walk->is_exhausted && errno ? walk_unreadable(walk, errno, strerror(errno), err)
					    : 0;
}

int rd_system_walk(const struct rd_system *sys, const char *path, size_t max, rd_walk_fn fn,
		   void *userdata, struct rd_error *err)
{
	RD_CLEANUP(walk_deinit)
	struct walk walk = { .sys = sys, .fn = fn, .userdata = userdata, .left = max };
	int fd;

	if (rd_text_puts(&walk.path, path))
		return rd_error_nomem(err);
	fd = below_open(sys->rootfd, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return below_failed(path, fd, err);
	return walk_folder(&walk, fd, err);
}
