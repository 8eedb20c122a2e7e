/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a boot loader reads, on the disk where it reads it. Private to recovery. */

#include "base/error.h"

/**
 * freeze_settle() - bring a file system to rest, journal and all, for a moment
 * @dirfd: a folder on it, open for reading
 * @rootfd: of the machine: its own file system is never frozen
 *
 * For ext4 and XFS; others have no journal that a boot loader would have to play, and what cannot
 * be frozen is as safe as fsync(2) makes it. However this process ends, the file system is thawed.
 * Return: 0 or a negative errno: what was written did not reach the disk.
 */
int freeze_settle(int dirfd, int rootfd, struct rd_error *err);
