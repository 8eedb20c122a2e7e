/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Carrying a plan out so that no crash leaves anything between: copy all that may change, change it
 * step by step under the journal, arm; or go back to exactly what was.
 *
 * What only a caller knows, how to build, to index or to pack, comes in through struct rd_tools.
 * All of this wants the lock (rd_state_lock()), and a umask that takes no rights from the owner.
 */

#include "recovery/journal.h"

struct rd_tools {
	/**
	 * @run - run the tool of a phase
	 * @stage: folder of this phase, from the root: new, empty; what the phase puts in place is
	 * looked for here, and nothing else may be written. So depmod is given a folder of its own
	 * to write to, as it syncs nothing: a power cut would leave an empty modules.dep. After a
	 * crash it is run again.
	 */
	int (*run)(void *userdata, enum rd_step step, const char *stage, struct rd_error *err);

	/**
	 * @check - judge the machine after a phase, before it counts as done
	 *
	 * Asked again of each phase that was done when a transaction goes on after a crash, and of
	 * RD_STEP_UNDO when all is put back. May be NULL. An error undoes everything (of
	 * RD_STEP_UNDO: leaves the transaction unfinished).
	 */
	int (*check)(void *userdata, enum rd_step step, struct rd_error *err);

	/* @tell - a path that is about to be put back; may be NULL. */
	void (*tell)(void *userdata, const char *path);

	/* @arm - what the boot that confirms will have to know, such as build-ids; may be NULL. */
	int (*arm)(void *userdata, struct rd_notes *notes, struct rd_error *err);
	void *userdata;
};

enum {
	_RD_TRANSACTION_OK, /* done: armed, and for rollback: rolled back */
	RD_TRANSACTION_UNDONE, /* it failed or was cut off, and all is as it was; @err says why */
	RD_TRANSACTION_NOTHING, /* there is none to resume, to roll back, to commit */
};

/**
 * rd_transaction_unfinished() - the transaction that a crash interrupted
 * @state: locked, or opened to look only
 *
 * There is at most one. Return: 0, RD_TRANSACTION_NOTHING, or a negative errno.
 */
int rd_transaction_unfinished(const struct rd_state *state, struct rd_txn *txnp,
			      struct rd_error *err);

/**
 * rd_transaction_run() - carry out a plan
 * @plan: taken
 *
 * Return: 0, RD_TRANSACTION_UNDONE, -EBUSY (an unfinished one must be resumed first), or another
 * negative errno; then either nothing was begun, or rd_transaction_resume() has work to do.
 */
int rd_transaction_run(const struct rd_state *state, struct rd_plan *plan,
		       const struct rd_tools *tools, struct rd_error *err);

/* Whether an unfinished one is far enough to be finished; else it is taken back. */
bool rd_transaction_goes_on(const struct rd_txn *txn);

/**
 * rd_transaction_resume() - finish what a crash interrupted
 *
 * Forward if the plan's point was reached and every new file has the content it should have; back
 * in all other cases, and where going back had begun.
 *
 * Return: as rd_transaction_run(), or RD_TRANSACTION_NOTHING.
 */
int rd_transaction_resume(const struct rd_state *state, const struct rd_tools *tools,
			  struct rd_error *err);

/* The last one that was begun and not rolled back, finished or not: 0 or a negative errno; *@idp is
 * 0 if there is none. */
int rd_transaction_in_effect(const struct rd_state *state, unsigned int *idp, struct rd_error *err);

/**
 * rd_transaction_rollback() - put everything back, from any step of a transaction
 * @id: 0: the last one that is in effect
 * @tools: for @tell and the check of RD_STEP_UNDO; may be NULL
 *
 * What others have put where it goes is copied first (undo.h).
 *
 * Return: 0, RD_TRANSACTION_NOTHING, -EBUSY (a later one is in effect: that one first), or another
 * negative errno, after which it can be called again.
 */
int rd_transaction_rollback(const struct rd_state *state, unsigned int id,
			    const struct rd_tools *tools, struct rd_error *err);

/* A boot confirmed an armed transaction. Return: 0, RD_TRANSACTION_NOTHING, or a negative errno. */
int rd_transaction_commit(const struct rd_state *state, unsigned int id, struct rd_error *err);

/* What @arm wrote. Return: 0, RD_TRANSACTION_NOTHING, or a negative errno. */
int rd_transaction_armed(const struct rd_txn *txn, struct rd_notes *notesp, struct rd_error *err);
