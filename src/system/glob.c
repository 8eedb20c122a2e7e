/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Patterns of file names below the root. One part of the path at a time: a part without a wildcard
 * is only appended, since a folder need not be listable to be passed; a part with one is held
 * against the folder's entries. What is not there ends its branch and nothing else.
 */

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "base/cleanup.h"
#include "system/system.h"

struct search {
	const struct rd_system *sys;
	size_t left; /* folders that may still be listed */
	int (*fn)(void *userdata, const char *path, struct rd_error *err);
	void *userdata;
};

static int search_below(struct search *search, const char *folder, const char *rest,
			struct rd_error *err);

/* One name of a folder, with what of the pattern comes below it; "" if it is the last part. */
static int enter(struct search *search, const char *folder, const char *name, const char *rest,
		 struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
	struct stat st;
	int r;

	if (rd_text_printf(&path, "%s/%s", folder, name))
		return rd_error_nomem(err);
	if (*rest)
		return search_below(search, path.data, rest, err);
	r = rd_system_stat(search->sys, path.data, &st, err);
	if (r < 0)
		return r;
	return r || S_ISDIR(st.st_mode) ? 0 : search->fn(search->userdata, path.data, err);
}

static int match(struct search *search, const char *folder, const char *part, const char *rest,
		 struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	int r;

	if (!search->left)
		return rd_error_set(err, EFBIG, "%s: more folders than are looked into", folder);
	search->left--;
	r = rd_system_list(search->sys, *folder ? folder : "/", &entries, err);
	if (r)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < entries.n && !r; i++) {
		const struct rd_entry *entry = &entries.items[i];

		if (*rest && entry->type != DT_DIR && entry->type != DT_LNK)
			continue;
		if (!fnmatch(part, entry->name, FNM_PERIOD | FNM_NOESCAPE))
			r = enter(search, folder, entry->name, rest, err);
	}
	return r;
}

static int search_below(struct search *search, const char *folder, const char *rest,
			struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *part = NULL;
	size_t n;

	rest += strspn(rest, "/");
	n = strcspn(rest, "/");
	part = strndup(rest, n);
	if (!part)
		return rd_error_nomem(err);
	rest += n;
	if (strpbrk(part, "*?["))
		return match(search, folder, part, rest, err);
	return enter(search, folder, part, rest, err);
}

int rd_system_glob(const struct rd_system *sys, const char *pattern, size_t max,
		   int (*fn)(void *userdata, const char *path, struct rd_error *err),
		   void *userdata, struct rd_error *err)
{
	struct search search = { .sys = sys, .left = max, .fn = fn, .userdata = userdata };

	return search_below(&search, "", pattern, err);
}
