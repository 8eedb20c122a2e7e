/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What changes a driver's source before each build: the files of PATCH[] and the scripts of the
 * hooks in dkms.conf. A source tree may be stock and every build from it patched.
 * Unified diffs: POSIX.1-2017, diff(1), and GNU diffutils' manual.
 */

#include <stddef.h>

#include "base/error.h"
#include "model/evidence.h"

#define RD_SOURCE_CHANGE_MAX ((size_t)4 << 20)

/* Certain signs of a known patch, and what only touches kfd_crat.c. */
struct rd_source_change {
	struct rd_evidence patched, touched;
};

#define RD_SOURCE_CHANGE_INIT \
	{                     \
		0             \
	}

void rd_source_change_deinit(struct rd_source_change *change);

/**
 * rd_source_change_diff() - look at a unified diff
 * @text: @len bytes
 * @name: of the file, for the places in the evidence
 * @change: evidence is appended
 *
 * What a diff adds counts, less what it takes away of the same. Return: 0 or -ENOMEM.
 */
int rd_source_change_diff(const char *text, size_t len, const char *name,
			  struct rd_source_change *change);

/* As above for a script, of which only the lines that name kfd_crat.c are understood. */
int rd_source_change_script(const char *text, size_t len, const char *name,
			    struct rd_source_change *change);
