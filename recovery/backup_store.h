/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The stores behind a backup. Private to recovery. */

#include "recovery/backup.h"
#include "run.h"

/* Opens what stood there before, or what was kept aside; the manifest is lent to @store, which is
 * closed by backup_store_return(). Nothing kept aside is a store without a folder. */
int backup_store(const struct rd_backup *backup, int rootfd, bool is_aside, struct store *store,
		 struct rd_error *err);
void backup_store_return(struct store *store);
