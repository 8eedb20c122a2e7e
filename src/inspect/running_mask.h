/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which bytes of a module's sections the kernel may rewrite when it loads it, or later. Private to
 * inspect. */

#include "inspect/elf.h"

/* One byte for each byte of a section, 1 where it may be rewritten; NULL where none was made. */
struct running_mask {
	uint8_t **of; /* by section */
	size_t n;
};

#define RUNNING_MASK_INIT \
	{                 \
		0         \
	}

enum {
	_RUNNING_MASK_OK,
	RUNNING_MASK_UNKNOWN, /* a table that cannot be read; @err says which */
};

/**
 * running_mask_init() - mask the sections that a comparison wants
 * @wants: says which
 *
 * Return: 0, RUNNING_MASK_UNKNOWN, or -ENOMEM.
 */
int running_mask_init(struct rd_elf *elf, bool (*wants)(const struct rd_elf_section *section),
		      struct running_mask *mask, struct rd_error *err);
void running_mask_deinit(struct running_mask *mask);
