/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The messages of known patches (data/patches.data), wherever a module keeps them. */

#include <stddef.h>
#include <stdint.h>

#include "inspect/dyndbg.h"
#include "inspect/elf.h"
#include "model/evidence.h"

/* In the loaded data of a module: one item for each, @where section+offset. 0 or -ENOMEM. */
int rd_patch_string_find(const struct rd_elf *elf, struct rd_evidence *ev);

/* In bytes of which nothing is known. 0 or -ENOMEM. */
int rd_patch_string_find_raw(const uint8_t *data, size_t len, struct rd_evidence *ev);

/* Among the pr_debug sites, @where file:line function. 0 or -ENOMEM. */
int rd_patch_string_find_sites(const struct rd_dyndbg *dyndbg, struct rd_evidence *ev);
