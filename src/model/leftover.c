/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life of struct rd_leftover. */

#include <stdlib.h>

#include "model/leftover.h"

void rd_leftovers_deinit(struct rd_leftovers *leftovers)
{
	for (size_t i = 0; i < leftovers->n; i++)
		free(leftovers->items[i].path);
	free(leftovers->items);
	for (size_t i = 0; i < leftovers->unsearched.n; i++)
		free(leftovers->unsearched.items[i]);
	free(leftovers->unsearched.items);
	*leftovers = (struct rd_leftovers){ 0 };
}
