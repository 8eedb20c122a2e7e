/* SPDX-License-Identifier: GPL-2.0-or-later */

/* RD-SIG: what of the answers to "would it load" and "does its signature fit" becomes a finding. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "rules/rules.h"

#define KERNEL "6.8.0-49-generic"
#define OTHER  "6.8.0-48-generic"

static struct rd_facts facts;

static void setup(void)
{
	facts.has_sys = true;
	facts.running.kernel = strdup(KERNEL);
}

static void teardown(void)
{
	rd_facts_deinit(&facts);
}

static struct rd_copy *add_copy(const char *kernel, enum rd_presence would_load, const char *reason)
{
	struct rd_copy copy;

	ck_assert_int_eq(rd_copy_init(&copy, RD_COPY_INSTALLED, kernel, "/amdgpu.ko"), 0);
	copy.verdict = RD_VERDICT_NO_SIGN;
	copy.is_loadable = copy.is_resolved = true;
	copy.would_load = would_load;
	copy.load_reason = reason ? strdup(reason) : NULL;
	ck_assert_int_eq(rd_array_push(&facts.copies, &copy), 0);
	return &facts.copies.items[facts.copies.n - 1];
}

static void expect(const char *id, enum rd_result result, size_t n_evidence)
{
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	const struct rd_finding *finding;

	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, NULL), 0);
	finding = rd_report_find(&report, id);
	ck_assert_ptr_nonnull(finding);
	ck_assert_int_eq(finding->result, result);
	ck_assert_uint_eq(finding->evidence.n, n_evidence);
	/* Whatever it says, it decides nothing. */
	ck_assert_int_ne(report.state, RD_STATE_UNSAFE);
}

START_TEST(nobody_asked)
{
	add_copy(KERNEL, RD_PRESENCE_UNKNOWN, NULL);
	expect("RD-SIG-001", RD_RESULT_NA, 0);
}
END_TEST

/* No policy is known of a mounted disk: no finding for that. */
START_TEST(policy_unknown)
{
	add_copy(KERNEL, RD_PRESENCE_UNKNOWN, "not known");
	expect("RD-SIG-001", RD_RESULT_NA, 0);
}
END_TEST

START_TEST(taken)
{
	add_copy(KERNEL, RD_PRESENCE_YES, "trusted");
	expect("RD-SIG-001", RD_RESULT_PASS, 0);
	/* Another kernel's policy is no business of this boot. */
	facts.policy.enforces_signatures = RD_PRESENCE_YES;
	add_copy(OTHER, RD_PRESENCE_UNKNOWN, "does not run");
	expect("RD-SIG-001", RD_RESULT_PASS, 0);
}
END_TEST

START_TEST(open_question)
{
	facts.policy.enforces_signatures = RD_PRESENCE_YES;
	add_copy(OTHER, RD_PRESENCE_YES, "trusted");
	add_copy(KERNEL, RD_PRESENCE_UNKNOWN, "only in .platform");
	add_copy(OTHER, RD_PRESENCE_YES, "trusted");
	expect("RD-SIG-001", RD_RESULT_UNKNOWN, 1);
}
END_TEST

START_TEST(refused)
{
	facts.policy.enforces_signatures = RD_PRESENCE_YES;
	add_copy(OTHER, RD_PRESENCE_NO, "no key");
	add_copy(KERNEL, RD_PRESENCE_UNKNOWN, "only in .platform");
	add_copy(KERNEL, RD_PRESENCE_YES, "trusted");
	expect("RD-SIG-001", RD_RESULT_WARN, 1);
}
END_TEST

START_TEST(validity)
{
	struct rd_copy *copy = add_copy(KERNEL, RD_PRESENCE_UNKNOWN, NULL);

	expect("RD-SIG-002", RD_RESULT_NA, 0);
	copy->signature = RD_SIGNED_NOT;
	expect("RD-SIG-002", RD_RESULT_NA, 0);
	copy->signature = RD_SIGNED_VALID;
	expect("RD-SIG-002", RD_RESULT_PASS, 0);
	add_copy(OTHER, RD_PRESENCE_UNKNOWN, NULL)->signature = RD_SIGNED_INVALID;
	expect("RD-SIG-002", RD_RESULT_WARN, 1);
}
END_TEST

/* One finding for one fault: enrolling a key is no remedy for a broken signature. */
START_TEST(broken_is_not_unenrolled)
{
	add_copy(KERNEL, RD_PRESENCE_NO, "does not fit")->signature = RD_SIGNED_INVALID;
	expect("RD-SIG-001", RD_RESULT_NA, 0);
	expect("RD-SIG-002", RD_RESULT_WARN, 1);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("rules-signature");
	Suite *suite = suite_create("rules-signature");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, nobody_asked);
	tcase_add_test(tcase, policy_unknown);
	tcase_add_test(tcase, taken);
	tcase_add_test(tcase, open_question);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, validity);
	tcase_add_test(tcase, broken_is_not_unenrolled);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
