/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * All stages, run by run, and the kernel log beside them. The card is not asked anything by us:
 * what is known of it is what the stages say, and what its driver wrote meanwhile.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/kernel_log.h"
#include "recovery/spawn.h"
#include "stage.h"
#include "system/kmsg.h"

#define FAULTS_MAX 16 /* lines that are kept of a stage */
#define AFTER_MS   100 /* a fault is written at once */
#define HUNG_MS	   3000 /* the driver may still be at it */
#define TIMES_MAX  5 /* how often is waited on, while faults come */

struct test {
	struct stage_context context;
	struct rd_trial *trial;
	struct rd_kmsg kmsg;
	bool is_over; /* nothing more is to be run */
};

static void test_deinit(struct test *test)
{
	for (size_t i = 0; i < test->context.environment.n; i++)
		free(test->context.environment.items[i]);
	free(test->context.environment.items);
	free(test->context.script);
	rd_kmsg_deinit(&test->kmsg);
}

/* --- The environment ------------------------------------------------------------------------- */

static int RD_PRINTF(2, 3) add_variable(struct environment *environment, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (text && !rd_array_push(environment, &text))
		return 0;
	free(text);
	return -ENOMEM;
}

/* A fixed part, what is the user's, the profile: what that wants unset cannot be there. */
static int make_environment(const struct rd_workload *workload, struct environment *environment)
{
	const struct rd_user *user = workload->user;
	char *end = NULL;
	int r;

	r = add_variable(environment, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
	if (!r)
		r = add_variable(environment, "LC_ALL=C.UTF-8");
	if (!r)
		r = add_variable(environment, "HOME=%s", user->home);
	if (!r)
		r = add_variable(environment, "USER=%s", user->name);
	if (!r)
		r = add_variable(environment, "LOGNAME=%s", user->name);
	for (size_t i = 0; !r && i < workload->profile->settings.n; i++) {
		const struct rd_profile_setting *setting = &workload->profile->settings.items[i];

		if (setting->value)
			r = add_variable(environment, "%s=%s", setting->name, setting->value);
	}
	return r ? r : rd_array_push(environment, &end);
}

/* --- The kernel log -------------------------------------------------------------------------- */

/* What the log had before: only what says that the card does no compute work is of interest. */
static int take_old(void *userdata, const char *record, size_t len, struct rd_error *err)
{
	struct rd_trial *trial = userdata;
	const struct rd_log_signature *signature;
	struct rd_log_record parsed;

	if (!rd_kernel_log_record(record, len, &parsed) || !parsed.is_kernel)
		return 0;
	if (rd_kernel_log_is_accepted(parsed.text, parsed.len)) {
		free(trial->refusal);
		trial->refusal = NULL;
	}
	signature = rd_kernel_log_match(parsed.text, parsed.len, RD_LOG_KERNEL);
	if (!signature || signature->kind != RD_LOG_REFUSAL || trial->refusal ||
	    rd_kernel_log_is_of_other_card(parsed.text, parsed.len))
		return 0;
	trial->refusal = strndup(parsed.text, parsed.len);
	return trial->refusal ? 0 : rd_error_nomem(err);
}

static int take_new(void *userdata, const char *record, size_t len, struct rd_error *err)
{
	struct rd_trial_faults *faults = userdata;
	struct rd_trial_fault fault = { 0 };
	struct rd_log_record parsed;

	if (faults->n >= FAULTS_MAX || !rd_kernel_log_record(record, len, &parsed) ||
	    !parsed.is_kernel)
		return 0;
	fault.signature = rd_kernel_log_match(parsed.text, parsed.len, RD_LOG_KERNEL);
	if (!fault.signature || fault.signature->kind == RD_LOG_REFUSAL ||
	    (fault.signature->kind == RD_LOG_DETAIL && !faults->n))
		return 0;
	fault.line = strndup(parsed.text, parsed.len);
	if (fault.line && !rd_array_push(faults, &fault))
		return 0;
	free(fault.line);
	return rd_error_nomem(err);
}

static int open_log(const struct rd_system *sys, struct test *test, struct rd_error *err)
{
	struct rd_trial *trial = test->trial;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_kmsg_open(sys, &test->kmsg, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r) {
		trial->log_reason = strdup(why.msg);
		return trial->log_reason ? 0 : rd_error_nomem(err);
	}
	trial->is_log_watched = true;
	r = rd_kmsg_read(&test->kmsg, 0, take_old, trial, err);
	test->kmsg.has_lost = false; /* of what was before */
	return r;
}

static bool is_hung(const struct rd_stage_run *run)
{
	return run->result == RD_STAGE_CRASHED || run->result == RD_STAGE_TIMEOUT ||
	       run->result == RD_STAGE_STUCK;
}

/* What was written during a stage, and just after. */
static int read_log(struct test *test, struct rd_stage_run *run, struct rd_error *err)
{
	unsigned int ms = is_hung(run) ? HUNG_MS : AFTER_MS;
	size_t before;
	int r = 0, times = 0;

	if (!test->trial->is_log_watched)
		return 0;
	if (!strcmp(test->trial->device, "cpu"))
		ms = 0; /* nothing is under way */
	do {
		before = run->faults.n;
		r = rd_kmsg_read(&test->kmsg, ms, take_new, &run->faults, err);
	} while (!r && ms && run->faults.n > before && ++times < TIMES_MAX);
	if (test->kmsg.has_lost)
		test->trial->is_log_lost = true;
	return r;
}

/* --- The stages ------------------------------------------------------------------------------ */

/* Whether another stage is to follow after this one. */
static bool may_go_on(const struct rd_stage_run *run)
{
	switch (run->result) {
	case RD_STAGE_PASSED:
		return true;
	case RD_STAGE_WRONG:
	case RD_STAGE_FAILED:
		return !run->stage->is_needed && !run->faults.n;
	default:
		return false;
	}
}

static int run_stage(struct test *test, struct rd_stage_run *run, struct rd_error *err)
{
	const struct rd_workload *workload = test->context.workload;
	int r;

	if (workload->progress)
		workload->progress(workload->userdata, run->stage, run->run, NULL);
	r = stage_run(&test->context, test->trial, run, err);
	if (!r)
		r = read_log(test, run, err);
	if (r)
		return r;
	if (run->result == RD_STAGE_PASSED && run->faults.n)
		run->result = RD_STAGE_FAULT;
	if (test->trial->is_stopped || !may_go_on(run))
		test->is_over = true;
	if (workload->progress)
		workload->progress(workload->userdata, run->stage, run->run, run);
	return 0;
}

static int run_all(struct test *test, struct rd_error *err)
{
	struct rd_trial *trial = test->trial;
	size_t n;
	const struct rd_stage *stages = rd_data_stages(&n);
	int r = 0;

	for (size_t i = 0; !r && i < n * trial->runs; i++) {
		struct rd_stage_run run = {
			.stage = &stages[i % n],
			.run = (unsigned int)(i / n) + 1,
			.work = -1,
			.error = -1,
			.limit = -1,
		};

		if (rd_array_push(&trial->stages, &run))
			return rd_error_nomem(err);
		if (!test->is_over)
			r = run_stage(test, &trial->stages.items[i], err);
	}
	return r == STAGE_UNTRIED ? 0 : r;
}

static int fill_head(const struct rd_workload *workload, struct rd_trial *trial)
{
	trial->runs = workload->runs;
	trial->is_sudo = workload->user->uid != geteuid();
	trial->device = strdup(workload->device);
	trial->profile = strdup(workload->profile->kind->name);
	if (workload->profile->reason) {
		trial->profile_reason = strdup(workload->profile->reason);
		if (!trial->profile_reason)
			return -ENOMEM;
	}
	trial->python = strdup(workload->python);
	trial->user = strdup(workload->user->name);
	return trial->device && trial->profile && trial->python && trial->user ? 0 : -ENOMEM;
}

int rd_workload_run(const struct rd_system *sys, const struct rd_workload *workload,
		    struct rd_trial *trialp, struct rd_error *err)
{
	RD_CLEANUP(rd_trial_deinit) struct rd_trial trial = RD_TRIAL_INIT;
	RD_CLEANUP(test_deinit)
	struct test test = {
		.context.workload = workload,
		.trial = &trial,
		.kmsg = RD_KMSG_INIT,
	};
	int r;

	if (fill_head(workload, &trial) || make_environment(workload, &test.context.environment))
		return rd_error_nomem(err);
	r = stage_script(&test.context.script, err);
	if (!r)
		r = open_log(sys, &test, err);
	if (!r)
		r = run_all(&test, err);
	if (r)
		return r;
	*trialp = trial;
	trial = (struct rd_trial)RD_TRIAL_INIT;
	return 0;
}
