/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * profile write and remove. Nothing is written for a machine that is not sane: whoever sources the
 * file starts ROCm, and on a patched driver that is what crashes it.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "profile.h"

/* What to do about a machine that is not sane, by the exit code of check. */
static const char *advice(int code)
{
	switch (code) {
	case 3:
		return "the driver must be put right first";
	case 4:
		return "reboot first, then write it";
	case 5:
		return "this profile is for RDNA1 cards, and none was seen";
	default:
		return geteuid() ? "run it as root: not all that matters could be read"
				 : "not all that matters could be read";
	}
}

static int refuse(const struct rd_report *report, const struct cli_values *values,
		  struct rd_error *err)
{
	struct rd_render_options render = cli_render_options(values);
	int r;

	render.use_color = false; /* which was decided for standard output */
	r = rd_renderer_find("text")->check(report, &render, stderr, err);
	if (r)
		return r;
	fputs("\n", stderr);
	rd_error_set(err, EPERM, "refused: check says %s (%d): %s; --force writes all the same",
		     rd_state_name(report->state), report->exit_code, advice(report->exit_code));
	return CLI_REFUSED;
}

static void tell_overridden(const struct rd_report *report)
{
	profile_say(stderr, "--force: written although the machine is %s", report->sentence);
	for (size_t i = 0; i < report->findings.n; i++) {
		const struct rd_finding *finding = &report->findings.items[i];

		if (finding->result == RD_RESULT_FAIL || finding->result == RD_RESULT_UNKNOWN)
			profile_say(stderr, "--force: overrides %s: %s", finding->text->id,
				    rd_finding_title(finding));
	}
}

/* 0 if the machine is sane, or that does not matter; else an exit code, or a negative errno. */
static int check_machine(struct profile_job *job, struct rd_error *err)
{
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	int r;

	r = profile_job_check(job, &report, err);
	if (r || !report.exit_code)
		return r;
	if (!job->values->is_forced)
		return refuse(&report, job->values, err);
	tell_overridden(&report);
	return 0;
}

/* What the writer would not do; what it could not do is main()'s to tell. */
static int refusal(const struct profile_job *job, int r, struct rd_error *err)
{
	if (r != RD_PROFILE_EDITED && r != RD_PROFILE_REFUSED)
		return r;
	if (job->values->wants_bashrc && r == RD_PROFILE_REFUSED)
		profile_say(stderr, "the line for the start-up file, to be added by hand: %s",
			    rd_profile_bashrc_line());
	rd_error_prefix(err, r, "refused");
	return CLI_REFUSED;
}

static void tell_bashrc(const struct profile_job *job, enum rd_profile_change change)
{
	static const char *const words[] = {
		[RD_PROFILE_SAME] = "has the line already, or never had it",
		[RD_PROFILE_CREATED] = "made, with the line that reads the file",
		[RD_PROFILE_REPLACED] = "has the line that reads the file now",
		[RD_PROFILE_REMOVED] = "has the line that reads the file no more",
	};

	if (change != RD_PROFILE_UNTOUCHED)
		profile_say(stdout, "%s%s/.bashrc: %s", job->sys.is_live ? "" : job->sys.root,
			    job->user.home, words[change]);
}

static void tell_outcome(const struct profile_job *job, const char *path,
			 const struct rd_profile_outcome *outcome)
{
	static const char *const words[] = {
		[RD_PROFILE_UNTOUCHED] = "not there",
		[RD_PROFILE_SAME] = "is that already",
		[RD_PROFILE_CREATED] = "written",
		[RD_PROFILE_REPLACED] = "written, in the place of an older one",
		[RD_PROFILE_REMOVED] = "removed",
	};

	profile_say(stdout, "%s: %s", path, words[outcome->file]);
	if (*outcome->kept)
		profile_say(stdout, "the old file is kept beside it as %s", outcome->kept);
	tell_bashrc(job, outcome->bashrc);
}

/* What may win over the file, or loses against it. */
static int tell_mentions(const struct profile_job *job, struct rd_error *err)
{
	RD_CLEANUP(rd_profile_mentions_deinit) struct rd_profile_mentions mentions = { 0 };
	int r;

	r = profile_job_mentions(job, &mentions, err);
	for (size_t i = 0; i < mentions.n && !r; i++)
		profile_say(stdout, "set elsewhere too: %s:%u: %s", mentions.items[i].path,
			    mentions.items[i].line, mentions.items[i].text);
	return r;
}

int profile_write(struct profile_job *job, struct rd_error *err)
{
	const struct rd_render_options render = cli_render_options(job->values);
	const struct rd_profile_target target = profile_job_target(job);
	RD_CLEANUP(rd_freep) char *path = profile_job_path(job);
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_profile_outcome outcome = { 0 };
	int r;

	if (!path)
		return rd_error_nomem(err);
	r = check_machine(job, err);
	if (!r)
		r = profile_job_choose(job, err);
	if (!r)
		r = profile_job_print(job, &text, err);
	if (r)
		return r;
	r = rd_profile_write(&target, &text, &outcome, err);
	if (r)
		return refusal(job, r, err);
	r = rd_render_profile(&job->profile, NULL, &render, stdout, err);
	if (r)
		return r;
	fputs("\n", stdout);
	tell_outcome(job, path, &outcome);
	profile_say(stdout, "%s", job->format->use);
	return tell_mentions(job, err);
}

int profile_remove(struct profile_job *job, struct rd_error *err)
{
	const struct rd_profile_target target = profile_job_target(job);
	RD_CLEANUP(rd_freep) char *path = profile_job_path(job);
	struct rd_profile_outcome outcome = { 0 };
	int r;

	if (!path)
		return rd_error_nomem(err);
	r = rd_profile_remove(&target, &outcome, err);
	if (r)
		return refusal(job, r, err);
	tell_outcome(job, path, &outcome);
	return 0;
}
