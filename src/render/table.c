/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The table of copies. The columns are libsmartcols'; the path and the evidence of a copy need the
 * whole width and stand below its row, which is why the table is printed to a string and its lines
 * are taken over one by one.
 */

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <string.h>

#include "base/cleanup.h"
#include "page.h"

#define BUILD_ID_COLUMNS 12
#define INDENT		 2

enum column {
	COLUMN_WHERE,
	COLUMN_KERNEL,
	COLUMN_BUILD_ID,
	COLUMN_VERDICT,
};

static const char *const columns[] = {
	[COLUMN_WHERE] = "WHERE",
	[COLUMN_KERNEL] = "KERNEL",
	[COLUMN_BUILD_ID] = "BUILD-ID",
	[COLUMN_VERDICT] = "VERDICT",
};

static void unref_tablep(struct libscols_table **tbp)
{
	scols_unref_table(*tbp);
}

static int set_cell(struct libscols_line *line, enum column column, const char *s)
{
	RD_CLEANUP(rd_freep) char *safe = rd_text_escape(s ? s : "-");

	if (!safe || scols_line_set_data(line, column, safe))
		return -ENOMEM;
	return 0;
}

static int add_row(struct libscols_table *tb, const struct rd_copy *copy)
{
	struct libscols_line *line = scols_table_new_line(tb, NULL);
	char build_id[BUILD_ID_COLUMNS + 1] = "-";
	int r;

	if (!line)
		return -ENOMEM;
	if (copy->id.build_id)
		snprintf(build_id, sizeof(build_id), "%s", copy->id.build_id);

	r = set_cell(line, COLUMN_WHERE, rd_copy_kind_name(copy->kind));
	if (!r)
		r = set_cell(line, COLUMN_KERNEL, copy->kernel);
	if (!r)
		r = set_cell(line, COLUMN_BUILD_ID, build_id);
	if (!r)
		r = set_cell(line, COLUMN_VERDICT, rd_verdict_name(copy->verdict));
	if (!r)
		r = scols_cell_set_color(scols_line_get_cell(line, COLUMN_VERDICT),
					 page_color_sequence(page_verdict_color(copy->verdict)));
	return r ? -ENOMEM : 0;
}

static int make_table(const struct page *page, const struct rd_copies *copies, char **textp)
{
	RD_CLEANUP(unref_tablep) struct libscols_table *tb = scols_new_table();

	if (!tb)
		return -ENOMEM;
	scols_table_enable_colors(tb, page->options->use_color);
	scols_table_set_termforce(tb, SCOLS_TERMFORCE_ALWAYS);
	scols_table_set_termwidth(tb, (size_t)page->options->width);
	scols_table_set_column_separator(tb, "  ");
	/* The cells are escaped: once more, and \x1b would read \x5cx1b. */
	if (scols_table_enable_noencoding(tb, 1))
		return -ENOMEM;
	for (size_t i = 0; i < RD_N_ELEMENTS(columns); i++) {
		if (!scols_table_new_column(tb, columns[i], 0,
					    i == COLUMN_KERNEL ? SCOLS_FL_TRUNC : 0))
			return -ENOMEM;
	}
	for (size_t i = 0; i < copies->n; i++) {
		if (add_row(tb, &copies->items[i]))
			return -ENOMEM;
	}
	return scols_print_table_to_string(tb, textp) ? -ENOMEM : 0;
}

/* One line of the table, without the spaces at its end. */
static char *put_table_line(struct page *page, char *s)
{
	char *end = strchrnul(s, '\n'), *next = *end ? end + 1 : end;

	while (end > s && end[-1] == ' ')
		end--;
	if (!page->r)
		page->r = rd_text_append(&page->text, s, (size_t)(end - s));
	page_puts(page, "\n");
	return next;
}

static void put_below(struct page *page, const struct rd_copy *copy)
{
	if (copy->kind != RD_COPY_RUNNING)
		page_wrapf(page, 0, INDENT, "%s%s", copy->path,
			   copy->is_resolved ? " (modprobe loads this one)" : "");
	if (page->options->is_verbose)
		page_identity(page, INDENT, &copy->id);
	page_evidence(page, INDENT, &copy->evidence, 1);
}

void page_copies(struct page *page, const struct rd_copies *copies)
{
	RD_CLEANUP(rd_freep) char *text = NULL;
	char *line;

	if (!copies->n) {
		page_puts(page, "none found\n");
		return;
	}
	if (!page->r)
		page->r = make_table(page, copies, &text);
	if (page->r)
		return;
	line = put_table_line(page, text);
	for (size_t i = 0; i < copies->n; i++) {
		line = put_table_line(page, line);
		put_below(page, &copies->items[i]);
	}
}
