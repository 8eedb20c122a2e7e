/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The messages of known patches (data/patches.data), wherever a module keeps them. */

#include <stddef.h>
#include <stdint.h>

#include "inspect/dyndbg.h"
#include "inspect/elf.h"
#include "model/evidence.h"

/* In a module: pr_debug sites (@where file:line function), then data (section+offset). @dyndbg may
 * be empty. 0 or -ENOMEM. */
int rd_patch_string_find(const struct rd_elf *elf, const struct rd_dyndbg *dyndbg,
			 struct rd_evidence *ev);

/* In bytes of which nothing is known. 0 or -ENOMEM. */
int rd_patch_string_find_raw(const uint8_t *data, size_t len, struct rd_evidence *ev);
