/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The program of the stages says what it has to say in lines "@WORD TEXT" and in its exit status
 * (data/workload.py); anything else that is printed is a library's, and the last of it, or a line
 * that is known to tell of trouble, is the reason for a failure.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/kernel_log.h"
#include "recovery/spawn.h"
#include "stage.h"

#define PATIENCE_S   15 /* the driver takes some 10 s to give up on a queue that hangs */
#define WHY_MAX	     1500
#define LINE_MAX_LEN 300

enum { WRONG = 10, NO_TORCH = 11, NO_DEVICE = 12 }; /* exit codes of workload.py */

struct listener {
	const struct rd_user *user;
	struct rd_trial *trial;
	struct rd_stage_run *run;
	bool has_passed; /* it says so, and that includes the result */
	struct rd_text why; /* what it says itself */
	char *last; /* line that is none of its own */
	char *trouble; /* first line that is known */
};

static void listener_deinit(struct listener *listener)
{
	rd_text_deinit(&listener->why);
	free(listener->last);
	free(listener->trouble);
}

static void keep(char **linep, const char *line)
{
	char *copy = strndup(line, LINE_MAX_LEN);

	if (!copy)
		return; /* a line of explanation less */
	free(*linep);
	*linep = copy;
}

static void hear_number(double *numberp, const char *text)
{
	char *end;
	double number = strtod(text, &end);

	if (end != text && !*end)
		*numberp = number;
}

static void hear_why(struct rd_text *why, const char *text)
{
	if (why->len < WHY_MAX && !rd_text_puts(why, why->len ? "; " : ""))
		rd_text_puts(why, text);
}

static void hear_word(struct listener *listener, const char *word, size_t n, const char *text)
{
	const struct {
		const char *word;
		double *number;
		char **text;
	} words[] = {
		{ .word = "error", .number = &listener->run->error },
		{ .word = "limit", .number = &listener->run->limit },
		{ .word = "seconds", .number = &listener->run->work },
		{ .word = "torch", .text = &listener->trial->torch },
		{ .word = "python", .text = &listener->trial->python_version },
		{ .word = "card", .text = &listener->trial->card },
		{ .word = "arch", .text = &listener->trial->arch },
	};

	if (n == strlen("why") && !memcmp(word, "why", n))
		hear_why(&listener->why, text);
	if (n == strlen("passed") && !memcmp(word, "passed", n))
		listener->has_passed = !strcmp(text, listener->run->stage->name);
	for (size_t i = 0; i < RD_N_ELEMENTS(words); i++) {
		if (strlen(words[i].word) != n || memcmp(words[i].word, word, n) != 0)
			continue;
		if (words[i].number)
			hear_number(words[i].number, text);
		else
			keep(words[i].text, text);
	}
}

static void hear(void *userdata, const char *line)
{
	struct listener *listener = userdata;
	size_t n = strcspn(line, " ");

	if (*line == '@' && line[n]) {
		hear_word(listener, line + 1, n - 1, line + n + 1);
		return;
	}
	if (!line[strspn(line, " \t")])
		return;
	keep(&listener->last, line);
	if (!listener->trouble && rd_kernel_log_match(line, strlen(line), RD_LOG_PROGRAM))
		keep(&listener->trouble, line);
}

static int prepare(void *userdata, struct rd_error *err)
{
	const struct listener *listener = userdata;

	int r = rd_user_become(listener->user, err);

	/* The kernel forgets this one with the old user: rd_spawn_run() wants it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return r;
}

/* What is to be told of a failure, after @fmt: what the program said, or a library. */
static int RD_PRINTF(2, 3) explain(struct listener *listener, const char *fmt, ...)
{
	const char *said = listener->why.len   ? listener->why.data
			   : listener->trouble ? listener->trouble
					       : listener->last;
	va_list ap;

	va_start(ap, fmt);
	free(listener->run->reason);
	listener->run->reason = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (listener->run->reason && said) {
		RD_CLEANUP(rd_freep) char *before = listener->run->reason;

		listener->run->reason = rd_text_format("%s%s%s", before, *before ? ": " : "", said);
	}
	return listener->run->reason ? 0 : -ENOMEM;
}

static int judge_status(struct listener *listener, int status)
{
	struct rd_stage_run *run = listener->run;

	run->result = RD_STAGE_FAILED;
	if (status > 128) {
		run->result = RD_STAGE_CRASHED;
		return explain(listener, "died of signal %d (%s)", status - 128,
			       strsignal(status - 128));
	}
	switch (status) {
	case WRONG:
		run->result = RD_STAGE_WRONG;
		return explain(listener,
			       "differs from the processor's result by %.2g of the "
			       "largest value, where %.2g is the most that rounding explains",
			       run->error, run->limit);
	case 1: /* an exception */
	case NO_DEVICE:
		return explain(listener, "%s", "");
	default:
		return explain(listener, "ended with status %d", status);
	}
}

/* The answer of rd_spawn_run() as the result of the stage. */
static int judge(struct listener *listener, int answer, int status, unsigned int seconds)
{
	struct rd_stage_run *run = listener->run;

	switch (answer) {
	case 0:
		run->result = listener->has_passed ? RD_STAGE_PASSED : RD_STAGE_FAILED;
		return listener->has_passed ? 0 : explain(listener, "ended without a result");
	case RD_SPAWN_TIMEOUT:
		run->result = RD_STAGE_TIMEOUT;
		return explain(listener, "hung: killed after %u s", seconds);
	case RD_SPAWN_STUCK:
		run->result = RD_STAGE_STUCK;
		return explain(listener,
			       "hung, and cannot be killed after %u s: it waits inside the "
			       "kernel, and only a reboot ends it",
			       seconds);
	case RD_SPAWN_STOPPED:
		listener->trial->is_stopped = true;
		return 0;
	default:
		return judge_status(listener, status);
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Nothing at all can be tried: told as the trial's, not as the stage's. */
static int give_up(struct rd_trial *trial, const char *reason, struct rd_error *err)
{
	trial->untried = strdup(reason);
	return trial->untried ? STAGE_UNTRIED : rd_error_nomem(err);
}

/* There is no such Python, or none that may be run. */
static bool is_absent(int answer)
{
	return answer == RD_SPAWN_ABSENT || answer == -EACCES || answer == -ENOEXEC;
}

int stage_run(const struct stage_context *context, struct rd_trial *trial, struct rd_stage_run *run,
	      struct rd_error *err)
{
	const struct rd_workload *workload = context->workload;
	RD_CLEANUP(listener_deinit)
	struct listener listener = {
		.user = workload->user,
		.trial = trial,
		.run = run,
	};
	const char *argv[] = {
		workload->python, "-B", context->script, run->stage->name, workload->device, NULL,
	};
	const struct rd_spawn spawn = {
		.argv = argv,
		.environment = (const char *const *)context->environment.items,
		.seconds = workload->seconds ? workload->seconds : run->stage->seconds,
		.patience = PATIENCE_S,
		.logfd = -1,
		.prepare = prepare,
		.line = hear,
		.userdata = &listener,
	};
	struct rd_error why = RD_ERROR_INIT;
	double start = now();
	int answer, status = 0;

	answer = rd_spawn_run(&spawn, &status, &why);
	run->seconds = now() - start;
	if (is_absent(answer))
		return give_up(trial, why.msg, err);
	if (answer < 0)
		return rd_error_set(err, -answer, "%s", why.msg);
	if (answer == RD_SPAWN_FAILED && status == NO_TORCH)
		return give_up(trial, listener.why.data ? listener.why.data : "no torch", err);
	if (judge(&listener, answer, status, spawn.seconds))
		return rd_error_nomem(err);
	return 0;
}
