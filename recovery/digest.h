/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* SHA-256 of a file while it is copied. Private to recovery. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define DIGEST_HEX 65 /* with its NUL */

/**
 * digest_copy() - read a file to its end
 * @from: at its start
 * @to: an empty file that gets the content, holes where @from has them; -1: only the digest
 *
 * Return: 0 or a negative errno.
 */
int digest_copy(int from, int to, char hex[DIGEST_HEX], uint64_t *sizep, struct rd_error *err);
