/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A longest common subsequence of statements. Statements, because what people insert are whole
 * statements: by single tokens the same insertion has many alignments, and most of them cut
 * through an `if (` that both sides have. Inside a changed statement the tokens are narrowed down
 * from both ends, for the lines only.
 *
 * The stock function has some forty statements, so the table is linear in the length of the
 * other; beyond a cap, which no patch of a person reaches, the differing middle is one hunk.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "inspect/crat_hunk.h"

/* Cells of the table: forty stock statements against 50 000. */
#define HUNK_MAX_CELLS ((size_t)2000000)

/* A statement, an opening or closing of a block, a directive. */
struct statement {
	size_t first, n;
};

struct side {
	const struct rd_ctoken *tokens;
	struct statement *items;
	size_t n, cap;
};

struct diff {
	const struct rd_ccode *code, *stock;
	struct side file, ref;
	struct rd_crat_hunks *out;
};

static void diff_deinit(struct diff *diff)
{
	free(diff->file.items);
	free(diff->ref.items);
}

static bool ends_statement(const struct rd_ctoken *token, int parentheses)
{
	if (token->kind == RD_CTOKEN_DIRECTIVE_END)
		return true;
	return parentheses <= 0 &&
	       (rd_ctoken_is(token, ";") || rd_ctoken_is(token, "{") || rd_ctoken_is(token, "}"));
}

static int split(struct side *side, const struct rd_ccode *code, const struct rd_citem *item)
{
	struct statement statement = { .first = item->first };
	int parentheses = 0;

	side->tokens = code->live.items;
	for (size_t i = item->first; i < item->first + item->n; i++) {
		const struct rd_ctoken *token = &side->tokens[i];
		bool is_last = i + 1 == item->first + item->n;

		if (rd_ctoken_is(token, "("))
			parentheses++;
		else if (rd_ctoken_is(token, ")"))
			parentheses--;

		if (!is_last && side->tokens[i + 1].kind != RD_CTOKEN_DIRECTIVE &&
		    !ends_statement(token, parentheses))
			continue;
		statement.n = i + 1 - statement.first;
		if (rd_array_push(side, &statement))
			return -ENOMEM;
		statement.first = i + 1;
		parentheses = 0;
	}
	return 0;
}

static bool is_same(const struct side *a, size_t i, const struct side *b, size_t k)
{
	const struct statement *x = &a->items[i], *y = &b->items[k];

	if (x->n != y->n)
		return false;
	for (size_t t = 0; t < x->n; t++) {
		if (!rd_ctoken_equal(&a->tokens[x->first + t], &b->tokens[y->first + t]))
			return false;
	}
	return true;
}

/* Two comments with the same words, however they are laid out. */
static bool is_same_comment(const struct rd_ctoken *a, const struct rd_ctoken *b)
{
	static const char layout[] = " \t\v\f\r\n*/";
	uint32_t i = 0, k = 0;

	for (;; i++, k++) {
		while (i < a->len && strchr(layout, a->text[i]))
			i++;
		while (k < b->len && strchr(layout, b->text[k]))
			k++;
		if (i >= a->len || k >= b->len)
			return i >= a->len && k >= b->len;
		if (a->text[i] != b->text[k])
			return false;
	}
}

static bool is_stock_comment(const struct diff *diff, const struct rd_ctoken *comment)
{
	for (size_t i = 0; i < diff->stock->all.n; i++) {
		const struct rd_ctoken *token = &diff->stock->all.items[i];

		if (token->kind == RD_CTOKEN_COMMENT && is_same_comment(token, comment))
			return true;
	}
	return false;
}

/* The first token, comments and dead ones too, at or after a byte of the source. */
static size_t find_offset(const struct rd_ctokens *all, uint32_t offset)
{
	size_t low = 0, high = all->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (all->items[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Widens the hunk's lines by the comments between the tokens @before and @after, ends of a gap. */
static void take_comments(const struct diff *diff, struct rd_crat_hunk *hunk,
			  const struct rd_ctoken *before, const struct rd_ctoken *after)
{
	const struct rd_ctokens *all = &diff->code->all;

	for (size_t i = find_offset(all, before->end);
	     i < all->n && all->items[i].offset < after->offset; i++) {
		const struct rd_ctoken *token = &all->items[i];

		if (token->kind != RD_CTOKEN_COMMENT)
			continue;
		if (token->first == before->last && token->first < hunk->first_line)
			continue;
		if (token->last == after->first && token->first > hunk->last_line)
			continue;
		if (is_stock_comment(diff, token))
			continue;
		if (token->first < hunk->first_line)
			hunk->first_line = token->first;
		if (token->last > hunk->last_line)
			hunk->last_line = token->last;
	}
}

static void set_lines(const struct diff *diff, struct rd_crat_hunk *hunk)
{
	const struct rd_ctoken *file = diff->file.tokens, *ref = diff->ref.tokens;
	size_t first = hunk->first, end = hunk->first + hunk->n;
	size_t ref_first = hunk->stock_first, ref_end = hunk->stock_first + hunk->stock_n;
	size_t limit = diff->code->live.n;

	while (first < end && ref_first < ref_end &&
	       rd_ctoken_equal(&file[first], &ref[ref_first])) {
		first++;
		ref_first++;
	}
	while (first < end && ref_first < ref_end &&
	       rd_ctoken_equal(&file[end - 1], &ref[ref_end - 1])) {
		end--;
		ref_end--;
	}

	if (first == end) {
		hunk->first_line = hunk->last_line = file[first < limit ? first : limit - 1].first;
		return;
	}
	hunk->first_line = file[first].first;
	hunk->last_line = file[end - 1].last;
	if (first > 0)
		take_comments(diff, hunk, &file[first - 1], &file[first]);
	if (end < limit)
		take_comments(diff, hunk, &file[end - 1], &file[end]);
}

/* Whether statements [first, first + n) of the file open and close their own blocks only. */
static bool is_balanced(const struct side *side, size_t first, size_t n)
{
	int depth = 0;

	for (size_t i = first; i < first + n; i++) {
		const struct rd_ctoken *last =
			&side->tokens[side->items[i].first + side->items[i].n - 1];

		if (rd_ctoken_is(last, "{"))
			depth++;
		else if (rd_ctoken_is(last, "}") && --depth < 0)
			return false;
	}
	return !depth;
}

/*
 * An insertion that ends like the text before it has several places: `} X }` and `X } }` are one.
 * Moves it up to where its blocks are its own. The stock statements that it passes are equal.
 */
static void slide(const struct side *file, size_t *firstp, size_t n, size_t *ref_firstp)
{
	size_t first = *firstp, ref_first = *ref_firstp;

	while (!is_balanced(file, first, n)) {
		if (!first || !ref_first || !is_same(file, first - 1, file, first + n - 1))
			return;
		first--;
		ref_first--;
	}
	*firstp = first;
	*ref_firstp = ref_first;
}

/* The token that statement @i starts with, or the end of the function after the last one. */
static size_t start_of(const struct side *side, size_t i)
{
	const struct statement *last = &side->items[side->n - 1];

	return i < side->n ? side->items[i].first : last->first + last->n;
}

/* Statements [first, first + n) of the file against [ref_first, ref_first + ref_n) of stock. */
static int add_hunk(struct diff *diff, size_t first, size_t n, size_t ref_first, size_t ref_n)
{
	struct rd_crat_hunk hunk = { 0 };

	if (!n && !ref_n)
		return 0;
	if (!ref_n)
		slide(&diff->file, &first, n, &ref_first);

	hunk.first = start_of(&diff->file, first);
	hunk.n = start_of(&diff->file, first + n) - hunk.first;
	hunk.stock_first = start_of(&diff->ref, ref_first);
	hunk.stock_n = start_of(&diff->ref, ref_first + ref_n) - hunk.stock_first;
	set_lines(diff, &hunk);
	return rd_array_push(diff->out, &hunk);
}

/*
 * table[i][k]: how many statements the rests have in common, from @i of the file's @n and from @k
 * of stock's @ref_n, both counted from the starts given.
 */
static void fill_table(const struct diff *diff, uint16_t *table, const size_t start[2], size_t n,
		       size_t ref_n)
{
	for (size_t i = n; i-- > 0;) {
		uint16_t *row = table + i * (ref_n + 1), *below = row + ref_n + 1;

		for (size_t k = ref_n; k-- > 0;) {
			if (is_same(&diff->file, start[0] + i, &diff->ref, start[1] + k))
				row[k] = (uint16_t)(below[k + 1] + 1);
			else
				row[k] = below[k] > row[k + 1] ? below[k] : row[k + 1];
		}
	}
}

static int walk_table(struct diff *diff, const uint16_t *table, const size_t start[2], size_t n,
		      size_t ref_n)
{
	size_t i = 0, k = 0, i_kept = 0, k_kept = 0;

	while (i < n && k < ref_n) {
		const uint16_t *row = table + i * (ref_n + 1), *below = row + ref_n + 1;

		if (!is_same(&diff->file, start[0] + i, &diff->ref, start[1] + k)) {
			if (below[k] >= row[k + 1])
				i++;
			else
				k++;
			continue;
		}
		if (add_hunk(diff, start[0] + i_kept, i - i_kept, start[1] + k_kept, k - k_kept))
			return -ENOMEM;
		i_kept = ++i;
		k_kept = ++k;
	}
	return add_hunk(diff, start[0] + i_kept, n - i_kept, start[1] + k_kept, ref_n - k_kept);
}

static int compare(struct diff *diff)
{
	RD_CLEANUP(rd_freep) uint16_t *table = NULL;
	size_t n = diff->file.n, ref_n = diff->ref.n, common = 0;
	size_t start[2];

	while (common < n && common < ref_n && is_same(&diff->file, common, &diff->ref, common))
		common++;
	start[0] = start[1] = common;
	while (n > common && ref_n > common && is_same(&diff->file, n - 1, &diff->ref, ref_n - 1)) {
		n--;
		ref_n--;
	}
	n -= common;
	ref_n -= common;

	if (!n || !ref_n || (n + 1) * (ref_n + 1) > HUNK_MAX_CELLS)
		return add_hunk(diff, start[0], n, start[1], ref_n);
	table = calloc((n + 1) * (ref_n + 1), sizeof(*table));
	if (!table)
		return -ENOMEM;
	fill_table(diff, table, start, n, ref_n);
	return walk_table(diff, table, start, n, ref_n);
}

int rd_crat_hunks_init(struct rd_crat_hunks *hunks, const struct rd_ccode *code,
		       const struct rd_citem *function, const struct rd_ccode *stock,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_crat_hunks_deinit) struct rd_crat_hunks out = RD_CRAT_HUNKS_INIT;
	RD_CLEANUP(diff_deinit) struct diff diff = { .code = code, .stock = stock, .out = &out };

	if (split(&diff.file, code, function) || split(&diff.ref, stock, &stock->items[0]) ||
	    compare(&diff))
		return rd_error_nomem(err);

	*hunks = out;
	out = (struct rd_crat_hunks)RD_CRAT_HUNKS_INIT;
	return 0;
}

void rd_crat_hunks_deinit(struct rd_crat_hunks *hunks)
{
	free(hunks->items);
	*hunks = (struct rd_crat_hunks)RD_CRAT_HUNKS_INIT;
}
