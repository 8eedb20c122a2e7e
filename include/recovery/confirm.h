/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A recovery counts once a later boot has shown it: what a boot says of the transactions that are
 * armed, and committing them. The decision is made from facts and notes alone.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/boot.h"
#include "model/facts.h"
#include "recovery/transaction.h"

/* What is in the journal for a boot to confirm. */
struct rd_waiting {
	struct rd_txn_ids armed; /* and not committed; ascending */
	unsigned int last; /* the newest in effect, 0: none */
	unsigned int unfinished; /* 0: none */
	unsigned int due; /* committed, and its profile is still to be written; 0: none */
	struct rd_notes notes; /* of the armed ones, or of @due; a newer one's word counts */
};

void rd_waiting_deinit(struct rd_waiting *waiting);

/* Looks into the journal. Return: 0 or a negative errno, as rd_journal_open(). */
int rd_waiting_find(const struct rd_state *state, struct rd_waiting *waitingp,
		    struct rd_error *err);

/**
 * rd_confirm_decide() - what this boot says of what waits
 * @boot_id: NULL: not known
 * @recovery: empty; filled but for the profile's fate
 *
 * Only the driver counts: the module that runs and those that could load. What else check finds
 * amiss on the machine keeps no recovery from being confirmed.
 *
 * Return: 0 or -ENOMEM.
 */
int rd_confirm_decide(const struct rd_facts *facts, const struct rd_waiting *waiting,
		      const char *boot_id, struct rd_confirmation *recovery, struct rd_error *err);

/**
 * rd_confirm_commit() - do what was decided as RD_OUTCOME_CONFIRMED
 *
 * A profile that was promised is noted as due before the mark, so that a crash after it does not
 * lose the promise: rd_waiting_find() tells of it until rd_confirm_settle().
 *
 * Return: 0 or a negative errno; then calling it again goes on.
 */
int rd_confirm_commit(const struct rd_state *state, struct rd_waiting *waiting,
		      struct rd_error *err);

/* The promised profile was written, or cannot be: nothing is due any more. */
int rd_confirm_settle(const struct rd_state *state, struct rd_waiting *waiting,
		      struct rd_error *err);
