/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The functions of kfd_crat.c in memory, for the case where no file is that of the running module.
 * They are found by name in /proc/kallsyms (see kallsyms_show_value() for who sees addresses).
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "inspect/dyndbg.h"
#include "inspect/elf.h"
#include "model/evidence.h"

struct rd_running_symbol {
	const char *name;
	uint64_t address;
};

struct rd_running_function {
	const char *name;
	uint64_t address;
	size_t size; /* up to the next symbol: padding may be in it */
	uint8_t *data; /* NULL until the caller has read it; owned */
};

struct rd_running_scope {
	struct rd_running_function *items;
	size_t n, cap;
	struct {
		struct rd_running_symbol *items;
		size_t n, cap;
	} symbols; /* of the module, by address; names are borrowed from the text */
};

#define RD_RUNNING_SCOPE_INIT \
	{                     \
		0             \
	}

/**
 * rd_running_scope_parse() - find the functions
 * @kallsyms: the file's content; cut into strings in place, which the scope borrows
 * @module: as the kernel calls it
 * @sites: the pr_debug sites that run: those of kfd_crat.c name functions too
 *
 * Empty where addresses are hidden. Return: 0 or -ENOMEM.
 */
int rd_running_scope_parse(struct rd_text *kallsyms, const char *module,
			   const struct rd_dyndbg *sites, struct rd_running_scope *out);
void rd_running_scope_deinit(struct rd_running_scope *scope);

enum {
	_RD_RUNNING_SCOPE_OK,
	RD_RUNNING_SCOPE_UNKNOWN, /* cannot be told; @err says why */
};

/**
 * rd_running_scope_inspect() - look for RDNA1 ids in the functions that were read
 * @ev: an item for each hit
 *
 * Return: 0, RD_RUNNING_SCOPE_UNKNOWN, or -ENOMEM.
 */
int rd_running_scope_inspect(const struct rd_running_scope *scope, struct rd_evidence *ev,
			     struct rd_error *err);

/* What a comparison with another build of the same sources found. */
struct rd_running_kin {
	size_t functions, differing;
	size_t parsers; /* of those that differ: kfd_parse_crat_table, and parts of it */
};

/**
 * rd_running_scope_compare() - hold the functions that were read against a reference
 * @elf: the reference, indexed; relocations are loaded as needed
 * @ev: an item for each function that differs
 *
 * Branches to functions that lie elsewhere in the other build are the same if their names are.
 * Return: 0, RD_RUNNING_SCOPE_UNKNOWN, or -ENOMEM.
 */
int rd_running_scope_compare(const struct rd_running_scope *scope, struct rd_elf *elf,
			     struct rd_evidence *ev, struct rd_running_kin *out,
			     struct rd_error *err);
