/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Instructions one by one. Format: Intel SDM volume 2, through capstone. */

#include <capstone/capstone.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/code.h"

/* Relocation types that are relative to the end of their four bytes or to what follows them. */
bool rd_code_reloc_is_relative(uint32_t type);

/* A walk over the instructions of one stretch of code. */
struct rd_code_walk {
	struct rd_code *code;
	const uint8_t *p;
	size_t left;
	uint64_t address; /* of the next instruction; the section's offsets serve as addresses */
};

/**
 * rd_code_start() - begin a walk
 * @want_detail: operands are needed: costs more
 */
struct rd_code_walk rd_code_start(struct rd_code *code, const uint8_t *data, size_t len,
				  uint64_t address, bool want_detail);

/* The next instruction, valid until the next call; NULL at the end, or with walk->left > 0 where
 * the bytes are no instruction. */
const cs_insn *rd_code_next(struct rd_code_walk *walk);

/* Whether @insn is a direct branch or call; its target as an address, as if not relocated. */
bool rd_code_branch(const cs_insn *insn, uint64_t *targetp);

/**
 * rd_code_extent() - where the code that starts at @data ends, when no symbol tells
 *
 * Up to the first instruction that goes nowhere further and that no branch before it jumps over.
 * Return: its length, at most @len.
 */
size_t rd_code_extent(struct rd_code *code, const uint8_t *data, size_t len);
