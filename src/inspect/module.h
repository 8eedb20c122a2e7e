/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The ladder of a kernel module: identity, names, code, reference. */

#include <stddef.h>
#include <stdint.h>

#include "inspect/inspect.h"

/* As rd_inspect_bytes(), for an uncompressed ELF file. */
int rd_module_inspect(const uint8_t *data, size_t len, const struct rd_inspect_reference *ref,
		      struct rd_copy *copy, struct rd_error *err);
