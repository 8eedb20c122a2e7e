/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What going back would change, asked before anything is. */

#include <stdbool.h>
#include <stddef.h>

#include "recovery/backup.h"

struct rd_undo {
	const char *path; /* from the root; borrowed, as long as the call */
	size_t first,
		after; /* its nodes in the backup's manifest; equal for a name that a tool made */
	bool is_removed; /* nothing stood there before, and what does now goes */
	bool is_foreign; /* neither what stood there before nor what the transaction left there: it
			    is copied first, to the aside folder of the transaction */
};

typedef int (*rd_undo_fn)(void *userdata, const struct rd_undo *undo, struct rd_error *err);

/**
 * rd_undo_list() - meet each unit that rd_transaction_rollback() would change
 *
 * Only contents count: what has nothing but other times or rights goes back unmentioned.
 *
 * Return: 0, what @fn returned, or a negative errno.
 */
int rd_undo_list(const struct rd_state *state, struct rd_backup *backup, rd_undo_fn fn,
		 void *userdata, struct rd_error *err);
