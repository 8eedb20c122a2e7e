/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the staged test of convolutions did and saw. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "model/data.h"

enum rd_stage_result {
	RD_STAGE_NOT_RUN, /* an earlier one failed so that this one was not tried */
	RD_STAGE_PASSED,
	RD_STAGE_WRONG, /* the result is not the processor's */
	RD_STAGE_FAILED, /* the program says so, or raised an exception */
	RD_STAGE_CRASHED, /* it died of a signal */
	RD_STAGE_TIMEOUT, /* it hung, and was killed */
	RD_STAGE_STUCK, /* it hung, and could not be killed: it waits inside the kernel */
	RD_STAGE_FAULT, /* all was well but for the kernel log */
};

/* A line that tells of a fault. */
struct rd_trial_fault {
	const struct rd_log_signature *signature; /* static */
	char *line;
};

struct rd_stage_run {
	const struct rd_stage *stage; /* static */
	unsigned int run; /* from 1 */
	enum rd_stage_result result;
	double seconds; /* of the whole process */
	double work, error, limit; /* as the workload tells them; negative: not told */
	char *reason; /* why it did not pass, or NULL */
	struct rd_trial_faults {
		struct rd_trial_fault *items;
		size_t n, cap;
	} faults; /* in the kernel log meanwhile, the first ones */
};

enum rd_seen {
	RD_SEEN_NOT, /* not tried, or could not look: no statement */
	RD_SEEN_NO,
	RD_SEEN_YES,
};

struct rd_trial_mark {
	const struct rd_criterion *criterion; /* static */
	enum rd_seen seen;
};

struct rd_trial {
	char *device; /* "cuda", "cuda:1", "cpu" */
	char *profile; /* its name */
	char *profile_reason; /* why it was chosen; NULL: it was asked for */
	char *python; /* path */
	char *user; /* as whom the stages ran */
	bool is_sudo; /* that is who called sudo, and not who we are */
	unsigned int runs; /* asked for */
	bool is_log_watched;
	bool is_log_lost; /* parts of it were overwritten before they were read */
	char *log_reason; /* why it is not watched, or NULL */
	char *python_version, *torch, *card, *arch; /* as the workload tells them; NULL: not told */
	char *untried; /* why nothing could be tried at all, or NULL */
	char *refusal; /* a line of the kernel log that says why the card does no compute work */
	bool is_stopped; /* by a signal to us */
	struct {
		struct rd_stage_run *items;
		size_t n, cap;
	} stages; /* run by run, and in these in the order of the stages */

	/* What follows from it: rules/trial.h. */
	struct {
		struct rd_trial_mark *items;
		size_t n, cap;
	} marks;
	int exit_code;
};

#define RD_TRIAL_INIT \
	{             \
		0     \
	}

void rd_trial_deinit(struct rd_trial *trial);

/* "not-run", "passed", "wrong-result", ...; static. */
const char *rd_stage_result_name(enum rd_stage_result result);

/* "not-seen", "no", "yes"; static. */
const char *rd_seen_name(enum rd_seen seen);
