/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Function compare of two modules: targets resolved to symbol + offset or to the string itself,
 * so that moved code and data do not count and a call to another function does.
 */

#include "base/error.h"
#include "inspect/elf.h"
#include "model/comparison.h"

enum {
	RD_COMPARE_FORCE = 1 << 0, /* compare although compiler, vermagic or version differ */
};

/**
 * rd_compare_modules() - compare two modules function by function and object by object
 * @a, @b: indexed modules
 * @flags: RD_COMPARE_*
 * @out: filled; rd_comparison_deinit() it
 *
 * Return: 0 (also when not comparable, see @out), or -ENOMEM.
 */
int rd_compare_modules(const struct rd_elf *a, const struct rd_elf *b, unsigned int flags,
		       struct rd_comparison *out, struct rd_error *err);

/**
 * rd_compare_bytes() - as above, from two files in any compression
 *
 * A file that is no module makes the pair not comparable, with the reason.
 * Return: 0 or -ENOMEM.
 */
int rd_compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
		     unsigned int flags, struct rd_comparison *out, struct rd_error *err);
