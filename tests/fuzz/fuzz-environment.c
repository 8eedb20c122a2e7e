/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any text as the file of a profile in each format, as .bashrc, and as somebody's start-up file. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "inspect/profile.h"

static void expect(bool holds)
{
	if (!holds)
		abort();
}

/* Putting the line in twice is putting it in once, and there is none after it was taken out. */
static void edit(const char *text, size_t len)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text once = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text twice = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text without = RD_TEXT_INIT;
	const char *line = rd_profile_bashrc_line();

	expect(!rd_profile_bashrc(text, len, true, &once));
	expect(!rd_profile_bashrc(once.data, once.len, true, &twice));
	expect(once.len == twice.len && !memcmp(once.data, twice.data, once.len));
	expect(memmem(once.data, once.len, line, strlen(line)));
	expect(!rd_profile_bashrc(once.data, once.len, false, &without));
	if (!len || !memmem(text, len, line, strlen(line)))
		expect(!without.len || !memmem(without.data, without.len, line, strlen(line)));
}

static void seal(const char *text, size_t len)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text sealed = RD_TEXT_INIT;

	expect(!rd_text_append(&sealed, text, len) && !rd_profile_seal(&sealed));
	expect(rd_profile_seal_check(sealed.data, sealed.len) != RD_PROFILE_SEAL_BROKEN);
	expect(rd_profile_seal_check(text, len) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	RD_CLEANUP(rd_profile_mentions_deinit) struct rd_profile_mentions mentions = { 0 };
	const struct rd_profile_format *formats;
	const char *text = (const char *)data;
	size_t n;

	formats = rd_profile_formats(&n);
	for (size_t i = 0; i < n; i++) {
		RD_CLEANUP(rd_profile_entries_deinit) struct rd_profile_entries entries = { 0 };

		expect(!rd_profile_read(&formats[i], text, len, &entries));
		for (size_t k = 0; k < entries.n; k++)
			expect(rd_profile_entry_find(&entries, entries.items[k].name) ==
			       &entries.items[k]);
	}
	expect(!rd_profile_find_mentions("/f", text, len, &mentions));
	edit(text, len);
	seal(text, len);
	return 0;
}
