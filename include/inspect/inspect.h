/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From the bytes of one file to its identity, verdict and evidence. Decides what the bytes are
 * (module in any compression, kfd_crat.c text) and asks the part that knows.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/codec.h"
#include "model/copy.h"

enum {
	RD_INSPECT_SHA256 =
		1 << 0, /* fill id.sha256: costs as much as the rest of a plain module */
};

/* A proven or at least trusted module to compare functions with. */
struct rd_inspect_reference {
	const char *name; /* for the evidence text */
	const uint8_t *data;
	size_t len; /* as on disk, any compression */
	bool is_proven;
};

/**
 * rd_inspect_bytes() - inspect one file
 * @data: content as on disk
 * @flags: RD_INSPECT_*
 * @ref: compare functions with this module too; may be NULL
 * @copy: started by rd_copy_init(); id, verdict and evidence are filled
 *
 * Whatever the bytes are, the result is a verdict: hostile or truncated input is "unknown" with
 * the reason as evidence.
 *
 * Return: 0 or -ENOMEM.
 */
int rd_inspect_bytes(const uint8_t *data, size_t len, unsigned int flags,
		     const struct rd_inspect_reference *ref, struct rd_copy *copy,
		     struct rd_error *err);
