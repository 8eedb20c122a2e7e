/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The places of data/stacks.data. Of PyTorch the offload bundles are read, of rocBLAS the names of
 * its kernels' files. Homes are other people's: the number of folders and of libraries is bounded,
 * links to one library are one, and what cannot be read is unknown and decides nothing.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "folder_set.h"
#include "inspect/offload.h"
#include "stack.h"

#define FOLDERS_MAX ((size_t)20000) /* of one pattern */
#define PARTS_MAX   100
#define LIBRARY_MAX ((size_t)8 << 30) /* libtorch_hip.so has some GiB with debug information */

struct search {
	const struct rd_system *sys;
	const struct rd_stack_options *options;
	struct rd_profile_basis *basis;
	struct rd_folder_set seen;
	enum rd_stack_kind kind;
	unsigned int found; /* blas: the chips that @folder has code for */
	char *folder; /* blas: whose files come one after the other */
};

/* @path is taken. */
static int add(struct search *search, char *path, enum rd_presence has_code, const char *detail)
{
	struct rd_stack_part part = {
		.kind = search->kind,
		.path = path,
		.has_code = has_code,
		.detail = detail ? strdup(detail) : NULL,
	};

	if (path && (!detail || part.detail) && !rd_array_push(&search->basis->stack, &part))
		return 0;
	free(path);
	free(part.detail);
	return -ENOMEM;
}

static int meet_library(struct search *search, const char *path, struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct rd_profile_basis *basis = search->basis;
	struct rd_error why = RD_ERROR_INIT;
	bool has = false, is_new = true;
	struct stat st;
	int r;

	r = rd_system_stat(search->sys, path, &st, err);
	if (r)
		return r < 0 ? r : 0;
	if (rd_folder_set_add(&search->seen, &st, &is_new))
		return rd_error_nomem(err);
	if (!is_new)
		return 0;
	if (search->options->progress)
		search->options->progress(search->options->userdata, path);
	r = rd_system_map(search->sys, path, LIBRARY_MAX, &map, &why);
	if (!r)
		r = rd_offload_has(map.data, map.len, basis->chips, basis->n_chips, &has, &why);
	if (!r && rd_map_is_torn(&map))
		r = rd_error_set(&why, EIO, "it shrank while it was read") ? RD_SYSTEM_UNREADABLE
									   : 0;
	if (r < 0)
		return rd_error_set(err, -r, "%s: %s", path, why.msg);
	if (add(search, strdup(path),
		r     ? RD_PRESENCE_UNKNOWN
		: has ? RD_PRESENCE_YES
		      : RD_PRESENCE_NO,
		r ? why.msg : NULL))
		return rd_error_nomem(err);
	return 0;
}

/* The folder whose files were met is a part. */
static int end_folder(struct search *search, struct rd_error *err)
{
	unsigned int all = (1u << search->basis->n_chips) - 1;

	if (search->folder && add(search, RD_TAKE_PTR(search->folder),
				  search->found == all ? RD_PRESENCE_YES : RD_PRESENCE_NO, NULL))
		return rd_error_nomem(err);
	return 0;
}

/* Whether the file lies in another folder than the last one, which may be the same by a link. */
static int begin_folder(struct search *search, const char *path, size_t len, bool *is_newp,
			struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *folder = strndup(path, len);
	struct stat st;
	int r;

	if (!folder)
		return rd_error_nomem(err);
	if (search->folder && !strcmp(search->folder, folder))
		return 0;
	r = end_folder(search, err);
	if (!r)
		r = rd_system_stat(search->sys, folder, &st, err);
	if (r)
		return r;
	if (rd_folder_set_add(&search->seen, &st, is_newp))
		return rd_error_nomem(err);
	if (*is_newp) {
		search->folder = RD_TAKE_PTR(folder);
		search->found = 0;
	}
	return 0;
}

static int meet_kernel(struct search *search, const char *path, struct rd_error *err)
{
	const struct rd_profile_basis *basis = search->basis;
	const char *name = strrchr(path, '/') + 1;
	bool is_new = false;
	int r;

	r = begin_folder(search, path, (size_t)(name - path) - 1, &is_new, err);
	if (r)
		return r < 0 ? r : 0;
	/* Met before by another name: no folder is open. */
	if (!search->folder)
		return 0;
	for (size_t i = 0; i < basis->n_chips; i++) {
		if (rd_offload_is_named(name, basis->chips[i]))
			search->found |= 1u << i;
	}
	return 0;
}

static int meet(void *userdata, const char *path, struct rd_error *err)
{
	struct search *search = userdata;

	if (search->basis->stack.n >= PARTS_MAX) {
		search->basis->is_cut = true;
		return 0;
	}
	return search->kind == RD_STACK_TORCH ? meet_library(search, path, err)
					      : meet_kernel(search, path, err);
}

char *rd_stack_expand(const char *home, const char *pattern)
{
	if (*pattern != '~')
		return strdup(pattern);
	return rd_text_format("%s%s", home, pattern + 1);
}

bool rd_stack_is_searched(const char *home, const char *pattern)
{
	return *pattern != '~' || (home && !strpbrk(home, "*?[\\"));
}

static int search_place(struct search *search, const struct rd_stack_place *place,
			struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *paths = strdup(place->paths);
	char *save = NULL;
	int r = 0;

	if (!paths)
		return rd_error_nomem(err);
	search->kind = place->kind;
	for (char *path = strtok_r(paths, " ", &save); path && !r;
	     path = strtok_r(NULL, " ", &save)) {
		RD_CLEANUP(rd_freep) char *pattern = NULL;

		if (!rd_stack_is_searched(search->options->home, path))
			continue;
		pattern = rd_stack_expand(search->options->home, path);
		if (!pattern)
			return rd_error_nomem(err);
		r = rd_system_glob(search->sys, pattern, FOLDERS_MAX, meet, search, err);
		if (r == -EFBIG) {
			search->basis->is_cut = true;
			r = 0;
		}
		if (!r)
			r = end_folder(search, err);
	}
	return r;
}

/* Who may not look into a home has not seen what is in it. */
static int check_home(struct search *search, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	int r = 0;

	if (search->options->home)
		r = rd_system_list(search->sys, search->options->home, &entries, err);
	if (r == RD_SYSTEM_UNREADABLE)
		search->basis->is_cut = true;
	return r < 0 ? r : 0;
}

int rd_stack_probe(const struct rd_system *sys, const struct rd_stack_options *options,
		   struct rd_profile_basis *basis, struct rd_error *err)
{
	struct search search = { .sys = sys, .options = options, .basis = basis };
	const struct rd_stack_place *places;
	size_t n;
	int r;

	r = check_home(&search, err);
	places = rd_data_stack_places(&n);
	for (size_t i = 0; i < n && !r; i++)
		r = search_place(&search, &places[i], err);
	rd_folder_set_deinit(&search.seen);
	free(search.folder);
	return r;
}
