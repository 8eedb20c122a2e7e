/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The stores behind a backup. Private to recovery. */

#include "recovery/backup.h"
#include "run.h"

enum backup_part {
	BACKUP_OLD, /* what stood there before */
	BACKUP_ASIDE,
	BACKUP_SET,
	_BACKUP_N,
};

const struct rd_manifest *backup_manifest(const struct rd_backup *backup, enum backup_part part);

/* Opens a part; the manifest is lent to @store, which is closed by backup_store_return(). A part
 * with nothing in it is a store without a folder. */
int backup_store(const struct rd_backup *backup, int rootfd, enum backup_part part,
		 struct store *store, struct rd_error *err);
void backup_store_return(struct store *store);
