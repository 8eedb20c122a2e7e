/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * All of a kfd_crat.c but kfd_parse_subtype_mem(). There is no stock text to hold it against, and
 * kernels to come may add device ids. So an id alone is worth a note, never a verdict. Signs are:
 *
 * - the hot-pluggable flag by name, of KFD or of the CRAT, or by a macro that holds it;
 * - an id in code that also writes to a `flags` member what is no CRAT_* constant;
 * - what else than constants of the headers is written to a `flags` member (crat_written.c);
 * - the message of a published patch;
 * - a macro that changes the meaning of a word of the stock function;
 * - an #include of what is no header;
 * - a kfd_parse_subtype_mem() that nothing calls.
 *
 * None of them occurs in a stock file, Linux 4.15 to 7.3 and AMD's trees.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "crat_inspection.h"
#include "crat_written.h"

/* The statement around token @at of an item. */
static struct crat_range statement_around(const struct rd_ctoken *tokens, size_t n, size_t at)
{
	size_t first = at, end = at + 1;

	while (first > 0 && tokens[first - 1].kind != RD_CTOKEN_DIRECTIVE_END &&
	       !rd_ctoken_is(&tokens[first - 1], ";") && !rd_ctoken_is(&tokens[first - 1], "{") &&
	       !rd_ctoken_is(&tokens[first - 1], "}"))
		first--;
	while (end < n && !rd_ctoken_is(&tokens[end - 1], ";") &&
	       !rd_ctoken_is(&tokens[end - 1], "{") &&
	       tokens[end - 1].kind != RD_CTOKEN_DIRECTIVE_END)
		end++;
	return (struct crat_range){ .tokens = tokens + first, .n = end - first };
}

static int add_range(struct crat_inspection *in, struct rd_evidence *list, struct crat_range range,
		     const char *what)
{
	crat_use_names(in, range);
	return crat_add(in, list, RD_EVIDENCE_SOURCE, range.tokens[0].first,
			range.tokens[range.n - 1].last, "%s", what);
}

/* The first word of an item that means an RDNA1 id, its own name apart; NULL if it has none. */
static const struct rd_ctoken *first_id(const struct crat_inspection *in,
					const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);

	for (size_t i = 0; i < item->n; i++) {
		if ((crat_token_meaning(&in->words, &tokens[i]) & CRAT_MEANS_ID) &&
		    !rd_ccode_declares(&in->code, item, i))
			return &tokens[i];
	}
	return NULL;
}

/* A sign at a token of an item: the list that it belongs in, and why if that is "modified". */
struct sign {
	struct rd_evidence *list; /* NULL: no sign */
	const char *why;
};

static struct sign sign_at(struct crat_inspection *in, const struct rd_citem *item, size_t i,
			   bool has_id)
{
	static const char *const whys[] = {
		[CRAT_WRITES_NUMBER] = "writes a bare number to flags, where stock code has "
				       "constants: it may make a memory bank hot-pluggable",
		[CRAT_WRITES_OTHER] = "writes to flags what no stock code does: it may make a "
				      "memory bank hot-pluggable",
		[CRAT_WRITES_MEMORY] = "writes the flags of a memory bank, as only " CRAT_FUNCTION
				       "() does in stock code",
	};
	const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);
	enum crat_written written;

	if (crat_token_meaning(&in->words, &tokens[i]) & CRAT_MEANS_FLAG)
		return (struct sign){ .list = &in->patched };
	written = crat_what_is_written(in, item, i);
	if (written != CRAT_WRITES_CONSTANTS && has_id)
		return (struct sign){ .list = &in->patched };
	if ((size_t)written < RD_N_ELEMENTS(whys) && whys[written])
		return (struct sign){ .list = &in->modified, .why = whys[written] };
	return (struct sign){ 0 };
}

static int add_sign(struct crat_inspection *in, const struct sign *sign, struct crat_range range)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	if (sign->why)
		return add_range(in, sign->list, range, sign->why);
	if (crat_describe(in, range, "hand-made patch outside " CRAT_FUNCTION "()", &text))
		return -ENOMEM;
	return add_range(in, sign->list, range, text.data);
}

static int judge_code(struct crat_inspection *in, const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);
	const struct rd_ctoken *id = first_id(in, item), *told = NULL;
	bool has_id = id, is_patched = false;

	for (size_t i = 0; i < item->n; i++) {
		struct sign sign = sign_at(in, item, i, has_id);
		struct crat_range range;

		if (!sign.list || &tokens[i] < told)
			continue;
		range = statement_around(tokens, item->n, i);
		told = range.tokens + range.n;
		if (crat_meaning(&in->words, range.tokens, range.n) & CRAT_MEANS_FLAG)
			sign = (struct sign){ .list = &in->patched };
		is_patched = is_patched || sign.list == &in->patched;
		if (add_sign(in, &sign, range))
			return -ENOMEM;
		if (id && id >= range.tokens && id < told)
			id = NULL;
	}
	if (!is_patched || !id)
		return 0;
	return add_range(in, &in->patched, statement_around(tokens, item->n, (size_t)(id - tokens)),
			 "the patch's test for an RDNA1 device id");
}

/* The words of the stock function mean what they mean elsewhere: a macro over one changes it. */
static int judge_macro(struct crat_inspection *in, const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);
	const struct rd_ctoken *name = &tokens[2], *end = &tokens[item->n - 1];
	bool is_flag;

	if (item->n < 4)
		return 0;
	is_flag = rd_ctoken_has_prefix(name, "HSA_MEM_FLAGS_") ||
		  rd_ctoken_has_prefix(name, "CRAT_MEM_FLAGS_");
	if (!is_flag && !crat_is_stock_word(in, name))
		return 0;

	crat_use_names(in, (struct crat_range){ .tokens = tokens, .n = item->n });
	if (is_flag || crat_touches_flags(&in->words, tokens, item->n))
		return crat_add(in, &in->patched, RD_EVIDENCE_SOURCE, tokens[0].first, end[-1].last,
				"hand-made patch: redefines %.*s, on which the memory flags depend",
				(int)name->len, name->text);
	return crat_add(in, &in->modified, RD_EVIDENCE_SOURCE, tokens[0].first, end[-1].last,
			"redefines %.*s, a word of %s()", (int)name->len, name->text,
			CRAT_FUNCTION);
}

/* Whether the file of an #include, or the macro that names it, is a header by its name. */
static bool is_header(const struct rd_ctoken *name, size_t n)
{
	const struct rd_ctoken *last = &name[n - 1];

	if (last->kind == RD_CTOKEN_STRING)
		return last->len > 4 && !memcmp(&last->text[last->len - 3], ".h\"", 3);
	if (rd_ctoken_is(last, ">"))
		return n > 3 && rd_ctoken_is(&last[-1], "h") && rd_ctoken_is(&last[-2], ".");
	/* All else but a lone macro is an error to the compiler. */
	return n != 1 || last->kind != RD_CTOKEN_IDENTIFIER;
}

/* Stock includes headers. Code that comes from another file cannot be seen here. */
static int judge_include(struct crat_inspection *in, const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);

	/* Between "# include" and the line's end. */
	if (item->n < 4 || is_header(tokens + 2, item->n - 3))
		return 0;
	return crat_add(in, &in->modified, RD_EVIDENCE_SOURCE, tokens[0].first,
			tokens[item->n - 2].last,
			"includes what is no header: its code cannot be seen in this file");
}

/* A published patch says who it is, whatever else can be understood of it. */
static int judge_message(struct crat_inspection *in, const struct rd_citem *item)
{
	struct crat_range range = { .tokens = rd_ccode_tokens(&in->code, item), .n = item->n };
	const struct rd_patch_string *known = crat_known_patch(range);

	for (size_t i = 0; known && i < range.n; i++) {
		const struct rd_ctoken *token = &range.tokens[i];

		if (!crat_known_patch((struct crat_range){ .tokens = token, .n = 1 }))
			continue;
		return crat_add(in, &in->modified, RD_EVIDENCE_SOURCE, token->first, token->last,
				"prints the message of a known patch: %s", known->title);
	}
	return 0;
}

int crat_judge_elsewhere(struct crat_inspection *in, const struct rd_citem *item)
{
	size_t n = in->patched.n;
	int r = 0;

	switch (item->kind) {
	case RD_CITEM_CODE:
		r = judge_code(in, item);
		return r || n != in->patched.n ? r : judge_message(in, item);
	case RD_CITEM_DEFINE:
	case RD_CITEM_UNDEF:
		r = judge_macro(in, item);
		return r || n != in->patched.n ? r : judge_message(in, item);
	case RD_CITEM_INCLUDE:
		return judge_include(in, item);
	case RD_CITEM_DIRECTIVE:
	case RD_CITEM_REST:
		break;
	}
	return 0;
}

/* A function that is stock, and that nothing calls, is not the one that runs. */
int crat_judge_calls(struct crat_inspection *in)
{
	const struct rd_ctoken *token = NULL;

	for (size_t i = 0; i < in->code.n; i++) {
		const struct rd_citem *item = &in->code.items[i];
		const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);

		for (size_t k = 0; k < item->n; k++) {
			if (!rd_ctoken_is(&tokens[k], CRAT_FUNCTION))
				continue;
			if (!rd_ccode_defines(&in->code, item, CRAT_FUNCTION))
				return 0;
			token = &tokens[k];
		}
	}
	return token ? crat_add(in, &in->modified, RD_EVIDENCE_SOURCE, token->first, token->last,
				"nothing in the file calls %s()", CRAT_FUNCTION)
		     : 0;
}

/* What the file defines for the signs' use: macros, tables, helpers. */
int crat_add_definitions(struct crat_inspection *in)
{
	for (size_t i = 0; i < in->code.n; i++) {
		const struct rd_citem *item = &in->code.items[i];
		const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);
		const struct rd_ctoken *name = NULL;

		for (size_t k = 0; !name && k < item->n; k++) {
			if (!rd_ccode_declares(&in->code, item, k) || crat_is_own_name(&tokens[k]))
				continue;
			for (size_t u = 0; u < in->n_used; u++) {
				if (rd_ctoken_equal(in->used[u], &tokens[k]))
					name = &tokens[k];
			}
		}
		if (name && crat_add(in, &in->patched, RD_EVIDENCE_SOURCE, tokens[0].first,
				     tokens[item->n - 1].last, "defines %.*s, which the patch uses",
				     (int)name->len, name->text))
			return -ENOMEM;
	}
	return 0;
}

static bool names_patch(const struct rd_ctoken *token)
{
	const struct rd_patch_string *strings;
	size_t n;

	if (token->kind == RD_CTOKEN_IDENTIFIER)
		return rd_ctoken_is(token, CRAT_FLAG);
	if (token->kind != RD_CTOKEN_COMMENT && token->kind != RD_CTOKEN_STRING)
		return false;
	if (memmem(token->text, token->len, CRAT_FLAG, strlen(CRAT_FLAG)))
		return true;
	strings = rd_data_patch_strings(&n);
	for (size_t i = 0; i < n; i++) {
		if (memmem(token->text, token->len, strings[i].text, strlen(strings[i].text)))
			return true;
	}
	return false;
}

static int note_dead(struct crat_inspection *in)
{
	const struct rd_ctokens *all = &in->code.all, *live = &in->code.live;
	size_t k = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct rd_ctoken *token = &all->items[i];

		while (k < live->n && live->items[k].offset < token->offset)
			k++;
		if (k < live->n && live->items[k].offset == token->offset)
			continue;
		if (names_patch(token) &&
		    crat_add(in, &in->notes, RD_EVIDENCE_COVERAGE, token->first, token->last,
			     "names the flag or a known patch, but is not compiled"))
			return -ENOMEM;
	}
	return 0;
}

/* Ids that nothing of the memory flags depends on: worth knowing, no sign. */
static int note_ids(struct crat_inspection *in)
{
	for (size_t i = 0; i < in->code.live.n; i++) {
		const struct rd_ctoken *token = &in->code.live.items[i];

		if (crat_is_id(token) &&
		    crat_add(in, &in->notes, RD_EVIDENCE_COVERAGE, token->first, token->last,
			     "names RDNA1 device id 0x%llx; no memory flag depends on it",
			     (unsigned long long)token->value))
			return -ENOMEM;
	}
	return 0;
}

int crat_add_notes(struct crat_inspection *in)
{
	const struct rd_ctokens *live = &in->code.live;

	if (note_dead(in))
		return -ENOMEM;
	if (in->patched.n)
		return 0;
	if (live->n && !in->modified.n && !in->limits.n &&
	    crat_add(in, &in->notes, RD_EVIDENCE_COVERAGE, live->items[0].first,
		     live->items[live->n - 1].last,
		     "no other code names the hot-pluggable flag or makes flags from an RDNA1 id"))
		return -ENOMEM;
	return note_ids(in);
}
