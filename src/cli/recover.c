/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * recover: finish what an earlier run left, look, decide, show, ask, make ready, and carry out. The
 * lock is held from the first look on, so that what was shown is what is done. Where a build fails,
 * the distribution's module takes over, as was shown.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "consent.h"
#include "probe/probe.h"
#include "progress.h"
#include "recovery/changes.h"
#include "recovery/fetch.h"
#include "recovery/means.h"
#include "recovery/preflight.h"
#include "recovery/recover.h"
#include "recovery/spawn.h"
#include "recovery/user.h"
#include "repair.h"
#include "rules/rules.h"
#include "saved.h"

struct recovery {
	const struct cli_values *values;
	struct rd_system sys;
	struct rd_state state;
	struct rd_facts facts;
	struct rd_means means;
	struct rd_course course;
	struct rd_work work;
	struct rd_hold hold;
	struct rd_repair repair;
	struct cli_progress progress;
	enum rd_method asked;
	bool is_unsafe; /* what check says afterwards */
};

static void recovery_deinit(struct recovery *recovery)
{
	rd_repair_deinit(&recovery->repair);
	rd_hold_deinit(&recovery->hold);
	rd_work_deinit(&recovery->work);
	rd_course_deinit(&recovery->course);
	rd_means_deinit(&recovery->means);
	rd_facts_deinit(&recovery->facts);
	rd_state_deinit(&recovery->state);
	rd_system_deinit(&recovery->sys);
}

/* It did not come to an end: the reason goes into the answer, and is told with what that means. */
static int end(struct recovery *recovery, enum rd_repair_result result, struct rd_error *err)
{
	recovery->repair.result = result;
	free(recovery->repair.reason);
	recovery->repair.reason = strdup(err->msg);
	if (!recovery->repair.reason)
		return rd_error_nomem(err);
	rd_error_prefix(err, 0,
			result == RD_REPAIR_UNDONE ? "not done, and all is as it was"
						   : "refused, and nothing was changed");
	return CLI_REFUSED;
}

static int refused(struct recovery *recovery, struct rd_error *err)
{
	return end(recovery, RD_REPAIR_REFUSED, err);
}

static struct rd_progress progress_of(struct recovery *recovery)
{
	return (struct rd_progress){ .tell = cli_progress_tell_part,
				     .userdata = &recovery->progress };
}

/* Where not even the lock can be made. */
static int no_state(int r, struct rd_error *err)
{
	struct rd_error how = *err;

	rd_error_set(err, -r, "%.300s: %s, then try again", how.msg,
		     r == -EROFS ? "mount it for writing (mount -o remount,rw)"
				 : "make room there (journalctl --vacuum-size, apt-get clean)");
	return CLI_REFUSED;
}

static int open_state(struct recovery *recovery, struct rd_error *err)
{
	int r;

	if (recovery->values->is_dry_run) {
		r = cli_state_open(&recovery->sys, false, &recovery->state, err);
		return r == CLI_SAVED_ABSENT ? 0 : r;
	}
	r = rd_state_lock(&recovery->state, recovery->sys.rootfd, err);
	if (r == -EBUSY)
		return CLI_REFUSED;
	if (r == -EROFS || r == -ENOSPC)
		return no_state(r, err);
	if ((r == -EACCES || r == -EPERM) && geteuid()) {
		rd_error_set(err, EPERM, "only root can do that: sudo rdna1-doctor recover");
		return CLI_REFUSED;
	}
	return r;
}

static int hold(struct recovery *recovery, struct rd_error *err)
{
	int r = rd_preflight_hold(&recovery->sys, &recovery->hold, err);

	return r > 0 ? refused(recovery, err) : r;
}

/* What it was about, for whoever is asked. */
static int show_interrupted(struct recovery *recovery, const struct rd_txn *txn,
			    struct rd_error *err)
{
	FILE *f = strcmp(recovery->values->format, "json") ? stdout : stderr;

	fprintf(f, "Transaction %04u was interrupted %s. It is about\n", txn->id,
		rd_transaction_goes_on(txn) ? "when new modules were in place, and is finished"
					    : "before that was so, and is taken back");
	for (size_t i = 0; i < txn->plan.n; i++) {
		const struct rd_phase *phase = &txn->plan.items[i];

		for (size_t k = 0; k < phase->n; k++)
			fprintf(f, "  /%s\n", phase->items[k].path);
	}
	fputs("\n", f);
	return fflush(f) ? rd_error_set(err, errno, "write: %s", strerror(errno)) : 0;
}

/* A transaction that was cut off comes first: forward if it was far enough, else back. */
static int resume(struct recovery *recovery, struct rd_error *err)
{
	const struct rd_progress progress = progress_of(recovery);
	struct rd_repair *repair = &recovery->repair;
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	char question[96];
	int r;

	if (recovery->state.fd < 0)
		return 0;
	r = rd_transaction_unfinished(&recovery->state, &txn, err);
	if (r == -EPROTO || r == -EBADMSG) {
		const struct rd_error how = *err;

		rd_error_set(err, -r, "%.400s: %s", how.msg,
			     r == -EPROTO ? "use that version, or a later one"
					  : "what it had done is not known; move that folder to "
					    "another place, then try again");
		return refused(recovery, err);
	}
	if (r)
		return r == RD_TRANSACTION_NOTHING ? 0 : r;
	repair->resumed_id = txn.id;
	repair->resumed = RD_REPAIR_PENDING;
	if (recovery->values->is_dry_run)
		return 0;
	snprintf(question, sizeof(question), "Transaction %04u was interrupted. %s?", txn.id,
		 rd_transaction_goes_on(&txn) ? "Finish it" : "Take back what it had begun");
	r = show_interrupted(recovery, &txn, err);
	if (!r)
		r = cli_consent(question, recovery->values, err);
	if (!r)
		r = rd_preflight_mounts(&recovery->sys, err);
	if (r > 0)
		return CLI_REFUSED;
	if (!r)
		r = rd_recover_resume(&recovery->sys, &recovery->state, &progress, err);
	cli_progress_end(&recovery->progress);
	if (r < 0)
		return r;
	rd_work_remove(&recovery->state);
	repair->resumed = r == RD_TRANSACTION_UNDONE ? RD_REPAIR_TAKEN_BACK : RD_REPAIR_FINISHED;
	if (!r)
		repair->id = txn.id;
	return 0;
}

static int probe(struct recovery *recovery, struct rd_error *err)
{
	const struct rd_probe_options options = {
		.kernel = recovery->values->kernel,
		.wants_packages = true,
		.progress = cli_progress_tell,
		.userdata = &recovery->progress,
	};

	rd_facts_deinit(&recovery->facts);
	return rd_probe(&recovery->sys, &options, &recovery->facts, err);
}

static bool is_empty(const struct recovery *recovery)
{
	const struct rd_course *course = &recovery->course;

	return !course->kernels.n && !course->sources.n && !course->unregistered.n &&
	       !course->stale.n && !recovery->repair.leftovers.n;
}

/* By what is at hand now. */
static int choose(struct recovery *recovery, const char *unfetched, struct rd_error *err)
{
	const struct rd_state *state = recovery->state.fd < 0 ? NULL : &recovery->state;
	int r;

	rd_course_deinit(&recovery->course);
	rd_means_deinit(&recovery->means);
	r = rd_means_gather(&recovery->sys, state, &recovery->facts, unfetched, &recovery->means,
			    err);
	return r ? r
		 : rd_course_decide(&recovery->facts, &recovery->means, recovery->asked,
				    &recovery->course, err);
}

static struct rd_work_order order_of(struct recovery *recovery)
{
	return (struct rd_work_order){
		.sys = &recovery->sys,
		.state = &recovery->state,
		.facts = &recovery->facts,
		.means = &recovery->means,
		.progress = progress_of(recovery),
	};
}

/* What is missing, and then everything anew. */
static int download(struct recovery *recovery, struct rd_error *err)
{
	const struct rd_work_order order = order_of(recovery);
	struct rd_error why = RD_ERROR_INIT;
	int r = rd_fetch_missing(&order, &recovery->course, recovery->asked, &why);

	if (r == RD_FETCH_NOTHING)
		return 0;
	if (r < 0) {
		rd_error_set(err, -r, "%s", why.msg);
		return r == -EINTR ? refused(recovery, err) : r;
	}
	return choose(recovery, r ? why.msg : NULL, err);
}

/* What would be fetched before all is decided anew. */
static int foresee_download(struct recovery *recovery, struct rd_error *err)
{
	const struct rd_means *means = &recovery->means;
	int r = 0;

	for (size_t i = 0; !r && i < means->missing.n; i++) {
		if (rd_fetch_is_needed(&recovery->course, recovery->asked,
				       &means->missing.items[i]))
			r = cli_repair_add_download(&means->missing.items[i], &recovery->repair);
	}
	return r ? rd_error_nomem(err) : 0;
}

/* What is the matter, and what could be done about it. */
static int decide(struct recovery *recovery, struct rd_error *err)
{
	const char *kernel = recovery->values->kernel;
	int r;

	r = probe(recovery, err);
	if (!r && kernel && !rd_facts_find_kernel(&recovery->facts, kernel)) {
		rd_error_set(err, ENOENT, "there is no kernel %s below /lib/modules", kernel);
		return refused(recovery, err);
	}
	if (!r)
		r = choose(recovery, NULL, err);
	if (!r && recovery->values->may_download)
		r = recovery->values->is_dry_run ? foresee_download(recovery, err)
						 : download(recovery, err);
	if (!r)
		r = cli_repair_foresee(&recovery->facts, &recovery->course,
				       recovery->values->with_leftovers, &recovery->repair, err);
	cli_progress_end(&recovery->progress);
	return r;
}

static bool has_other_way(const struct rd_course *course)
{
	for (size_t i = 0; i < course->kernels.n; i++) {
		if (course->kernels.items[i].method != RD_METHOD_NONE)
			return true;
	}
	return false;
}

/* A kernel without a method: none of it is begun, or that kernel would be left behind. */
static int refuse_course(struct recovery *recovery, struct rd_error *err)
{
	const struct rd_course *course = &recovery->course;

	for (size_t i = 0; i < course->kernels.n; i++) {
		const struct rd_kernel_course *kernel = &course->kernels.items[i];

		if (kernel->method != RD_METHOD_NONE)
			continue;
		rd_error_set(err, EOPNOTSUPP, "kernel %s cannot be helped: %s%s",
			     kernel->kernel->release, kernel->reason,
			     has_other_way(course)
				     ? "; --kernel RELEASE helps one of the others alone"
				     : "");
		break;
	}
	return refused(recovery, err);
}

static int render(const struct recovery *recovery, struct rd_error *err)
{
	const struct rd_render_options options = cli_render_options(recovery->values);

	return rd_renderer_find(recovery->values->format)
		->recover(&recovery->repair, &options, stdout, err);
}

static bool is_json(const struct recovery *recovery)
{
	return !strcmp(recovery->values->format, "json");
}

/*
 * What was planned, before it is asked for, or before the reason why it is not done. Who asked for
 * JSON gets one document, at the end; people who are asked a question read on the other stream.
 */
static int show(const struct recovery *recovery, struct rd_error *err)
{
	const struct rd_render_options options = cli_render_options(recovery->values);

	if (!is_json(recovery))
		return render(recovery, err);
	return recovery->values->says_yes ? 0
					  : rd_renderer_find("text")->recover(
						    &recovery->repair, &options, stderr, err);
}

/* A promise that nobody could keep is not made. */
static int check_user(const struct recovery *recovery, struct rd_error *err)
{
	RD_CLEANUP(rd_user_deinit) struct rd_user user = RD_USER_INIT;
	int r;

	if (!recovery->values->user)
		return 0;
	r = rd_user_find(&recovery->sys, recovery->values->user, &user, err);
	if (r == RD_USER_ABSENT)
		rd_error_set(err, ENOENT, "there is no user %s to write the profile for",
			     recovery->values->user);
	return r;
}

static int check_possible(struct recovery *recovery, struct rd_error *err)
{
	int r;

	if (recovery->course.is_refused && !recovery->repair.downloads.n) {
		r = cli_repair_fill(&recovery->sys, &recovery->course, &recovery->repair, err);
		if (!r)
			r = show(recovery, err);
		return r ? r : refuse_course(recovery, err);
	}
	r = check_user(recovery, err);
	if (!r && !recovery->course.is_refused)
		r = rd_preflight_check(&recovery->sys, &recovery->facts, &recovery->course, err);
	if (r >= 0 && cli_repair_fill(&recovery->sys, &recovery->course, &recovery->repair, err))
		return -ENOMEM;
	return r > 0 ? refused(recovery, err) : r;
}

/* Whether systemd will confirm the recovery at the next boot. */
static bool has_unit(const struct rd_system *sys)
{
	struct stat st;

	return !rd_system_stat(sys,
			       "/etc/systemd/system/multi-user.target.wants/"
			       "rdna1-doctor-commit.service",
			       &st, NULL);
}

static const char *next_of(const struct recovery *recovery, const struct rd_report *report)
{
	const struct rd_repair *repair = &recovery->repair;

	/* Another run would find the same again. */
	if (repair->rests.n && repair->result != RD_REPAIR_PLANNED)
		return repair->rests.items[0].way_out;
	if (repair->result != RD_REPAIR_DONE || report->state == RD_STATE_UNSAFE)
		return report->next;
	/* What runs is the old driver, whatever a rule has to say of it. */
	if (repair->is_live)
		return repair->has_unit
			       ? "sudo reboot, then: sudo rdna1-doctor check"
			       : "sudo reboot, then: sudo rdna1-doctor boot-report --commit";
	return repair->has_unit ? report->next
				: "boot from that disk, then there: sudo rdna1-doctor boot-report "
				  "--commit";
}

/* What check says now. */
static int conclude(struct recovery *recovery, struct rd_error *err)
{
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	struct rd_repair *repair = &recovery->repair;
	int r;

	cli_progress_init(&recovery->progress);
	r = probe(recovery, err);
	cli_progress_end(&recovery->progress);
	if (!r)
		r = rd_rules_evaluate(&recovery->facts, &report, err);
	if (r)
		return r;
	recovery->is_unsafe = report.state == RD_STATE_UNSAFE;
	repair->has_unit = has_unit(&recovery->sys);
	repair->sentence = strdup(report.sentence);
	repair->next = strdup(next_of(recovery, &report));
	return repair->sentence && repair->next ? 0 : rd_error_nomem(err);
}

/* It came to its end; what it could not reach is no success. */
static int finish(struct recovery *recovery, struct rd_error *err)
{
	int r = conclude(recovery, err);

	if (r || recovery->values->is_dry_run ||
	    (!recovery->is_unsafe && !recovery->repair.rests.n))
		return r;
	r = show(recovery, err);
	rd_error_set(err, EREMOTEIO, "what is named above stays, and has to be put right by hand");
	return r ? r : CLI_REFUSED;
}

/* The transaction, once everything is made ready. */
static int carry_out(struct recovery *recovery, struct rd_error *err)
{
	const struct rd_progress progress = progress_of(recovery);
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;
	const struct rd_changes_order order = {
		.sys = &recovery->sys,
		.facts = &recovery->facts,
		.course = &recovery->course,
		.work = &recovery->work,
		.asked = recovery->asked,
		.user = recovery->values->user,
		.with_leftovers = recovery->values->with_leftovers,
	};
	int r;

	r = rd_changes_plan(&order, &plan, err);
	if (r)
		return r > 0 ? refused(recovery, err) : r;
	r = rd_recover_run(&recovery->sys, &recovery->state, &plan, &progress, err);
	cli_progress_end(&recovery->progress);
	if (r)
		return r < 0 ? r : end(recovery, RD_REPAIR_UNDONE, err);
	recovery->repair.result = RD_REPAIR_DONE;
	return rd_transaction_in_effect(&recovery->state, &recovery->repair.id, err);
}

static int prepare(struct recovery *recovery, struct rd_error *err)
{
	const struct rd_work_order order = order_of(recovery);
	int r;

	cli_progress_init(&recovery->progress);
	r = rd_work_prepare(&order, &recovery->course, &recovery->work, err);
	cli_progress_end(&recovery->progress);
	if (r > 0 || r == -EINTR)
		return refused(recovery, err);
	return r ? r
		 : cli_repair_add_work(&recovery->course, &recovery->work, &recovery->repair, err);
}

static int recover(struct recovery *recovery, struct rd_error *err)
{
	struct rd_repair *repair = &recovery->repair;
	int r;

	r = rd_system_init(&recovery->sys, recovery->values->root, err);
	if (!r)
		r = open_state(recovery, err);
	if (r)
		return r;
	repair->is_live = recovery->sys.is_live;
	rd_spawn_catch_signals();
	/* From here on nobody installs a kernel: what is seen is what there is. */
	r = recovery->values->is_dry_run ? 0 : hold(recovery, err);
	if (!r)
		r = resume(recovery, err);
	if (!r)
		r = decide(recovery, err);
	if (r)
		return r;
	if (is_empty(recovery)) {
		repair->result = repair->resumed == RD_REPAIR_FINISHED ? RD_REPAIR_DONE
								       : RD_REPAIR_NOTHING;
		r = cli_repair_fill(&recovery->sys, &recovery->course, repair, err);
		return r ? r : finish(recovery, err);
	}
	r = check_possible(recovery, err);
	if (r || recovery->values->is_dry_run)
		return r;
	r = show(recovery, err);
	if (!r)
		r = cli_consent("Do that?", recovery->values, err);
	if (!r)
		r = prepare(recovery, err);
	if (!r)
		r = carry_out(recovery, err);
	return r ? r : finish(recovery, err);
}

static int recover_run(const struct cli_values *values, int argc, char **argv, struct rd_error *err)
{
	RD_CLEANUP(recovery_deinit)
	struct recovery recovery = {
		.values = values,
		.sys = RD_SYSTEM_INIT,
		.state = RD_STATE_INIT,
		.facts = RD_FACTS_INIT,
		.repair = { .root = values->root,
			    .is_dry_run = values->is_dry_run,
			    .asked = rd_method_name(values->method),
			    .user = values->user },
		.asked = values->method,
	};
	int r, rendered;

	(void)argc;
	(void)argv;
	cli_progress_init(&recovery.progress);
	r = recover(&recovery, err);
	/* What is unfinished may need it. */
	if (r >= 0 && recovery.state.lockfd >= 0)
		rd_work_remove(&recovery.state);
	cli_progress_end(&recovery.progress);
	if (r && r != CLI_REFUSED)
		return r;
	if (r && recovery.repair.result == RD_REPAIR_PLANNED) {
		recovery.repair.result = RD_REPAIR_REFUSED;
		recovery.repair.reason = strdup(err->msg);
	}
	/* For people, main() tells the reason. */
	if (!is_json(&recovery) && r)
		return r;
	rendered = render(&recovery, err);
	return rendered ? rendered : r;
}

const struct cli_verb cli_recover = {
	.name = "recover",
	.args = "",
	.options = CLI_ROOT | CLI_KERNEL | CLI_DRY_RUN | CLI_YES | CLI_METHOD | CLI_DOWNLOAD |
		   CLI_LEFTOVERS | CLI_PROFILE_USER | CLI_FORMAT | CLI_VERBOSE | CLI_COLOR,
	.help = "back to a clean driver, whatever happens on the way",
	.about =
		"Puts every copy of the driver right that can be loaded or built from: the source,\n"
		"the modules of every kernel, what dkms has built, the initramfs images. Shows what\n"
		"it is going to do, and asks. All that is replaced is kept, and comes back by\n"
		"rollback. What was cut off, by a signal or the power, is finished or taken back by\n"
		"the next run. Needs root; with --root it repairs a mounted system, by that system's\n"
		"own tools.\n\n"
		"Methods: source puts the source right and builds the driver anew with dkms; intree\n"
		"lets the distribution's own proven module take over; backup takes a set that an\n"
		"earlier recover has kept; package puts a packaged file back. auto, the default, takes\n"
		"the first that can be done, in that order, and intree where a build fails.\n\n"
		"Exit code: 0 done or nothing to do, 1 the tool failed, 2 usage, 3 refused or taken\n"
		"back, so that all is as it was, or something bad stays that it cannot reach.",
	.run = recover_run,
};
