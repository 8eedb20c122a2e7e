/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Recovery, interrupted everywhere: [RECOVERY_EVERY=N] crash NAME
 *
 * Each test counts N from 1 until the program runs through without being hit: at the Nth system
 * call that changes a file, of the program or of a tool that it runs, it is killed or the call
 * fails. Then the machine must be as before in every byte, owner and time, or as it should become;
 * after a kill, no single path may ever be anything but one of the two. RECOVERY_EVERY: only
 * one in so many calls, where a build is slow.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "machine.h"
#include "order.h"
#include "others.h"
#include "trial.h"
#include "watch.h"

static unsigned int every = 1;

static int start(const void *arg)
{
	char said[512];
	int code = trial_start(*(const enum verb *)arg, said, sizeof(said));

	dprintf(STDERR_FILENO, "%s", said);
	return code;
}

static void complain(const char *what, const struct watch *watch)
{
	printf("# status %x\n", watch ? (unsigned int)watch->status : 0);
	trial_complain(what, watch ? watch->said : NULL);
}

static bool is_turn(unsigned int n)
{
	return (n * 2654435761u >> 16) % every == 0; /* scattered, and the same at each run */
}

/* Kills @verb at each call of it, and starts again with @then. */
static void kill_everywhere(enum verb verb, enum verb then, void (*prepare)(void))
{
	struct watch_fault fault = { .kind = WATCH_KILL };
	bool is_hit = true;

	for (fault.at = 1; is_hit; fault.at++) {
		RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

		if (!is_turn(fault.at))
			continue;
		prepare();
		watch_run(&watch, start, &verb, &fault, false);
		is_hit = watch.is_hit;
		trial.n_points++;
		if (!trial_is_between())
			complain("killed, and a path is neither old nor new", &watch);
		trial_recover(then, watch.said);
		/* Whatever it was: rolled back, it is what it was. */
		if (then == RESUME)
			trial_recover(ROLLBACK, watch.said);
	}
}

static void fresh(void)
{
	machine_make(trial.root);
}

static void finished(void)
{
	char said[512];

	machine_make(trial.root);
	if (trial_start(RUN, said, sizeof(said)) != DONE)
		complain(said, NULL);
}

/* Killed at about a half and at four fifths: before and after the point of no return. */
static unsigned int stop_at;

static void interrupted(void)
{
	struct watch_fault fault = { .kind = WATCH_KILL, .at = stop_at };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
	enum verb verb = RUN;

	machine_make(trial.root);
	watch_run(&watch, start, &verb, &fault, false);
}

static unsigned int count_calls(void)
{
	struct watch_fault fault = { .kind = WATCH_ONLY };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
	enum verb verb = RUN;

	machine_make(trial.root);
	watch_run(&watch, start, &verb, &fault, false);
	return watch.n_calls;
}

static void test_kill_resume(void)
{
	kill_everywhere(RUN, RESUME, fresh);
}

static void test_kill_rollback(void)
{
	kill_everywhere(RUN, ROLLBACK, fresh);
}

static void test_kill_the_rollback(void)
{
	kill_everywhere(ROLLBACK, RESUME, finished);
}

static void test_kill_the_resume(void)
{
	unsigned int n = count_calls();

	for (unsigned int tenths = 4; tenths <= 9; tenths++) {
		stop_at = n * tenths / 10;
		kill_everywhere(RESUME, RESUME, interrupted);
	}
}

/* Others have changed files since, and the rollback overwrites none of theirs without a copy. */
static void changed(void)
{
	finished();
	others_change(trial.root);
	picture_take(&trial.after, trial.root);
}

static void check_kept(const struct watch *watch)
{
	if (!others_is_kept(trial.root))
		complain("rolled back, and what others had put there is lost", watch);
}

/* @then: whatever came of it, the rollback is called once more in the end. */
static void roll_changed_back(const struct watch_fault *fault, enum verb then, bool *is_hitp)
{
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
	enum verb verb = ROLLBACK;

	changed();
	watch_run(&watch, start, &verb, fault, false);
	*is_hitp = watch.is_hit;
	trial.n_points++;
	if (!trial_is_between())
		complain("a path is neither old nor new", &watch);
	if (!others_is_somewhere(trial.root))
		complain("interrupted, and what others had put there is lost", &watch);
	trial_recover(then, watch.said);
	trial_recover(ROLLBACK, watch.said);
	check_kept(&watch);
}

static void test_kill_the_changed(void)
{
	struct watch_fault fault = { .kind = WATCH_KILL };

	for (enum verb then = RESUME; then <= ROLLBACK; then++) {
		bool is_hit = true;

		for (fault.at = 1; is_hit; fault.at++) {
			if (is_turn(fault.at))
				roll_changed_back(&fault, then, &is_hit);
		}
	}
}

static void test_fail_the_changed(void)
{
	static const int errnums[] = { ENOSPC, EIO };

	for (size_t i = 0; i < 2 * RD_N_ELEMENTS(errnums); i++) {
		struct watch_fault fault = { .kind = WATCH_FAIL,
					     .errnum = errnums[i / 2],
					     .is_lasting = i % 2 };
		bool is_hit = true;

		for (fault.at = 1; is_hit; fault.at++) {
			if (is_turn(fault.at + (unsigned int)i))
				roll_changed_back(&fault, ROLLBACK, &is_hit);
		}
	}
}

/* A call failed: the program says so or has coped with it, and the machine is whole. */
static void check_fault(const struct watch *watch)
{
	int code = WIFEXITED(watch->status) ? WEXITSTATUS(watch->status) : -1;

	trial.n_points++;
	if (code != DONE && code != UNDONE && code != FAILED)
		complain("it died", watch);
	else if (code == DONE && !trial_is_as(&trial.after, false))
		complain("success, and not what it should become", watch);
	else if (code != DONE && !*watch->said)
		complain("failed without a word", watch);
	else if (code == UNDONE && !trial_is_as(&trial.before, true))
		complain("failed, and not what it was", watch);
	else if (code == FAILED)
		trial_recover(RESUME, watch->said);
	trial_recover(ROLLBACK, watch->said);
}

static void fail_everywhere(struct watch_fault fault)
{
	enum verb verb = RUN;
	bool is_hit = true;

	for (fault.at = 1; is_hit; fault.at++) {
		RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

		if (!is_turn(fault.at + (unsigned int)fault.errnum))
			continue;
		machine_make(trial.root);
		watch_run(&watch, start, &verb, &fault, false);
		is_hit = watch.is_hit;
		check_fault(&watch);
	}
}

static void test_fail_once(void)
{
	watch_each_failure(false, fail_everywhere);
}

static void test_fail_for_good(void)
{
	watch_each_failure(true, fail_everywhere);
}

/* The order of one run is right, and each single sync of it is missed by the check if it goes. */
static void check_order(enum verb verb)
{
	struct watch_fault fault = { .kind = WATCH_ONLY };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
	RD_CLEANUP(rd_freep) char *wrong = NULL;

	watch_run(&watch, start, &verb, &fault, true);
	wrong = order_check(&watch, ORDER_NONE);
	if (wrong)
		complain(wrong, &watch);
	for (size_t i = 0; i < watch.trace.n; i++) {
		RD_CLEANUP(rd_freep) char *missed = NULL;

		if (watch.trace.items[i].op != OP_SYNC)
			continue;
		trial.n_points++;
		missed = order_check(&watch, i);
		if (!missed)
			complain(watch.trace.items[i].path, NULL);
	}
}

static void test_order(void)
{
	fresh();
	check_order(RUN);
	check_order(ROLLBACK);
	changed();
	check_order(ROLLBACK);
}

/* For a program that is linked with an fsync() that does nothing. */
static void test_missing_sync(void)
{
	struct watch_fault fault = { .kind = WATCH_ONLY };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
	RD_CLEANUP(rd_freep) char *wrong = NULL;
	enum verb verb = RUN;

	fresh();
	watch_run(&watch, start, &verb, &fault, true);
	wrong = order_check(&watch, ORDER_NONE);
	trial.n_points++;
	if (!wrong)
		complain("nothing was synced, and nobody minded", &watch);
}

static const struct test {
	const char *name, *title;
	void (*run)(void);
} tests[] = {
	{ "kill-resume", "killed at each call, then started again", test_kill_resume },
	{ "kill-rollback", "killed at each call, then rolled back", test_kill_rollback },
	{ "kill-the-rollback", "the rollback killed at each call", test_kill_the_rollback },
	{ "kill-the-resume", "killed, and what resumes it killed at each call",
	  test_kill_the_resume },
	{ "kill-the-changed", "others changed files, and the rollback killed at each call",
	  test_kill_the_changed },
	{ "fail-the-changed", "others changed files, and the rollback failing at each call",
	  test_fail_the_changed },
	{ "fail-once", "each call failing once in each way", test_fail_once },
	{ "fail-for-good", "each call and all after it failing in each way", test_fail_for_good },
	{ "order", "everything synced before the next builds on it; each sync taken away",
	  test_order },
	{ "missing-sync", "a program that syncs nothing is found out", test_missing_sync },
};

int main(int argc, char **argv)
{
	const char *stride = getenv("RECOVERY_EVERY");
	char root[128];

	if (stride && atoi(stride) > 0)
		every = (unsigned int)atoi(stride);
	if (!watch_is_possible()) {
		puts("1..0 # SKIP seccomp_unotify(2) is not to be had here");
		return EXIT_SUCCESS;
	}
	snprintf(root, sizeof(root), "%s/machine", machine_folder());
	trial_begin(root);
	for (size_t i = 0; i < RD_N_ELEMENTS(tests); i++) {
		if (argc < 2 || strcmp(argv[1], tests[i].name) != 0)
			continue;
		tests[i].run();
		printf("%s 1 - %s: %u points\n1..1\n", trial.n_failed ? "not ok" : "ok",
		       tests[i].title, trial.n_points);
	}
	trial_end();
	machine_remove_folder();
	return trial.n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
