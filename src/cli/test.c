/* SPDX-License-Identifier: GPL-2.0-or-later */

/* test: do convolutions run? In stages, each in a process of its own. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli.h"
#include "profile.h"
#include "progress.h"
#include "recovery/spawn.h"
#include "recovery/workload.h"
#include "rules/trial.h"

/* --- Progress -------------------------------------------------------------------------------- */

struct teller {
	bool is_terminal;
	unsigned int runs;
	unsigned int seconds; /* 0: those of the stage */
};

static void tell(void *userdata, const struct rd_stage *stage, unsigned int run,
		 const struct rd_stage_run *done)
{
	const struct teller *teller = userdata;

	if (teller->is_terminal && !done)
		fprintf(stderr, "\r\033[Krun %u of %u: %s, at most %u s", run, teller->runs,
			stage->title, teller->seconds ? teller->seconds : stage->seconds);
	else if (teller->is_terminal)
		fputs("\r\033[K", stderr);
	else if (done)
		fprintf(stderr, "run %u of %u: %s: %s, %.1f s\n", run, teller->runs, stage->title,
			rd_stage_result_name(done->result), done->seconds);
	fflush(stderr);
}

/* --- Before ---------------------------------------------------------------------------------- */

/* The first of that name on PATH, as an absolute path. */
static int search_path(const char *name, char **pathp, struct rd_error *err)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		RD_CLEANUP(rd_freep) char *found = rd_text_format("%.*s/%s", (int)n, path, name);

		if (!found)
			return rd_error_nomem(err);
		if (*found == '/' && n && !access(found, X_OK)) {
			*pathp = RD_TAKE_PTR(found);
			return 0;
		}
		path += n + (path[n] == ':');
	}
	*pathp = rd_text_format("/usr/bin/%s", name); /* which is told then, as absent */
	return *pathp ? 0 : rd_error_nomem(err);
}

/* A name with a slash is a path, from the current folder on; links are kept: that of a virtual
 * environment is how Python knows it. */
static int find_python(const char *given, char **pathp, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *folder = NULL;

	if (!given || !strchr(given, '/'))
		return search_path(given ? given : "python3", pathp, err);
	if (*given != '/') {
		folder = getcwd(NULL, 0);
		if (!folder)
			return rd_error_set(err, errno, "the current folder: %s", strerror(errno));
	}
	*pathp = rd_text_format("%s%s%s", folder ? folder : "", folder ? "/" : "", given);
	return *pathp ? 0 : rd_error_nomem(err);
}

/* A card with a patched driver may take the machine with it. 0, CLI_EXIT_BAD, or negative. */
static int check_machine(struct profile_job *job, struct rd_error *err)
{
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	const struct rd_probe_options gpus = { 0 };
	int r;

	if (!strcmp(job->values->device, "cpu") || job->values->is_forced)
		return rd_probe_gpus(&job->sys, &gpus, &job->facts, err);
	r = profile_job_check(job, &report, err);
	if (r || report.exit_code != CLI_EXIT_BAD)
		return r;
	profile_say(stderr, "rdna1-doctor test: refused, since check says: %s", report.sentence);
	profile_say(stderr,
		    "Compute work may hang the machine. First: rdna1-doctor check. (--force "
		    "does it all the same.)");
	return CLI_EXIT_BAD;
}

/* --- The verb -------------------------------------------------------------------------------- */

static int run_stages(const struct profile_job *job, const char *python, struct rd_trial *trial,
		      struct rd_error *err)
{
	const struct cli_values *values = job->values;
	struct teller teller = {
		.is_terminal = isatty(STDERR_FILENO),
		.runs = values->runs,
		.seconds = values->seconds,
	};
	const struct rd_workload workload = {
		.python = python,
		.device = values->device,
		.runs = values->runs,
		.seconds = values->seconds,
		.profile = &job->profile,
		.user = &job->user,
		.progress = tell,
		.userdata = &teller,
	};
	int r;

	rd_spawn_catch_signals();
	r = rd_workload_run(&job->sys, &workload, trial, err);
	if (teller.is_terminal)
		fputs("\r\033[K", stderr);
	return r ? r : rd_rules_judge_trial(trial, err);
}

/* A Python that ends without a word is told as such. */
static int name_silence(struct rd_trial *trial, struct rd_error *err)
{
	for (size_t i = 0; i < trial->stages.n; i++) {
		struct rd_stage_run *run = &trial->stages.items[i];

		if (run->result != RD_STAGE_FAILED || (run->reason && *run->reason))
			continue;
		free(run->reason);
		run->reason = strdup("ended with an error, and printed nothing");
		if (!run->reason)
			return rd_error_nomem(err);
	}
	return 0;
}

static int show(const struct cli_values *values, const struct rd_trial *trial, struct rd_error *err)
{
	const struct rd_render_options render = cli_render_options(values);
	int r;

	r = rd_renderer_find(values->format)->test(trial, &render, stdout, err);
	if (!r && trial->is_stopped)
		return rd_error_set(err, EINTR, "stopped by a signal");
	return r ? r : trial->exit_code;
}

static int test_run(const struct cli_values *values, int argc, char **argv, struct rd_error *err)
{
	RD_CLEANUP(profile_job_deinit) struct profile_job job = PROFILE_JOB_INIT;
	RD_CLEANUP(rd_trial_deinit) struct rd_trial trial = RD_TRIAL_INIT;
	RD_CLEANUP(rd_freep) char *python = NULL;
	int r;

	(void)argc;
	(void)argv;
	r = profile_job_init(&job, values, err);
	if (!r && !job.has_user)
		r = rd_error_set(
			err, ENOENT,
			"who runs this, or called sudo for it, has no entry among the users");
	if (!r)
		r = find_python(values->python, &python, err);
	if (!r)
		r = check_machine(&job, err);
	if (!r)
		r = profile_job_choose(&job, err);
	if (!r)
		r = run_stages(&job, python, &trial, err);
	if (!r)
		r = name_silence(&trial, err);
	return r ? r : show(values, &trial, err);
}

const struct cli_verb cli_test = {
	.name = "test",
	.args = "",
	.options = CLI_RUNS | CLI_DEVICE | CLI_PYTHON | CLI_PROFILE | CLI_TEST | CLI_FORMAT |
		   CLI_VERBOSE | CLI_COLOR,
	.help = "do convolutions run on the card? In stages, with time limits",
	.about =
		"Runs what PyTorch programs do, from importing torch to a training step, each stage\n"
		"in a process of its own with a time limit, compares the results with the\n"
		"processor's, and watches the kernel log for faults of the card (as root). After sudo\n"
		"the stages run as the user who called it. A hang can need a reboot: save your work.\n"
		"Refuses on a machine that check calls unsafe.\n\n"
		"Exit code: 0 all passed, 1 the tool failed or was stopped, 2 usage, 3 a stage failed,\n"
		"or refused, 6 nothing could be tried (no Python, no torch).",
	.run = test_run,
};
