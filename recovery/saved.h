/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What earlier transactions kept and another one can use: what they replaced, and what they put
 * there. Private to recovery. */

#include "recovery/course.h"
#include "recovery/state.h"

enum {
	_SAVED_OK,
	SAVED_NOTHING,
};

/**
 * saved_file() - a file as some transaction found it
 * @path: from the root, without a leading slash
 * @idp: only transactions before this one, 0: all; the transaction that it is from
 * @contentp: empty; whole, by its digest
 *
 * Return: 0, SAVED_NOTHING, or a negative errno.
 */
int saved_file(const struct rd_state *state, const char *path, unsigned int *idp,
	       struct rd_text *contentp, struct rd_error *err);

/* Adds the sets of modules that transactions installed to @means; 0 or a negative errno. */
int saved_sets(const struct rd_state *state, const struct rd_facts *facts, struct rd_means *means,
	       struct rd_error *err);

/**
 * saved_unpack() - make the set of a kernel that a transaction installed below a folder
 * @folder: from the root; the set has the paths there that it has below the root
 *
 * Return: 0, SAVED_NOTHING, or a negative errno.
 */
int saved_unpack(const struct rd_state *state, const struct rd_backup_means *backup,
		 const char *folder, struct rd_error *err);

/* Whether a path of a manifest is of that kernel's modules or builds. */
bool saved_is_of_kernel(const char *path, const char *kernel);
