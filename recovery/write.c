/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Durable changes of single names. The order is always the same: make it under a temporary name,
 * fsync it, rename it, fsync the folder. ext4 and others may otherwise keep the rename and lose
 * the content, or keep neither, when the power goes (fsync(2), rename(2)).
 *
 * Opening is openat2(2) with RESOLVE_IN_ROOT, as in src/system, so that the links of a mounted
 * system lead nowhere else; what is changed is always a name in an opened folder, whose last part
 * is never followed.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "recovery/write.h"

/* As deep as the trees that src/system walks. */
#define DEPTH_MAX 32

void rd_place_deinit(struct rd_place *place)
{
	rd_closep(&place->dirfd);
	*place = (struct rd_place)RD_PLACE_INIT;
}

int rd_write_open(int rootfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	/* EAGAIN: a rename raced with the look-up (openat2(2)). */
	for (int tries = 0; tries < 16; tries++) {
		fd = syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

/* The folder part of a path, in a buffer of the caller, and the name after it. */
static int split(const char *path, char folder[PATH_MAX], const char **namep, struct rd_error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!*name || strlen(name) > NAME_MAX || strlen(path) >= PATH_MAX)
		return rd_error_set(err, ENAMETOOLONG, "%.200s: no path of a file", path);
	snprintf(folder, PATH_MAX, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	*namep = name;
	return 0;
}

int rd_write_place(int rootfd, const char *path, struct rd_place *placep, struct rd_error *err)
{
	struct rd_place place = RD_PLACE_INIT;
	char folder[PATH_MAX];
	const char *name = NULL;
	int r;

	r = split(path, folder, &name, err);
	if (r)
		return r;
	place.dirfd = rd_write_open(rootfd, folder, O_RDONLY | O_DIRECTORY);
	if (place.dirfd < 0)
		rd_error_set(err, -place.dirfd, "open %s: %s", folder, strerror(-place.dirfd));
	if (place.dirfd == -ENOENT || place.dirfd == -ENOTDIR)
		return RD_WRITE_ABSENT;
	if (place.dirfd < 0)
		return place.dirfd;
	snprintf(place.name, sizeof(place.name), "%s", name);
	*placep = place;
	return 0;
}

static int make_folder(int parent, const char *name, mode_t mode, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	struct stat st;

	if (mkdirat(parent, name, mode) < 0) {
		/* Somebody else's, or a link that leads nowhere: who opens it within the root will
		 * know. */
		if (errno == EEXIST)
			return 0;
		return rd_error_set(err, errno, "make folder %s: %s", name, strerror(errno));
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return rd_error_set(err, errno, "open folder %s: %s", name, strerror(errno));
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		return rd_error_set(err, errno, "mode of %s: %s", name, strerror(errno));
	return rd_write_sync(parent, name, err);
}

int rd_write_folder(int rootfd, const char *path, mode_t mode, struct rd_error *err)
{
	char prefix[PATH_MAX];
	int fd = -ENOENT;
	int r;

	if (strlen(path) >= sizeof(prefix))
		return rd_error_set(err, ENAMETOOLONG, "%.200s: too long", path);
	for (const char *end = path; *end && fd != -ENOTDIR;) {
		end += 1 + strcspn(end + 1, "/");
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(end - path), path);
		fd = rd_write_open(rootfd, prefix, O_RDONLY | O_DIRECTORY);
		if (fd == -ENOENT) {
			RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;

			r = rd_write_place(rootfd, prefix, &place, err);
			if (!r)
				r = make_folder(place.dirfd, place.name, mode, err);
			if (r)
				return rd_error_prefix(err, r > 0 ? -ENOENT : r, "%s", prefix);
			fd = rd_write_open(rootfd, prefix, O_RDONLY | O_DIRECTORY);
		}
		if (fd < 0)
			return rd_error_set(err, -fd, "open %s: %s", prefix, strerror(-fd));
		if (*end)
			rd_closep(&fd);
	}
	return fd;
}

int rd_write_temporary(int dirfd, const char *name, struct rd_error *err)
{
	static const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd, r;

	fd = openat(dirfd, name, flags, 0600);
	if (fd < 0 && errno == EEXIST) {
		r = rd_write_remove(dirfd, name, err);
		if (r)
			return r;
		fd = openat(dirfd, name, flags, 0600);
	}
	return fd < 0 ? rd_error_set(err, errno, "create %s: %s", name, strerror(errno)) : fd;
}

int rd_write_all(int fd, const void *data, size_t len, struct rd_error *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return rd_error_set(err, n ? errno : EIO, "write: %s",
					    strerror(n ? errno : EIO));
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int rd_write_sync(int fd, const char *what, struct rd_error *err)
{
	if (fsync(fd) < 0)
		return rd_error_set(err, errno, "sync %s: %s", what, strerror(errno));
	return 0;
}

/* Ends what rd_write_temporary() began: synced, it gets its name; after a failure (@r) it goes. */
static int complete(int dirfd, int fd, const char *name, int r, struct rd_error *err)
{
	if (!r)
		r = rd_write_sync(fd, RD_WRITE_NEW, err);
	if (!r)
		r = rd_write_rename(dirfd, RD_WRITE_NEW, name, err);
	if (r && fd >= 0)
		unlinkat(dirfd, RD_WRITE_NEW, 0);
	return r ? rd_error_prefix(err, r, "%s", name) : 0;
}

int rd_write_create(int dirfd, const char *name, const void *data, size_t len, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	fd = rd_write_temporary(dirfd, RD_WRITE_NEW, err);
	r = fd < 0 ? fd : rd_write_all(fd, data, len, err);
	return complete(dirfd, fd, name, r, err);
}

int rd_write_publish(int dirfd, const char *name, const void *data, size_t len,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	fd = rd_write_temporary(dirfd, RD_WRITE_NEW, err);
	r = fd < 0 ? fd : rd_write_all(fd, data, len, err);
	if (!r && fchmod(fd, 0644) < 0)
		r = rd_error_set(err, errno, "set the mode: %s", strerror(errno));
	return complete(dirfd, fd, name, r, err);
}

int rd_write_rename(int dirfd, const char *from, const char *to, struct rd_error *err)
{
	if (renameat(dirfd, from, dirfd, to) < 0)
		return rd_error_set(err, errno, "rename %s to %s: %s", from, to, strerror(errno));
	return rd_write_sync(dirfd, to, err);
}

int rd_write_exchange(int dirfd, const char *from, const char *to, struct rd_error *err)
{
	int r;

	if (!renameat2(dirfd, from, dirfd, to, RENAME_EXCHANGE))
		return rd_write_sync(dirfd, to, err);
	if (errno != EINVAL && errno != ENOSYS)
		return rd_error_set(err, errno, "exchange %s and %s: %s", from, to,
				    strerror(errno));

	r = rd_write_remove(dirfd, RD_WRITE_OLD, err);
	if (!r)
		r = rd_write_rename(dirfd, to, RD_WRITE_OLD, err);
	if (!r)
		r = rd_write_rename(dirfd, from, to, err);
	return r ? r : rd_write_rename(dirfd, RD_WRITE_OLD, from, err);
}

int rd_write_unlink(int dirfd, const char *name, struct rd_error *err)
{
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return rd_error_set(err, errno, "remove %s: %s", name, strerror(errno));
	return rd_write_sync(dirfd, name, err);
}

static int remove_folder(int dirfd, const char *name, unsigned int depth, struct rd_error *err);

static int remove_one(int dirfd, const char *name, unsigned int depth, struct rd_error *err)
{
	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	/* EPERM is what POSIX has for a folder, EISDIR what Linux says. */
	if (errno != EISDIR && errno != EPERM)
		return rd_error_set(err, errno, "remove %s: %s", name, strerror(errno));
	return remove_folder(dirfd, name, depth, err);
}

static int remove_folder(int dirfd, const char *name, unsigned int depth, struct rd_error *err)
{
	RD_CLEANUP(rd_closedirp) DIR *dir = NULL;
	const struct dirent *de;
	int fd;

	if (depth >= DEPTH_MAX)
		return rd_error_set(err, ELOOP, "remove %s: too many levels of folders", name);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		int errnum = errno;

		rd_closep(&fd);
		return rd_error_set(err, errnum, "remove %s: %s", name, strerror(errnum));
	}
	while ((errno = 0, de = readdir(dir))) {
		int r;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		r = remove_one(fd, de->d_name, depth + 1, err);
		if (r)
			return rd_error_prefix(err, r, "%s", name);
	}
	if (errno || unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
		return rd_error_set(err, errno, "remove %s: %s", name, strerror(errno));
	return 0;
}

int rd_write_remove(int dirfd, const char *name, struct rd_error *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	return remove_one(dirfd, name, 0, err);
}
