/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Data objects that functions of kfd_crat.c use, and the RDNA1 ids in them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/elf.h"
#include "inspect/scope.h"
#include "model/evidence.h"

struct rd_crat_tables {
	struct rd_crat_table_use {
		uint32_t section;
		uint64_t offset;
		const char *function; /* that uses it */
	} * items;
	size_t n, cap;
	size_t inspected; /* objects */
	bool is_exhausted; /* more than is worth reading: some were passed over */
};

/* Notes what the instruction in [from, to) of @function refers to; 0 or -ENOMEM. */
int rd_crat_tables_note(struct rd_crat_tables *tables, const struct rd_elf *elf,
			const struct rd_scope_function *function, uint64_t from, uint64_t to);

/* Looks into all objects that were noted, each once; *@hitsp grows. 0 or -ENOMEM. */
int rd_crat_tables_inspect(struct rd_crat_tables *tables, const struct rd_elf *elf,
			   struct rd_evidence *ev, size_t *hitsp);

void rd_crat_tables_deinit(struct rd_crat_tables *tables);
