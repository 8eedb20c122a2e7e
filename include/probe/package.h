/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Provenance: is a file, byte for byte, what the distribution's package put there? */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "system/system.h"

/**
 * rd_package_find() - the package whose digest a file has
 * @path: of the file, absolute below the root of @sys: a module below lib/modules or a driver
 *        source below usr/src; others are never found
 * @data: its content, @len bytes
 * @packagep: the package's name, the caller's; stays NULL if none has the file with that digest
 *
 * That nothing is found is no alarm: modules are signed, compressed and stripped anew on healthy
 * machines. Return: 0 or a negative errno.
 */
int rd_package_find(const struct rd_system *sys, const char *path, const uint8_t *data, size_t len,
		    char **packagep, struct rd_error *err);
