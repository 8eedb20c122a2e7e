/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Recovery with one sync or rename of it turned off: fsync(2) and the two renames are linked in
 * with
 * --wrap, and each place in recovery/ that calls them, by the way that leads there, has a name such
 * as "store.c:add_content > rd_write_sync > fsync". An fsync then does nothing; a rename becomes
 * what is no longer one step: a copy onto the name, or a folder moved away and another one in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"

/* Reads the names of the functions of this program. */
void mutant_begin(void);
void mutant_end(void);

#define MUTANTS_MAX 128

/* How many places were come to so far, by this process and its children, and their names. */
size_t mutant_n(void);
const char *mutant_name(size_t i);

/* Which of them since it was last forgotten. */
void mutant_forget_reached(void);
bool mutant_is_reached(size_t i);

/* From now on that place is turned off; (size_t)-1: none is. */
#define MUTANT_NONE ((size_t)-1)
void mutant_set(size_t i, const struct disk *disk);

/* How many records there were when it was first come to, or UINT32_MAX. */
uint32_t mutant_first(void);
