/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Surviving a file that shrinks while it is mapped. Private to src/system. */

#include <stdbool.h>
#include <stddef.h>

/**
 * torn_watch() - from now on, reading [@start, @start + @len) never kills the process
 *
 * Return: 0, or -EMFILE when too many mappings are watched already.
 */
int torn_watch(const void *start, size_t len);

/* Ends the watch; call before munmap(). */
void torn_unwatch(const void *start);

/* Whether a page of the watched mapping at @start was missing when it was read. */
bool torn_is(const void *start);
