/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the actions of profile share: for whom, on what machine, which profile, as what file. */

#include "cli.h"
#include "inspect/profile.h"
#include "probe/probe.h"
#include "recovery/profile.h"

struct profile_job {
	const struct cli_values *values;
	struct rd_system sys;
	struct rd_facts facts;
	struct rd_user user;
	bool has_user; /* of another root one is known only if it was named */
	struct rd_profile_basis basis;
	struct rd_profile profile;
	const struct rd_profile_format *format;
};

#define PROFILE_JOB_INIT               \
	{                              \
		.sys = RD_SYSTEM_INIT, \
	}

void profile_job_deinit(struct profile_job *job);

/* Opens the root and finds the user: the one that was named, or who asked for this under sudo.
 * Return: 0, CLI_EXIT_USAGE, or a negative errno. */
int profile_job_init(struct profile_job *job, const struct cli_values *values,
		     struct rd_error *err);

/* The same for a command that this process will become: the user is the process's. */
int profile_job_init_process(struct profile_job *job, const struct cli_values *values,
			     struct rd_error *err);

/* Looks at the whole machine, as check does, and judges it. Return: 0 or a negative errno. */
int profile_job_check(struct profile_job *job, struct rd_report *reportp, struct rd_error *err);

/* Makes the profile out; facts.gpus must be known. */
int profile_job_choose(struct profile_job *job, struct rd_error *err);

/* The path of the file, malloc()ed; NULL when out of memory. */
char *profile_job_path(const struct profile_job *job);

struct rd_profile_target profile_job_target(const struct profile_job *job);

/* Where else the variables are set. Return: 0 or a negative errno. */
int profile_job_mentions(const struct profile_job *job, struct rd_profile_mentions *mentionsp,
			 struct rd_error *err);

/* The sealed text of the file. Return: 0 or a negative errno. */
int profile_job_print(const struct profile_job *job, struct rd_text *text, struct rd_error *err);

/* A line on standard error, or output, with what others wrote made harmless. */
void profile_say(FILE *f, const char *fmt, ...) RD_PRINTF(2, 3);

/* The actions. Return: exit code, or a negative errno. */
int profile_diff(struct profile_job *job, struct rd_error *err);
int profile_write(struct profile_job *job, struct rd_error *err);
int profile_remove(struct profile_job *job, struct rd_error *err);
