/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Transactions on real machines: the plans of changes.h with the distribution's own tools. */

#include "recovery/transaction.h"
#include "recovery/work.h"

/**
 * rd_recover_run() - carry out a plan of rd_changes_plan()
 * @plan: taken
 *
 * Return: as rd_transaction_run().
 */
int rd_recover_run(const struct rd_system *sys, const struct rd_state *state, struct rd_plan *plan,
		   const struct rd_progress *progress, struct rd_error *err);

/**
 * rd_recover_resume() - finish or undo what an earlier run left
 *
 * Return: as rd_transaction_resume().
 */
int rd_recover_resume(const struct rd_system *sys, const struct rd_state *state,
		      const struct rd_progress *progress, struct rd_error *err);
