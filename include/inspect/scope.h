/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Which functions of an x86-64 module come from kfd_crat.c. Installed modules carry no FILE
 * symbols, so the unit is put together again from names, pr_debug sites, branches and addresses.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/code.h"
#include "inspect/dyndbg.h"
#include "inspect/elf.h"

/* Source of the unit, as __dyndbg and people name it. */
#define RD_SCOPE_FILE "kfd_crat.c"

struct rd_scope_function {
	const char *name; /* of its symbol, suffixes and all, else of its section; borrowed */
	uint32_t section;
	uint64_t start, end; /* offsets in that section */
	uint64_t base; /* where the offset 0 of @name is: @start, or 0 if it has no symbol */
};

struct rd_scope {
	struct rd_scope_function *items; /* by section and start */
	size_t n, cap;
	bool has_parser; /* kfd_parse_crat_table is among them */
	bool is_by_names; /* the unit is not in one piece (LTO): names and sites only */
	bool is_reduced; /* no local function symbols: strip --strip-unneeded */
};

#define RD_SCOPE_INIT \
	{             \
		0     \
	}

enum {
	_RD_SCOPE_OK,
	RD_SCOPE_BAD, /* relocations of a section cannot be read, or the unit is absurdly large */
};

/* Whether kfd_crat.c defines a function of that name, suffixes of the compiler aside. */
bool rd_scope_is_known_name(const char *name);

/* Whether it is kfd_parse_crat_table, or a part of it. */
bool rd_scope_is_parser(const char *name);

/**
 * rd_scope_find() - find the functions
 * @elf: indexed; relocations of code sections are loaded as needed
 * @code: disassembler
 * @dyndbg: the module's pr_debug sites, may be empty
 * @out: empty; rd_scope_deinit() it
 *
 * Return: 0, RD_SCOPE_BAD (@err says why), or -ENOMEM.
 */
int rd_scope_find(struct rd_elf *elf, struct rd_code *code, const struct rd_dyndbg *dyndbg,
		  struct rd_scope *out, struct rd_error *err);
void rd_scope_deinit(struct rd_scope *scope);
