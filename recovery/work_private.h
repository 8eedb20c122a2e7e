/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names below RD_STATE_WORK, and what its makers share. Private to recovery. */

#include "recovery/work.h"

#define WORK_SOURCE   "source/%04zu"
#define WORK_PACKAGED "packaged/%s"
#define WORK_SAVED    "saved/%s"
#define WORK_SRC      "src/%s-%s" /* a copy of the source of NAME, VERSION */
#define WORK_DKMS     "dkms"

/* Writes a file below the root, in folders of our own, with mode and owner of @like, if that is
 * there. */
int work_write(const struct rd_state *state, const char *path, const struct rd_text *content,
	       const char *like, struct rd_error *err);

/* The verdict on a file of the machine; 0 or a negative errno. */
int work_inspect(const struct rd_system *sys, const char *path, struct rd_copy *copy,
		 struct rd_error *err);

enum {
	WORK_BAD = RD_WORK_FAILED + 1, /* a module is patched or modified */
};

/**
 * work_prove() - whether a module may be installed for a kernel
 * @build_idp: its build-id, the caller's; NULL if it has none
 *
 * Return: 0, RD_WORK_FAILED (it cannot be inspected, is of another kernel), WORK_BAD, or a negative
 * errno.
 */
int work_prove(const struct rd_system *sys, const char *path, const char *kernel, char **build_idp,
	       struct rd_error *err);
