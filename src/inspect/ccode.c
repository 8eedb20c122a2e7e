/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Preprocessing conditionals and brackets, followed together in one pass over the tokens.
 *
 * What a -D, a Kconfig symbol or a header decides is not known here: such branches are all live,
 * and each starts from the brackets that were open at its #if, so that `#ifdef A … { #else … {
 * #endif` balances. Only constants decide: `#if 0`, `#if !1`, `#else` of `#if 1`. The directives of
 * a conditional that is decided so do not appear among the live tokens: the compiler sees the same
 * code without them.
 *
 * Defined by ISO/IEC 9899 6.10.1 (conditional inclusion) and 6.9 (external definitions).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "inspect/ccode.h"

enum truth { IS_FALSE, IS_TRUE, IS_OPEN };

struct brackets {
	uint32_t braces, others;
};

struct conditional {
	struct brackets outer; /* open at its #if */
	bool is_outer_live;
	bool had_true; /* a branch that is certainly compiled: those after it are not */
	bool is_open; /* a branch nobody here can decide: its directives stay */
};

struct conditionals {
	struct conditional *items;
	size_t n, cap;
};

struct reader {
	struct rd_ccode *code;
	struct conditionals conditionals;
	struct brackets brackets;
	bool is_live;
	bool has_body; /* the item has opened a function's body */
	bool is_after_parenthesis; /* the last token of code was `)` */
	size_t item_start; /* in live */
};

static void reader_deinit(struct reader *rd)
{
	free(rd->conditionals.items);
}

static void set_flaw(struct reader *rd, const char *flaw, uint32_t line)
{
	if (rd->code->flaw)
		return;
	rd->code->flaw = flaw;
	rd->code->flaw_line = line;
}

static int keep(struct reader *rd, const struct rd_ctoken *token)
{
	struct rd_ctoken copy = *token;

	copy.depth = rd->brackets.braces + rd->brackets.others;
	return rd_array_push(&rd->code->live, &copy);
}

static int end_item(struct reader *rd, enum rd_citem_kind kind)
{
	struct rd_citem item = {
		.kind = kind,
		.is_function = rd->has_body && kind == RD_CITEM_CODE,
		.first = rd->item_start,
		.n = rd->code->live.n - rd->item_start,
	};

	rd->item_start = rd->code->live.n;
	rd->has_body = false;
	return item.n ? rd_array_push(rd->code, &item) : 0;
}

/* One literal, with parentheses and `!` around it; all else is open. */
static enum truth evaluate(const struct rd_ctoken *tokens, size_t n)
{
	enum truth truth = IS_OPEN;
	bool is_negated = false;

	for (size_t i = 0; i < n; i++) {
		const struct rd_ctoken *token = &tokens[i];

		if (token->kind == RD_CTOKEN_COMMENT || token->kind == RD_CTOKEN_DIRECTIVE_END ||
		    rd_ctoken_is(token, "(") || rd_ctoken_is(token, ")"))
			continue;
		if (rd_ctoken_is(token, "!"))
			is_negated = !is_negated;
		else if (token->has_value && truth == IS_OPEN)
			truth = token->value ? IS_TRUE : IS_FALSE;
		else
			return IS_OPEN;
	}
	if (truth == IS_OPEN || !is_negated)
		return truth;
	return truth == IS_TRUE ? IS_FALSE : IS_TRUE;
}

/* Enters a branch of the innermost conditional. */
static void enter(struct reader *rd, enum truth truth)
{
	struct conditional *cond = &rd->conditionals.items[rd->conditionals.n - 1];

	rd->is_live = cond->is_outer_live && !cond->had_true && truth != IS_FALSE;
	if (rd->is_live)
		rd->brackets = cond->outer;
	if (rd->is_live && truth == IS_OPEN)
		cond->is_open = true;
	if (truth == IS_TRUE)
		cond->had_true = true;
}

/* Follows a conditional directive; *keepp tells whether its line belongs to the live tokens. */
static int conditional(struct reader *rd, const struct rd_ctoken *name, size_t n, bool *keepp)
{
	struct conditional *top;
	bool is_if = rd_ctoken_is(name, "if");

	if (is_if || rd_ctoken_is(name, "ifdef") || rd_ctoken_is(name, "ifndef")) {
		struct conditional cond = { .outer = rd->brackets, .is_outer_live = rd->is_live };

		if (rd_array_push(&rd->conditionals, &cond))
			return -ENOMEM;
		enter(rd, is_if ? evaluate(name + 1, n - 1) : IS_OPEN);
		*keepp = rd->conditionals.items[rd->conditionals.n - 1].is_open;
		return 0;
	}

	*keepp = false;
	if (!rd->conditionals.n) {
		set_flaw(rd, "a conditional directive has no #if", name->first);
		return 0;
	}
	top = &rd->conditionals.items[rd->conditionals.n - 1];
	*keepp = top->is_open;
	if (rd_ctoken_is(name, "endif")) {
		rd->is_live = top->is_outer_live;
		rd->conditionals.n--;
	} else if (rd_ctoken_is(name, "else")) {
		enter(rd, top->is_open ? IS_OPEN : IS_TRUE);
	} else {
		enter(rd, rd_ctoken_is(name, "elif") ? evaluate(name + 1, n - 1) : IS_OPEN);
		*keepp = *keepp || top->is_open;
	}
	return 0;
}

static bool is_conditional(const struct rd_ctoken *name)
{
	static const char *const names[] = { "if",   "ifdef",	"ifndef",   "else",
					     "elif", "elifdef", "elifndef", "endif" };

	for (size_t i = 0; i < RD_N_ELEMENTS(names); i++) {
		if (rd_ctoken_is(name, names[i]))
			return true;
	}
	return false;
}

static enum rd_citem_kind directive_kind(const struct rd_ctoken *name)
{
	if (rd_ctoken_is(name, "define"))
		return RD_CITEM_DEFINE;
	if (rd_ctoken_is(name, "undef"))
		return RD_CITEM_UNDEF;
	if (rd_ctoken_is(name, "include") || rd_ctoken_is(name, "include_next"))
		return RD_CITEM_INCLUDE;
	return RD_CITEM_DIRECTIVE;
}

/* A directive inside an item is part of it, and an item of its own: a macro is the file's. */
static int directive_item(struct reader *rd, enum rd_citem_kind kind, size_t first)
{
	struct rd_citem item = { .kind = kind, .first = first, .n = rd->code->live.n - first };

	if (rd->item_start == first)
		rd->item_start = rd->code->live.n;
	return rd_array_push(rd->code, &item);
}

/* The tokens from a DIRECTIVE to its DIRECTIVE_END. */
static int read_directive(struct reader *rd, const struct rd_ctoken *tokens, size_t n)
{
	size_t first = rd->code->live.n;
	size_t name = 1;
	bool is_kept = rd->is_live;

	while (tokens[name].kind == RD_CTOKEN_COMMENT)
		name++;
	if (is_conditional(&tokens[name]) && conditional(rd, tokens + name, n - name, &is_kept))
		return -ENOMEM;
	if (!is_kept)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (tokens[i].kind != RD_CTOKEN_COMMENT && keep(rd, &tokens[i]))
			return -ENOMEM;
	}
	return directive_item(rd, directive_kind(&tokens[name]), first);
}

static const char *stray_flaw(const struct rd_ctoken *token)
{
	if (token->text[0] == '/')
		return "a comment does not end";
	if (token->text[0] == '"' || token->text[0] == '\'')
		return "a string or character constant does not end on its line";
	return "a byte that is not C";
}

static int close_bracket(struct reader *rd, const struct rd_ctoken *token, bool is_brace)
{
	uint32_t *openp = is_brace ? &rd->brackets.braces : &rd->brackets.others;

	if (!*openp || (is_brace && rd->brackets.others))
		set_flaw(rd, "brackets do not balance", token->first);
	if (*openp)
		--*openp;
	if (keep(rd, token))
		return -ENOMEM;
	if (is_brace && rd->has_body && !rd->brackets.braces && !rd->brackets.others)
		return end_item(rd, RD_CITEM_CODE);
	return 0;
}

/* Outside of all brackets C has declarations only: no word of a statement, nor such a start. */
static bool is_no_declaration(const struct rd_ctoken *token, bool is_first)
{
	static const char *const words[] = { "break", "case",	"continue", "default",
					     "do",    "else",	"for",	    "goto",
					     "if",    "return", "switch",   "while" };

	if (token->kind != RD_CTOKEN_IDENTIFIER)
		return is_first && !rd_ctoken_is(token, ";") && !rd_ctoken_is(token, "[");
	for (size_t i = 0; i < RD_N_ELEMENTS(words); i++) {
		if (rd_ctoken_is(token, words[i]))
			return true;
	}
	return false;
}

static int read_code(struct reader *rd, const struct rd_ctoken *token)
{
	bool is_after_parenthesis = rd->is_after_parenthesis;
	bool is_outer = !rd->brackets.braces && !rd->brackets.others;
	bool is_brace = rd_ctoken_is(token, "{");

	if (token->kind == RD_CTOKEN_STRAY)
		set_flaw(rd, stray_flaw(token), token->first);
	rd->is_after_parenthesis = rd_ctoken_is(token, ")");
	if (rd_ctoken_is(token, "}"))
		return close_bracket(rd, token, true);
	if (rd->is_after_parenthesis || rd_ctoken_is(token, "]"))
		return close_bracket(rd, token, false);
	if (is_outer && is_no_declaration(token, rd->code->live.n == rd->item_start))
		set_flaw(rd, "a statement outside of any function", token->first);

	if (is_brace && is_outer && is_after_parenthesis)
		rd->has_body = true;
	if (keep(rd, token))
		return -ENOMEM;
	if (is_brace)
		rd->brackets.braces++;
	else if (rd_ctoken_is(token, "(") || rd_ctoken_is(token, "["))
		rd->brackets.others++;
	else if (is_outer && rd_ctoken_is(token, ";"))
		return end_item(rd, RD_CITEM_CODE);
	return 0;
}

static size_t directive_length(const struct rd_ctoken *tokens, size_t n)
{
	size_t i = 1;

	while (i < n && tokens[i - 1].kind != RD_CTOKEN_DIRECTIVE_END)
		i++;
	return i;
}

static int read_all(struct reader *rd)
{
	const struct rd_ctokens *all = &rd->code->all;
	uint32_t last_line = all->n ? all->items[all->n - 1].last : 1;

	for (size_t i = 0; i < all->n;) {
		const struct rd_ctoken *token = &all->items[i];
		size_t n = 1;
		int r = 0;

		if (token->kind == RD_CTOKEN_DIRECTIVE) {
			n = directive_length(token, all->n - i);
			r = read_directive(rd, token, n);
		} else if (rd->is_live && token->kind != RD_CTOKEN_COMMENT) {
			r = read_code(rd, token);
		}
		if (r)
			return r;
		i += n;
	}

	if (rd->conditionals.n)
		set_flaw(rd, "an #if has no #endif", last_line);
	if (rd->brackets.braces || rd->brackets.others)
		set_flaw(rd, "brackets do not balance", last_line);
	return end_item(rd, RD_CITEM_REST);
}

int rd_ccode_init(struct rd_ccode *code, const char *text, size_t len, struct rd_error *err)
{
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode out = RD_CCODE_INIT;
	RD_CLEANUP(reader_deinit) struct reader rd = { .code = &out, .is_live = true };
	int r;

	r = rd_ctokens_init(&out.all, text, len, err);
	if (r)
		return r;
	if (read_all(&rd))
		return rd_error_nomem(err);

	*code = out;
	out = (struct rd_ccode)RD_CCODE_INIT;
	return 0;
}

void rd_ccode_deinit(struct rd_ccode *code)
{
	rd_ctokens_deinit(&code->live);
	rd_ctokens_deinit(&code->all);
	free(code->items);
	*code = (struct rd_ccode)RD_CCODE_INIT;
}

const struct rd_ctoken *rd_ccode_tokens(const struct rd_ccode *code, const struct rd_citem *item)
{
	return code->live.items + item->first;
}

bool rd_ccode_declares(const struct rd_ccode *code, const struct rd_citem *item, size_t i)
{
	static const char *const after[] = { "(", "[", "=", ";", "," };
	const struct rd_ctoken *tokens = rd_ccode_tokens(code, item);

	if (tokens[i].kind != RD_CTOKEN_IDENTIFIER || rd_ctoken_has_prefix(&tokens[i], "__"))
		return false;
	if (item->kind == RD_CITEM_DEFINE)
		return i == 2;
	if (item->kind != RD_CITEM_CODE || i + 1 >= item->n)
		return false;
	if (tokens[i].depth == 1 && rd_ctoken_is(&tokens[0], "enum"))
		return rd_ctoken_is(&tokens[i + 1], "=") || rd_ctoken_is(&tokens[i + 1], ",") ||
		       rd_ctoken_is(&tokens[i + 1], "}");
	if (tokens[i].depth)
		return false;
	for (size_t k = 0; k < RD_N_ELEMENTS(after); k++) {
		if (rd_ctoken_is(&tokens[i + 1], after[k]))
			return true;
	}
	return false;
}

bool rd_ccode_defines(const struct rd_ccode *code, const struct rd_citem *item, const char *name)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(code, item);

	for (size_t i = 0; item->is_function && i < item->n; i++) {
		if (!tokens[i].depth && rd_ctoken_is(&tokens[i], name) &&
		    rd_ccode_declares(code, item, i))
			return true;
	}
	return false;
}
