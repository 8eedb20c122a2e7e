/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The C tokenizer. Two passes, both linear and without recursion: the first copies the text without
 * its line splices and remembers where they were, the second cuts the copy into tokens. A cursor
 * that only moves forward translates positions of the copy into bytes and lines of the source.
 *
 * Invariant: tokens are in order, do not overlap, and lie inside the source; the bytes between two
 * tokens are white space or splices.
 *
 * Defined by ISO/IEC 9899 5.1.1.2 (phases) and 6.4 (tokens), and by gcc's libcpp where it is wider:
 * blanks between backslash and line end, `$` and bytes above 0x7f in identifiers, 0b numbers.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "inspect/ctoken.h"

/* @removed bytes, one line end among them, stood before position @position of the copy. */
struct splice {
	uint32_t position;
	uint32_t removed;
};

struct splices {
	struct splice *items;
	size_t n, cap;
};

struct lexer {
	const char *text; /* the copy */
	uint32_t len;
	uint32_t at;
	bool is_line_start; /* nothing but blanks and comments since the line began */
	bool is_directive;

	const struct splices *splices;
	size_t splice; /* the first one that the cursor has not passed */
	uint32_t cursor, line, removed;

	struct rd_ctokens *out;
};

static void splices_deinit(struct splices *splices)
{
	free(splices->items);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
	       (unsigned char)c >= 0x80;
}

/* How many bytes the splice at @text takes, 0 if there is none. */
static uint32_t splice_at(const char *text, uint32_t len)
{
	uint32_t i = 1;

	if (text[0] != '\\')
		return 0;
	while (i < len && is_blank(text[i]))
		i++;
	return i < len && text[i] == '\n' ? i + 1 : 0;
}

static int unsplice(const char *text, uint32_t len, char *copy, uint32_t *np,
		    struct splices *splices)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < len;) {
		struct splice splice = { .position = n, .removed = splice_at(text + i, len - i) };

		if (splice.removed) {
			if (rd_array_push(splices, &splice))
				return -ENOMEM;
			i += splice.removed;
		} else {
			copy[n++] = text[i++];
		}
	}
	*np = n;
	return 0;
}

/* Moves the cursor to @position, which is not before the last one asked for. */
static void seek(struct lexer *lx, uint32_t position)
{
	for (; lx->cursor < position; lx->cursor++)
		lx->line += lx->text[lx->cursor] == '\n';
	for (; lx->splice < lx->splices->n; lx->splice++) {
		const struct splice *splice = &lx->splices->items[lx->splice];

		if (splice->position > position)
			break;
		lx->removed += splice->removed;
		lx->line++;
	}
}

static char peek(const struct lexer *lx, uint32_t ahead)
{
	return lx->at + ahead < lx->len ? lx->text[lx->at + ahead] : '\0';
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* ISO C 6.4.4.1: the value of an integer constant; floating and overlong ones have none here. */
static bool integer_value(const char *text, uint32_t len, uint64_t *valuep)
{
	int base = 10;
	uint64_t value = 0;
	uint32_t i = 0, start;

	if (len > 2 && text[0] == '0' && (text[1] | 0x20) == 'x')
		base = 16;
	else if (len > 2 && text[0] == '0' && (text[1] | 0x20) == 'b')
		base = 2;
	else if (text[0] == '0')
		base = 8;
	start = i = base == 16 || base == 2 ? 2 : 0;

	for (; i < len && digit_value(text[i]) < base; i++) {
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit_value(text[i]), &value))
			return false;
	}
	if (i == start)
		return false;
	while (i < len && strchr("uUlL", text[i]))
		i++;
	if (i < len)
		return false;
	*valuep = value;
	return true;
}

/* Emits the @len bytes at the lexer's position. */
static int emit(struct lexer *lx, enum rd_ctoken_kind kind, uint32_t len)
{
	struct rd_ctoken token = { .kind = kind, .text = lx->text + lx->at, .len = len };

	seek(lx, lx->at);
	token.offset = token.end = lx->at + lx->removed;
	token.first = token.last = lx->line;
	if (len) {
		seek(lx, lx->at + len - 1);
		token.end = lx->at + len + lx->removed;
		token.last = lx->line;
	}
	if (kind == RD_CTOKEN_NUMBER)
		token.has_value = integer_value(token.text, len, &token.value);

	lx->at += len;
	return rd_array_push(lx->out, &token);
}

static int lex_comment(struct lexer *lx)
{
	const char *start = lx->text + lx->at;
	uint32_t left = lx->len - lx->at;
	const char *end;

	if (start[1] == '/') {
		end = memchr(start, '\n', left);
		return emit(lx, RD_CTOKEN_COMMENT, end ? (uint32_t)(end - start) : left);
	}
	end = memmem(start + 2, left - 2, "*/", 2);
	if (!end)
		return emit(lx, RD_CTOKEN_STRAY, left);
	return emit(lx, RD_CTOKEN_COMMENT, (uint32_t)(end - start) + 2);
}

/* A string or character constant; without its closing quote it reaches to the line's end. */
static int lex_quoted(struct lexer *lx)
{
	char quote = peek(lx, 0);
	uint32_t n = 1;

	while (lx->at + n < lx->len && peek(lx, n) != '\n') {
		char c = peek(lx, n++);

		if (c == quote)
			return emit(lx, quote == '"' ? RD_CTOKEN_STRING : RD_CTOKEN_CHAR, n);
		if (c == '\\' && lx->at + n < lx->len && peek(lx, n) != '\n')
			n++;
	}
	return emit(lx, RD_CTOKEN_STRAY, n);
}

static int lex_name(struct lexer *lx)
{
	uint32_t n = 0;

	while (is_name(peek(lx, n)) || is_digit(peek(lx, n)))
		n++;
	return emit(lx, RD_CTOKEN_IDENTIFIER, n);
}

/* ISO C 6.4.8: a preprocessing number takes letters, dots, and signs after an exponent. */
static int lex_number(struct lexer *lx)
{
	uint32_t n = 1;

	for (;; n++) {
		char c = peek(lx, n);
		char before = (char)(peek(lx, n - 1) | 0x20);

		if (is_name(c) || is_digit(c) || c == '.')
			continue;
		if ((c == '+' || c == '-') && (before == 'e' || before == 'p'))
			continue;
		return emit(lx, RD_CTOKEN_NUMBER, n);
	}
}

struct punctuator {
	const char *text;
	const char *means; /* ISO C 6.4.6: what a digraph stands for */
};

/* Longest first; a punctuator of one character needs no row. */
static const struct punctuator punctuators[] = {
	{ .text = "%:%:", .means = "##" },
	{ .text = "<<=" },
	{ .text = ">>=" },
	{ .text = "..." },
	{ .text = "<:", .means = "[" },
	{ .text = ":>", .means = "]" },
	{ .text = "<%", .means = "{" },
	{ .text = "%>", .means = "}" },
	{ .text = "%:", .means = "#" },
	{ .text = "##" },
	{ .text = "->" },
	{ .text = "++" },
	{ .text = "--" },
	{ .text = "<<" },
	{ .text = ">>" },
	{ .text = "<=" },
	{ .text = ">=" },
	{ .text = "==" },
	{ .text = "!=" },
	{ .text = "&&" },
	{ .text = "||" },
	{ .text = "*=" },
	{ .text = "/=" },
	{ .text = "%=" },
	{ .text = "+=" },
	{ .text = "-=" },
	{ .text = "&=" },
	{ .text = "^=" },
	{ .text = "|=" },
};

static int lex_punctuator(struct lexer *lx)
{
	static const char singles[] = "[](){}.&*+-~!/%<>^|?:;=,#";
	const char *means = NULL;
	char c = peek(lx, 0);
	uint32_t n = 1;
	bool is_hash, is_directive;
	int r;

	for (size_t i = 0; i < RD_N_ELEMENTS(punctuators); i++) {
		uint32_t len = (uint32_t)strlen(punctuators[i].text);

		if (lx->len - lx->at >= len &&
		    !memcmp(lx->text + lx->at, punctuators[i].text, len)) {
			means = punctuators[i].means;
			n = len;
			break;
		}
	}
	if (n == 1 && (!c || !strchr(singles, c)))
		return emit(lx, RD_CTOKEN_STRAY, 1);

	is_hash = (n == 1 && c == '#') || (means && !strcmp(means, "#"));
	is_directive = is_hash && lx->is_line_start && !lx->is_directive;
	lx->is_directive = lx->is_directive || is_directive;
	r = emit(lx, is_directive ? RD_CTOKEN_DIRECTIVE : RD_CTOKEN_PUNCTUATOR, n);
	if (!r && means) {
		lx->out->items[lx->out->n - 1].text = means;
		lx->out->items[lx->out->n - 1].len = (uint32_t)strlen(means);
	}
	return r;
}

static int end_directive(struct lexer *lx)
{
	if (!lx->is_directive)
		return 0;
	lx->is_directive = false;
	return emit(lx, RD_CTOKEN_DIRECTIVE_END, 0);
}

static int lex_one(struct lexer *lx)
{
	char c = peek(lx, 0);
	int r;

	if (c == '/' && (peek(lx, 1) == '/' || peek(lx, 1) == '*'))
		return lex_comment(lx);

	if (c == '"' || c == '\'')
		r = lex_quoted(lx);
	else if (is_name(c))
		r = lex_name(lx);
	else if (is_digit(c) || (c == '.' && is_digit(peek(lx, 1))))
		r = lex_number(lx);
	else
		r = lex_punctuator(lx);
	lx->is_line_start = false;
	return r;
}

static int lex_all(struct lexer *lx)
{
	while (lx->at < lx->len) {
		char c = peek(lx, 0);
		int r = 0;

		if (c == '\n') {
			r = end_directive(lx);
			lx->is_line_start = true;
			lx->at++;
		} else if (is_blank(c)) {
			lx->at++;
		} else {
			r = lex_one(lx);
		}
		if (r)
			return r;
	}
	return end_directive(lx);
}

int rd_ctokens_init(struct rd_ctokens *tokens, const char *text, size_t len, struct rd_error *err)
{
	RD_CLEANUP(splices_deinit) struct splices splices = { 0 };
	RD_CLEANUP(rd_ctokens_deinit) struct rd_ctokens out = RD_CTOKENS_INIT;
	struct lexer lx = { .splices = &splices, .out = &out, .line = 1, .is_line_start = true };

	if (len > RD_CTOKENS_MAX)
		return RD_CTOKENS_TOO_LARGE;

	out.spelling = malloc(len + 1);
	if (!out.spelling)
		return rd_error_nomem(err);
	lx.text = out.spelling;
	if (unsplice(text, (uint32_t)len, out.spelling, &lx.len, &splices) || lex_all(&lx))
		return rd_error_nomem(err);

	*tokens = out;
	out = (struct rd_ctokens)RD_CTOKENS_INIT;
	return 0;
}

void rd_ctokens_deinit(struct rd_ctokens *tokens)
{
	free(tokens->items);
	free(tokens->spelling);
	*tokens = (struct rd_ctokens)RD_CTOKENS_INIT;
}

bool rd_ctoken_is(const struct rd_ctoken *token, const char *spelling)
{
	if (token->kind != RD_CTOKEN_IDENTIFIER && token->kind != RD_CTOKEN_PUNCTUATOR)
		return false;
	return token->len == strlen(spelling) && !memcmp(token->text, spelling, token->len);
}

bool rd_ctoken_has_prefix(const struct rd_ctoken *token, const char *prefix)
{
	size_t n = strlen(prefix);

	return token->kind == RD_CTOKEN_IDENTIFIER && token->len >= n &&
	       !memcmp(token->text, prefix, n);
}

bool rd_ctoken_equal(const struct rd_ctoken *a, const struct rd_ctoken *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->has_value && b->has_value)
		return a->value == b->value;
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}
