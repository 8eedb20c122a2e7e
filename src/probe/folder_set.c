/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A list is enough: a machine has a handful of kernels and source trees. */

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "folder_set.h"

void rd_folder_set_deinit(struct rd_folder_set *set)
{
	free(set->items);
	*set = (struct rd_folder_set){ 0 };
}

int rd_folder_set_add(struct rd_folder_set *set, const struct stat *st, bool *is_newp)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->items[i].dev == st->st_dev && set->items[i].ino == st->st_ino) {
			*is_newp = false;
			return 0;
		}
	}
	if (rd_array_grow(&set->items, &set->cap, set->n + 1, sizeof(*set->items)))
		return -ENOMEM;
	set->items[set->n].dev = st->st_dev;
	set->items[set->n++].ino = st->st_ino;
	*is_newp = true;
	return 0;
}
