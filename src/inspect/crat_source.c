/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The verdict on a kfd_crat.c.
 *
 * Inside kfd_parse_subtype_mem() everything is decidable, for the function is a constant of all
 * kernels: each hunk against stock is a sign. One that has a part in what the memory flags become,
 * or that knows an RDNA1 id, is a patch (a published one if it carries its message, else
 * hand-made); any other makes the file "modified".
 *
 * Outside there is no stock to hold against, and kernels to come may add device ids. So an id alone
 * is worth a note, never a verdict. Signs are: the hot-pluggable flag by name; an id in a function
 * that also writes to some `flags` what is no CRAT_* constant; a macro that changes the meaning of
 * a word of the stock function; a bare number with the flag's bit, written to a `flags` member; an
 * #include of code, not of a header; a stock function that nothing calls. None of them occurs in a
 * stock file from 4.19 to 7.3 or in AMD's trees.
 *
 * Only live code counts (inspect/ccode.h). The patch in a comment or below `#if 0` is a note: no
 * compiler sees it. A branch that a Kconfig symbol or a -D decides is live.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "crat_words.h"
#include "inspect/crat_hunk.h"
#include "inspect/crat_source.h"
#include "model/data.h"

/* Bits of HSA_MEM_FLAGS_HOT_PLUGGABLE (kfd_topology.h) and CRAT_MEM_FLAGS_HOT_PLUGGABLE
 * (kfd_crat.h). */
#define HOT_PLUGGABLE_BITS 0x3

/* More ids than these in one sentence help nobody. */
#define MAX_IDS_TOLD 4

struct range {
	const struct rd_ctoken *tokens;
	size_t n;
};

struct inspection {
	const char *name;
	struct rd_ccode code, stock;
	struct crat_words words;
	size_t n_functions;

	/* Names that signs use: what the file defines by them belongs to the patch. */
	const struct rd_ctoken *used[64];
	size_t n_used;

	struct rd_evidence patched, modified, limits, notes;
};

static void inspection_deinit(struct inspection *in)
{
	rd_ccode_deinit(&in->code);
	rd_ccode_deinit(&in->stock);
	rd_evidence_deinit(&in->patched);
	rd_evidence_deinit(&in->modified);
	rd_evidence_deinit(&in->limits);
	rd_evidence_deinit(&in->notes);
}

static int RD_PRINTF(6, 7)
	add(const struct inspection *in, struct rd_evidence *list, enum rd_evidence_kind kind,
	    uint32_t first, uint32_t last, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *where = NULL;
	RD_CLEANUP(rd_freep) char *detail = NULL;
	va_list ap;
	int n;

	if (asprintf(&where, "%s:%u-%u", in->name, first, last) < 0) {
		where = NULL;
		return -ENOMEM;
	}
	va_start(ap, fmt);
	n = vasprintf(&detail, fmt, ap);
	va_end(ap);
	if (n < 0) {
		detail = NULL;
		return -ENOMEM;
	}
	return rd_evidence_add(list, kind, where, "%s", detail);
}

static bool is_stock_word(const struct inspection *in, const struct rd_ctoken *name)
{
	return crat_has_name(in->stock.live.items, in->stock.live.n, name);
}

/* Remembers the names of a sign that stock does not know. */
static void use_names(struct inspection *in, struct range range)
{
	for (size_t i = 0; i < range.n && in->n_used < RD_N_ELEMENTS(in->used); i++) {
		const struct rd_ctoken *token = &range.tokens[i];
		bool is_known = token->kind != RD_CTOKEN_IDENTIFIER || is_stock_word(in, token);

		for (size_t k = 0; k < in->n_used && !is_known; k++)
			is_known = rd_ctoken_equal(in->used[k], token);
		if (!is_known)
			in->used[in->n_used++] = token;
	}
}

/* The statement around token @at of an item. */
static struct range statement_around(const struct rd_ctoken *tokens, size_t n, size_t at)
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
	return (struct range){ .tokens = tokens + first, .n = end - first };
}

/* ---- what a hunk does, in words ---- */

static const struct rd_patch_string *known_patch(struct range range)
{
	const struct rd_patch_string *strings;
	size_t n;

	strings = rd_data_patch_strings(&n);
	for (size_t i = 0; i < range.n; i++) {
		const struct rd_ctoken *token = &range.tokens[i];

		for (size_t k = 0; token->kind == RD_CTOKEN_STRING && k < n; k++) {
			if (memmem(token->text, token->len, strings[k].text,
				   strlen(strings[k].text)))
				return &strings[k];
		}
	}
	return NULL;
}

static bool has_any(struct range range, const char *const *words, size_t n)
{
	for (size_t i = 0; i < range.n; i++) {
		for (size_t k = 0; k < n; k++) {
			if (rd_ctoken_is(&range.tokens[i], words[k]))
				return true;
		}
	}
	return false;
}

static bool has_graphics_version(struct range range)
{
	static const char *const words[] = { "IP_VERSION", "KFD_GC_VERSION", "amdgpu_ip_version",
					     "gfx_target_version", "asic_type" };

	return has_any(range, words, RD_N_ELEMENTS(words));
}

static bool has_condition(struct range range)
{
	static const char *const words[] = { "if", "?", "switch", "while", "for", "&&", "||" };

	return has_any(range, words, RD_N_ELEMENTS(words));
}

/* " for device ids 0x7310, 0x7312": the numbers, each once; nothing if there are none. */
static int tell_ids(struct rd_text *text, struct range range)
{
	uint64_t told[MAX_IDS_TOLD];
	size_t n = 0;

	for (size_t i = 0; i < range.n; i++) {
		bool is_told = !crat_is_id_like(&range.tokens[i]);

		for (size_t k = 0; k < n && !is_told; k++)
			is_told = told[k] == range.tokens[i].value;
		if (is_told)
			continue;
		if (n == MAX_IDS_TOLD)
			return rd_text_puts(text, " and more");
		told[n++] = range.tokens[i].value;
		if (rd_text_printf(text, n == 1 ? " for device id 0x%llx" : ", 0x%llx",
				   (unsigned long long)range.tokens[i].value))
			return -ENOMEM;
	}
	return 0;
}

static int tell_condition(struct rd_text *text, const struct crat_words *words, struct range range)
{
	size_t before = text->len;

	if (tell_ids(text, range))
		return -ENOMEM;
	if (text->len > before)
		return 0;
	if (crat_meaning(words, range.tokens, range.n) & CRAT_MEANS_ID)
		return rd_text_puts(text, " for RDNA1 device ids that the file names");
	if (has_graphics_version(range))
		return rd_text_puts(text, " by graphics version");
	if (has_condition(range))
		return rd_text_puts(text, " on a condition of its own");
	return rd_text_puts(text, " without a condition");
}

/* One line for people: which patch, what it does, when. */
static int describe_patch(struct rd_text *text, const struct crat_words *words, const char *title,
			  struct range range)
{
	const char *effect = "acts on RDNA1 cards";

	if (crat_meaning(words, range.tokens, range.n) & CRAT_MEANS_FLAG)
		effect = "sets " CRAT_FLAG;
	else if (crat_touches_flags(words, range.tokens, range.n))
		effect = "changes the flags of memory banks";
	else if (!range.n)
		return rd_text_printf(text, "%s: takes out stock code that makes the memory flags",
				      title);
	if (rd_text_printf(text, "%s: %s", title, effect))
		return -ENOMEM;
	return tell_condition(text, words, range);
}

/* ---- kfd_parse_subtype_mem() ---- */

static bool has_id_like(struct range range)
{
	for (size_t i = 0; i < range.n; i++) {
		if (crat_is_id_like(&range.tokens[i]))
			return true;
	}
	return false;
}

static int judge_hunk(struct inspection *in, const struct rd_crat_hunk *hunk)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct range file = { .tokens = in->code.live.items + hunk->first, .n = hunk->n };
	struct range ref = { .tokens = in->stock.live.items + hunk->stock_first,
			     .n = hunk->stock_n };
	const struct rd_patch_string *known = known_patch(file);

	use_names(in, file);
	if (!known && !has_id_like(file) &&
	    !(crat_meaning(&in->words, file.tokens, file.n) & CRAT_MEANS_ID) &&
	    !crat_touches_flags(&in->words, file.tokens, file.n) &&
	    !crat_touches_flags(&in->words, ref.tokens, ref.n))
		return add(in, &in->modified, RD_EVIDENCE_SOURCE, hunk->first_line, hunk->last_line,
			   "%s(): differs from the stock function, not in what it "
			   "does to the memory flags",
			   CRAT_FUNCTION);

	if (describe_patch(&text, &in->words,
			   known ? known->title : "hand-made patch of " CRAT_FUNCTION "()", file))
		return -ENOMEM;
	return add(in, &in->patched, RD_EVIDENCE_SOURCE, hunk->first_line, hunk->last_line, "%s",
		   text.data);
}

static int judge_function(struct inspection *in, const struct rd_citem *item, struct rd_error *err)
{
	RD_CLEANUP(rd_crat_hunks_deinit) struct rd_crat_hunks hunks = RD_CRAT_HUNKS_INIT;
	const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);
	int r;

	in->n_functions++;
	r = rd_crat_hunks_init(&hunks, &in->code, item, &in->stock, err);
	if (r)
		return r;
	for (size_t i = 0; i < hunks.n; i++) {
		if (judge_hunk(in, &hunks.items[i]))
			return rd_error_nomem(err);
	}
	if (!hunks.n &&
	    add(in, &in->notes, RD_EVIDENCE_COVERAGE, tokens[0].first, tokens[item->n - 1].last,
		"%s() is the stock function, token by token", CRAT_FUNCTION))
		return rd_error_nomem(err);
	return 0;
}

/* ---- the rest of the file ---- */

/* Reports the statement around token @at. */
static int add_statement(struct inspection *in, const struct rd_citem *item, size_t at,
			 struct rd_evidence *list, const char *what)
{
	struct range range = statement_around(rd_ccode_tokens(&in->code, item), item->n, at);

	use_names(in, range);
	return add(in, list, RD_EVIDENCE_SOURCE, range.tokens[0].first,
		   range.tokens[range.n - 1].last, "%s", what);
}

/* Of the number at @at, and of `N << M` as a whole. */
static bool has_flag_bit(const struct rd_ctoken *tokens, size_t n, size_t at)
{
	uint64_t value = tokens[at].value;

	if (!tokens[at].has_value || (at && rd_ctoken_is(&tokens[at - 1], "<<")))
		return false;
	if (at + 2 < n && rd_ctoken_is(&tokens[at + 1], "<<") && tokens[at + 2].has_value)
		value = tokens[at + 2].value < 64 ? value << tokens[at + 2].value : 0;
	return value & HOT_PLUGGABLE_BITS;
}

enum written {
	WRITES_CONSTANTS, /* CRAT_* and numbers without the flag's bit */
	WRITES_NUMBER, /* a bare number that has it */
	WRITES_OTHER,
};

/* What the assignment to the flags at token @at writes. */
static enum written what_is_written(const struct crat_words *words, const struct rd_ctoken *tokens,
				    size_t n, size_t at)
{
	enum written written = WRITES_CONSTANTS;

	for (size_t i = at + 1; i < n && !rd_ctoken_is(&tokens[i], ";"); i++) {
		if (tokens[i].depth < tokens[at].depth ||
		    (tokens[i].depth == tokens[at].depth && rd_ctoken_is(&tokens[i], ",")))
			break;
		if (written == WRITES_CONSTANTS && has_flag_bit(tokens, n, i))
			written = WRITES_NUMBER;
		if (tokens[i].kind == RD_CTOKEN_IDENTIFIER &&
		    (!rd_ctoken_has_prefix(&tokens[i], "CRAT_") ||
		     crat_token_meaning(words, &tokens[i])))
			written = WRITES_OTHER;
	}
	return written;
}

static bool is_member(const struct rd_ctoken *tokens, size_t at)
{
	return at && (rd_ctoken_is(&tokens[at - 1], "->") || rd_ctoken_is(&tokens[at - 1], "."));
}

static int judge_code(struct inspection *in, const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);
	unsigned int meaning = crat_meaning(&in->words, tokens, item->n);
	const struct rd_ctoken *id = NULL;
	bool is_patched = false;
	int r = 0;

	for (size_t i = 0; !r && i < item->n; i++) {
		unsigned int here = crat_token_meaning(&in->words, &tokens[i]);
		enum written written = WRITES_CONSTANTS;

		if (!id && (here & CRAT_MEANS_ID))
			id = &tokens[i];
		if (is_member(tokens, i) && crat_writes_flags(tokens, item->n, i))
			written = what_is_written(&in->words, tokens, item->n, i);

		if (here & CRAT_MEANS_FLAG) {
			is_patched = true;
			r = add_statement(
				in, item, i, &in->patched,
				"hand-made patch: uses the hot-pluggable memory flag, which "
				"stock names in " CRAT_FUNCTION "() alone");
		} else if (written != WRITES_CONSTANTS && (meaning & CRAT_MEANS_ID)) {
			is_patched = true;
			r = add_statement(
				in, item, i, &in->patched,
				"hand-made patch: changes flags in code that tests for an "
				"RDNA1 device id");
		} else if (written == WRITES_NUMBER) {
			r = add_statement(
				in, item, i, &in->modified,
				"writes a bare number to flags, where stock has constants: "
				"its bits would make a memory bank hot-pluggable");
		}
	}
	if (r || !id)
		return r;
	if (is_patched)
		return add_statement(in, item, (size_t)(id - tokens), &in->patched,
				     "the patch's test for an RDNA1 device id");
	return add(in, &in->notes, RD_EVIDENCE_COVERAGE, id->first, id->last,
		   "names an RDNA1 device id; nothing of the memory flags depends on it here");
}

/* The words of the stock function mean what they mean elsewhere: a macro over one changes it. */
static int judge_macro(struct inspection *in, const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);
	const struct rd_ctoken *name = &tokens[2], *end = &tokens[item->n - 1];
	bool is_flag;

	if (item->n < 4)
		return 0;
	is_flag = rd_ctoken_has_prefix(name, "HSA_MEM_FLAGS_") ||
		  rd_ctoken_has_prefix(name, "CRAT_MEM_FLAGS_");
	if (!is_flag && !is_stock_word(in, name))
		return 0;

	use_names(in, (struct range){ .tokens = tokens, .n = item->n });
	if (is_flag || crat_touches_flags(&in->words, tokens, item->n))
		return add(in, &in->patched, RD_EVIDENCE_SOURCE, tokens[0].first, end[-1].last,
			   "hand-made patch: redefines %.*s, on which the memory flags depend",
			   (int)name->len, name->text);
	return add(in, &in->modified, RD_EVIDENCE_SOURCE, tokens[0].first, end[-1].last,
		   "redefines %.*s, a word of %s()", (int)name->len, name->text, CRAT_FUNCTION);
}

/* Stock includes headers. Code that comes from another file cannot be seen here. */
static int judge_include(struct inspection *in, const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);
	const struct rd_ctoken *last = &tokens[item->n - 2];

	if (item->n < 4)
		return 0;
	if (last->kind == RD_CTOKEN_STRING
		    ? last->len > 4 && !memcmp(&last->text[last->len - 3], ".h\"", 3)
		    : rd_ctoken_is(last, ">") && rd_ctoken_is(last - 1, "h"))
		return 0;
	return add(in, &in->modified, RD_EVIDENCE_SOURCE, tokens[0].first, last->last,
		   "includes what is no header: its code cannot be seen in this file");
}

static int judge_item(struct inspection *in, const struct rd_citem *item, struct rd_error *err)
{
	int r = 0;

	if (rd_ccode_defines(&in->code, item, CRAT_FUNCTION))
		return judge_function(in, item, err);
	if (item->kind == RD_CITEM_CODE)
		r = judge_code(in, item);
	else if (item->kind == RD_CITEM_DEFINE || item->kind == RD_CITEM_UNDEF)
		r = judge_macro(in, item);
	else if (item->kind == RD_CITEM_INCLUDE)
		r = judge_include(in, item);
	return r ? rd_error_nomem(err) : 0;
}

/* A function that is stock, and that nothing calls, is not the one that runs. */
static int judge_calls(struct inspection *in)
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
	return token ? add(in, &in->modified, RD_EVIDENCE_SOURCE, token->first, token->last,
			   "nothing in the file calls %s()", CRAT_FUNCTION)
		     : 0;
}

static bool has_known_stem(const struct rd_ctoken *name)
{
	const char *const *stems;
	size_t n;

	stems = rd_data_crat_functions(&n);
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(stems[i], "*");

		if (name->len >= len && !memcmp(name->text, stems[i], len))
			return true;
	}
	return false;
}

/* What the file defines for the signs' use: macros, tables, helpers. */
static int add_definitions(struct inspection *in)
{
	for (size_t i = 0; i < in->code.n; i++) {
		const struct rd_citem *item = &in->code.items[i];
		const struct rd_ctoken *tokens = rd_ccode_tokens(&in->code, item);
		const struct rd_ctoken *name = NULL;

		for (size_t k = 0; !name && k < item->n; k++) {
			if (!rd_ccode_declares(&in->code, item, k) || has_known_stem(&tokens[k]))
				continue;
			for (size_t u = 0; u < in->n_used; u++) {
				if (rd_ctoken_equal(in->used[u], &tokens[k]))
					name = &tokens[k];
			}
		}
		if (name && add(in, &in->patched, RD_EVIDENCE_SOURCE, tokens[0].first,
				tokens[item->n - 1].last, "defines %.*s, which the patch uses",
				(int)name->len, name->text))
			return -ENOMEM;
	}
	return 0;
}

/* ---- what is not compiled ---- */

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

static int note_dead(struct inspection *in)
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
		    add(in, &in->notes, RD_EVIDENCE_COVERAGE, token->first, token->last,
			"names the flag or a known patch where nothing is compiled (a comment or "
			"#if 0)"))
			return -ENOMEM;
	}
	return 0;
}

/* ---- the whole ---- */

static int judge_limits(struct inspection *in)
{
	const struct rd_ccode *code = &in->code;

	if (code->flaw && add(in, &in->limits, RD_EVIDENCE_LIMIT, code->flaw_line, code->flaw_line,
			      "no complete C file: %s", code->flaw))
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

static int inspect_all(struct inspection *in, struct rd_error *err)
{
	crat_words_init(&in->words, &in->code);
	for (size_t i = 0; i < in->code.n; i++) {
		int r = judge_item(in, &in->code.items[i], err);

		if (r)
			return r;
	}
	if (judge_calls(in) || (in->patched.n && add_definitions(in)) || note_dead(in) ||
	    judge_limits(in))
		return rd_error_nomem(err);
	return 0;
}

static int conclude(const struct inspection *in, enum rd_verdict *verdictp, struct rd_evidence *ev)
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
	RD_CLEANUP(inspection_deinit) struct inspection in = { .name = name };
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
	const char *end = text + len;

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
