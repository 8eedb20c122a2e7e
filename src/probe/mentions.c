/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The files of data/settings.data, for lines that set a variable of the profiles. They may win over
 * a profile's file or lose against it, by the order in which shells and sessions read them; which
 * it is depends on how a program is started, so that they are only told of.
 */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "inspect/profile.h"
#include "probe/profile.h"
#include "stack.h"

#define FOLDERS_MAX ((size_t)1000)
#define FILE_MAX    ((size_t)1 << 20)

struct search {
	const struct rd_system *sys;
	const char *except;
	struct rd_profile_mentions *mentions;
};

static int meet(void *userdata, const char *path, struct rd_error *err)
{
	struct search *search = userdata;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	if (search->except && !strcmp(path, search->except))
		return 0;
	r = rd_system_read(search->sys, path, FILE_MAX, &text, err);
	if (r || !text.data)
		return r < 0 ? r : 0;
	return rd_profile_find_mentions(path, text.data, text.len, search->mentions)
		       ? rd_error_nomem(err)
		       : 0;
}

int rd_probe_mentions(const struct rd_system *sys, const char *home, const char *except,
		      struct rd_profile_mentions *mentionsp, struct rd_error *err)
{
	RD_CLEANUP(rd_profile_mentions_deinit) struct rd_profile_mentions mentions = { 0 };
	struct search search = { .sys = sys, .except = except, .mentions = &mentions };
	const char *const *places;
	size_t n;
	int r = 0;

	places = rd_data_setting_places(&n);
	for (size_t i = 0; i < n && !r; i++) {
		RD_CLEANUP(rd_freep) char *pattern = NULL;

		if (!rd_stack_is_searched(home, places[i]))
			continue;
		pattern = rd_stack_expand(home, places[i]);
		if (!pattern)
			return rd_error_nomem(err);
		r = rd_system_glob(sys, pattern, FOLDERS_MAX, meet, &search, err);
		if (r == -EFBIG)
			r = 0;
	}
	if (r)
		return rd_error_prefix(err, r, "settings");
	*mentionsp = mentions;
	mentions = (struct rd_profile_mentions){ 0 };
	return 0;
}
