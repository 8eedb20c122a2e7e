/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * run: a command under a profile, as env(1) would start it. Nothing is checked, which would take
 * seconds at each start; but what the check of this boot has found, if there was one, is said.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "profile.h"
#include "recovery/launch.h"

#define HEALTH	   "/run/rdna1-doctor/health.json" /* of boot-report; data/check.schema.json */
#define HEALTH_MAX ((size_t)16 << 20)

/* As shells answer. */
enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* The word behind "verdict" in the health file; NULL if there is none. */
static char *read_verdict(const struct rd_system *sys)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	const char *p;

	if (rd_system_read(sys, HEALTH, HEALTH_MAX, &text, NULL) || !text.data)
		return NULL;
	p = strstr(text.data, "\"verdict\"");
	if (!p)
		return NULL;
	p += strlen("\"verdict\"");
	p += strspn(p, " \t\n:");
	return *p == '"' ? strndup(p + 1, strcspn(p + 1, "\"")) : NULL;
}

/* Without a report there is no news, and scripts are left alone. */
static void warn(const struct profile_job *job)
{
	RD_CLEANUP(rd_freep) char *verdict = read_verdict(&job->sys);
	bool has_card = false;

	for (size_t i = 0; i < job->facts.gpus.n; i++)
		has_card |= job->facts.gpus.items[i].chip_class == RD_CHIP_RDNA1;
	if (!has_card && job->facts.gpus_known == RD_PRESENCE_YES)
		profile_say(stderr,
			    "rdna1-doctor run: no RDNA1 card here; profile %s is set all the "
			    "same",
			    job->profile.kind->name);
	if (verdict && strcmp(verdict, "sane") != 0)
		profile_say(stderr,
			    "rdna1-doctor run: at this boot the machine was found %s: "
			    "rdna1-doctor check",
			    verdict);
	else if (!verdict && isatty(STDERR_FILENO))
		profile_say(stderr, "rdna1-doctor run: nothing has checked this machine since it "
				    "started: rdna1-doctor check");
	if (job->profile.remark && isatty(STDERR_FILENO))
		profile_say(stderr, "rdna1-doctor run: %s", job->profile.remark);
}

static int run_run(const struct cli_values *values, int argc, char **argv, struct rd_error *err)
{
	RD_CLEANUP(profile_job_deinit) struct profile_job job = PROFILE_JOB_INIT;
	const struct rd_probe_options probe = { 0 };
	int r;

	(void)argc;
	r = profile_job_init_process(&job, values, err);
	if (!r)
		r = rd_probe_gpus(&job.sys, &probe, &job.facts, err);
	if (!r)
		r = profile_job_choose(&job, err);
	if (r)
		return r;
	warn(&job);
	fflush(NULL);
	r = rd_launch(&job.profile, argv, err);
	if (r < 0)
		return r;
	profile_say(stderr, "rdna1-doctor run: %s", err->msg);
	return r == RD_LAUNCH_ABSENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

const struct cli_verb cli_run = {
	.name = "run",
	.args = "CMD...",
	.min = 1,
	.max = -1,
	.options = CLI_PROFILE | CLI_COMMAND,
	.help = "run a command under the profile, without writing anything",
	.about =
		"Sets the environment of the profile and becomes the command; options of ours stand\n"
		"before it, and a -- between them if it starts with a dash. Signals, streams and\n"
		"exit status are the command's own. Checks nothing; if the report of this boot says\n"
		"that the machine is not sane, or none was made, that is said on standard error (the\n"
		"latter on a terminal alone).\n\n"
		"Exit code: that of the command; 126 it cannot be executed, 127 there is none; 1 and\n"
		"2 (failure, usage) if it did not come to that.",
	.run = run_run,
};
