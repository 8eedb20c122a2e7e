/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One stage of the test. Private to recovery. */

#include "recovery/workload.h"

enum {
	_STAGE_OK,
	STAGE_UNTRIED, /* neither this one nor any other can be tried; told in the trial */
};

/* Where the program of the stages is: beside this program, or installed. The caller's. */
int stage_script(char **pathp, struct rd_error *err);

struct stage_context {
	const struct rd_workload *workload;
	char *script; /* the program of the stages */
	struct environment {
		char **items; /* "NAME=VALUE", up to NULL */
		size_t n, cap;
	} environment;
};

/**
 * stage_run() - run the program for a stage, and judge what it did
 * @run: filled, but for its faults
 *
 * Return: 0, STAGE_UNTRIED, or a negative errno.
 */
int stage_run(const struct stage_context *context, struct rd_trial *trial, struct rd_stage_run *run,
	      struct rd_error *err);
