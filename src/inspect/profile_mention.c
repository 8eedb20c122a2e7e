/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Lines of other people's configuration that have something to do with a variable: in languages
 * that differ, so that what is looked for is the name as a word, outside of a comment. That such a
 * line really sets it, the reader of the line will see.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "inspect/profile.h"

#define MENTIONS_MAX 100
#define LINE_MAX_LEN 200

/* @name for one node is the name too: HSA_OVERRIDE_GFX_VERSION_1. */
static bool has_word(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = line; (p = memmem(p, len - (size_t)(p - line), name, n)); p++) {
		const char *end = p + n, *stop = line + len;

		if (p > line && (isalnum((unsigned char)p[-1]) || p[-1] == '_'))
			continue;
		if (end < stop && *end == '_' && end + 1 < stop && isdigit((unsigned char)end[1]))
			return true;
		if (end == stop || !(isalnum((unsigned char)*end) || *end == '_'))
			return true;
	}
	return false;
}

static bool is_meant(const char *line, size_t len)
{
	const struct rd_profile_variable *variables;
	size_t n;

	variables = rd_data_profile_variables(&n);
	for (size_t i = 0; i < n; i++) {
		if (has_word(line, len, variables[i].name))
			return true;
	}
	return false;
}

static int add(struct rd_profile_mentions *mentions, const char *path, unsigned int number,
	       const char *line, size_t len)
{
	struct rd_profile_mention mention = {
		.path = strdup(path),
		.line = number,
		.text = strndup(line, len < LINE_MAX_LEN ? len : LINE_MAX_LEN),
	};

	if (mention.path && mention.text && !rd_array_push(mentions, &mention))
		return 0;
	free(mention.path);
	free(mention.text);
	return -ENOMEM;
}

int rd_profile_find_mentions(const char *path, const char *text, size_t len,
			     struct rd_profile_mentions *mentions)
{
	const char *end = text + len;
	unsigned int number = 0;
	int r = 0;

	while (text < end && !r && mentions->n < MENTIONS_MAX) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		const char *next = stop ? stop + 1 : end;

		stop = stop ? stop : end;
		number++;
		while (text < stop && isspace((unsigned char)*text))
			text++;
		while (stop > text && isspace((unsigned char)stop[-1]))
			stop--;
		if (text < stop && *text != '#' && is_meant(text, (size_t)(stop - text)))
			r = add(mentions, path, number, text, (size_t)(stop - text));
		text = next;
	}
	return r;
}
