/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The two directions of a transaction. Private to recovery. */

#include "names.h"
#include "recovery/transaction.h"
#include "store.h"

#define RUN_OLD	    "old"
#define RUN_NEW	    "new"
#define RUN_ASIDE   "aside" /* what others had put where a rollback went */
#define RUN_WRITTEN ".written" /* after the name of a phase: what its tool left */

struct run {
	const struct rd_state *state;
	const struct rd_tools *tools; /* NULL only when going back */
	struct rd_txn *txn;
};

/* Reads the manifest NAME.manifest of the transaction into an opened store. */
int run_load(const struct run *run, const char *name, struct rd_manifest *manifestp,
	     struct rd_error *err);

/* Brings a store to the disk, and then its manifest as NAME.manifest. */
int run_seal(const struct run *run, struct store *store, const char *name, struct rd_error *err);

/* The paths in the folder of @prefix whose names begin as it ends, appended. */
int run_list(int rootfd, const char *prefix, struct names *pathsp, struct rd_error *err);

/* Copies of all that the plan may change, up to RD_STEP_BACKUP; 0 or a negative errno. */
int run_back_up(const struct run *run, struct rd_error *err);

/* Copies of what going back would overwrite and nobody else has, before it does; 0 or a negative
 * errno. */
int run_keep_aside(const struct run *run, const struct store *old, struct rd_error *err);

/* Removes what earlier runs left beside the places of @old, and, with @has_times, sets the times of
 * their folders to what they were. */
int run_sweep(const struct run *run, const struct rd_manifest *old, bool has_times,
	      struct rd_error *err);

/* Removes what the transaction no longer needs; with @keeps_set not what it installed. Nothing that
 * fails here matters. */
void run_tidy(const struct run *run, bool keeps_set);

/* From the first step that is not done to RD_STEP_ARMED; 0 or a negative errno. */
int run_forward(const struct run *run, struct rd_error *err);

/* Back to what was before; 0 or a negative errno, and then it may be called again. */
int run_back(const struct run *run, struct rd_error *err);
