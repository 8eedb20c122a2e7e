/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Listing an open folder without moving its descriptor's position. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "names.h"

#define NAMES_MAX ((size_t)1 << 17)

void names_deinit(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct names){ 0 };
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int add(struct names *names, const char *name, struct rd_error *err)
{
	char *copy;

	if (names->n >= NAMES_MAX)
		return rd_error_set(err, EFBIG, "more than %zu names in a folder", NAMES_MAX);
	copy = strdup(name);
	if (copy && !rd_array_push(names, &copy))
		return 0;
	free(copy);
	return rd_error_nomem(err);
}

int names_read(int dirfd, struct names *namesp, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names names = { 0 };
	RD_CLEANUP(rd_closedirp) DIR *dir = NULL;
	const struct dirent *de;
	int fd, r = 0;

	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return rd_error_set(err, errno, "list: %s", strerror(errno));
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return rd_error_nomem(err);
	}
	while (!r && (errno = 0, de = readdir(dir))) {
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			r = add(&names, de->d_name, err);
	}
	if (r)
		return r;
	if (errno)
		return rd_error_set(err, errno, "list: %s", strerror(errno));

	if (names.n)
		qsort(names.items, names.n, sizeof(*names.items), compare);
	*namesp = names;
	names = (struct names){ 0 };
	return 0;
}
