/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The journal, as a boot sees it. More than one transaction can be armed: a second recovery may
 * follow the first before the machine is booted. The boot then confirms all of them, the oldest
 * first, by what the newest says of each kernel.
 */

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "recovery/changes.h"
#include "recovery/confirm.h"
#include "recovery/write.h"

/* In the folder of a committed transaction: notes with the user whose profile is to be written. */
static const char due_name[] = "profile-due";

void rd_waiting_deinit(struct rd_waiting *waiting)
{
	rd_txn_ids_deinit(&waiting->armed);
	rd_notes_deinit(&waiting->notes);
	*waiting = (struct rd_waiting){ 0 };
}

/* What @from has and @notes has not. */
static int add_notes(struct rd_notes *notes, const struct rd_notes *from, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < from->n; i++) {
		if (!rd_notes_get(notes, from->items[i].key))
			r = rd_notes_add(notes, from->items[i].key, from->items[i].value);
	}
	return r ? rd_error_nomem(err) : 0;
}

static int add_armed(const struct rd_txn *txn, struct rd_waiting *waiting, struct rd_error *err)
{
	RD_CLEANUP(rd_notes_deinit) struct rd_notes notes = { 0 };
	int r;

	r = rd_transaction_armed(txn, &notes, err);
	if (r)
		return r < 0 ? r
			     : rd_error_set(err, EBADMSG, "%04u: armed without a word", txn->id);
	if (rd_array_push(&waiting->armed, &txn->id))
		return rd_error_nomem(err);
	return add_notes(&waiting->notes, &notes, err);
}

/* Its notes too, for they tell in which boot it was armed. */
static int add_due(const struct rd_txn *txn, struct rd_waiting *waiting, struct rd_error *err)
{
	RD_CLEANUP(rd_notes_deinit) struct rd_notes armed = { 0 };
	RD_CLEANUP(rd_notes_deinit) struct rd_notes due = { 0 };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	r = rd_journal_read_text(txn, due_name, &text, err);
	if (r)
		return r < 0 ? r : 0;
	r = rd_notes_parse(&text, &due, err);
	if (!r)
		r = rd_transaction_armed(txn, &armed, err);
	if (!r)
		r = add_notes(&waiting->notes, &due, err);
	if (!r)
		r = add_notes(&waiting->notes, &armed, err);
	if (!r)
		waiting->due = txn->id;
	return r < 0 ? rd_error_prefix(err, r, "%04u: %s", txn->id, due_name) : 0;
}

static int look(const struct rd_state *state, unsigned int id, struct rd_waiting *waiting,
		struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	int r;

	r = rd_journal_open(state, id, &txn, err);
	/* A damaged one confirms nothing; check tells of it. */
	if (r == -EBADMSG && rd_journal_is_over(state, id))
		return 0;
	if (r)
		return r < 0 ? r : 0;
	if (!rd_txn_is_finished(&txn))
		waiting->unfinished = id;
	else if (txn.has[RD_STEP_UNDO])
		return 0;
	if (!waiting->last)
		waiting->last = id;
	if (txn.has[RD_STEP_COMMITTED])
		return waiting->last == id ? add_due(&txn, waiting, err) : 0;
	return txn.has[RD_STEP_ARMED] ? add_armed(&txn, waiting, err) : 0;
}

static void reverse(struct rd_txn_ids *ids)
{
	for (size_t i = 0; i < ids->n / 2; i++) {
		unsigned int id = ids->items[i];

		ids->items[i] = ids->items[ids->n - 1 - i];
		ids->items[ids->n - 1 - i] = id;
	}
}

int rd_waiting_find(const struct rd_state *state, struct rd_waiting *waitingp, struct rd_error *err)
{
	RD_CLEANUP(rd_waiting_deinit) struct rd_waiting waiting = { 0 };
	RD_CLEANUP(rd_txn_ids_deinit) struct rd_txn_ids ids = { 0 };
	int r;

	r = rd_journal_list(state, &ids, err);
	for (size_t i = ids.n; !r && i-- > 0;)
		r = look(state, ids.items[i], &waiting, err);
	if (r)
		return r;
	reverse(&waiting.armed);
	*waitingp = waiting;
	waiting = (struct rd_waiting){ 0 };
	return 0;
}

static int write_due(const struct rd_state *state, unsigned int id, const char *user,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	RD_CLEANUP(rd_notes_deinit) struct rd_notes notes = { 0 };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	r = rd_journal_open(state, id, &txn, err);
	if (!r && rd_notes_add(&notes, RD_NOTE_USER, user))
		r = rd_error_nomem(err);
	if (!r)
		r = rd_notes_format(&notes, &text, err);
	return r ? (r > 0 ? -ENOENT : r) : rd_journal_write_text(&txn, due_name, &text, err);
}

int rd_confirm_commit(const struct rd_state *state, struct rd_waiting *waiting,
		      struct rd_error *err)
{
	const char *user = rd_notes_get(&waiting->notes, RD_NOTE_USER);
	unsigned int newest = waiting->armed.n ? waiting->armed.items[waiting->armed.n - 1] : 0;
	int r = 0;

	if (newest && user)
		r = write_due(state, newest, user, err);
	for (size_t i = 0; r >= 0 && i < waiting->armed.n; i++)
		r = rd_transaction_commit(state, waiting->armed.items[i], err);
	if (r < 0)
		return r;
	if (newest && user)
		waiting->due = newest;
	waiting->armed.n = 0;
	return 0;
}

int rd_confirm_settle(const struct rd_state *state, struct rd_waiting *waiting,
		      struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	int r;

	r = rd_journal_open(state, waiting->due, &txn, err);
	if (r)
		return r < 0 ? r : 0;
	r = rd_write_unlink(txn.fd, due_name, err);
	if (!r)
		waiting->due = 0;
	return r;
}
