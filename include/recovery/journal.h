/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Transactions on the disk: a folder each, in which the names of files are the state. */

#include <stdbool.h>
#include <stddef.h>

#include "recovery/plan.h"
#include "recovery/state.h"

#define RD_TXN_ID_MAX 99999u

struct rd_txn {
	unsigned int id;
	int fd; /* its folder */
	bool has[_RD_STEP_N]; /* which steps are marked as done */
	struct rd_plan plan;
};

#define RD_TXN_INIT                             \
	{                                       \
		.fd = -1, .plan = RD_PLAN_INIT, \
	}

void rd_txn_deinit(struct rd_txn *txn);

enum {
	_RD_JOURNAL_OK,
	RD_JOURNAL_ABSENT, /* no such transaction, or one that had not begun when it was cut off */
};

struct rd_txn_ids {
	unsigned int *items; /* ascending */
	size_t n, cap;
};

void rd_txn_ids_deinit(struct rd_txn_ids *ids);
int rd_journal_list(const struct rd_state *state, struct rd_txn_ids *idsp, struct rd_error *err);

/**
 * rd_journal_begin() - write a plan down as a new transaction
 *
 * The marks of all steps are written here too, under other names: to reach a step is a rename then,
 * which a full disk does not stop.
 *
 * Return: 0 or a negative errno.
 */
int rd_journal_begin(const struct rd_state *state, struct rd_plan *plan, struct rd_txn *txnp,
		     struct rd_error *err);

/**
 * rd_journal_open() - read a transaction
 *
 * Return: 0, RD_JOURNAL_ABSENT, -EPROTO (a later version wrote it, or it has a step that is not
 * known here), -EBADMSG (damaged), or another negative errno. @err names file and line.
 */
int rd_journal_open(const struct rd_state *state, unsigned int id, struct rd_txn *txnp,
		    struct rd_error *err);

/* Whether its marks say that it is committed or rolled back, whatever became of its plan. */
bool rd_journal_is_over(const struct rd_state *state, unsigned int id);

/* A step is done: once this is 0, it will be after any crash. */
int rd_journal_mark(struct rd_txn *txn, enum rd_step step, struct rd_error *err);

/* Whether nothing is left to do but a boot: armed, committed or rolled back. */
bool rd_txn_is_finished(const struct rd_txn *txn);

/* Takes a transaction with all that it kept off the disk. */
int rd_journal_remove(const struct rd_state *state, unsigned int id, struct rd_error *err);

/* Texts of a transaction, such as its manifests; read: 0, RD_JOURNAL_ABSENT, or a negative errno.
 */
int rd_journal_write_text(const struct rd_txn *txn, const char *name, const struct rd_text *text,
			  struct rd_error *err);
int rd_journal_read_text(const struct rd_txn *txn, const char *name, struct rd_text *textp,
			 struct rd_error *err);
