/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A diff is read by its lines, without the source that it is for: which dkms puts in with -p1, or
 * fails to (the published .patch lost its tabs). Added lines that hold a known patch's message, or
 * more of the flag and of RDNA1 ids than the diff takes away, are the patch in whatever spelling.
 */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crat_id.h"
#include "inspect/ctoken.h"
#include "inspect/source_change.h"
#include "model/data.h"

#define CRAT_NAME      "kfd_crat.c"
#define FLAG_NAME      "MEM_FLAGS_HOT_PLUGGABLE" /* HSA_ of the kernel's answer, CRAT_ of the table */
#define LINE_MAX_SHOWN 200

struct line {
	const char *p;
	size_t len, number;
};

/* The changes of one file of a diff. */
struct section {
	struct rd_text added, removed;
	bool is_crat;
	size_t first; /* the first line that adds something */
};

void rd_source_change_deinit(struct rd_source_change *change)
{
	rd_evidence_deinit(&change->patched);
	rd_evidence_deinit(&change->touched);
}

static void section_deinit(struct section *section)
{
	rd_text_deinit(&section->added);
	rd_text_deinit(&section->removed);
	*section = (struct section){ 0 };
}

static bool next_line(const char **textp, const char *end, struct line *line)
{
	const char *newline;

	if (*textp >= end)
		return false;
	newline = memchr(*textp, '\n', (size_t)(end - *textp));
	line->p = *textp;
	line->len = (size_t)((newline ? newline : end) - *textp);
	line->number++;
	*textp = newline ? newline + 1 : end;
	return true;
}

static bool contains(const struct line *line, const char *s)
{
	return memmem(line->p, line->len, s, strlen(s)) != NULL;
}

static int add(struct rd_evidence *ev, const char *name, size_t line, const char *what,
	       const char *detail)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text where = RD_TEXT_INIT;

	if (rd_text_printf(&where, "%s:%zu", name, line))
		return -ENOMEM;
	return rd_evidence_add(ev, RD_EVIDENCE_SOURCE, where.data, "%s%s", what, detail);
}

/* A message of a known patch in what this line adds. */
static int find_message(const struct line *line, const char *name, struct rd_evidence *ev)
{
	size_t n;
	const struct rd_patch_string *strings = rd_data_patch_strings(&n);

	for (size_t i = 0; i < n; i++) {
		if (contains(line, strings[i].text))
			return add(ev, name, line->number, "puts in ", strings[i].title);
	}
	return 0;
}

/* How often code names the flag, and how often an RDNA1 id stands in it. */
static int count(const struct rd_text *code, size_t *flagsp, size_t *idsp)
{
	RD_CLEANUP(rd_ctokens_deinit) struct rd_ctokens tokens = RD_CTOKENS_INIT;
	struct rd_error err = RD_ERROR_INIT;
	int r;

	r = rd_ctokens_init(&tokens, code->data ? code->data : "", code->len, &err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < tokens.n; i++) {
		const struct rd_ctoken *token = &tokens.items[i];

		if (token->kind == RD_CTOKEN_IDENTIFIER)
			*flagsp += memmem(token->text, token->len, FLAG_NAME, strlen(FLAG_NAME)) !=
				   NULL;
		else if (token->kind == RD_CTOKEN_NUMBER && token->has_value)
			*idsp += rd_crat_id_match(token->value).kind == RD_CRAT_ID_EXACT ||
				 rd_crat_id_match(token->value).kind == RD_CRAT_ID_WORD;
	}
	return 0;
}

static int end_section(struct section *section, const char *name, struct rd_source_change *change)
{
	size_t flags[2] = { 0, 0 }, ids[2] = { 0, 0 };
	int r = 0;

	if (section->is_crat && (section->added.len || section->removed.len)) {
		r = count(&section->added, &flags[0], &ids[0]);
		if (!r)
			r = count(&section->removed, &flags[1], &ids[1]);
		if (!r && flags[0] > flags[1])
			r = add(&change->patched, name, section->first,
				"sets the hot-pluggable flag in ", CRAT_NAME);
		else if (!r && ids[0] > ids[1])
			r = add(&change->patched, name, section->first,
				"asks for RDNA1 device ids in ", CRAT_NAME);
		else if (!r)
			r = add(&change->touched, name, section->first ? section->first : 1,
				"changes ", CRAT_NAME);
	}
	section_deinit(section);
	return r;
}

/* "+++ b/amd/amdkfd/kfd_crat.c\tDATE" */
static bool names_crat(const struct line *line)
{
	const char *name = memmem(line->p, line->len, CRAT_NAME, strlen(CRAT_NAME));
	const char *after;

	if (!name)
		return false;
	after = name + strlen(CRAT_NAME);
	return (name[-1] == '/' || name[-1] == ' ') &&
	       (after == line->p + line->len || isspace((unsigned char)*after));
}

static int read_change(const struct line *line, const char *name, struct section *section,
		       struct rd_source_change *change)
{
	struct rd_text *text = *line->p == '+' ? &section->added : &section->removed;
	int r = 0;

	if (*line->p == '+') {
		if (!section->first)
			section->first = line->number;
		r = find_message(line, name, &change->patched);
	}
	if (!r && section->is_crat)
		r = rd_text_append(text, line->p + 1, line->len - 1);
	return r || !section->is_crat ? r : rd_text_puts(text, "\n");
}

int rd_source_change_diff(const char *text, size_t len, const char *name,
			  struct rd_source_change *change)
{
	RD_CLEANUP(section_deinit) struct section section = { 0 };
	const char *end = text + len;
	struct line line = { 0 };
	int r = 0;

	while (!r && next_line(&text, end, &line)) {
		bool is_head = line.len > 4 &&
			       (!memcmp(line.p, "+++ ", 4) || !memcmp(line.p, "--- ", 4));

		if (is_head && *line.p == '-')
			r = end_section(&section, name, change);
		if (is_head)
			section.is_crat |= names_crat(&line);
		else if (line.len && (*line.p == '+' || *line.p == '-'))
			r = read_change(&line, name, &section, change);
	}
	return r ? r : end_section(&section, name, change);
}

static int show_line(const struct line *line, const char *name, struct rd_evidence *ev)
{
	RD_CLEANUP(rd_freep) char *text = NULL;
	struct line shown = *line;

	while (shown.len && isspace((unsigned char)*shown.p)) {
		shown.p++;
		shown.len--;
	}
	text = strndup(shown.p, shown.len < LINE_MAX_SHOWN ? shown.len : LINE_MAX_SHOWN);
	if (!text)
		return -ENOMEM;
	return add(ev, name, line->number, "names kfd_crat.c: ", text);
}

static bool is_comment(const struct line *line)
{
	size_t i = 0;

	while (i < line->len && isspace((unsigned char)line->p[i]))
		i++;
	return i < line->len && line->p[i] == '#';
}

int rd_source_change_script(const char *text, size_t len, const char *name,
			    struct rd_source_change *change)
{
	const char *end = text + len;
	struct line line = { 0 };
	int r = 0;

	while (!r && next_line(&text, end, &line)) {
		if (is_comment(&line))
			continue;
		r = find_message(&line, name, &change->patched);
		if (!r && contains(&line, "kfd_crat"))
			r = show_line(&line, name, &change->touched);
	}
	return r;
}
