/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Geometric growth with overflow checks, for every list of the program. */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int rd_array_grow(void *items, size_t *capp, size_t n, size_t size)
{
	size_t cap = *capp ? *capp : 8;
	void *old, *grown;

	if (n <= *capp)
		return 0;
	while (cap < n) {
		if (cap > SIZE_MAX / 2)
			return -ENOMEM;
		cap *= 2;
	}

	memcpy(&old, items, sizeof(old));
	grown = reallocarray(old, cap, size);
	if (!grown)
		return -ENOMEM;

	memcpy(items, &grown, sizeof(grown));
	*capp = cap;
	return 0;
}
