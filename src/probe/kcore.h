/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The running kernel's memory by address: /proc/kcore. Private to src/probe. */

#include <elf.h>

#include "system/system.h"

struct rd_kcore {
	const struct rd_system *sys;
	Elf64_Phdr *segments;
	size_t n;
};

#define RD_KCORE_INIT \
	{             \
		0     \
	}

/**
 * rd_kcore_open() - read where which memory is
 *
 * Return: as rd_system_read(); a file that is no core is RD_SYSTEM_UNREADABLE.
 */
int rd_kcore_open(const struct rd_system *sys, struct rd_kcore *kcore, struct rd_error *err);

/**
 * rd_kcore_read() - copy @len bytes of memory from @address on
 * @datap: malloc()ed, the caller's
 *
 * Memory that is not mapped reads as zero. Return: as rd_system_read(); RD_SYSTEM_ABSENT where the
 * file has no such addresses.
 */
int rd_kcore_read(const struct rd_kcore *kcore, uint64_t address, size_t len, uint8_t **datap,
		  struct rd_error *err);
void rd_kcore_deinit(struct rd_kcore *kcore);
