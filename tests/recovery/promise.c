/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"
#include "promise.h"
#include "recovery/journal.h"
#include "recovery/write.h"
#include "store.h"

#define PROMISES_MAX 4096
#define NEVER	     UINT32_MAX

struct promise {
	char path[256]; /* from the root */
	bool is_all; /* with all that is below it */
	uint64_t hash; /* 0: nothing is there */
	uint32_t from, until; /* records */
};

/* Shared with the process that is watched. */
static struct promises {
	uint32_t n;
	uint32_t whole_from[_PROMISE_N];
	struct promise items[PROMISES_MAX];
} * promises;

static bool is_open;
static const struct disk *disk;
static char root[PATH_MAX];

void promise_begin(const char *at, const struct disk *of)
{
	promises = mmap(NULL, sizeof(*promises), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (promises == MAP_FAILED)
		abort();
	for (size_t i = 0; i < _PROMISE_N; i++)
		promises->whole_from[i] = NEVER;
	snprintf(root, sizeof(root), "%s", at);
	disk = of;
	is_open = true;
}

void promise_stop(void)
{
	is_open = false;
}

void promise_end(void)
{
	is_open = false;
	munmap(promises, sizeof(*promises));
	promises = NULL;
	disk = NULL;
}

void promise_whole(enum promise_whole what)
{
	if (is_open && promises->whole_from[what] == NEVER)
		promises->whole_from[what] = disk_n(disk);
}

uint32_t promise_whole_from(enum promise_whole what)
{
	return promises->whole_from[what];
}

static uint64_t hash_at(const char *at, const char *path, bool is_all)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", at, path);
	return picture_hash(full, is_all);
}

static bool is_at_or_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

/* What was promised of all that it is in holds up to here. */
static void begin_around(const char *path)
{
	for (uint32_t i = 0; i < promises->n; i++) {
		struct promise *promise = &promises->items[i];

		if (promise->until == NEVER && promise->is_all &&
		    is_at_or_below(path, promise->path))
			promise->until = disk_n(disk);
	}
}

/* And of itself, and of all below it. */
static void begin(const char *path)
{
	begin_around(path);
	for (uint32_t i = 0; i < promises->n; i++) {
		struct promise *promise = &promises->items[i];

		if (promise->until == NEVER && is_at_or_below(promise->path, path))
			promise->until = disk_n(disk);
	}
}

static void end(const char *path, bool is_all)
{
	struct promise *promise = &promises->items[promises->n];

	if (promises->n == PROMISES_MAX || strlen(path) >= sizeof(promise->path))
		abort();
	strcpy(promise->path, path);
	promise->is_all = is_all;
	promise->hash = hash_at(root, path, is_all);
	promise->from = disk_n(disk);
	promise->until = NEVER;
	promises->n++;
}

const char *promise_broken(const char *at, uint32_t n)
{
	for (uint32_t i = 0; i < promises->n; i++) {
		const struct promise *promise = &promises->items[i];

		if (promise->from <= n && n <= promise->until &&
		    hash_at(at, promise->path, promise->is_all) != promise->hash)
			return promise->path;
	}
	return NULL;
}

/* The path of a name in an open folder, from the root; false if that is not of interest. */
static bool find(int dirfd, const char *name, char path[PATH_MAX])
{
	char link[64], folder[PATH_MAX];
	size_t len = strlen(root);
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	n = is_open ? readlink(link, folder, sizeof(folder) - 1) : -1;
	if (n < 0)
		return false;
	folder[n] = '\0';
	if (strncmp(folder, root, len) != 0)
		return false;
	snprintf(path, PATH_MAX, "%s%s%s", folder[len] ? folder + len + 1 : "",
		 folder[len] && *name ? "/" : "", name);
	return true;
}

static bool is_temporary(const char *name)
{
	return !strcmp(name, RD_WRITE_NEW) || !strcmp(name, RD_WRITE_OLD);
}

static void begin_name(int dirfd, const char *name)
{
	char path[PATH_MAX];

	if (find(dirfd, name, path))
		begin(path);
}

static void end_name(int dirfd, const char *name, bool is_all)
{
	char path[PATH_MAX];

	if (!is_temporary(name) && find(dirfd, name, path))
		end(path, is_all);
}

/* What the linker puts in between, by the names that it wants. */
#define WRAP(type, name, ...)            \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

WRAP(int, rd_write_create, int dirfd, const char *name, const void *data, size_t len,
     struct rd_error *err)
{
	int r;

	begin_name(dirfd, name);
	r = __real_rd_write_create(dirfd, name, data, len, err);
	if (!r)
		end_name(dirfd, name, true);
	return r;
}

WRAP(int, rd_write_rename, int dirfd, const char *from, const char *to, struct rd_error *err)
{
	int r;

	begin_name(dirfd, from);
	begin_name(dirfd, to);
	r = __real_rd_write_rename(dirfd, from, to, err);
	if (r)
		return r;
	end_name(dirfd, from, true);
	end_name(dirfd, to, true);
	return 0;
}

WRAP(int, rd_write_exchange, int dirfd, const char *from, const char *to, struct rd_error *err)
{
	int r;

	begin_name(dirfd, from);
	begin_name(dirfd, to);
	r = __real_rd_write_exchange(dirfd, from, to, err);
	if (!r)
		end_name(dirfd, to, true);
	return r;
}

WRAP(int, rd_write_unlink, int dirfd, const char *name, struct rd_error *err)
{
	int r;

	begin_name(dirfd, name);
	r = __real_rd_write_unlink(dirfd, name, err);
	if (!r)
		end_name(dirfd, name, true);
	return r;
}

WRAP(int, rd_write_remove, int dirfd, const char *name, struct rd_error *err)
{
	begin_name(dirfd, name);
	return __real_rd_write_remove(dirfd, name, err);
}

WRAP(int, rd_write_temporary, int dirfd, const char *name, struct rd_error *err)
{
	begin_name(dirfd, name);
	return __real_rd_write_temporary(dirfd, name, err);
}

/* The folders on the way are only made in one that is there; what is in them may change. */
WRAP(int, rd_write_folder, int rootfd, const char *path, mode_t mode, struct rd_error *err)
{
	char name[PATH_MAX];
	int fd;

	if (find(rootfd, path, name))
		begin_around(name);
	fd = __real_rd_write_folder(rootfd, path, mode, err);
	if (fd >= 0 && find(fd, "", name))
		end(name, false);
	return fd;
}

WRAP(int, store_sync, struct store *store, struct rd_error *err)
{
	int r = __real_store_sync(store, err);

	if (!r)
		end_name(store->fd, "", true);
	return r;
}

WRAP(int, rd_journal_begin, const struct rd_state *state, struct rd_plan *plan, struct rd_txn *txnp,
     struct rd_error *err)
{
	int r = __real_rd_journal_begin(state, plan, txnp, err);

	if (!r)
		end_name(txnp->fd, "", true);
	return r;
}
