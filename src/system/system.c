/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Opening below a root descriptor. openat2(2) with RESOLVE_IN_ROOT keeps absolute links and ".."
 * of a picture inside it; it is called through syscall(2), since glibc before 2.42 has no wrapper.
 * There is no second path: where the call is missing (Linux before 5.6) or blocked,
 * rd_system_init() says so.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "below.h"
#include "system/system.h"
#include "torn.h"

#define ATTRIBUTE_MAX ((size_t)64 << 10)

/* The folder entries that we are ready to hold: lib/modules trees have some thousands. */
#define ENTRIES_MAX ((size_t)1 << 20)

int below_open(int rootfd, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	while (*path == '/')
		path++;
	if (!*path)
		path = ".";
	/* EAGAIN: a rename raced with the look-up (openat2(2)). */
	for (int tries = 0; tries < 16; tries++) {
		fd = syscall(SYS_openat2, rootfd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd < 0 ? -errno : (int)fd;
}

int below_failed(const char *path, int fd, struct rd_error *err)
{
	rd_error_set(err, -fd, "open %s: %s", path, strerror(-fd));
	switch (-fd) {
	case ENOENT:
	case ENOTDIR:
		return RD_SYSTEM_ABSENT;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return fd;
	default: /* EACCES, EPERM, ELOOP, ENXIO, EIO, ENAMETOOLONG, ...: a fact about the file */
		return RD_SYSTEM_UNREADABLE;
	}
}

int rd_system_init(struct rd_system *sys, const char *root, struct rd_error *err)
{
	struct rd_system made = RD_SYSTEM_INIT;
	RD_CLEANUP(rd_closep) int probe = -1;

	made.rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (made.rootfd < 0)
		return rd_error_set(err, errno, "open root %s: %s", root, strerror(errno));

	probe = below_open(made.rootfd, ".", O_PATH);
	if (probe == -EACCES) {
		close(made.rootfd);
		return rd_error_set(err, EACCES, "open root %s: %s", root, strerror(EACCES));
	}
	if (probe < 0) {
		close(made.rootfd);
		return rd_error_set(err, -probe,
				    "openat2(2) does not work here (%s): Linux 5.6 or later is "
				    "needed, and no filter may block the call",
				    strerror(-probe));
	}

	made.root = strdup(root);
	if (!made.root) {
		close(made.rootfd);
		return rd_error_nomem(err);
	}
	made.is_live = !strcmp(root, "/");
	*sys = made;
	return 0;
}

void rd_system_deinit(struct rd_system *sys)
{
	rd_closep(&sys->rootfd);
	free(sys->root);
	*sys = (struct rd_system)RD_SYSTEM_INIT;
}

/*
 * What a name leads to is asked before it is opened, and that very file is opened then: users put
 * links where libraries are searched for, and some devices act on being opened (watchdog(4)).
 */
static int open_regular(const struct rd_system *sys, const char *path, int *fdp, struct stat *st,
			struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int place = -1;
	char name[32];
	int fd;

	place = below_open(sys->rootfd, path, O_PATH);
	if (place < 0)
		return below_failed(path, place, err);
	if (fstat(place, st) < 0)
		return rd_error_set(err, errno, "stat %s: %s", path, strerror(errno));
	if (!S_ISREG(st->st_mode)) {
		rd_error_set(err, EINVAL, "%s is not a regular file", path);
		return RD_SYSTEM_UNREADABLE;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
	fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	if (fd == -ENOENT) /* a root without /proc, as rescue systems have: by its name again */
		fd = below_open(sys->rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return below_failed(path, fd, err);
	*fdp = fd;
	return 0;
}

int rd_system_read(const struct rd_system *sys, const char *path, size_t max, struct rd_text *textp,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct stat st;
	int r;

	r = open_regular(sys, path, &fd, &st, err);
	if (r)
		return r;

	r = rd_text_fill(&text, fd, max, err);
	if (r > 0) {
		rd_error_prefix(err, 0, "read %s", path);
		return RD_SYSTEM_UNREADABLE;
	}
	if (r)
		return rd_error_prefix(err, r, "read %s", path);
	*textp = rd_text_take(&text);
	return 0;
}

int rd_system_read_line(const struct rd_system *sys, const char *path, char **linep,
			struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	char *line;
	int r;

	r = rd_system_read(sys, path, ATTRIBUTE_MAX, &text, err);
	if (r)
		return r;
	rd_text_rstrip(&text);
	line = rd_text_take_string(&text);
	if (!line)
		return rd_error_nomem(err);
	*linep = line;
	return 0;
}

int rd_system_open(const struct rd_system *sys, const char *path, int *fdp, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	struct stat st;
	int r;

	r = open_regular(sys, path, &fd, &st, err);
	if (r)
		return r;
	*fdp = RD_TAKE_FD(fd);
	return 0;
}

int rd_system_read_at(const struct rd_system *sys, const char *path, uint64_t offset, void *buffer,
		      size_t len, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	size_t done = 0;
	int r;

	r = rd_system_open(sys, path, &fd, err);
	if (r)
		return r;
	while (done < len) {
		uint64_t at = offset + done;
		ssize_t n = pread(fd, (char *)buffer + done, len - done, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rd_error_set(err, n < 0 ? errno : ENODATA, "read %s at %#llx: %s", path,
				     (unsigned long long)at,
				     n < 0 ? strerror(errno) : "the file ends");
			return RD_SYSTEM_UNREADABLE;
		}
		done += (size_t)n;
	}
	return 0;
}

int rd_system_map(const struct rd_system *sys, const char *path, size_t max, struct rd_map *mapp,
		  struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	struct rd_map map = RD_MAP_INIT;
	struct stat st;
	void *p;
	int r;

	r = open_regular(sys, path, &fd, &st, err);
	if (r)
		return r;
	if ((uint64_t)st.st_size > max) {
		rd_error_set(err, EFBIG, "%s has %lld bytes, more than the limit of %zu", path,
			     (long long)st.st_size, max);
		return RD_SYSTEM_UNREADABLE;
	}

	map.len = (size_t)st.st_size;
	if (map.len) {
		p = mmap(NULL, map.len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED && errno != ENOMEM) {
			rd_error_set(err, errno, "map %s: %s", path, strerror(errno));
			return RD_SYSTEM_UNREADABLE;
		}
		if (p == MAP_FAILED)
			return rd_error_set(err, errno, "map %s: %s", path, strerror(errno));
		if (torn_watch(p, map.len)) {
			munmap(p, map.len);
			return rd_error_set(err, EMFILE, "map %s: too many files are mapped", path);
		}
		map.data = p;
	}
	*mapp = map;
	return 0;
}

void rd_map_deinit(struct rd_map *map)
{
	if (map->data) {
		torn_unwatch(map->data);
		munmap((void *)(uintptr_t)map->data, map->len);
	}
	*map = (struct rd_map)RD_MAP_INIT;
}

bool rd_map_is_torn(const struct rd_map *map)
{
	return map->data && torn_is(map->data);
}

int rd_system_is_locked(const struct rd_system *sys, const char *path, bool *yesp,
			struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	r = rd_system_open(sys, path, &fd, err);
	if (r)
		return r;
	*yesp = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	return 0;
}

void rd_entries_deinit(struct rd_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		free(entries->items[i].name);
	free(entries->items);
	*entries = (struct rd_entries){ 0 };
}

static int entry_compare(const void *a, const void *b)
{
	return strcmp(((const struct rd_entry *)a)->name, ((const struct rd_entry *)b)->name);
}

/* Some file systems leave d_type empty. */
static unsigned char entry_type(int dirfd, const struct dirent *de)
{
	struct stat st;

	if (de->d_type != DT_UNKNOWN)
		return de->d_type;
	if (fstatat(dirfd, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(st.st_mode);
}

static int entries_add(struct rd_entries *entries, int dirfd, const struct dirent *de)
{
	struct rd_entry entry = { .type = entry_type(dirfd, de), .name = strdup(de->d_name) };

	if (entry.name && !rd_array_push(entries, &entry))
		return 0;
	free(entry.name);
	return -ENOMEM;
}

int rd_system_list(const struct rd_system *sys, const char *path, struct rd_entries *entriesp,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	RD_CLEANUP(rd_closedirp) DIR *dir = NULL;
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	const struct dirent *de;

	fd = below_open(sys->rootfd, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return below_failed(path, fd, err);
	dir = fdopendir(fd);
	if (!dir)
		return rd_error_set(err, errno, "list %s: %s", path, strerror(errno));
	fd = -1;

	while ((errno = 0, de = readdir(dir))) {
		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		if (entries.n >= ENTRIES_MAX) {
			rd_error_set(err, EFBIG, "%s has more than %zu entries", path, ENTRIES_MAX);
			return RD_SYSTEM_UNREADABLE;
		}
		if (entries_add(&entries, dirfd(dir), de))
			return rd_error_nomem(err);
	}
	if (errno) {
		rd_error_set(err, errno, "list %s: %s", path, strerror(errno));
		return RD_SYSTEM_UNREADABLE;
	}

	if (entries.n)
		qsort(entries.items, entries.n, sizeof(*entries.items), entry_compare);
	*entriesp = entries;
	entries = (struct rd_entries){ 0 };
	return 0;
}

int rd_system_readlink(const struct rd_system *sys, const char *path, char **targetp,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	char target[4096];
	ssize_t n;

	fd = below_open(sys->rootfd, path, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return below_failed(path, fd, err);
	n = readlinkat(fd, "", target, sizeof(target) - 1);
	if (n < 0) {
		rd_error_set(err, errno, "read link %s: %s", path, strerror(errno));
		return RD_SYSTEM_UNREADABLE;
	}
	target[n] = '\0';
	*targetp = strdup(target);
	return *targetp ? 0 : rd_error_nomem(err);
}

int rd_system_stat(const struct rd_system *sys, const char *path, struct stat *stp,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;

	fd = below_open(sys->rootfd, path, O_PATH);
	if (fd < 0)
		return below_failed(path, fd, err);
	if (fstat(fd, stp) < 0)
		return rd_error_set(err, errno, "stat %s: %s", path, strerror(errno));
	return 0;
}
