/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The pr_debug sites of a module: section __dyndbg, struct _ddebug in
 * include/linux/dynamic_debug.h. The kernel lists the same in /proc/dynamic_debug/control.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/elf.h"

/* Strings lie inside the file that the ELF tables borrow. */
struct rd_dyndbg_site {
	const char *function; /* of the source: it may be inlined, and have no symbol */
	const char *file; /* as given to the compiler */
	const char *format;
	uint32_t line;
	uint64_t offset; /* of the entry in __dyndbg */
};

struct rd_dyndbg {
	struct rd_dyndbg_site *items; /* in the order of the section */
	size_t n, cap;
};

#define RD_DYNDBG_INIT \
	{              \
		0      \
	}

enum {
	_RD_DYNDBG_OK,
	RD_DYNDBG_ABSENT, /* no such section: CONFIG_DYNAMIC_DEBUG is off, or no pr_debug */
	RD_DYNDBG_BAD, /* entries that cannot be read; @err says what */
};

/**
 * rd_dyndbg_read() - list the sites
 * @elf: indexed; the relocations of __dyndbg are loaded
 * @out: empty; rd_dyndbg_deinit() it
 *
 * Return: 0, RD_DYNDBG_ABSENT, RD_DYNDBG_BAD, or -ENOMEM.
 */
int rd_dyndbg_read(struct rd_elf *elf, struct rd_dyndbg *out, struct rd_error *err);
void rd_dyndbg_deinit(struct rd_dyndbg *dyndbg);

/* The last component of a site's file; borrowed. */
const char *rd_dyndbg_file_name(const struct rd_dyndbg_site *site);
