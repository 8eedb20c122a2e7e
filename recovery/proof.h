/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whether a source is a package's, file by file. Private to recovery. */

#include <stdbool.h>

#include "recovery/work.h"

/**
 * proof_of_source() - hold a copy of a source against the package that the source is from
 * @copy: from the root
 * @yesp: every file in it is, byte for byte, what the package has at its place below
 *        @package->source, and dkms.conf has nothing that changes it before a build
 *
 * Return: 0 or a negative errno.
 */
int proof_of_source(const struct rd_work_order *order, const struct rd_dkms_package *package,
		    const char *copy, bool *yesp, struct rd_error *err);
