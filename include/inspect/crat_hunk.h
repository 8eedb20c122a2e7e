/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * How a kfd_parse_subtype_mem() differs from the stock one: a list of hunks, by statements, that
 * turns the one into the other. Putting each hunk's stock tokens in the place of its own gives
 * back a function that is token-identical to stock.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/ccode.h"

/*
 * Whole statements: [first, first + n) of the file's live tokens stand where stock has
 * [stock_first, stock_first + stock_n) of its own. Either count may be 0: only added (before token
 * @first of the file nothing of stock is missing), or only taken away.
 *
 * Lines are those that a person would mark: of the tokens that really differ, with the comments
 * on lines of their own around them, unless stock has these comments too. Of what is only taken
 * away: the line of the token that follows.
 */
struct rd_crat_hunk {
	size_t first, n;
	size_t stock_first, stock_n;
	uint32_t first_line, last_line;
};

/* In the order of the file; empty: token-identical. */
struct rd_crat_hunks {
	struct rd_crat_hunk *items;
	size_t n, cap;
};

#define RD_CRAT_HUNKS_INIT \
	{                  \
		0          \
	}

/**
 * rd_crat_hunks_init() - compare a function with the stock one
 * @code, @function: the file, and the item in it that defines the function
 * @stock: rd_data_stock_parse_subtype_mem(), read by rd_ccode_init(): one item
 * @hunks: filled; rd_crat_hunks_deinit() it
 *
 * Return: 0 or -ENOMEM.
 */
int rd_crat_hunks_init(struct rd_crat_hunks *hunks, const struct rd_ccode *code,
		       const struct rd_citem *function, const struct rd_ccode *stock,
		       struct rd_error *err);

void rd_crat_hunks_deinit(struct rd_crat_hunks *hunks);
