/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The verdict on a kfd_crat.c.
 *
 * Inside kfd_parse_subtype_mem() everything is decidable, for the function is a constant of all
 * kernels: each hunk against stock is a sign. One that has a part in what the memory flags become,
 * or that knows an RDNA1 id, is a patch (a published one if it carries its message, else
 * hand-made); any other makes the file "modified".
 *
 * Outside there is little to hold against (crat_neighbour.c): crat_elsewhere.c says what is a sign
 * there.
 *
 * Only live code counts (inspect/ccode.h). The patch in a comment or below `#if 0` is a note: no
 * compiler sees it. A branch that a Kconfig symbol or a -D decides is live.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "crat_inspection.h"
#include "inspect/crat_hunk.h"
#include "inspect/crat_source.h"

/* A function that came into kfd_crat.c together with today's form of kfd_parse_subtype_mem(). */
#define SINCE_4_19 "find_subtype_mem"

static void inspection_deinit(struct crat_inspection *in)
{
	rd_ccode_deinit(&in->code);
	rd_ccode_deinit(&in->stock);
	free(in->declared.items);
	rd_evidence_deinit(&in->patched);
	rd_evidence_deinit(&in->modified);
	rd_evidence_deinit(&in->limits);
	rd_evidence_deinit(&in->notes);
}

int crat_add(const struct crat_inspection *in, struct rd_evidence *list, enum rd_evidence_kind kind,
	     uint32_t first, uint32_t last, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *where = NULL;
	RD_CLEANUP(rd_freep) char *detail = NULL;
	va_list ap;

	if (asprintf(&where, "%s:%u-%u", in->name, first, last) < 0) {
		where = NULL;
		return -ENOMEM;
	}
	va_start(ap, fmt);
	detail = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!detail)
		return -ENOMEM;
	return rd_evidence_add(list, kind, where, "%s", detail);
}

bool crat_is_stock_word(const struct crat_inspection *in, const struct rd_ctoken *name)
{
	return crat_has_name(in->stock.live.items, in->stock.live.n, name);
}

static int compare_names(const void *a, const void *b)
{
	const struct rd_ctoken *x = ((const struct crat_name *)a)->token;
	const struct rd_ctoken *y = ((const struct crat_name *)b)->token;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->text, y->text, x->len);
}

bool crat_is_declared(const struct crat_inspection *in, const struct rd_ctoken *name)
{
	struct crat_name key = { .token = name };

	return in->declared.n &&
	       bsearch(&key, in->declared.items, in->declared.n, sizeof(key), compare_names);
}

static int find_declared(struct crat_inspection *in)
{
	for (size_t i = 0; i < in->code.n; i++) {
		const struct rd_citem *item = &in->code.items[i];
		const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);

		for (size_t k = 0; k < item->n; k++) {
			struct crat_name name = { .token = &tokens[k] };

			if (rd_ccode_declares(&in->code, item, k) &&
			    rd_array_push(&in->declared, &name))
				return -ENOMEM;
		}
	}
	if (in->declared.n)
		qsort(in->declared.items, in->declared.n, sizeof(*in->declared.items),
		      compare_names);
	return 0;
}

void crat_use_names(struct crat_inspection *in, struct crat_range range)
{
	for (size_t i = 0; i < range.n && in->n_used < RD_N_ELEMENTS(in->used); i++) {
		const struct rd_ctoken *token = &range.tokens[i];
		bool is_known = token->kind != RD_CTOKEN_IDENTIFIER ||
				crat_is_stock_word(in, token);

		for (size_t k = 0; k < in->n_used && !is_known; k++)
			is_known = rd_ctoken_equal(in->used[k], token);
		if (!is_known)
			in->used[in->n_used++] = token;
	}
}

static struct crat_range hunk_range(const struct crat_inspection *in,
				    const struct rd_crat_hunk *hunk)
{
	return (struct crat_range){ .tokens = in->code.live.items + hunk->first, .n = hunk->n };
}

bool crat_knows_cards(const struct crat_inspection *in, struct crat_range range)
{
	return crat_known_patch(range) || crat_has_id_like(range.tokens, range.n) ||
	       (crat_meaning(&in->words, range.tokens, range.n) & CRAT_MEANS_ID);
}

/* A function of a kernel before 4.19 differs all over, by nobody's patch. */
static bool is_older_form(const struct crat_inspection *in, const struct rd_crat_hunks *hunks)
{
	for (size_t i = 0; i < hunks->n; i++) {
		if (crat_knows_cards(in, hunk_range(in, &hunks->items[i])))
			return false;
	}
	return !in->is_since_4_19;
}

static int judge_hunk(struct crat_inspection *in, const struct rd_crat_hunk *hunk)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct crat_range file = hunk_range(in, hunk);
	struct crat_range ref = { .tokens = in->stock.live.items + hunk->stock_first,
				  .n = hunk->stock_n };
	const struct rd_patch_string *known = crat_known_patch(file);

	crat_use_names(in, file);
	if (!crat_knows_cards(in, file) && !crat_touches_flags(&in->words, file.tokens, file.n) &&
	    !crat_touches_flags(&in->words, ref.tokens, ref.n))
		return crat_add(in, &in->modified, RD_EVIDENCE_SOURCE, hunk->first_line,
				hunk->last_line,
				CRAT_FUNCTION "() differs from the stock function here; the change "
					      "itself neither makes memory flags nor knows RDNA1");

	if (crat_describe(in, file, known ? known->title : "hand-made patch of " CRAT_FUNCTION "()",
			  &text))
		return -ENOMEM;
	return crat_add(in, &in->patched, RD_EVIDENCE_SOURCE, hunk->first_line, hunk->last_line,
			"%s", text.data);
}

static int judge_hunks(struct crat_inspection *in, const struct rd_citem *item,
		       const struct rd_crat_hunks *hunks)
{
	const struct rd_ctoken *first = rd_ccode_tokens(&in->code, item);
	const struct rd_ctoken *last = &first[item->n - 1];

	if (!hunks->n)
		return crat_add(in, &in->notes, RD_EVIDENCE_COVERAGE, first->first, last->last,
				CRAT_FUNCTION "() is the stock function, token by token");
	if (is_older_form(in, hunks))
		return crat_add(in, &in->limits, RD_EVIDENCE_LIMIT, first->first, last->last,
				CRAT_FUNCTION "() has a form from before Linux 4.19, which is not "
					      "known here");
	for (size_t i = 0; i < hunks->n; i++) {
		if (judge_hunk(in, &hunks->items[i]))
			return -ENOMEM;
	}
	return 0;
}

static int judge_function(struct crat_inspection *in, const struct rd_citem *item,
			  struct rd_error *err)
{
	RD_CLEANUP(rd_crat_hunks_deinit) struct rd_crat_hunks hunks = RD_CRAT_HUNKS_INIT;
	int r;

	in->n_functions++;
	r = rd_crat_hunks_init(&hunks, &in->code, item, &in->stock, err);
	if (r)
		return r;
	return judge_hunks(in, item, &hunks) ? rd_error_nomem(err) : 0;
}

/* What has a sign is not told twice. */
static int judge_elsewhere(struct crat_inspection *in, const struct rd_citem *item,
			   struct rd_error *err)
{
	size_t n = in->patched.n + in->modified.n;

	if (crat_judge_elsewhere(in, item))
		return rd_error_nomem(err);
	return n == in->patched.n + in->modified.n ? crat_judge_neighbour(in, item, err) : 0;
}

/* The function before all else: what happens there is what decides. */
static int judge_items(struct crat_inspection *in, struct rd_error *err)
{
	for (size_t i = 0; i < in->code.n; i++) {
		const struct rd_citem *item = &in->code.items[i];
		int r = rd_ccode_defines(&in->code, item, CRAT_FUNCTION)
				? judge_function(in, item, err)
				: 0;

		if (r)
			return r;
	}
	for (size_t i = 0; i < in->code.n; i++) {
		const struct rd_citem *item = &in->code.items[i];
		int r = rd_ccode_defines(&in->code, item, CRAT_FUNCTION)
				? 0
				: judge_elsewhere(in, item, err);

		if (r)
			return r;
	}
	return 0;
}

static int judge_limits(struct crat_inspection *in)
{
	const struct rd_ccode *code = &in->code;

	if (code->flaw && crat_add(in, &in->limits, RD_EVIDENCE_LIMIT, code->flaw_line,
				   code->flaw_line, "no complete C file: %s", code->flaw))
		return -ENOMEM;
	if (!in->n_functions &&
	    rd_evidence_add(&in->limits, RD_EVIDENCE_LIMIT, in->name,
			    "no complete definition of %s() is compiled", CRAT_FUNCTION))
		return -ENOMEM;
	if (in->words.is_full &&
	    rd_evidence_add(&in->limits, RD_EVIDENCE_LIMIT, in->name,
			    "too many names stand for device ids or flags to follow them all"))
		return -ENOMEM;
	return 0;
}

static int inspect_all(struct crat_inspection *in, struct rd_error *err)
{
	int r;

	crat_words_init(&in->words, &in->code);
	if (find_declared(in))
		return rd_error_nomem(err);
	for (size_t i = 0; i < in->code.live.n && !in->is_since_4_19; i++)
		in->is_since_4_19 = rd_ctoken_is(&in->code.live.items[i], SINCE_4_19);
	r = judge_items(in, err);
	if (r)
		return r;
	/* In a file that is cut short, the call may be what is missing. */
	if ((!in->code.flaw && crat_judge_calls(in)) ||
	    (in->patched.n && crat_add_definitions(in)) || judge_limits(in) || crat_add_notes(in))
		return rd_error_nomem(err);
	return 0;
}

static int conclude(const struct crat_inspection *in, enum rd_verdict *verdictp,
		    struct rd_evidence *ev)
{
	const struct rd_evidence *const lists[] = { &in->patched, &in->modified, &in->limits,
						    &in->notes };

	for (size_t i = 0; i < RD_N_ELEMENTS(lists); i++) {
		if (rd_evidence_copy(ev, lists[i]))
			return -ENOMEM;
	}
	if (in->patched.n)
		*verdictp = RD_VERDICT_PATCHED;
	else if (in->modified.n)
		*verdictp = RD_VERDICT_MODIFIED;
	else
		*verdictp = in->limits.n ? RD_VERDICT_UNKNOWN : RD_VERDICT_NO_SIGN;
	return 0;
}

static int refuse(const char *name, const char *why, enum rd_verdict *verdictp,
		  struct rd_evidence *ev, struct rd_error *err)
{
	if (rd_evidence_add(ev, RD_EVIDENCE_LIMIT, name, "%s", why))
		return rd_error_nomem(err);
	*verdictp = RD_VERDICT_UNKNOWN;
	return 0;
}

int rd_crat_source_inspect(const char *text, size_t len, const char *name,
			   enum rd_verdict *verdictp, struct rd_evidence *ev, struct rd_error *err)
{
	RD_CLEANUP(inspection_deinit) struct crat_inspection in = { .name = name };
	const char *stock = rd_data_stock_parse_subtype_mem();
	int r;

	if (len > RD_CTOKENS_MAX)
		return refuse(name, "larger than any kfd_crat.c: not read", verdictp, ev, err);
	if (len && memchr(text, '\0', len))
		return refuse(name, "binary: holds NUL bytes", verdictp, ev, err);

	r = rd_ccode_init(&in.code, text, len, err);
	if (!r)
		r = rd_ccode_init(&in.stock, stock, strlen(stock), err);
	if (!r)
		r = inspect_all(&in, err);
	if (r)
		return r;
	return conclude(&in, verdictp, ev) ? rd_error_nomem(err) : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9');
}

/* A definition's head after its name: `(…) {`. */
static bool is_definition_head(const char *text, size_t len)
{
	size_t i = 0, depth = 0;

	while (i < len && is_blank(text[i]))
		i++;
	if (i == len || text[i] != '(')
		return false;
	do {
		if (i == len || text[i] == ';' || text[i] == '{')
			return false;
		depth += text[i] == '(';
		depth -= text[i] == ')';
		i++;
	} while (depth);
	while (i < len && is_blank(text[i]))
		i++;
	return i < len && text[i] == '{';
}

int rd_crat_source_is(const char *text, size_t len)
{
	/* Names that start so are defined in kfd_crat.c alone; no definition's head is as long. */
	static const char stem[] = "kfd_parse_";
	const size_t head = 1024;
	/* Of what is larger than it may be, the start has to do. */
	const char *end = text + (len < RD_CTOKENS_MAX ? len : RD_CTOKENS_MAX);

	for (const char *p = text;
	     p < end && (p = memmem(p, (size_t)(end - p), stem, strlen(stem)));) {
		size_t left;

		while (p < end && is_name(*p))
			p++;
		left = (size_t)(end - p);
		if (is_definition_head(p, left < head ? left : head))
			return 1;
	}
	return 0;
}
