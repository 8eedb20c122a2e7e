/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What changes between two texts, for people. Private to recovery. */

#include <stddef.h>

#include "base/text.h"

/**
 * difference_lines() - the lines that go and those that come
 * @outp: the caller's: lines that begin with "-" or "+", and one "@ LINE" before each place, LINE
 *        counted in the old text. Escaped; a tab is two blanks
 *
 * Good for a few places in a long text: between two of them some lines are equal.
 * Return: 0 or -ENOMEM.
 */
int difference_lines(const struct rd_text *old, const struct rd_text *new, char **outp);
