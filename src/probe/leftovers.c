/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the recipes leave outside of the driver, as data/leftovers.data lists it: files that are
 * known by their names, and libraries that are known by a string. Links to one library are one. A
 * library of hundreds of megabytes is searched only if it was asked for (is_deep): from a disk that
 * takes longer than all the rest. Nothing here bears on the driver: what cannot be read is said,
 * and leaves the verdict alone.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "base/text.h"
#include "folder_set.h"
#include "model/data.h"
#include "probe/probe.h"

#define FOLDERS_MAX   ((size_t)4096)
#define CONTENT_MAX   ((size_t)64 << 20) /* a ROCm runtime library has 3 to 20 MiB */
#define DEEP_MAX      ((size_t)4 << 30) /* MIOpen has up to 1 GiB */
#define LEFTOVERS_MAX 100

/* Bytes of all libraries together: users may have put any number of them into their homes. */
#define SEARCHED_MAX  ((uint64_t)2 << 30)
#define SEARCHED_DEEP ((uint64_t)32 << 30)

struct search {
	const struct rd_system *sys;
	const struct rd_probe_options *options;
	struct rd_facts *facts;
	const struct rd_leftover_sign *sign;
	struct rd_folder_set *seen;
	uint64_t left; /* bytes that may still be searched */
};

/* Notes a file that was left out. */
static int skip(struct search *search, const struct rd_error *why)
{
	char *line;

	if (search->facts->leftovers.unsearched.n >= LEFTOVERS_MAX)
		return 0;
	line = strdup(why->msg);
	if (line && !rd_array_push(&search->facts->leftovers.unsearched, &line))
		return 0;
	free(line);
	return -ENOMEM;
}

/* *@stringp becomes the string of the sign that the file has, or stays NULL. */
static int find_string(struct search *search, const char *path, const char **stringp,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	size_t max = search->options->is_deep ? DEEP_MAX : CONTENT_MAX;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_map(search->sys, path, max, &map, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (!r && map.len > search->left) {
		rd_error_set(&why, EFBIG, "%s: more libraries than are searched", path);
		r = RD_SYSTEM_UNREADABLE;
	}
	if (r)
		return r == RD_SYSTEM_UNREADABLE && skip(search, &why) ? rd_error_nomem(err) : 0;
	search->left -= map.len;
	for (size_t i = 0; map.data && i < RD_LEFTOVER_STRINGS_MAX; i++) {
		const char *string = search->sign->strings[i];

		if (string && memmem(map.data, map.len, string, strlen(string)) &&
		    !rd_map_is_torn(&map))
			*stringp = string;
	}
	return 0;
}

static int add(struct search *search, const char *path, const char *string)
{
	struct rd_leftover leftover = {
		.path = strdup(path),
		.string = string,
		.sign = search->sign,
	};

	if (leftover.path && !rd_array_push(&search->facts->leftovers, &leftover))
		return 0;
	free(leftover.path);
	return -ENOMEM;
}

static int meet(void *userdata, const char *path, struct rd_error *err)
{
	struct search *search = userdata;
	const char *string = NULL;
	bool is_new = true;
	struct stat st;
	int r;

	if (search->facts->leftovers.n >= LEFTOVERS_MAX)
		return 0;
	r = rd_system_stat(search->sys, path, &st, err);
	if (r)
		return r < 0 ? r : 0;
	if (search->sign->is_library && rd_folder_set_add(search->seen, &st, &is_new))
		return rd_error_nomem(err);
	if (!is_new)
		return 0;
	if (search->sign->strings[0]) {
		r = find_string(search, path, &string, err);
		if (r || !string)
			return r;
	}
	return add(search, path, string) ? rd_error_nomem(err) : 0;
}

static int find_sign(struct search *search, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *paths = strdup(search->sign->paths);
	char *save = NULL;
	int r = 0;

	if (!paths)
		return rd_error_nomem(err);
	for (char *path = strtok_r(paths, " ", &save); path && !r;
	     path = strtok_r(NULL, " ", &save)) {
		r = rd_system_glob(search->sys, path, FOLDERS_MAX, meet, search, err);
		if (r == -EFBIG)
			r = 0;
	}
	return r;
}

int rd_probe_leftovers(const struct rd_system *sys, const struct rd_probe_options *options,
		       struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_folder_set_deinit) struct rd_folder_set seen = { 0 };
	struct search search = {
		.sys = sys,
		.options = options,
		.facts = facts,
		.seen = &seen,
		.left = options->is_deep ? SEARCHED_DEEP : SEARCHED_MAX,
	};
	const struct rd_leftover_sign *signs;
	size_t n;
	int r = 0;

	signs = rd_data_leftover_signs(&n);
	for (size_t i = 0; i < n && !r; i++) {
		search.sign = &signs[i];
		r = find_sign(&search, err);
	}
	return r ? rd_error_prefix(err, r, "leftovers") : 0;
}
