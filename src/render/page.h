/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A page of text on its way to a stream: escaped, wrapped, coloured where that was asked for. The
 * first error sticks, so that a renderer is written straight down and asks once, at the end.
 */

#include <stdio.h>

#include "base/text.h"
#include "render/render.h"

enum page_color {
	PAGE_PLAIN,
	PAGE_BOLD,
	PAGE_DIM,
	PAGE_GOOD,
	PAGE_DOUBT,
	PAGE_BAD,
};

struct page {
	const struct rd_render_options *options;
	struct rd_text text;
	const char *margin; /* each line of a paragraph begins with it, NULL: nothing; ours */
	int r; /* the first error */
};

void page_deinit(struct page *page);

/* As it stands: our own words, or text that went through rd_text_puts_escaped(). */
void page_puts(struct page *page, const char *s);
void page_color(struct page *page, enum page_color color);
void page_spaces(struct page *page, int n);

/* A heading on a line of its own, after an empty line. */
void page_heading(struct page *page, const char *s);

/**
 * page_wrapf() - a paragraph, escaped, broken at spaces
 * @column: columns that the current line has already; it is filled up to @indent first
 * @indent: columns of the lines after it
 * @fmt: the paragraph; a line end in it breaks the line, two leave one free
 *
 * Ends with a line end. The margin counts as columns. A word that is longer than a line is broken
 * at its edge.
 */
void page_wrapf(struct page *page, int column, int indent, const char *fmt, ...) RD_PRINTF(4, 5);

/* A line, escaped and never broken, however long: a command must be copied as one. */
void page_linef(struct page *page, const char *fmt, ...) RD_PRINTF(2, 3);

/* The answers of rollback and backups (text_saved.c). */
int text_rollback(const struct rd_rollback *rollback, const struct rd_render_options *options,
		  FILE *f, struct rd_error *err);
int text_backups(const struct rd_saved_list *list, const struct rd_render_options *options, FILE *f,
		 struct rd_error *err);

/* Writes the page. Return: 0, -ENOMEM, or why the stream failed. */
int page_write(struct page *page, FILE *f, struct rd_error *err);

/* The colour of a verdict's, a result's, a state's word. */
enum page_color page_verdict_color(enum rd_verdict verdict);
enum page_color page_result_color(enum rd_result result);
enum page_color page_state_color(enum rd_machine_state state);

/* The copies as chains, one for each kernel (tree.c). */
void page_chains(struct page *page, const struct rd_facts *facts);

/* Verdict's evidence: the deciding item, or all of it if the page is verbose. */
void page_evidence(struct page *page, int indent, const struct rd_evidence *ev, size_t most);

/* What identifies a copy, one line each (verbose pages). */
void page_identity(struct page *page, int indent, const struct rd_identity *id);

/* Where a copy comes from and whether it would load, of what is known, one line each (as above). */
void page_provenance(struct page *page, int indent, const struct rd_copy *copy);
