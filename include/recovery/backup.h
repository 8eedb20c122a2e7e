/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The copies that transactions keep: what there is, whether it is whole, what may go. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "recovery/journal.h"
#include "recovery/manifest.h"

struct rd_backup {
	struct rd_txn txn;
	struct rd_manifest manifest; /* what stood there before the transaction */
	time_t begun;
	uint64_t size; /* of all files together, in bytes; equal ones take their space once */
};

#define RD_BACKUP_INIT              \
	{                           \
		.txn = RD_TXN_INIT, \
	}

enum {
	_RD_BACKUP_OK,
	RD_BACKUP_ABSENT, /* no such transaction, or it kept nothing */
	RD_BACKUP_DAMAGED, /* a copy is missing, or is not what was copied; @err names its file */
	RD_BACKUP_IN_USE, /* its transaction is unfinished or waits for its boot; @err says so */
	RD_BACKUP_ONLY_COPY, /* a file that it holds is nowhere else; @err names it */
};

/* Reads one. Return: 0, RD_BACKUP_ABSENT, or a negative errno as rd_journal_open(). */
int rd_backup_open(const struct rd_state *state, unsigned int id, struct rd_backup *backupp,
		   struct rd_error *err);
void rd_backup_deinit(struct rd_backup *backup);

/* Reads every copy to its end. Return: 0, RD_BACKUP_DAMAGED, or a negative errno. */
int rd_backup_verify(const struct rd_backup *backup, struct rd_error *err);

/**
 * rd_backup_restore() - put a single path back
 * @path: of the manifest, the head of a unit
 *
 * In one step, and outside of any transaction: for a file that somebody wants back. All of them go
 * back by rd_transaction_rollback(). Wants the lock.
 * Return: 0, RD_BACKUP_ABSENT (no such path), or a negative errno.
 */
int rd_backup_restore(const struct rd_state *state, const struct rd_backup *backup,
		      const char *path, struct rd_error *err);

/**
 * rd_backup_prune() - take a transaction with its copies off the disk
 *
 * Only if each content that it holds is also at its path on the machine, or whole in another
 * transaction's backup. Wants the lock.
 * Return: 0, RD_BACKUP_ABSENT, RD_BACKUP_IN_USE, RD_BACKUP_ONLY_COPY, or a negative errno.
 */
int rd_backup_prune(const struct rd_state *state, unsigned int id, struct rd_error *err);
