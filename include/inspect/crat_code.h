/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Machine code of kfd_crat.c that asks for RDNA1 devices: stock code does not, at any version.
 * x86-64.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/code.h"
#include "inspect/elf.h"
#include "inspect/scope.h"
#include "model/evidence.h"

/* What was looked at, and what was found. */
struct rd_crat_code {
	size_t functions, instructions, tables;
	size_t hits;
	bool is_complete; /* every function could be disassembled to its end */
};

/**
 * rd_crat_code_inspect() - look for RDNA1 ids in the code of a scope and in the tables it uses
 * @elf: indexed, with the relocations of the scope's sections, which rd_scope_find() loads
 * @ev: an item for each hit, then one for each function that is not complete
 *
 * Return: 0 or -ENOMEM.
 */
int rd_crat_code_inspect(const struct rd_elf *elf, struct rd_code *code,
			 const struct rd_scope *scope, struct rd_evidence *ev,
			 struct rd_crat_code *out, struct rd_error *err);
