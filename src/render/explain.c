/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The texts of the findings for people. */

#include <string.h>

#include "base/cleanup.h"
#include "page.h"

#define TITLE_INDENT 12

int rd_render_titles(const struct rd_finding_text *texts, size_t n,
		     const struct rd_render_options *options, FILE *f, struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	for (size_t i = 0; i < n; i++) {
		page_color(&page, PAGE_BOLD);
		page_puts(&page, texts[i].id);
		page_color(&page, PAGE_PLAIN);
		page_wrapf(&page, (int)strlen(texts[i].id), TITLE_INDENT, "%s", texts[i].title);
	}
	return page_write(&page, f, err);
}

int rd_render_finding_text(const struct rd_finding_text *text,
			   const struct rd_render_options *options, FILE *f, struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };
	const struct {
		const char *heading, *text;
	} parts[] = {
		{ .heading = "What it means", .text = text->what },
		{ .heading = "Why it matters", .text = text->why },
		{ .heading = "How it is found", .text = text->how },
		{ .heading = "What to do", .text = text->remedy },
		{ .heading = "Sources", .text = text->sources },
	};

	page_wrapf(&page, 0, 0, "%s: %s", text->id, text->title);
	for (size_t i = 0; i < RD_N_ELEMENTS(parts); i++) {
		page_heading(&page, parts[i].heading);
		page_wrapf(&page, 0, 2, "%s", parts[i].text);
	}
	return page_write(&page, f, err);
}
