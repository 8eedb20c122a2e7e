/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The staged test of convolutions: each stage of data/workload.data as a process of its own, with a
 * time limit, under the environment of a profile, while the kernel log is watched. Changes nothing
 * itself; what the user's libraries keep in the user's home (MIOpen's data base of solutions) is
 * theirs.
 */

#include "model/profile.h"
#include "model/trial.h"
#include "recovery/user.h"
#include "system/system.h"

struct rd_workload {
	const char *python; /* absolute path */
	const char *device; /* "cuda", "cuda:1", "cpu" */
	unsigned int runs; /* how often all stages are run */
	unsigned int seconds; /* limit of each stage; 0: that of its own */
	const struct rd_profile *profile;
	const struct rd_user *user; /* as whom to run */

	/* A stage begins (@done NULL), or has ended; may be NULL. */
	void (*progress)(void *userdata, const struct rd_stage *stage, unsigned int run,
			 const struct rd_stage_run *done);
	void *userdata;
};

/**
 * rd_workload_run() - run all stages and put down what was seen
 * @trialp: filled, but for what rules/trial.h adds; rd_trial_deinit() it
 *
 * After a stage that hung, crashed, or left a fault in the kernel log, nothing is run any more: a
 * card in that state can take the machine with it. A wrong result or an exception ends nothing.
 * Stopped by a signal (rd_spawn_catch_signals()), the rest is not run.
 *
 * Return: 0 or a negative errno.
 */
int rd_workload_run(const struct rd_system *sys, const struct rd_workload *workload,
		    struct rd_trial *trialp, struct rd_error *err);
