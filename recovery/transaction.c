/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which way a transaction goes. There is at most one that is unfinished, for none begins before the
 * last one is done: what a crash leaves is found by the next start of the program, whatever it was
 * started for, and is finished first.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "run.h"

int rd_transaction_unfinished(const struct rd_state *state, struct rd_txn *txnp,
			      struct rd_error *err)
{
	RD_CLEANUP(rd_txn_ids_deinit) struct rd_txn_ids ids = { 0 };
	int r;

	r = rd_journal_list(state, &ids, err);
	for (size_t i = 0; !r && i < ids.n; i++) {
		RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;

		r = rd_journal_open(state, ids.items[i], &txn, err);
		/* What was cut off before it began; only who has the lock may clear it away. */
		if (r == RD_JOURNAL_ABSENT)
			r = state->lockfd < 0 ? 0 : rd_journal_remove(state, ids.items[i], err);
		/* What is over needs nothing of its plan any more. */
		else if (r == -EBADMSG && rd_journal_is_over(state, ids.items[i]))
			r = 0;
		else if (!r && !rd_txn_is_finished(&txn)) {
			*txnp = txn;
			txn = (struct rd_txn)RD_TXN_INIT;
			return 0;
		}
	}
	return r ? r : RD_TRANSACTION_NOTHING;
}

/* Back, after @r on the way forward, which stays the reason. */
static int go_back(const struct run *run, int r, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	struct rd_error first = err ? *err : (struct rd_error)RD_ERROR_INIT;

	if (!run_back(run, &why))
		return RD_TRANSACTION_UNDONE;
	return rd_error_set(err, -r, "%.220s; and putting things back failed: %.200s", first.msg,
			    why.msg);
}

int rd_transaction_run(const struct rd_state *state, struct rd_plan *plan,
		       const struct rd_tools *tools, struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	struct run run = { .state = state, .tools = tools, .txn = &txn };
	int r;

	r = rd_plan_check(plan, err);
	if (!r)
		r = rd_transaction_unfinished(state, &txn, err);
	if (!r)
		return rd_error_set(err, EBUSY, "transaction %04u is not finished", txn.id);
	if (r == RD_TRANSACTION_NOTHING)
		r = rd_journal_begin(state, plan, &txn, err);
	if (r)
		return r;
	r = run_forward(&run, err);
	return r ? go_back(&run, r, err) : 0;
}

bool rd_transaction_goes_on(const struct rd_txn *txn)
{
	return !txn->has[RD_STEP_UNDO] && txn->has[txn->plan.point];
}

int rd_transaction_resume(const struct rd_state *state, const struct rd_tools *tools,
			  struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	struct run run = { .state = state, .tools = tools, .txn = &txn };
	int r;

	r = rd_transaction_unfinished(state, &txn, err);
	if (r)
		return r;
	if (!rd_transaction_goes_on(&txn)) {
		r = run_back(&run, err);
		if (r)
			return r;
		rd_error_set(err, ECANCELED, "transaction %04u was interrupted early", txn.id);
		return RD_TRANSACTION_UNDONE;
	}
	r = run_forward(&run, err);
	return r ? go_back(&run, r, err) : 0;
}

int rd_transaction_in_effect(const struct rd_state *state, unsigned int *idp, struct rd_error *err)
{
	RD_CLEANUP(rd_txn_ids_deinit) struct rd_txn_ids ids = { 0 };
	unsigned int id = 0;
	int r;

	r = rd_journal_list(state, &ids, err);
	for (size_t i = ids.n; !r && !id && i-- > 0;) {
		RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;

		r = rd_journal_open(state, ids.items[i], &txn, err);
		if (!r && !txn.has[RD_STEP_ROLLED_BACK])
			id = txn.id;
		r = r > 0 ? 0 : r;
	}
	if (!r)
		*idp = id;
	return r;
}

int rd_transaction_rollback(const struct rd_state *state, unsigned int id,
			    const struct rd_tools *tools, struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	struct run run = { .state = state, .tools = tools, .txn = &txn };
	unsigned int last = 0;
	int r;

	r = rd_transaction_in_effect(state, &last, err);
	if (r)
		return r;
	if (!last || last < id)
		return RD_TRANSACTION_NOTHING;
	r = rd_journal_open(state, id ? id : last, &txn, err);
	if (r)
		return r < 0 ? r : RD_TRANSACTION_NOTHING;
	if (txn.has[RD_STEP_ROLLED_BACK])
		return RD_TRANSACTION_NOTHING;
	if (txn.id != last)
		return rd_error_set(err, EBUSY,
				    "transaction %04u came later and is in effect: roll that one "
				    "back first",
				    last);
	return run_back(&run, err);
}

int rd_transaction_commit(const struct rd_state *state, unsigned int id, struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	int r;

	r = rd_journal_open(state, id, &txn, err);
	if (r < 0)
		return r;
	if (r || !txn.has[RD_STEP_ARMED] || txn.has[RD_STEP_UNDO] || txn.has[RD_STEP_COMMITTED])
		return RD_TRANSACTION_NOTHING;
	return rd_journal_mark(&txn, RD_STEP_COMMITTED, err);
}

int rd_transaction_armed(const struct rd_txn *txn, struct rd_notes *notesp, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	if (!txn->has[RD_STEP_ARMED])
		return RD_TRANSACTION_NOTHING;
	r = rd_journal_read_text(txn, "armed", &text, err);
	if (!r)
		r = rd_notes_parse(&text, notesp, err);
	return r > 0 ? RD_TRANSACTION_NOTHING : r;
}
