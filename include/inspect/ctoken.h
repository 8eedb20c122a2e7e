/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * C source as tokens: ISO C translation phases 2 and 3 (spliced lines, comments, preprocessing
 * tokens) as gcc carries them out for the kernel: no trigraphs, digraphs read as what they stand
 * for, a backslash followed by blanks and a line end splices, CR is white space.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum rd_ctoken_kind {
	RD_CTOKEN_IDENTIFIER, /* keywords too */
	RD_CTOKEN_NUMBER,
	RD_CTOKEN_STRING,
	RD_CTOKEN_CHAR,
	RD_CTOKEN_PUNCTUATOR,
	RD_CTOKEN_COMMENT,
	RD_CTOKEN_DIRECTIVE, /* the # that starts a directive */
	RD_CTOKEN_DIRECTIVE_END, /* the line end that ends it: no text, no bytes */
	RD_CTOKEN_STRAY, /* unterminated comment, string or constant; a byte that C has no use for
			  */
};

struct rd_ctoken {
	enum rd_ctoken_kind kind;
	uint32_t len;
	const char *text; /* @len bytes, splices taken out; borrowed, not terminated */
	uint32_t offset, end; /* the bytes [offset, end) of the source */
	uint32_t first, last; /* its lines, from 1 */
	uint32_t depth; /* brackets open around it; filled by rd_ccode_init() */
	bool has_value;
	uint64_t value; /* of an integer: 0x731F, 29471 and 071437u are one */
};

/* In the order of the source. */
struct rd_ctokens {
	struct rd_ctoken *items;
	size_t n, cap;
	char *spelling; /* what the items' texts point into */
};

#define RD_CTOKENS_INIT \
	{               \
		0       \
	}

/* Largest source: seven times the largest kfd_crat.c known. Its tokens take up to 130 times its
 * bytes. */
#define RD_CTOKENS_MAX ((size_t)512 << 10)

enum {
	_RD_CTOKENS_OK,
	RD_CTOKENS_TOO_LARGE, /* more than RD_CTOKENS_MAX bytes */
};

/**
 * rd_ctokens_init() - split a source into tokens
 * @text: borrowed for the call only
 * @tokens: filled; rd_ctokens_deinit() it
 *
 * Every text has tokens: what is not C becomes RD_CTOKEN_STRAY. Time and memory are linear.
 *
 * Return: 0, RD_CTOKENS_TOO_LARGE, or -ENOMEM.
 */
int rd_ctokens_init(struct rd_ctokens *tokens, const char *text, size_t len, struct rd_error *err);

void rd_ctokens_deinit(struct rd_ctokens *tokens);

/* Whether the token is spelled so; false for strings, comments and strays. */
bool rd_ctoken_is(const struct rd_ctoken *token, const char *spelling);

/* Whether an identifier starts so. */
bool rd_ctoken_has_prefix(const struct rd_ctoken *token, const char *prefix);

/* Whether two tokens mean the same: same kind, and same value (integers) or spelling (all else). */
bool rd_ctoken_equal(const struct rd_ctoken *a, const struct rd_ctoken *b);
