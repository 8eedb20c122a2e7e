/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* POSIX extended regular expressions out of files that anybody may have written. */

#include <stdbool.h>

enum {
	_RD_PATTERN_OK,
	RD_PATTERN_BAD, /* it is none */
	RD_PATTERN_REFUSED, /* what it would cost cannot be told; it was not tried */
};

/**
 * rd_pattern_match() - whether @text has what @pattern means, anywhere in it
 *
 * Return: 0, a positive code from above, or -ENOMEM.
 */
int rd_pattern_match(const char *pattern, const char *text, bool *matchesp);
