/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The journal. var/lib/rdna1-doctor/txn/NNNN/ holds:
 *
 *	00-intent		the plan (plan.c)
 *	10-backup ...		an empty record for each step that is done
 *	spare-10-backup ...	the same for each step that is not
 *	old.manifest, old/	what was there before (manifest.c, store.c)
 *	40-installed.manifest, new/	what a phase puts there, for each phase
 *	50-depmod.written.manifest	what the tool of a phase left where it writes by itself
 *	aside.manifest, aside/		what others had put where a rollback went (undo.c)
 *	armed			words of the caller for the boot that confirms
 *	stage/STEP/		where the tool of a step leaves what it made
 *
 * A folder without 00-intent is one that was being made, or being removed: it means nothing. A step
 * that is not in the table was written by another version, whose rules are not known here: such a
 * journal is refused, and nothing is done to the machine.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "names.h"
#include "record.h"
#include "recovery/journal.h"
#include "recovery/write.h"

#define TEXT_MAX ((size_t)64 << 20)
#define NAME_LEN 32

static const char spare_prefix[] = "spare-";

void rd_txn_deinit(struct rd_txn *txn)
{
	rd_closep(&txn->fd);
	rd_plan_deinit(&txn->plan);
	*txn = (struct rd_txn)RD_TXN_INIT;
}

void rd_txn_ids_deinit(struct rd_txn_ids *ids)
{
	free(ids->items);
	*ids = (struct rd_txn_ids){ 0 };
}

static void folder_name(unsigned int id, char name[NAME_LEN])
{
	snprintf(name, NAME_LEN, "%04u", id);
}

static bool parse_id(const char *name, unsigned int *idp)
{
	char again[NAME_LEN];
	unsigned long id;

	if (!isdigit((unsigned char)*name))
		return false;
	id = strtoul(name, NULL, 10);
	if (!id || id > RD_TXN_ID_MAX)
		return false;
	folder_name((unsigned int)id, again);
	*idp = (unsigned int)id;
	return !strcmp(name, again);
}

static int compare_ids(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

int rd_journal_list(const struct rd_state *state, struct rd_txn_ids *idsp, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names names = { 0 };
	struct rd_txn_ids ids = { 0 };
	unsigned int id;
	int r;

	r = names_read(state->fd, &names, err);
	if (r)
		return rd_error_prefix(err, r, RD_STATE_TXN);
	for (size_t i = 0; i < names.n; i++) {
		if (parse_id(names.items[i], &id) && rd_array_push(&ids, &id)) {
			rd_txn_ids_deinit(&ids);
			return rd_error_nomem(err);
		}
	}
	if (ids.n)
		qsort(ids.items, ids.n, sizeof(*ids.items), compare_ids);
	*idsp = ids;
	return 0;
}

/* The phases of the plan, and the steps that every transaction has. */
static bool is_in_plan(const struct rd_plan *plan, enum rd_step step)
{
	if (step == RD_STEP_BACKUP || step >= RD_STEP_ARMED)
		return true;
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->items[i].step == step)
			return true;
	}
	return false;
}

static int write_spare(int fd, enum rd_step step, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_closep) int file = -1;
	char name[NAME_LEN];
	int r;

	snprintf(name, sizeof(name), "%s%s", spare_prefix, rd_step_name(step));
	if (record_begin(&text, "step"))
		return rd_error_nomem(err);
	r = record_end(&text, err);
	if (r)
		return r;
	file = rd_write_temporary(fd, name, err);
	if (file < 0)
		return file;
	r = rd_write_all(file, text.data, text.len, err);
	return r ? r : rd_write_sync(file, name, err);
}

/* The folder of a new transaction, by its last file one that counts. */
static int fill(const struct rd_txn *txn, const struct rd_plan *plan, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	r = rd_plan_format(plan, &text, err);
	for (enum rd_step step = RD_STEP_BACKUP; !r && step < _RD_STEP_N; step++) {
		if (is_in_plan(plan, step))
			r = write_spare(txn->fd, step, err);
	}
	if (!r)
		r = rd_write_sync(txn->fd, "the spare marks", err);
	return r ? r : rd_journal_write_text(txn, rd_step_name(RD_STEP_INTENT), &text, err);
}

static int next_id(const struct rd_state *state, unsigned int *idp, struct rd_error *err)
{
	RD_CLEANUP(rd_txn_ids_deinit) struct rd_txn_ids ids = { 0 };
	int r;

	r = rd_journal_list(state, &ids, err);
	if (r)
		return r;
	*idp = ids.n ? ids.items[ids.n - 1] + 1 : 1;
	if (*idp > RD_TXN_ID_MAX)
		return rd_error_set(err, EOVERFLOW, RD_STATE_TXN ": no number is left");
	return 0;
}

int rd_journal_begin(const struct rd_state *state, struct rd_plan *plan, struct rd_txn *txnp,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	char name[NAME_LEN];
	int r;

	/* What an interrupted rd_journal_remove() left. */
	r = rd_write_remove(state->fd, RD_WRITE_OLD, err);
	if (!r)
		r = next_id(state, &txn.id, err);
	if (r)
		return r;
	folder_name(txn.id, name);
	txn.fd = rd_write_folder(state->fd, name, 0700, err);
	r = txn.fd < 0 ? txn.fd : fill(&txn, plan, err);
	if (r) {
		rd_journal_remove(state, txn.id, NULL);
		return rd_error_prefix(err, r, "begin transaction %s", name);
	}
	txn.has[RD_STEP_INTENT] = true;
	txn.plan = *plan;
	*plan = (struct rd_plan)RD_PLAN_INIT;
	*txnp = txn;
	txn = (struct rd_txn)RD_TXN_INIT;
	return 0;
}

/* Two digits and a dash: a step, if not one of ours then another version's. */
static bool is_step_like(const char *name)
{
	return isdigit((unsigned char)name[0]) && isdigit((unsigned char)name[1]) &&
	       name[2] == '-' && !rd_text_has_suffix(name, ".manifest");
}

static int read_steps(struct rd_txn *txn, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names names = { 0 };
	int r;

	r = names_read(txn->fd, &names, err);
	for (size_t i = 0; !r && i < names.n; i++) {
		int step = rd_step_find(names.items[i]);

		if (step >= 0)
			txn->has[step] = true;
		else if (is_step_like(names.items[i]))
			r = rd_error_set(err, EPROTO,
					 "%.40s: a step that is unknown here, written by another "
					 "version of rdna1-doctor",
					 names.items[i]);
	}
	return r;
}

static int read_plan(struct rd_txn *txn, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	const char *name = rd_step_name(RD_STEP_INTENT);
	int r;

	r = rd_journal_read_text(txn, name, &text, err);
	if (r)
		return r;
	r = rd_plan_parse(&text, &txn->plan, err);
	return r ? rd_error_prefix(err, r, "%s", name) : 0;
}

int rd_journal_open(const struct rd_state *state, unsigned int id, struct rd_txn *txnp,
		    struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	char name[NAME_LEN];
	int r;

	txn.id = id;
	folder_name(id, name);
	txn.fd = openat(state->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (txn.fd < 0) {
		r = rd_error_set(err, errno, RD_STATE_TXN "/%s: %s", name, strerror(errno));
		return r == -ENOENT ? RD_JOURNAL_ABSENT : r;
	}
	r = read_steps(&txn, err);
	if (!r)
		r = read_plan(&txn, err);
	if (r)
		return rd_error_prefix(err, r, RD_STATE_TXN "/%s", name);
	*txnp = txn;
	txn = (struct rd_txn)RD_TXN_INIT;
	return 0;
}

bool rd_journal_is_over(const struct rd_state *state, unsigned int id)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	char name[NAME_LEN];

	folder_name(id, name);
	txn.fd = openat(state->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return txn.fd >= 0 && !read_steps(&txn, NULL) &&
	       (txn.has[RD_STEP_COMMITTED] || txn.has[RD_STEP_ROLLED_BACK]);
}

int rd_journal_mark(struct rd_txn *txn, enum rd_step step, struct rd_error *err)
{
	char spare[NAME_LEN];
	int r;

	if (txn->has[step])
		return 0;
	snprintf(spare, sizeof(spare), "%s%s", spare_prefix, rd_step_name(step));
	r = rd_write_rename(txn->fd, spare, rd_step_name(step), err);
	if (r)
		return rd_error_prefix(err, r, "journal");
	txn->has[step] = true;
	return 0;
}

bool rd_txn_is_finished(const struct rd_txn *txn)
{
	if (txn->has[RD_STEP_UNDO])
		return txn->has[RD_STEP_ROLLED_BACK];
	return txn->has[RD_STEP_ARMED] || txn->has[RD_STEP_COMMITTED];
}

int rd_journal_remove(const struct rd_state *state, unsigned int id, struct rd_error *err)
{
	char name[NAME_LEN];
	int r;

	folder_name(id, name);
	r = rd_write_remove(state->fd, RD_WRITE_OLD, err);
	if (!r)
		r = rd_write_rename(state->fd, name, RD_WRITE_OLD, err);
	return r ? r : rd_write_remove(state->fd, RD_WRITE_OLD, err);
}

int rd_journal_write_text(const struct rd_txn *txn, const char *name, const struct rd_text *text,
			  struct rd_error *err)
{
	return rd_write_create(txn->fd, name, text->data, text->len, err);
}

int rd_journal_read_text(const struct rd_txn *txn, const char *name, struct rd_text *textp,
			 struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	fd = openat(txn->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		r = rd_error_set(err, errno, "%s: %s", name, strerror(errno));
		return r == -ENOENT ? RD_JOURNAL_ABSENT : r;
	}
	r = rd_text_fill(&text, fd, TEXT_MAX, err);
	if (r)
		return rd_error_prefix(err, r > 0 ? -EIO : r, "%s", name);
	*textp = rd_text_take(&text);
	return 0;
}
