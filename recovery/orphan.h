/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Processes of a run that is dead. Private to recovery. */

#include <stddef.h>

#include "base/error.h"

#define ORPHAN_MARK_MAX 80

/* The variable by which the processes of a run on that root are known: "NAME=value". */
int orphan_mark(int rootfd, char mark[ORPHAN_MARK_MAX], struct rd_error *err);

/**
 * orphan_end() - kill what an earlier run has left running
 *
 * To be called with the lock, which says that no run is under way: each process with the mark then
 * belongs to one that was killed together with its keeper. Return: 0, -EBUSY if one does not go
 * within some seconds, or another negative errno.
 */
int orphan_end(int rootfd, struct rd_error *err);
