/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What recovery has promised and when: include/recovery/write.h says of each operation that it is
 * on the disk when it returns 0. Each that is called from outside of write.c, linked in with
 * --wrap, leaves such a promise, which holds for every power cut until the next operation at that
 * path begins.
 */

#include <stdbool.h>
#include <stdint.h>

#include "disk.h"

/* Starts anew, for what is done below @root on @disk by this process and its children. */
void promise_begin(const char *root, const struct disk *disk);
/* From now on nothing more is promised; what was is known until promise_end(). */
void promise_stop(void);
void promise_end(void);

/* After so many records everything is durably as @what; 0xffffffff: that was not reached. */
enum promise_whole { PROMISE_BEFORE, PROMISE_AFTER, _PROMISE_N };
void promise_whole(enum promise_whole what);
uint32_t promise_whole_from(enum promise_whole what);

/* The first promise that is broken below @root after the first @n records, or NULL. */
const char *promise_broken(const char *root, uint32_t n);
