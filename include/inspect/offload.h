/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * For which architectures a HIP library has code: the ids in the offload bundles of its section
 * .hip_fatbin. Defined in Clang's documentation, "Clang Offload Bundler"; the compressed form in
 * clang/include/clang/Driver/OffloadBundler.h.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum {
	_RD_OFFLOAD_OK,
	RD_OFFLOAD_UNKNOWN, /* no ELF library, no bundles, or not to be read to their end; see @err
			     */
};

/**
 * rd_offload_has() - whether a library has code for every one of some architectures
 * @data: the library; of a large one only the heads of the bundles are touched
 * @chips: "gfx1010"; code for a generic architecture that includes them all counts too
 *
 * Return: 0, RD_OFFLOAD_UNKNOWN, or -ENOMEM.
 */
int rd_offload_has(const void *data, size_t len, char *const *chips, size_t n_chips, bool *hasp,
		   struct rd_error *err);

/* Whether a file name has the architecture as a word of its own: "Kernels.so-000-gfx1010.hsaco". */
bool rd_offload_is_named(const char *name, const char *chip);
