/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Takes a patch out of the text of a kfd_crat.c, by tokens and never by line numbers, and proves
 * that what comes out is stock where stock is known.
 */

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

/* Bytes [offset, offset + n) of the patched text, and the bytes that stand there in the other. */
struct rd_crat_edit {
	size_t offset, n;
	char *text; /* n_text bytes and a NUL */
	size_t n_text;
};

struct rd_crat_restoration {
	struct rd_text text; /* the restored file */
	struct {
		struct rd_crat_edit *items;
		size_t n, cap;
	} edits; /* in the order of the file */
	size_t n_definitions; /* edits that take away what stood outside of the function */
};

#define RD_CRAT_RESTORATION_INIT      \
	{                             \
		.text = RD_TEXT_INIT, \
	}

enum {
	_RD_CRAT_RESTORE_OK,
	RD_CRAT_RESTORE_STOCK, /* kfd_parse_subtype_mem() is the stock function: nothing to do */
	RD_CRAT_RESTORE_REFUSED, /* cannot be done, or not be proven; @err says why */
};

/**
 * rd_crat_restore() - give kfd_parse_subtype_mem() its stock tokens back
 * @text: a kfd_crat.c, not necessarily terminated
 * @restoration: filled; rd_crat_restoration_deinit() it
 *
 * Each hunk, with the comments and blank lines around it, becomes what the stock function has
 * between the same two tokens, with the line ends that stand there. Macros, tables, helpers and
 * module parameters that only the hunks use go with them. All other bytes stay. The result is taken
 * only if rd_crat_source_inspect() finds no sign in it, and each function of kfd_crat.c that it
 * calls is still there.
 *
 * In all known versions the layout of the function is one, so that the result of a patch inside
 * the function is the file as it was, byte for byte; of @n_definitions blank lines may remain.
 *
 * Return: 0, RD_CRAT_RESTORE_STOCK, RD_CRAT_RESTORE_REFUSED, or -ENOMEM.
 */
int rd_crat_restore(const char *text, size_t len, struct rd_crat_restoration *restoration,
		    struct rd_error *err);

void rd_crat_restoration_deinit(struct rd_crat_restoration *restoration);
