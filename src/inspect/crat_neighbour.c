/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The two functions beside kfd_parse_subtype_mem() that are as constant as it is, in 65 of 65 stock
 * files of Linux 4.19 to 7.3, AMD's trees and others: find_subtype_mem(), which it asks for a bank
 * of the same kind, and kfd_parse_subtype(), which calls it.
 *
 * find_subtype_mem() is held against stock as a whole. kfd_parse_subtype() is so only where memory
 * is its business: a kernel to come may read a new kind of entry there, or say other words.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "crat_inspection.h"
#include "inspect/crat_hunk.h"

#define MEMORY_CASE "CRAT_SUBTYPE_MEMORY_AFFINITY" /* kfd_crat.h */

static const struct neighbour {
	const char *name;
	const char *(*stock)(void);
} neighbours[] = {
	{ .name = "find_subtype_mem", .stock = rd_data_stock_find_subtype_mem },
	{ .name = "kfd_parse_subtype", .stock = rd_data_stock_parse_subtype },
};

/* The first token of stock from @from on that is spelled so; their number if there is none. */
static size_t find(const struct rd_ccode *stock, size_t from, const char *spelling)
{
	while (from < stock->live.n && !rd_ctoken_is(&stock->live.items[from], spelling))
		from++;
	return from;
}

static bool is_declaration(struct crat_range range)
{
	for (size_t i = 0; i < range.n; i++) {
		if (rd_ctoken_is(&range.tokens[i], "(") || rd_ctoken_is(&range.tokens[i], "="))
			return false;
	}
	return true;
}

/* Whether only entries that are not of memory come through the hunk. */
static bool is_of_others(const struct rd_ccode *stock, const struct rd_crat_hunk *hunk,
			 struct crat_range file)
{
	struct crat_range ref = { .tokens = stock->live.items + hunk->stock_first,
				  .n = hunk->stock_n };
	size_t first = hunk->stock_first, end = first + hunk->stock_n;
	size_t start = find(stock, 0, "switch"), memory = find(stock, 0, MEMORY_CASE);
	size_t leave = find(stock, memory, "break"), close = find(stock, leave, "default");

	if (close >= stock->live.n)
		return false;
	while (close < stock->live.n && !rd_ctoken_is(&stock->live.items[close], "}"))
		close++;
	if (end <= start)
		return is_declaration(file) && is_declaration(ref);
	return (first > start && end < memory) || (first > leave && end <= close);
}

static int judge_hunk(struct crat_inspection *in, const struct neighbour *neighbour,
		      const struct rd_crat_hunk *hunk, struct crat_range file)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text title = RD_TEXT_INIT;

	crat_use_names(in, file);
	if (!crat_knows_cards(in, file))
		return crat_add(
			in, &in->modified, RD_EVIDENCE_SOURCE, hunk->first_line, hunk->last_line,
			"%s() differs from the stock function here: memory banks may not be "
			"what " CRAT_FUNCTION "() makes them",
			neighbour->name);
	if (rd_text_printf(&title, "hand-made patch of %s()", neighbour->name) ||
	    crat_describe(in, file, title.data, &text))
		return -ENOMEM;
	return crat_add(in, &in->patched, RD_EVIDENCE_SOURCE, hunk->first_line, hunk->last_line,
			"%s", text.data);
}

static int hold(struct crat_inspection *in, const struct neighbour *neighbour,
		const struct rd_citem *item, struct rd_error *err)
{
	RD_CLEANUP(rd_crat_hunks_deinit) struct rd_crat_hunks hunks = RD_CRAT_HUNKS_INIT;
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode stock = RD_CCODE_INIT;
	const char *text = neighbour->stock();
	int r;

	r = rd_ccode_init(&stock, text, strlen(text), err);
	if (!r)
		r = rd_crat_hunks_init(&hunks, &in->code, item, &stock, err);
	if (r)
		return r;
	for (size_t i = 0; i < hunks.n; i++) {
		const struct rd_crat_hunk *hunk = &hunks.items[i];
		struct crat_range file = { .tokens = in->code.live.items + hunk->first,
					   .n = hunk->n };

		if (!crat_knows_cards(in, file) && is_of_others(&stock, hunk, file))
			continue;
		if (judge_hunk(in, neighbour, hunk, file))
			return rd_error_nomem(err);
	}
	return 0;
}

int crat_judge_neighbour(struct crat_inspection *in, const struct rd_citem *item,
			 struct rd_error *err)
{
	for (size_t i = 0; in->is_since_4_19 && i < RD_N_ELEMENTS(neighbours); i++) {
		if (rd_ccode_defines(&in->code, item, neighbours[i].name))
			return hold(in, &neighbours[i], item, err);
	}
	return 0;
}
