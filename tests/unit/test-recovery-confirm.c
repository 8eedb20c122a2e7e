/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a boot says of a recovery: every branch of the decision, and the journal that it is made
 * from.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "recovery/changes.h"
#include "recovery/confirm.h"

#define THIS_BOOT  "11111111-2222-3333-4444-555555555555"
#define ARMED_BOOT "99999999-8888-7777-6666-555555555555"
#define KERNEL	   "6.1.0-50-amd64"
#define GOOD_ID	   "0123456789abcdef0123456789abcdef01234567"
#define NOT_KNOWN  "none"
#define OTHER_ID   "fedcba9876543210fedcba9876543210fedcba98"

/* A machine that runs what it should, but for what a case says. */
struct machine {
	const char *title;
	const char *expected; /* of KERNEL; NULL: not in the manifest */
	const char *kernel, *build_id, *boot_id, *armed_in; /* NULL: as usual; "": not known */
	enum rd_presence is_loaded; /* UNKNOWN, zero: as usual */
	bool is_loading_unknown, is_builtin, has_no_copy, is_without;
	enum rd_verdict running; /* UNKNOWN, zero: as usual, clean */
	bool is_running_unknown;
	enum rd_verdict loadable, idle; /* of another copy; UNKNOWN: there is none */
	enum rd_outcome outcome;
	const char *reason;
};

static const struct machine machines[] = {
	{ "the good module runs", GOOD_ID, .outcome = RD_OUTCOME_CONFIRMED,
	  .reason = "kernel " KERNEL " runs the amdgpu that was installed, build-id 0123456789ab" },
	{ "not proven is good enough", GOOD_ID, .running = RD_VERDICT_NO_SIGN,
	  .outcome = RD_OUTCOME_CONFIRMED, .reason = "that was installed" },
	{ "what nothing loads does not count", GOOD_ID, .idle = RD_VERDICT_PATCHED,
	  .outcome = RD_OUTCOME_CONFIRMED, .reason = "that was installed" },
	{ "not booted since", GOOD_ID, .boot_id = ARMED_BOOT, .outcome = RD_OUTCOME_SAME_BOOT,
	  .reason = "still the boot" },
	{ "not booted since, and wrong", GOOD_ID, .boot_id = ARMED_BOOT, .build_id = OTHER_ID,
	  .running = RD_VERDICT_PATCHED, .outcome = RD_OUTCOME_SAME_BOOT,
	  .reason = "still the boot" },
	{ "no boot to judge by", GOOD_ID, .boot_id = "", .outcome = RD_OUTCOME_UNKNOWN,
	  .reason = "only the repaired system itself" },
	{ "the boot of the recovery is not on record", GOOD_ID, .armed_in = "",
	  .outcome = RD_OUTCOME_UNKNOWN, .reason = "not on record" },
	{ "no kernel known", GOOD_ID, .kernel = "", .outcome = RD_OUTCOME_UNKNOWN,
	  .reason = "not known" },
	{ "loaded or not is not known", GOOD_ID, .is_loading_unknown = true,
	  .outcome = RD_OUTCOME_UNKNOWN, .reason = "not known" },
	{ "amdgpu is not loaded", GOOD_ID, .is_loaded = RD_PRESENCE_NO,
	  .outcome = RD_OUTCOME_NOT_LOADED, .reason = "amdgpu is not loaded in this boot" },
	{ "not loaded, although something bad can", GOOD_ID, .is_loaded = RD_PRESENCE_NO,
	  .loadable = RD_VERDICT_PATCHED, .outcome = RD_OUTCOME_NOT_LOADED,
	  .reason = "not loaded" },
	{ "not loaded in a later kernel", NULL, .is_loaded = RD_PRESENCE_NO,
	  .outcome = RD_OUTCOME_NOT_LOADED, .reason = "not loaded" },
	{ "another module", GOOD_ID, .build_id = OTHER_ID, .outcome = RD_OUTCOME_OTHER_MODULE,
	  .reason = "kernel " KERNEL " runs an amdgpu with build-id fedcba987654..., and the one "
		    "that was installed has 0123456789ab..." },
	{ "another module that is good", GOOD_ID, .build_id = OTHER_ID, .running = RD_VERDICT_CLEAN,
	  .outcome = RD_OUTCOME_OTHER_MODULE, .reason = "fedcba" },
	{ "another, and bad", GOOD_ID, .build_id = OTHER_ID, .running = RD_VERDICT_PATCHED,
	  .outcome = RD_OUTCOME_OTHER_MODULE, .reason = "fedcba" },
	{ "built in instead of installed", GOOD_ID, .is_builtin = true,
	  .outcome = RD_OUTCOME_OTHER_MODULE, .reason = "built in" },
	{ "its build-id cannot be read", GOOD_ID, .build_id = "", .outcome = RD_OUTCOME_UNKNOWN,
	  .reason = "build-id of the running amdgpu could not be read" },
	{ "its content cannot be judged", GOOD_ID, .is_running_unknown = true,
	  .outcome = RD_OUTCOME_UNKNOWN, .reason = "could not be judged: told by the test" },
	{ "no copy of it is known", GOOD_ID, .has_no_copy = true, .outcome = RD_OUTCOME_UNKNOWN,
	  .reason = "could not be judged" },
	{ "the right build-id, and patched in memory", GOOD_ID, .running = RD_VERDICT_PATCHED,
	  .outcome = RD_OUTCOME_BAD_COPY, .reason = "the amdgpu that runs is patched: told by" },
	{ "modified in memory", GOOD_ID, .running = RD_VERDICT_MODIFIED,
	  .outcome = RD_OUTCOME_BAD_COPY, .reason = "the amdgpu that runs is modified" },
	{ "another copy that can load", GOOD_ID, .loadable = RD_VERDICT_PATCHED,
	  .outcome = RD_OUTCOME_BAD_COPY, .reason = "/other is patched and can still load" },
	{ "a modified one", GOOD_ID, .loadable = RD_VERDICT_MODIFIED,
	  .outcome = RD_OUTCOME_BAD_COPY, .reason = "/other is modified" },
	{ "a good one", GOOD_ID, .loadable = RD_VERDICT_NO_SIGN, .outcome = RD_OUTCOME_CONFIRMED,
	  .reason = "that was installed" },
	{ "a later kernel", NULL, .outcome = RD_OUTCOME_CONFIRMED,
	  .reason = "kernel " KERNEL
		    " was no part of the recovery, and runs an amdgpu that is clean" },
	{ "a later kernel whose module is not proven", NULL, .running = RD_VERDICT_NO_SIGN,
	  .outcome = RD_OUTCOME_CONFIRMED, .reason = "an amdgpu that is no-sign" },
	{ "a later kernel without a build-id to read", NULL, .build_id = "",
	  .outcome = RD_OUTCOME_CONFIRMED, .reason = "no part of the recovery" },
	{ "a later kernel, patched", NULL, .running = RD_VERDICT_PATCHED,
	  .outcome = RD_OUTCOME_BAD_COPY, .reason = "the amdgpu that runs is patched" },
	{ "a later kernel, unknown", NULL, .is_running_unknown = true,
	  .outcome = RD_OUTCOME_UNKNOWN, .reason = "could not be judged" },
	{ "a later kernel, another copy bad", NULL, .loadable = RD_VERDICT_PATCHED,
	  .outcome = RD_OUTCOME_BAD_COPY, .reason = "/other" },
	{ "no build-id known, none there", NOT_KNOWN, .is_loaded = RD_PRESENCE_NO,
	  .is_without = true, .outcome = RD_OUTCOME_CONFIRMED,
	  .reason = "runs without amdgpu, for it has none any more" },
	{ "no build-id known, none there, one can load", NOT_KNOWN, .is_loaded = RD_PRESENCE_NO,
	  .is_without = true, .loadable = RD_VERDICT_PATCHED, .outcome = RD_OUTCOME_BAD_COPY,
	  .reason = "/other" },
	{ "no build-id known, not loaded", NOT_KNOWN, .is_loaded = RD_PRESENCE_NO,
	  .outcome = RD_OUTCOME_NOT_LOADED, .reason = "not loaded" },
	{ "not loaded, and none there any more", GOOD_ID, .is_loaded = RD_PRESENCE_NO,
	  .is_without = true, .outcome = RD_OUTCOME_NOT_LOADED, .reason = "not loaded" },
	{ "no build-id known, a clean one runs", NOT_KNOWN, .build_id = "",
	  .outcome = RD_OUTCOME_CONFIRMED,
	  .reason = "kernel " KERNEL " runs an amdgpu that is clean" },
	{ "no build-id known, a patched one runs", NOT_KNOWN, .running = RD_VERDICT_PATCHED,
	  .outcome = RD_OUTCOME_BAD_COPY, .reason = "the amdgpu that runs is patched" },
};

static struct rd_error err;
static struct rd_facts facts;
static struct rd_waiting waiting;
static struct rd_confirmation recovery;

static char *word(const char *given, const char *usual)
{
	if (given && !*given)
		return NULL;
	return strdup(given ? given : usual);
}

static void add_copy(enum rd_copy_kind kind, const char *path, enum rd_verdict verdict,
		     bool is_loadable)
{
	struct rd_copy copy;

	ck_assert_int_eq(rd_copy_init(&copy, kind, KERNEL, path), 0);
	copy.verdict = verdict;
	copy.is_loadable = is_loadable;
	ck_assert_int_eq(rd_evidence_add(&copy.evidence, RD_EVIDENCE_LIMIT, "", "told by the test"),
			 0);
	ck_assert_int_eq(rd_array_push(&facts.copies, &copy), 0);
}

static void add_kernel(enum rd_presence has_amdgpu)
{
	struct rd_kernel kernel = {
		.release = strdup(KERNEL),
		.has_amdgpu = has_amdgpu,
		.has_builtin = RD_PRESENCE_NO,
	};

	ck_assert_int_eq(rd_array_push(&facts.kernels, &kernel), 0);
}

static void make(const struct machine *m)
{
	unsigned int id = 1;

	add_kernel(m->is_without ? RD_PRESENCE_NO : RD_PRESENCE_YES);

	facts.running.kernel = word(m->kernel, KERNEL);
	facts.running.build_id = word(m->build_id, GOOD_ID);
	facts.running.is_builtin = m->is_builtin;
	facts.running.is_loaded = m->is_loading_unknown ? RD_PRESENCE_UNKNOWN
				  : m->is_loaded	? m->is_loaded
							: RD_PRESENCE_YES;
	if (facts.running.is_loaded == RD_PRESENCE_YES && !m->has_no_copy)
		add_copy(RD_COPY_RUNNING, "/sys/module/amdgpu",
			 m->is_running_unknown ? RD_VERDICT_UNKNOWN
			 : m->running	       ? m->running
					       : RD_VERDICT_CLEAN,
			 false);
	if (m->loadable)
		add_copy(RD_COPY_INITRAMFS, "/other", m->loadable, true);
	if (m->idle)
		add_copy(RD_COPY_BACKUP, "/idle", m->idle, false);
	ck_assert_int_eq(rd_array_push(&waiting.armed, &id), 0);
	waiting.last = id;
	if (!m->armed_in)
		ck_assert_int_eq(rd_notes_add(&waiting.notes, RD_NOTE_BOOT_ID, ARMED_BOOT), 0);
	if (m->expected)
		ck_assert_int_eq(rd_notes_add(&waiting.notes, RD_NOTE_BUILD_ID KERNEL, m->expected),
				 0);
	ck_assert_int_eq(rd_notes_add(&waiting.notes, RD_NOTE_BUILD_ID "5.10.0-1", OTHER_ID), 0);
}

static void clear(void)
{
	rd_facts_deinit(&facts);
	rd_waiting_deinit(&waiting);
	rd_confirmation_deinit(&recovery);
}

static void decide(const char *boot_id)
{
	ck_assert_int_eq(rd_confirm_decide(&facts, &waiting, boot_id, &recovery, &err), 0);
}

START_TEST(each_machine_is_judged)
{
	const struct machine *m = &machines[_i];
	RD_CLEANUP(rd_freep) char *boot_id = word(m->boot_id, THIS_BOOT);
	RD_CLEANUP(rd_freep) char *sentence = NULL;

	make(m);
	decide(boot_id);
	ck_assert_msg(recovery.outcome == m->outcome, "%s: %s: %s", m->title,
		      rd_outcome_name(recovery.outcome), recovery.reason);
	ck_assert_msg(strstr(recovery.reason, m->reason), "%s: %s", m->title, recovery.reason);
	ck_assert_uint_eq(recovery.id, 1);
	ck_assert(!recovery.is_committed);
	/* Whoever is not done is told what to do, but where another system must do it. */
	ck_assert_msg(m->outcome == RD_OUTCOME_CONFIRMED ? !recovery.next
		      : boot_id				 ? !!recovery.next
							 : true,
		      "%s", m->title);
	sentence = rd_confirmation_sentence(&recovery);
	ck_assert_msg(strstr(sentence, "recovery 0001 ") && strstr(sentence, recovery.reason), "%s",
		      sentence);
}
END_TEST

START_TEST(nothing_waits)
{
	decide(THIS_BOOT);
	ck_assert_int_eq(recovery.outcome, RD_OUTCOME_NONE);
	ck_assert_uint_eq(recovery.id, 0);
}
END_TEST

START_TEST(an_interrupted_recovery_is_told)
{
	make(&machines[0]);
	waiting.unfinished = 2;
	decide(THIS_BOOT);
	ck_assert_int_eq(recovery.outcome, RD_OUTCOME_UNFINISHED);
	ck_assert_uint_eq(recovery.id, 2);
}
END_TEST

START_TEST(one_that_was_confirmed_stays_so)
{
	waiting.last = 3;
	facts.running.is_loaded = RD_PRESENCE_NO;
	decide(THIS_BOOT);
	ck_assert_int_eq(recovery.outcome, RD_OUTCOME_CONFIRMED);
	ck_assert(recovery.is_committed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recovery-confirm");
	TCase *tc = tcase_create("recovery-confirm");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, NULL, clear);
	tcase_add_loop_test(tc, each_machine_is_judged, 0, RD_N_ELEMENTS(machines));
	tcase_add_test(tc, nothing_waits);
	tcase_add_test(tc, an_interrupted_recovery_is_told);
	tcase_add_test(tc, one_that_was_confirmed_stays_so);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
