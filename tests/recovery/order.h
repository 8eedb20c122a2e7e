/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a power cut would have done: whether each thing was on the disk before the next built on it.
 */

#include "watch.h"

#define ORDER_NONE ((size_t)-1)

/* The first fault of a trace as a text, or NULL. @without: a call that is taken for not made. */
char *order_check(const struct watch *watch, size_t without);
