/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reads /proc/dynamic_debug/control, a line for each pr_debug of the code that runs:
 *
 *	FILE:LINE [MODULE]FUNCTION =FLAGS "FORMAT"
 *
 * and since 6.1 a class after the last quote. In the format the kernel escapes tab, line feed and
 * carriage return, up to 5.x as \ooo (and the quote too), then as \t, \n, \r; a backslash it never
 * escapes. So what a line shows cannot be turned back for sure, but both texts can be brought to
 * one form: escapes read wherever they stand, in the file's format too.
 *
 * Sites are compared as a multiset: inlining repeats one, and the linker's order is its own.
 *
 * Source: ddebug_proc_show(), lib/dynamic_debug.c, Linux 4.19 to 6.12.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "inspect/dyndbg_control.h"
#include "model/data.h"

#define CONTROL_MAX_SITES (1u << 16) /* amdgpu has 2,600 */
#define CONTROL_MAX_PLACE 512

/* The character at *@p as it was before the kernel wrote it, '\0' at the end; *@p moves on. */
static unsigned char next_character(const char **p)
{
	const char *s = *p;

	*p += *s != '\0';
	if (*s != '\\')
		return (unsigned char)*s;
	if (s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
	    s[3] <= '7') {
		*p = s + 4;
		return (unsigned char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
	}
	switch (s[1]) {
	case 'n':
		*p = s + 2;
		return '\n';
	case 't':
		*p = s + 2;
		return '\t';
	case 'r':
		*p = s + 2;
		return '\r';
	default:
		return '\\';
	}
}

/* Cuts a line into a site; false if it is none. */
static bool parse_line(char *line, const char *tag, struct rd_dyndbg_site *site)
{
	char *module = strstr(line, tag), *function, *flags, *format, *end, *number;
	uint64_t n;

	if (!module)
		return false;
	*module = '\0';
	function = module + strlen(tag);
	flags = strstr(function, " =");
	format = flags ? strstr(flags, " \"") : NULL;
	end = format ? strrchr(format + 2, '"') : NULL;
	number = strrchr(line, ':');
	if (!end || !number || number == line || flags == function)
		return false;
	*flags = *end = *number = '\0';
	if (!rd_text_parse_u64(number + 1, 10, &n) || n > UINT32_MAX)
		return false;
	*site = (struct rd_dyndbg_site){
		.function = function,
		.file = line,
		.format = format + 2,
		.line = (uint32_t)n,
	};
	return true;
}

static int parse_lines(struct rd_text *text, const char *tag, struct rd_dyndbg *out,
		       bool *is_wholep)
{
	char *line = text->data, *end;

	/* A cut text ends within a line. */
	*is_wholep = text->len && text->data[text->len - 1] == '\n' &&
		     strlen(text->data) == text->len;
	for (; line && (end = strchr(line, '\n')); line = end + 1) {
		struct rd_dyndbg_site site;

		*end = '\0';
		if (!strstr(line, tag))
			continue;
		if (out->n == CONTROL_MAX_SITES || !parse_line(line, tag, &site))
			*is_wholep = false;
		else if (rd_array_push(out, &site))
			return -ENOMEM;
	}
	return 0;
}

int rd_dyndbg_control_parse(struct rd_text *text, const char *module, struct rd_dyndbg *out,
			    bool *is_wholep)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text tag = RD_TEXT_INIT;

	*out = (struct rd_dyndbg)RD_DYNDBG_INIT;
	if (rd_text_printf(&tag, " [%s]", module) || parse_lines(text, tag.data, out, is_wholep)) {
		rd_dyndbg_deinit(out);
		return -ENOMEM;
	}
	return 0;
}

/* FNV-1a, 64 bits: parameters of draft-eastlake-fnv. */
#define HASH_START UINT64_C(0xcbf29ce484222325)
#define HASH_PRIME UINT64_C(0x100000001b3)

/* Goes on with a string in its common form, its end included. */
static uint64_t hash(uint64_t sum, const char *s)
{
	unsigned char c;

	do {
		c = next_character(&s);
		sum = (sum ^ c) * HASH_PRIME;
	} while (c || *s);
	return sum;
}

struct rd_sites rd_dyndbg_sites(const struct rd_dyndbg *dyndbg)
{
	struct rd_sites sites = { .is_known = true, .n = dyndbg->n };

	for (size_t i = 0; i < dyndbg->n; i++) {
		const struct rd_dyndbg_site *site = &dyndbg->items[i];
		uint64_t sum = hash(HASH_START, rd_dyndbg_file_name(site));

		sites.sum += hash(hash(sum, site->function), site->format);
	}
	return sites;
}

/* Order of two strings in their common form. */
static int compare_text(const char *a, const char *b)
{
	while (*a && *b) {
		int x = next_character(&a), y = next_character(&b);

		if (x != y)
			return x - y;
	}
	return (*a != '\0') - (*b != '\0');
}

static int compare_sites(const void *a, const void *b)
{
	const struct rd_dyndbg_site *x = a, *y = b;
	int r = compare_text(rd_dyndbg_file_name(x), rd_dyndbg_file_name(y));

	if (!r)
		r = compare_text(x->function, y->function);
	return r ? r : compare_text(x->format, y->format);
}

/* The sites sorted, then one without a function; the caller's, NULL when out of memory. */
static struct rd_dyndbg_site *sort(const struct rd_dyndbg *dyndbg)
{
	struct rd_dyndbg_site *sorted = calloc(dyndbg->n + 1, sizeof(*sorted));

	if (!sorted || !dyndbg->n)
		return sorted;
	memcpy(sorted, dyndbg->items, dyndbg->n * sizeof(*sorted));
	qsort(sorted, dyndbg->n, sizeof(*sorted), compare_sites);
	return sorted;
}

static int add_site(struct rd_evidence *ev, const struct rd_dyndbg_site *site, const char *what)
{
	char where[CONTROL_MAX_PLACE];

	snprintf(where, sizeof(where), "%s:%u %s", rd_dyndbg_file_name(site), site->line,
		 site->function);
	return rd_evidence_add(ev, RD_EVIDENCE_DYNDBG, where, "%s", what);
}

/* Walks both lists at once; what stands in one alone goes to the evidence of its side. */
static int merge(const struct rd_dyndbg_site *running, const struct rd_dyndbg_site *file,
		 struct rd_evidence *more, struct rd_evidence *fewer)
{
	int r = 0;

	while (!r && (running->function || file->function)) {
		int order = !running->function ? 1
			    : !file->function  ? -1
					       : compare_sites(running, file);

		if (order < 0)
			r = add_site(more, running, "pr_debug site that the file does not have");
		else if (order > 0)
			r = add_site(fewer, file, "pr_debug site of the file that does not run");
		running += order <= 0;
		file += order >= 0;
	}
	return r;
}

int rd_dyndbg_difference(const struct rd_dyndbg *running, const struct rd_dyndbg *file,
			 struct rd_evidence *ev)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence fewer = RD_EVIDENCE_INIT;
	RD_CLEANUP(rd_freep) struct rd_dyndbg_site *a = sort(running);
	RD_CLEANUP(rd_freep) struct rd_dyndbg_site *b = sort(file);

	if (!a || !b || merge(a, b, ev, &fewer))
		return -ENOMEM;
	return rd_evidence_copy(ev, &fewer);
}

int rd_dyndbg_find_patches(const struct rd_dyndbg *dyndbg, struct rd_evidence *ev)
{
	size_t n;
	const struct rd_patch_string *strings = rd_data_patch_strings(&n);

	for (size_t i = 0; i < dyndbg->n; i++) {
		const struct rd_dyndbg_site *site = &dyndbg->items[i];

		for (size_t k = 0; k < n; k++) {
			RD_CLEANUP(rd_text_deinit) struct rd_text what = RD_TEXT_INIT;

			if (!strstr(site->format, strings[k].text))
				continue;
			if (rd_text_printf(&what, "pr_debug site: %s", strings[k].title) ||
			    add_site(ev, site, what.data))
				return -ENOMEM;
		}
	}
	return 0;
}
