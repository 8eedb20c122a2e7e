/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What is said beside the verdict: which kernel to boot meanwhile, and why a copy has no proof.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "rules/rules.h"

#define OLD "6.1.0-9-amd64"
#define NEW "6.1.0-10-amd64"
#define BAD "6.1.0-11-amd64"

static struct rd_copy *add_copy(struct rd_facts *facts, enum rd_copy_kind kind, const char *kernel,
				enum rd_verdict verdict)
{
	struct rd_copy copy;

	ck_assert_int_eq(rd_copy_init(&copy, kind, kernel, "/amdgpu.ko"), 0);
	copy.verdict = verdict;
	copy.is_loadable = kind != RD_COPY_RUNNING;
	ck_assert_int_eq(rd_array_push(&facts->copies, &copy), 0);
	return &facts->copies.items[facts->copies.n - 1];
}

static void add_kernel(struct rd_facts *facts, const char *release, enum rd_verdict verdict)
{
	struct rd_kernel kernel = {
		.release = strdup(release),
		.has_amdgpu = RD_PRESENCE_YES,
		.is_running = facts->running.kernel && !strcmp(facts->running.kernel, release),
	};

	ck_assert_int_eq(rd_array_push(&facts->kernels, &kernel), 0);
	add_copy(facts, RD_COPY_INSTALLED, release, verdict);
}

/* Three kernels, of which the newest has a patched module. */
static void make_machine(struct rd_facts *facts, const char *running)
{
	facts->running.kernel = strdup(running);
	facts->has_sys = true;
	facts->running.is_loaded = RD_PRESENCE_YES;
	add_kernel(facts, BAD, RD_VERDICT_PATCHED);
	add_kernel(facts, NEW, RD_VERDICT_CLEAN);
	add_kernel(facts, OLD, RD_VERDICT_NO_SIGN);
	add_copy(facts, RD_COPY_RUNNING, running,
		 strcmp(running, BAD) != 0 ? RD_VERDICT_NO_SIGN : RD_VERDICT_PATCHED);
}

static void assert_good_kernel(const struct rd_facts *facts, const char *wanted)
{
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;

	ck_assert_int_eq(rd_rules_evaluate(facts, &report, NULL), 0);
	ck_assert_int_eq(report.state, RD_STATE_UNSAFE);
	ck_assert_pstr_eq(report.good_kernel, wanted);
}

START_TEST(the_newest_good_kernel)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;

	make_machine(&facts, BAD);
	assert_good_kernel(&facts, NEW);

	/* What it would refuse to load, or an image that holds another one, is no help. */
	facts.copies.items[1].would_load = RD_PRESENCE_NO;
	assert_good_kernel(&facts, OLD);
	add_copy(&facts, RD_COPY_INITRAMFS, OLD, RD_VERDICT_MODIFIED);
	assert_good_kernel(&facts, NULL);
}
END_TEST

START_TEST(the_running_kernel_if_it_is_good)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;

	make_machine(&facts, OLD);
	assert_good_kernel(&facts, OLD);

	/* Its files are good, what runs is not. */
	facts.copies.items[3].verdict = RD_VERDICT_PATCHED;
	assert_good_kernel(&facts, NEW);
}
END_TEST

START_TEST(an_image_of_any_kernel)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;

	make_machine(&facts, BAD);
	add_copy(&facts, RD_COPY_INITRAMFS, NULL, RD_VERDICT_UNKNOWN);
	assert_good_kernel(&facts, NULL);
}
END_TEST

START_TEST(not_a_word_where_all_is_well)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;

	facts.has_sys = true;
	add_kernel(&facts, NEW, RD_VERDICT_CLEAN);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, NULL), 0);
	ck_assert_int_ne(report.state, RD_STATE_UNSAFE);
	ck_assert_ptr_null(report.good_kernel);
}
END_TEST

START_TEST(why_there_is_no_proof)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	const struct rd_finding *finding;
	struct rd_copy *copy;

	add_kernel(&facts, NEW, RD_VERDICT_CLEAN);
	add_copy(&facts, RD_COPY_INSTALLED, NEW, RD_VERDICT_NO_SIGN)->is_loadable = false;
	add_copy(&facts, RD_COPY_BUILT, NEW, RD_VERDICT_NO_SIGN);
	copy = add_copy(&facts, RD_COPY_INITRAMFS, NEW, RD_VERDICT_NO_SIGN);
	ck_assert_int_eq(
		rd_evidence_add(&copy->evidence, RD_EVIDENCE_COVERAGE, NULL, "all was read"), 0);
	ck_assert_int_eq(rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL,
					 "not compared with X: another version"),
			 0);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, NULL), 0);
	finding = rd_report_find(&report, "RD-DRV-007");
	ck_assert_ptr_nonnull(finding);
	ck_assert_int_eq(finding->result, RD_RESULT_PASS);
	ck_assert_uint_eq(finding->evidence.n, 2);
	ck_assert_ptr_nonnull(
		strstr(finding->evidence.items[0].detail, "no proven module of the same build"));
	ck_assert_ptr_nonnull(
		strstr(finding->evidence.items[1].detail, "not compared with X: another version"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules-reference");
	TCase *tcase = tcase_create("rules-reference");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, the_newest_good_kernel);
	tcase_add_test(tcase, the_running_kernel_if_it_is_good);
	tcase_add_test(tcase, an_image_of_any_kernel);
	tcase_add_test(tcase, not_a_word_where_all_is_well);
	tcase_add_test(tcase, why_there_is_no_proof);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
