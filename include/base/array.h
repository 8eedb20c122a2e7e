/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Growable arrays as the triple (items, n, cap) inside their owner; all start zeroed. */

#include <stdbool.h>
#include <stddef.h>

/**
 * rd_array_grow() - make room for @n elements of @size bytes
 * @items: address of the array pointer
 * @capp: its capacity in elements, updated
 *
 * Return: 0 or -ENOMEM, the array being untouched then.
 */
int rd_array_grow(void *items, size_t *capp, size_t n, size_t size);

/* Appends *@element to the triple @owner->items, ->n, ->cap; 0 or -ENOMEM. */
#define rd_array_push(owner, element)                                                     \
	({                                                                                \
		int rd_r_ = rd_array_grow(&(owner)->items, &(owner)->cap, (owner)->n + 1, \
					  sizeof(*(owner)->items));                       \
		if (!rd_r_)                                                               \
			(owner)->items[(owner)->n++] = *(element);                        \
		rd_r_;                                                                    \
	})
