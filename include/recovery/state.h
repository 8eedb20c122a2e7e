/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The folder of our own on a machine, /var/lib/rdna1-doctor, and the lock in it. */

#include <stdbool.h>

#include "base/error.h"

#define RD_STATE_FOLDER "var/lib/rdna1-doctor"
#define RD_STATE_TXN	RD_STATE_FOLDER "/txn" /* transactions, a folder each: journal.h */
#define RD_STATE_WORK	RD_STATE_FOLDER "/work" /* what is made before one begins: work.h */
#define RD_STATE_TMP	RD_STATE_WORK "/tmp" /* TMPDIR of tools */

struct rd_state {
	int rootfd; /* of the machine, borrowed */
	int fd; /* RD_STATE_TXN */
	int lockfd; /* -1 without the lock */
};

#define RD_STATE_INIT                                 \
	{                                             \
		.rootfd = -1, .fd = -1, .lockfd = -1, \
	}

enum {
	_RD_STATE_OK,
	RD_STATE_ABSENT, /* no folder yet: nothing was ever done here */
};

/**
 * rd_state_open() - to look only
 *
 * Return: 0, RD_STATE_ABSENT, or a negative errno.
 */
int rd_state_open(struct rd_state *statep, int rootfd, struct rd_error *err);

/**
 * rd_state_lock() - to change something; the folder is made if it is missing
 *
 * The lock is the machine's, so that a rescue system and the mounted one exclude each other too. It
 * goes with the process, however that ends.
 *
 * Return: 0, -EBUSY (another run in progress; @err has its pid), -EPERM (the folder is not ours
 * alone), or another negative errno.
 */
int rd_state_lock(struct rd_state *statep, int rootfd, struct rd_error *err);
void rd_state_deinit(struct rd_state *state);
