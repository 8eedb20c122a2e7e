/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The copies that transactions keep: what there is, whether it is whole, what may go. */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "model/copy.h"
#include "recovery/journal.h"
#include "recovery/manifest.h"

struct rd_backup {
	struct rd_txn txn;
	struct rd_manifest manifest; /* what stood there before the transaction */
	struct rd_manifest aside; /* what others had put where its rollback went (undo.h) */
	struct rd_manifest set; /* the modules that it installed, if it came so far */
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

/* A file that is kept; anything but 0 ends the search. */
typedef int (*rd_backup_fn)(void *userdata, const struct rd_node *node, struct rd_error *err);

/* Reads every copy to its end. Return: 0, RD_BACKUP_DAMAGED, or a negative errno. */
int rd_backup_verify(const struct rd_backup *backup, struct rd_error *err);

/* The same, and meets each copy that is missing or damaged. Return: 0, what @fn returned, or a
 * negative errno. */
int rd_backup_damaged(const struct rd_backup *backup, rd_backup_fn fn, void *userdata,
		      struct rd_error *err);

/**
 * rd_backup_inspect() - what a file of the backup is, judged by its copy
 * @node: of its manifest
 * @copies: what is found is appended, with the path that it goes back to: nothing for what is
 *          neither a module, a source nor an image with amdgpu
 *
 * A copy that is missing or cannot be read is unknown. Return: 0 or a negative errno.
 */
int rd_backup_inspect(const struct rd_backup *backup, const struct rd_node *node,
		      struct rd_copies *copies, struct rd_error *err);

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

enum rd_prune {
	/* Each content that it holds is also at its path on the machine, or whole in another
	 * transaction's backup. */
	RD_PRUNE_SAFE,
	/* The same, or lost on purpose: the transaction is committed, and the modules and sources
	 * of amdgpu that are nowhere else are patched or modified, each of them. What came with
	 * them may go too, but no settings, nothing that was kept aside, and not the modules that
	 * took their place. */
	RD_PRUNE_PATCHED,
};

/* Whether rd_backup_prune() would take it. Return: as that. */
int rd_backup_may_prune(const struct rd_state *state, const struct rd_backup *backup,
			enum rd_prune how, struct rd_error *err);

/**
 * rd_backup_prune() - take a transaction with its copies off the disk
 *
 * Wants the lock.
 * Return: 0, RD_BACKUP_ABSENT, RD_BACKUP_IN_USE, RD_BACKUP_ONLY_COPY, or a negative errno.
 */
int rd_backup_prune(const struct rd_state *state, unsigned int id, enum rd_prune how,
		    struct rd_error *err);
