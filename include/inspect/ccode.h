/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What of a C source is compiled, and what it consists of: tokens without comments and without the
 * branches that `#if 0` and the like take out, cut into the items of the file (declarations,
 * definitions, directives).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/ctoken.h"

enum rd_citem_kind {
	RD_CITEM_CODE, /* up to its `;`, or the `}` of a function */
	RD_CITEM_DEFINE,
	RD_CITEM_UNDEF,
	RD_CITEM_INCLUDE,
	RD_CITEM_DIRECTIVE, /* any other, conditionals among them */
	RD_CITEM_REST, /* code at the end of the file that nothing ends */
};

struct rd_citem {
	enum rd_citem_kind kind;
	bool is_function; /* it has a function's body */
	size_t first, n; /* tokens in rd_ccode.live */
};

struct rd_ccode {
	struct rd_ctokens all; /* comments and dead branches too; owns the spelling */
	struct rd_ctokens live; /* what may be compiled; spelling is NULL */
	struct rd_citem *items; /* a directive inside another item is part of both */
	size_t n, cap;
	const char *flaw; /* why this is no complete C file: static text, NULL if it is one */
	uint32_t flaw_line;
};

#define RD_CCODE_INIT \
	{             \
		0     \
	}

/**
 * rd_ccode_init() - read a C source
 * @text: borrowed for the call only
 * @code: filled; rd_ccode_deinit() it
 *
 * A branch is dead when its condition, or that of a branch before it, is an integer constant that
 * says so; all other branches are live, each of them on its own as far as brackets go.
 *
 * Return: 0 (also with a flaw), RD_CTOKENS_TOO_LARGE, or -ENOMEM.
 */
int rd_ccode_init(struct rd_ccode *code, const char *text, size_t len, struct rd_error *err);

void rd_ccode_deinit(struct rd_ccode *code);

/* The tokens of an item. */
const struct rd_ctoken *rd_ccode_tokens(const struct rd_ccode *code, const struct rd_citem *item);

/**
 * rd_ccode_declares() - whether token @i of an item is a name that the item gives to the file
 *
 * True for the name of a macro, a function, an object, and a constant of an enum. Attributes and
 * other reserved names (leading __) never are.
 */
bool rd_ccode_declares(const struct rd_ccode *code, const struct rd_citem *item, size_t i);

/* Whether the item defines (not only declares) the function of that name. */
bool rd_ccode_defines(const struct rd_ccode *code, const struct rd_citem *item, const char *name);
