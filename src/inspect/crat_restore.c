/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The way back from a patched kfd_crat.c. Everything is an edit: a range of bytes of the file and
 * the bytes that take their place.
 *
 * Inside kfd_parse_subtype_mem() an edit reaches from the end of the last token before a hunk to
 * the start of the first one after it, and takes the bytes that stock has between these two, so
 * that the comment and the blank line which came with a patch go with it. Outside of the function
 * there is no stock to copy from: what goes there is what the hunks alone use, line by line, and
 * the inspection of the result decides whether that was all.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "crat_inspection.h"
#include "crat_proof.h"
#include "inspect/crat_hunk.h"
#include "inspect/crat_restore.h"

struct restorer {
	const char *text;
	size_t len;
	struct crat_inspection in; /* the two sources, and the names that the hunks use */
	const struct rd_citem *function;
	struct rd_crat_hunks hunks;
	bool *goes; /* by item: taken away */
	struct rd_crat_restoration out;
};

static void restorer_deinit(struct restorer *restorer)
{
	rd_ccode_deinit(&restorer->in.code);
	rd_ccode_deinit(&restorer->in.stock);
	rd_crat_hunks_deinit(&restorer->hunks);
	free(restorer->goes);
	rd_crat_restoration_deinit(&restorer->out);
}

static int refuse(struct rd_error *err, const char *why)
{
	rd_error_set(err, EINVAL, "%s", why);
	return RD_CRAT_RESTORE_REFUSED;
}

static int find_function(struct restorer *restorer, struct rd_error *err)
{
	const struct rd_ccode *code = &restorer->in.code;

	if (code->flaw) {
		rd_error_set(err, EINVAL, "line %u: no complete C file: %s", code->flaw_line,
			     code->flaw);
		return RD_CRAT_RESTORE_REFUSED;
	}
	for (size_t i = 0; i < code->n; i++) {
		if (!rd_ccode_defines(code, &code->items[i], CRAT_FUNCTION))
			continue;
		if (restorer->function)
			return refuse(err, CRAT_FUNCTION "() is defined more than once");
		restorer->function = &code->items[i];
	}
	return restorer->function ? 0 : refuse(err, "the file defines no " CRAT_FUNCTION "()");
}

/* Whether the line of byte @at ends as Windows has it; the last one as the line before it. */
static bool has_crlf(const struct restorer *restorer, size_t at)
{
	const char *end = memchr(restorer->text + at, '\n', restorer->len - at);

	if (!end)
		end = memrchr(restorer->text, '\n', at);
	return end && end > restorer->text && end[-1] == '\r';
}

/* Adds an edit; @text has @n_text bytes with line feeds, which become what ends lines there. */
static int add_edit(struct restorer *restorer, size_t offset, size_t end, const char *text,
		    size_t n_text)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text with = RD_TEXT_INIT;
	struct rd_crat_edit edit = { .offset = offset, .n = end - offset };
	bool is_crlf = has_crlf(restorer, offset);

	for (size_t i = 0; i < n_text; i++) {
		if (text[i] == '\n' && is_crlf && rd_text_append(&with, "\r", 1))
			return -ENOMEM;
		if (rd_text_append(&with, &text[i], 1))
			return -ENOMEM;
	}
	edit.n_text = with.len;
	edit.text = rd_text_take_string(&with);
	if (edit.text && !rd_array_push(&restorer->out.edits, &edit))
		return 0;
	free(edit.text);
	return -ENOMEM;
}

/* Where the bytes around tokens [first, first + n) of an item begin and end. */
static void find_gap(const struct rd_ccode *code, const struct rd_citem *item, size_t first,
		     size_t n, size_t gap[2])
{
	const struct rd_ctoken *tokens = code->live.items;
	size_t end = item->first + item->n;

	gap[0] = first > item->first ? tokens[first - 1].end : tokens[item->first].offset;
	gap[1] = first + n < end ? tokens[first + n].offset : tokens[end - 1].end;
}

static int edit_function(struct restorer *restorer)
{
	const struct crat_inspection *in = &restorer->in;
	const char *stock = rd_data_stock_parse_subtype_mem();

	for (size_t i = 0; i < restorer->hunks.n; i++) {
		const struct rd_crat_hunk *hunk = &restorer->hunks.items[i];
		size_t here[2], there[2];

		find_gap(&in->code, restorer->function, hunk->first, hunk->n, here);
		find_gap(&in->stock, &in->stock.items[0], hunk->stock_first, hunk->stock_n, there);
		if (add_edit(restorer, here[0], here[1], stock + there[0], there[1] - there[0]))
			return -ENOMEM;
	}
	return 0;
}

static bool is_inside(const struct rd_citem *item, const struct rd_citem *outer)
{
	return item->first >= outer->first && item->first + item->n <= outer->first + outer->n;
}

/* NAME(…); at file scope: module_param(), MODULE_PARM_DESC(). */
static bool is_invocation(const struct restorer *restorer, const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&restorer->in.code, item);

	return item->kind == RD_CITEM_CODE && !item->is_function && item->n > 3 &&
	       tokens[0].kind == RD_CTOKEN_IDENTIFIER && rd_ctoken_is(&tokens[1], "(") &&
	       rd_ctoken_is(&tokens[item->n - 1], ";");
}

/* What other files cannot use: so that no use of it is out of sight. */
static bool is_local(const struct restorer *restorer, const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&restorer->in.code, item);

	return item->kind == RD_CITEM_DEFINE || rd_ctoken_is(&tokens[0], "static") ||
	       rd_ctoken_is(&tokens[0], "enum");
}

static bool declares(const struct restorer *restorer, const struct rd_citem *item,
		     const struct rd_ctoken *name)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&restorer->in.code, item);

	for (size_t i = 0; i < item->n; i++) {
		if (rd_ctoken_equal(&tokens[i], name) &&
		    rd_ccode_declares(&restorer->in.code, item, i))
			return true;
	}
	return false;
}

/* Whether nothing that stays uses a name, but for what gives it and what merely announces it. */
static bool serves_only_what_goes(const struct restorer *restorer, const struct rd_ctoken *name)
{
	const struct rd_ccode *code = &restorer->in.code;
	bool is_declared = false;

	for (size_t i = 0; i < code->n; i++) {
		const struct rd_citem *item = &code->items[i];

		if (restorer->goes[i] || is_inside(item, restorer->function) ||
		    !crat_has_name(rd_ccode_tokens(code, item), item->n, name))
			continue;
		if (is_local(restorer, item) && declares(restorer, item, name))
			is_declared = true;
		else if (!is_invocation(restorer, item))
			return false;
	}
	return is_declared;
}

/* Marks what has the name, and notes the names that this uses in turn. */
static void mark(struct restorer *restorer, const struct rd_ctoken *name)
{
	struct crat_inspection *in = &restorer->in;

	for (size_t i = 0; i < in->code.n; i++) {
		const struct rd_citem *item = &in->code.items[i];
		struct crat_range range = { .tokens = rd_ccode_tokens(&in->code, item),
					    .n = item->n };

		if (is_inside(item, restorer->function) ||
		    !crat_has_name(range.tokens, range.n, name))
			continue;
		restorer->goes[i] = true;
		crat_use_names(in, range);
	}
}

/* A name may have to wait until what else uses it is marked, hence until nothing changes. */
static void mark_definitions(struct restorer *restorer)
{
	struct crat_inspection *in = &restorer->in;
	bool has_changed;

	for (size_t i = 0; i < restorer->hunks.n; i++)
		crat_use_names(in, (struct crat_range){ .tokens = in->code.live.items +
								  restorer->hunks.items[i].first,
							.n = restorer->hunks.items[i].n });
	do {
		has_changed = false;
		for (size_t i = 0; i < in->n_used; i++) {
			if (!serves_only_what_goes(restorer, in->used[i]))
				continue;
			mark(restorer, in->used[i]);
			has_changed = true;
		}
	} while (has_changed);
}

static bool is_line_end(const struct restorer *restorer, size_t i)
{
	return i >= restorer->len || restorer->text[i] == '\n';
}

/* Widens bytes to whole lines, if nothing else stands on these. */
static void take_lines(const struct restorer *restorer, size_t range[2])
{
	size_t start = range[0], end = range[1];

	while (start && strchr(" \t", restorer->text[start - 1]))
		start--;
	while (!is_line_end(restorer, end) && strchr(" \t\r", restorer->text[end]))
		end++;
	if ((start && restorer->text[start - 1] != '\n') || !is_line_end(restorer, end))
		return;
	range[0] = start;
	range[1] = end < restorer->len ? end + 1 : end;
}

/* The comment that ends on the line before @offset, which is taken to be about what follows. */
static size_t start_of_comment(const struct restorer *restorer, size_t offset, uint32_t line)
{
	const struct rd_ctokens *all = &restorer->in.code.all;
	size_t start = offset;

	for (size_t i = all->n; i-- > 0;) {
		const struct rd_ctoken *token = &all->items[i];

		if (token->offset >= start)
			continue;
		if (token->kind != RD_CTOKEN_COMMENT || token->last + 1 != line)
			break;
		if (i && all->items[i - 1].last == token->first)
			break; /* it stands behind code of its line */
		start = token->offset;
		line = token->first;
	}
	return start;
}

/* A function with such a name is the kernel's, though what is left of the file has no use of it. */
static int refuse_own_names(const struct restorer *restorer, struct rd_error *err)
{
	const struct rd_ccode *code = &restorer->in.code;

	for (size_t i = 0; i < code->n; i++) {
		const struct rd_ctoken *tokens = rd_ccode_tokens(code, &code->items[i]);

		for (size_t k = 0; restorer->goes[i] && k < code->items[i].n; k++) {
			if (!crat_is_own_name(&tokens[k]) ||
			    !rd_ccode_declares(code, &code->items[i], k))
				continue;
			rd_error_set(err, EINVAL, "line %u: %.*s() would go with the patch",
				     tokens[k].first, (int)tokens[k].len, tokens[k].text);
			return RD_CRAT_RESTORE_REFUSED;
		}
	}
	return 0;
}

static int edit_definitions(struct restorer *restorer)
{
	const struct rd_ccode *code = &restorer->in.code;

	for (size_t i = 0; i < code->n; i++) {
		const struct rd_ctoken *tokens = rd_ccode_tokens(code, &code->items[i]);
		const struct rd_ctoken *last = &tokens[code->items[i].n - 1];
		size_t range[2] = { 0, last->end };

		if (!restorer->goes[i])
			continue;
		range[0] = start_of_comment(restorer, tokens[0].offset, tokens[0].first);
		take_lines(restorer, range);
		if (add_edit(restorer, range[0], range[1], "", 0))
			return -ENOMEM;
		restorer->out.n_definitions++;
	}
	return 0;
}

static int edit_compare(const void *a, const void *b)
{
	const struct rd_crat_edit *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static int apply(struct restorer *restorer, struct rd_error *err)
{
	struct rd_crat_restoration *out = &restorer->out;
	size_t done = 0;

	qsort(out->edits.items, out->edits.n, sizeof(*out->edits.items), edit_compare);
	for (size_t i = 0; i < out->edits.n; i++) {
		const struct rd_crat_edit *edit = &out->edits.items[i];

		if (edit->offset < done)
			return refuse(err, "what would have to be taken away overlaps");
		if (rd_text_append(&out->text, restorer->text + done, edit->offset - done) ||
		    rd_text_append(&out->text, edit->text, edit->n_text))
			return rd_error_nomem(err);
		done = edit->offset + edit->n;
	}
	return rd_text_append(&out->text, restorer->text + done, restorer->len - done)
		       ? rd_error_nomem(err)
		       : 0;
}

static int restore(struct restorer *restorer, struct rd_error *err)
{
	struct crat_inspection *in = &restorer->in;
	int r;

	r = find_function(restorer, err);
	if (!r)
		r = rd_crat_hunks_init(&restorer->hunks, &in->code, restorer->function, &in->stock,
				       err);
	if (r)
		return r;
	if (!restorer->hunks.n)
		return RD_CRAT_RESTORE_STOCK;

	restorer->goes = calloc(in->code.n, sizeof(*restorer->goes));
	if (!restorer->goes)
		return rd_error_nomem(err);
	mark_definitions(restorer);
	r = refuse_own_names(restorer, err);
	if (r)
		return r;
	if (edit_function(restorer) || edit_definitions(restorer))
		return rd_error_nomem(err);
	r = apply(restorer, err);
	if (r)
		return r;
	r = crat_prove(restorer->out.text.data, restorer->out.text.len, err);
	return r == CRAT_PROOF_FAILED ? RD_CRAT_RESTORE_REFUSED : r;
}

int rd_crat_restore(const char *text, size_t len, struct rd_crat_restoration *restoration,
		    struct rd_error *err)
{
	RD_CLEANUP(restorer_deinit)
	struct restorer restorer = {
		.text = text,
		.len = len,
		.out = RD_CRAT_RESTORATION_INIT,
	};
	const char *stock = rd_data_stock_parse_subtype_mem();
	int r;

	if (len > RD_CTOKENS_MAX)
		return refuse(err, "larger than any kfd_crat.c");
	if (len && memchr(text, '\0', len))
		return refuse(err, "binary: holds NUL bytes");

	r = rd_ccode_init(&restorer.in.code, text, len, err);
	if (!r)
		r = rd_ccode_init(&restorer.in.stock, stock, strlen(stock), err);
	if (!r)
		r = restore(&restorer, err);
	if (r)
		return r;
	*restoration = restorer.out;
	restorer.out = (struct rd_crat_restoration)RD_CRAT_RESTORATION_INIT;
	return 0;
}

void rd_crat_restoration_deinit(struct rd_crat_restoration *restoration)
{
	for (size_t i = 0; i < restoration->edits.n; i++)
		free(restoration->edits.items[i].text);
	free(restoration->edits.items);
	rd_text_deinit(&restoration->text);
	*restoration = (struct rd_crat_restoration)RD_CRAT_RESTORATION_INIT;
}
