/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The make.log that dkms leaves behind: for which kernel, and what went wrong first.
 * Format: its first line is dkms' own, "DKMS make.log for NAME-VERSION for kernel KERNEL (ARCH)" up
 * to 3.0, "DKMS (dkms-VERSION) make.log for NAME/VERSION for kernel KERNEL (ARCH)" since; the rest
 * is what patch(1), the hooks and make(1) said.
 */

#include <stddef.h>

#include "base/error.h"

#define RD_MAKE_LOG_MAX ((size_t)16 << 20)

struct rd_make_log {
	char *kernel, *arch; /* NULL: the first line does not say */
	char *error; /* the first line that speaks of an error, shortened; NULL: none does */
};

#define RD_MAKE_LOG_INIT \
	{                \
		0        \
	}

void rd_make_log_deinit(struct rd_make_log *log);

/* Fills @log from @len bytes. Return: 0 or -ENOMEM. */
int rd_make_log_read(const char *text, size_t len, struct rd_make_log *log);
