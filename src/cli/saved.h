/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From the journal to what is told of it. */

#include "cli.h"
#include "model/saved.h"
#include "recovery/backup.h"
#include "system/system.h"

enum {
	_CLI_SAVED_OK,
	CLI_SAVED_ABSENT, /* no such transaction; of a state: nothing was ever done here */
};

/**
 * cli_state_open() - the folder of our own
 * @is_locked: to change something. It is not made if it is missing
 *
 * Return: 0, CLI_SAVED_ABSENT, CLI_REFUSED (another run is in progress), or a negative errno; for a
 * user who is not root it says so.
 */
int cli_state_open(const struct rd_system *sys, bool is_locked, struct rd_state *statep,
		   struct rd_error *err);

/* The id that a word is; false if it is none. */
bool cli_saved_parse_id(const char *word, unsigned int *idp);

/**
 * cli_saved_read() - a transaction and its copies
 * @savedp: filled, also for one that cannot be read
 * @backupp: opened where it keeps copies (@savedp->files or not), else left as it is
 *
 * Return: 0, CLI_SAVED_ABSENT, or -ENOMEM.
 */
int cli_saved_read(const struct rd_state *state, unsigned int id, struct rd_saved *savedp,
		   struct rd_backup *backupp, struct rd_error *err);
