/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Opening below a root descriptor. Private to src/system. */

#include "base/error.h"

/**
 * below_open() - openat2(2) that cannot leave the root
 * @path: with or without a leading slash; "/" is the root itself
 *
 * Return: a descriptor, or a negative errno.
 */
int below_open(int rootfd, const char *path, int flags);

/* Sorts the failure @fd of below_open() into RD_SYSTEM_ABSENT, RD_SYSTEM_UNREADABLE and fatal. */
int below_failed(const char *path, int fd, struct rd_error *err);
