/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * boot-report: what check says, left where a boot is expected to leave it; and the one place where
 * a recovery becomes final.
 *
 * Each part is tried even if another one failed, for a full /var must not keep the report out of
 * /run; the first failure is the one that is told.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli.h"
#include "probe/probe.h"
#include "progress.h"
#include "recovery/boot.h"
#include "recovery/confirm.h"
#include "recovery/profile.h"
#include "rules/rules.h"

struct boot_report {
	struct rd_system sys;
	struct rd_state state;
	struct rd_waiting waiting;
	struct rd_facts facts;
	struct rd_report report;
	struct rd_boot boot;
	struct rd_error first; /* failure of a part */
	int r;
};

static void boot_report_deinit(struct boot_report *self)
{
	rd_boot_deinit(&self->boot);
	rd_report_deinit(&self->report);
	rd_facts_deinit(&self->facts);
	rd_waiting_deinit(&self->waiting);
	rd_state_deinit(&self->state);
	rd_system_deinit(&self->sys);
}

/* A part is over; its failure does not end the others. */
static void note(struct boot_report *self, int r, const struct rd_error *err)
{
	if (r >= 0 || self->r)
		return;
	self->r = r;
	self->first = *err;
}

/* What waits is looked up under the lock, which is held to the end. */
static void look_up(struct boot_report *self)
{
	struct rd_error err = RD_ERROR_INIT;
	int r;

	r = rd_state_lock(&self->state, self->sys.rootfd, &err);
	if (!r)
		r = rd_waiting_find(&self->state, &self->waiting, &err);
	note(self, r, &err);
}

static int look(const struct cli_values *values, struct boot_report *self, struct rd_error *err)
{
	struct cli_progress progress;
	const struct rd_probe_options probe = {
		.want_sha256 = true,
		.progress = cli_progress_tell,
		.userdata = &progress,
	};
	int r;

	r = cli_system_open(values, &self->sys, err);
	if (r)
		return r;
	look_up(self);
	cli_progress_init(&progress);
	r = rd_probe(&self->sys, &probe, &self->facts, err);
	cli_progress_end(&progress);
	if (!r)
		r = rd_rules_evaluate(&self->facts, &self->report, err);
	if (!r)
		r = rd_boot_identify(&self->sys, &self->boot, err);
	if (!r && !self->r)
		r = rd_confirm_decide(&self->facts, &self->waiting, self->boot.id,
				      &self->boot.recovery, err);
	return r;
}

/* The profile that recover promised to @user. Return: 0, anything else with @err filled. */
static int write_profile(const struct boot_report *self, const char *user, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = NULL;
	struct rd_profile_outcome outcome = { 0 };
	int r;

	r = rd_profile_keep_promise(&self->sys, &self->facts, user, &outcome, &path, err);
	if (r == RD_PROFILE_NO_USER)
		return rd_error_set(err, ENOENT, "there is no user of that name");
	return r;
}

/* A profile that cannot be written is told once, with what to type; the recovery holds without. */
static int keep_promise(struct boot_report *self, struct rd_error *err)
{
	struct rd_confirmation *recovery = &self->boot.recovery;
	struct rd_error why = RD_ERROR_INIT;

	recovery->profile.is_written = !write_profile(self, recovery->profile.user, &why);
	if (!recovery->profile.is_written) {
		recovery->profile.problem = strdup(why.msg);
		if (!recovery->profile.problem)
			return rd_error_nomem(err);
	}
	return rd_confirm_settle(&self->state, &self->waiting, err);
}

/* What waited does so no more. */
static int judge_again(struct boot_report *self, struct rd_error *err)
{
	self->facts.recoveries.armed = 0;
	rd_report_deinit(&self->report);
	return rd_rules_evaluate(&self->facts, &self->report, err);
}

static int commit(struct boot_report *self, struct rd_error *err)
{
	struct rd_confirmation *recovery = &self->boot.recovery;
	int r;

	if (recovery->outcome != RD_OUTCOME_CONFIRMED)
		return 0;
	r = rd_confirm_commit(&self->state, &self->waiting, err);
	if (r)
		return r;
	recovery->is_committed = true;
	r = judge_again(self, err);
	return !r && self->waiting.due ? keep_promise(self, err) : r;
}

static void remember(struct boot_report *self)
{
	struct rd_error err = RD_ERROR_INIT;
	int r;

	if (!self->boot.id || self->state.fd < 0)
		return;
	r = rd_history_update(&self->state, &self->report, &self->boot, &err);
	if (r == RD_HISTORY_DAMAGED)
		fprintf(stderr, "rdna1-doctor boot-report: %s; it was put aside\n", err.msg);
	note(self, r, &err);
}

typedef int (*put_fn)(int rootfd, const char *text, size_t len, struct rd_error *err);

static int render_motd(const struct rd_report *report, const struct rd_boot *boot,
		       const struct rd_render_options *options, FILE *f, struct rd_error *err)
{
	(void)options;
	return rd_render_motd(report, boot, f, err);
}

/* Renders into memory, and writes that in one step. */
static void leave(struct boot_report *self,
		  int (*render)(const struct rd_report *report, const struct rd_boot *boot,
				const struct rd_render_options *options, FILE *f,
				struct rd_error *err),
		  put_fn put)
{
	const struct rd_render_options options = { .width = 80 };
	struct rd_error err = RD_ERROR_INIT;
	RD_CLEANUP(rd_freep) char *text = NULL;
	FILE *f;
	size_t len;
	int r;

	f = open_memstream(&text, &len);
	if (!f) {
		note(self, rd_error_nomem(&err), &err);
		return;
	}
	r = render(&self->report, &self->boot, &options, f, &err);
	if (fclose(f) && !r)
		r = rd_error_nomem(&err);
	if (!r)
		r = put(self->sys.rootfd, text, len, &err);
	note(self, r, &err);
}

/* The state of the machine is told at each boot, what became of a recovery by who decides on it,
 * and that it waits for amdgpu only once. */
static void announce(struct boot_report *self, bool is_committing)
{
	const struct rd_confirmation *recovery = &self->boot.recovery;
	struct rd_error err = RD_ERROR_INIT;
	bool is_old = recovery->outcome == RD_OUTCOME_NOT_LOADED && rd_history_has(&self->boot);

	if (!self->sys.is_live)
		return;
	if (!is_committing || !recovery->id)
		note(self, rd_boot_announce(&self->report, &self->boot, false, &err), &err);
	else if (!is_old)
		note(self, rd_boot_announce(&self->report, &self->boot, true, &err), &err);
}

static int boot_report_run(const struct cli_values *values, int argc, char **argv,
			   struct rd_error *err)
{
	RD_CLEANUP(boot_report_deinit)
	struct boot_report self = { .sys = RD_SYSTEM_INIT, .state = RD_STATE_INIT };
	const struct rd_render_options render = cli_render_options(values);
	struct rd_error why = RD_ERROR_INIT;
	int r;

	(void)argc;
	(void)argv;
	r = look(values, &self, err);
	if (r)
		return r;
	if (values->is_committing && !self.r)
		note(&self, commit(&self, &why), &why);
	remember(&self);
	leave(&self, rd_renderer_find("json")->boot, rd_boot_write_health);
	leave(&self, render_motd, rd_boot_write_motd);
	announce(&self, values->is_committing);
	r = rd_renderer_find(values->format)->boot(&self.report, &self.boot, &render, stdout, err);
	if (!r && self.r) {
		*err = self.first;
		r = self.r;
	}
	if (r)
		return r;
	return values->is_committing && rd_outcome_is_refusal(self.boot.recovery.outcome)
		       ? CLI_EXIT_BAD
		       : 0;
}

const struct cli_verb cli_boot_report = {
	.name = "boot-report",
	.args = "",
	.options = CLI_ROOT | CLI_COMMIT | CLI_FORMAT | CLI_COLOR,
	.help = "check once a boot, leave a report, confirm a recovery",
	.about =
		"Looks at the machine as check does, and leaves what it saw in\n"
		"/run/rdna1-doctor/health.json for programs, in /run/motd.d/rdna1-doctor for who\n"
		"logs in, in the system's journal, and in the history of boots below\n"
		"/var/lib/rdna1-doctor. With --commit also decides whether this boot confirms a\n"
		"recovery that recover has armed, and then writes the profile that was asked for.\n"
		"The units rdna1-doctor-report and rdna1-doctor-commit run it; so may any script\n"
		"that runs late in a boot.\n\n"
		"Exit code: 0 the report was written, whatever it says, 1 the tool failed, 2 usage;\n"
		"with --commit 3 if this boot shows that a recovery did not hold.",
	.run = boot_report_run,
};
