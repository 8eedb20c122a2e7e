/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A whole tree as a sorted list of lines, read without any code of the project. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "machine.h"

static struct picture *taking;
static const char *without; /* what is no part of it, or NULL */
char picture_difference[1024];
static size_t root_len;

/* FNV-1a, 64 bits: contents are told apart, not proven. */
static uint64_t hash_file(const char *path)
{
	RD_CLEANUP(rd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t hash = 0xcbf29ce484222325;
	static unsigned char chunk[1 << 16];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			hash = (hash ^ chunk[i]) * 0x100000001b3;
	}
	if (fd < 0 || n < 0) {
		perror(path);
		abort();
	}
	return hash;
}

static void add_facts(struct rd_text *text, const char *path, const struct stat *st)
{
	char buffer[4096];
	ssize_t n;

	rd_text_printf(text, "%07o %u %u", st->st_mode, st->st_uid, st->st_gid);
	if (S_ISREG(st->st_mode))
		rd_text_printf(text, " %lld %016llx", (long long)st->st_size,
			       (unsigned long long)hash_file(path));
	n = S_ISLNK(st->st_mode) ? readlink(path, buffer, sizeof(buffer)) : 0;
	rd_text_append(text, buffer, n > 0 ? (size_t)n : 0);
	n = llistxattr(path, buffer, sizeof(buffer));
	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(buffer + i) + 1) {
		char value[256];
		ssize_t len = lgetxattr(path, buffer + i, value, sizeof(value));

		rd_text_printf(text, " %s=", buffer + i);
		rd_text_append(text, value, len > 0 ? (size_t)len : 0);
	}
}

static int add_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text facts = RD_TEXT_INIT;
	struct entry entry = { .seconds = st->st_mtim.tv_sec, .nanoseconds = st->st_mtim.tv_nsec };

	(void)ftw;
	if (type == FTW_NS || type == FTW_DNR)
		return -1;
	if (without && rd_text_has_prefix(path + root_len, without))
		return 0;
	add_facts(&facts, path, st);
	entry.path = strdup(path + root_len);
	entry.facts = rd_text_take_string(&facts);
	return rd_array_push(taking, &entry);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static void take(struct picture *picture, const char *root, const char *but)
{
	picture_deinit(picture);
	taking = picture;
	without = but;
	root_len = strlen(root);
	if (nftw(root, add_entry, 16, FTW_PHYS)) {
		perror(root);
		abort();
	}
	qsort(picture->items, picture->n, sizeof(*picture->items), compare);
}

void picture_take(struct picture *picture, const char *root)
{
	take(picture, root, "/var/lib/rdna1-doctor");
}

void picture_deinit(struct picture *picture)
{
	for (size_t i = 0; i < picture->n; i++) {
		free(picture->items[i].path);
		free(picture->items[i].facts);
	}
	free(picture->items);
	*picture = (struct picture){ 0 };
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	while (*text++);
	return hash;
}

uint64_t picture_hash(const char *path, bool is_all)
{
	RD_CLEANUP(picture_deinit) struct picture picture = { 0 };
	uint64_t hash = 0xcbf29ce484222325;
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (!is_all)
		return st.st_mode;
	take(&picture, path, NULL);
	for (size_t i = 0; i < picture.n; i++)
		hash = hash_text(hash_text(hash, picture.items[i].path), picture.items[i].facts);
	return hash;
}

static bool is_same(const struct entry *is, const struct entry *should, bool has_times)
{
	if (!is || !should)
		return is == should;
	return !strcmp(is->facts, should->facts) &&
	       (!has_times ||
		(is->seconds == should->seconds && is->nanoseconds == should->nanoseconds));
}

static const struct entry *find(const struct picture *picture, const char *path)
{
	struct entry key = { .path = (char *)(uintptr_t)path };

	return bsearch(&key, picture->items, picture->n, sizeof(key), compare);
}

static void say(const char *what, const struct entry *entry)
{
	size_t n = strlen(picture_difference);

	snprintf(picture_difference + n, sizeof(picture_difference) - n,
		 "#   %s: %s %s %lld.%09ld\n", what, entry ? entry->path : "nothing",
		 entry ? entry->facts : "", entry ? entry->seconds : 0,
		 entry ? entry->nanoseconds : 0);
}

bool picture_is_equal(const struct picture *is, const struct picture *should, bool has_times)
{
	*picture_difference = '\0';
	for (size_t i = 0; i < is->n || i < should->n; i++) {
		const struct entry *a = i < is->n ? &is->items[i] : NULL;
		const struct entry *b = i < should->n ? &should->items[i] : NULL;

		if (a && b && !compare(a, b) && is_same(a, b, has_times))
			continue;
		say("is", a);
		say("should", b);
		return false;
	}
	return true;
}

static bool is_temporary(const char *path)
{
	return strstr(path, "/.rdna1-doctor.") || rd_text_has_suffix(path, ".tmp");
}

static bool is_one_of(const struct picture *is, const struct picture *a, const struct picture *b,
		      const char *path)
{
	const struct entry *here = find(is, path);

	if (is_temporary(path) || is_same(here, find(a, path), false) ||
	    is_same(here, find(b, path), false))
		return true;
	say("is", here);
	say("was", find(a, path));
	say("or", find(b, path));
	return false;
}

bool picture_is_between(const struct picture *is, const struct picture *a, const struct picture *b)
{
	*picture_difference = '\0';
	for (size_t i = 0; i < is->n; i++) {
		if (!is_one_of(is, a, b, is->items[i].path))
			return false;
	}
	for (size_t i = 0; i < a->n; i++) {
		if (!is_one_of(is, a, b, a->items[i].path))
			return false;
	}
	return true;
}
