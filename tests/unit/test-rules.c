/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Facts to verdict: every row of the decision table in src/rules/verdict.c, and every rule with
 * each of its results. A case is a healthy machine and what is changed on it.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rules-machines.h"
#include "rules/rules.h"

static const struct {
	const char *name;
	void (*change)(struct rd_facts *facts);
	enum rd_machine_state state;
	const char *next;
	struct {
		const char *id;
		enum rd_result result;
	} results[4];
} cases[] = {
	{ "healthy",
	  nothing,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-GPU-001", RD_RESULT_PASS },
	    { "RD-DRV-007", RD_RESULT_PASS },
	    { "RD-RUN-002", RD_RESULT_PASS },
	    { "RD-RUN-004", RD_RESULT_PASS } } },
	{ "proven", proven, RD_STATE_SANE, "nothing to do", { { "RD-DRV-001", RD_RESULT_PASS } } },
	{ "patched installed",
	  patched_installed,
	  RD_STATE_UNSAFE,
	  "sudo rdna1-doctor recover",
	  { { "RD-DRV-001", RD_RESULT_FAIL }, { "RD-RUN-001", RD_RESULT_FAIL } } },
	{ "modified, shadowed",
	  modified_shadowed,
	  RD_STATE_UNSAFE,
	  "sudo rdna1-doctor recover",
	  { { "RD-DRV-001", RD_RESULT_FAIL } } },
	{ "patched, other card",
	  patched_without_gpu,
	  RD_STATE_UNSAFE,
	  "sudo rdna1-doctor recover",
	  { { "RD-GPU-001", RD_RESULT_NA } } },
	{ "patched source",
	  patched_source,
	  RD_STATE_UNSAFE,
	  "sudo rdna1-doctor recover",
	  { { "RD-SRC-001", RD_RESULT_FAIL }, { "RD-DRV-001", RD_RESULT_PASS } } },
	{ "modified source",
	  modified_source,
	  RD_STATE_UNSAFE,
	  "sudo rdna1-doctor recover",
	  { { "RD-SRC-001", RD_RESULT_FAIL } } },
	{ "patched source that dkms does not build",
	  patched_linux_source,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-SRC-001", RD_RESULT_NA }, { "RD-DRV-006", RD_RESULT_WARN } } },
	{ "patched backup",
	  patched_backup,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-DRV-006", RD_RESULT_WARN } } },
	{ "unknown backup",
	  unknown_backup,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-DRV-006", RD_RESULT_PASS } } },
	{ "runs patched, disk good",
	  run_backup,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-001", RD_RESULT_FAIL },
	    { "RD-RUN-002", RD_RESULT_WARN },
	    { "RD-RUN-004", RD_RESULT_PASS } } },
	{ "runs patched, disk unknown",
	  run_patched_disk_unknown,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-RUN-001",
	  { { "RD-DRV-002", RD_RESULT_UNKNOWN } } },
	{ "runs patched, disk unread",
	  run_patched_disk_unread,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-RUN-001",
	  { { "RD-SYS-001", RD_RESULT_UNKNOWN } } },
	{ "runs patched, other card",
	  run_patched_without_gpu,
	  RD_STATE_NO_GPU,
	  "sudo reboot",
	  { { "RD-RUN-001", RD_RESULT_FAIL } } },
	{ "other card",
	  no_gpu,
	  RD_STATE_NO_GPU,
	  "nothing to do",
	  { { "RD-GPU-001", RD_RESULT_NA }, { "RD-GPU-002", RD_RESULT_NA } } },
	{ "replaced in place",
	  replaced_in_place,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-001", RD_RESULT_NA },
	    { "RD-RUN-002", RD_RESULT_WARN },
	    { "RD-RUN-003", RD_RESULT_PASS },
	    { "RD-RUN-004", RD_RESULT_UNKNOWN } } },
	{ "replaced, no build-id",
	  replaced_by_other_source,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-002", RD_RESULT_WARN }, { "RD-RUN-001", RD_RESULT_UNKNOWN } } },
	{ "upgraded, folder gone",
	  upgraded_kernel,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-001", RD_RESULT_NA },
	    { "RD-RUN-002", RD_RESULT_NA },
	    { "RD-RUN-003", RD_RESULT_WARN },
	    { "RD-RUN-004", RD_RESULT_NA } } },
	{ "upgraded, folder left",
	  upgraded_kernel_folder_left,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-003", RD_RESULT_WARN } } },
	{ "upgraded, new module truncated",
	  upgraded_kernel_truncated,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-002",
	  { { "RD-RUN-003", RD_RESULT_WARN } } },
	{ "newer kernel installed too",
	  newer_kernel_too,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-002", RD_RESULT_PASS }, { "RD-DRV-004", RD_RESULT_PASS } } },
	{ "kernel without amdgpu too",
	  cloud_kernel_too,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-DRV-004", RD_RESULT_PASS } } },
	{ "mounted disk",
	  mounted,
	  RD_STATE_REBOOT_REQUIRED,
	  "boot from that disk, then: sudo rdna1-doctor check",
	  { { "RD-GPU-001", RD_RESULT_UNKNOWN },
	    { "RD-RUN-001", RD_RESULT_NA },
	    { "RD-SYS-002", RD_RESULT_NA } } },
	{ "mounted disk, patched",
	  mounted_patched,
	  RD_STATE_UNSAFE,
	  "sudo rdna1-doctor recover --root '/mnt/my disk'",
	  { { "RD-DRV-001", RD_RESULT_FAIL } } },
	{ "a recovery that was cut off",
	  recovery_cut_off,
	  RD_STATE_UNSAFE,
	  "sudo rdna1-doctor recover",
	  { { "RD-REC-001", RD_RESULT_FAIL } } },
	{ "a recovery in progress",
	  recovery_at_work,
	  RD_STATE_UNDETERMINED,
	  "wait until the recovery ends, then: sudo rdna1-doctor check",
	  { { "RD-REC-001", RD_RESULT_UNKNOWN } } },
	{ "a recovery in progress that has not come to the module yet",
	  recovery_at_work_patched,
	  RD_STATE_UNSAFE,
	  "wait until the recovery ends, then: sudo rdna1-doctor check",
	  { { "RD-DRV-001", RD_RESULT_FAIL }, { "RD-REC-001", RD_RESULT_UNKNOWN } } },
	{ "a recovery that waits for its boot",
	  recovery_armed,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-REC-001", RD_RESULT_PASS } } },
	{ "a recovery that this boot confirms",
	  recovery_to_commit,
	  RD_STATE_SANE,
	  "sudo rdna1-doctor boot-report --commit",
	  { { "RD-REC-001", RD_RESULT_PASS } } },
	{ "a recovery that a kernel of later confirms, in a picture",
	  recovery_to_commit_later_kernel,
	  RD_STATE_SANE,
	  "sudo rdna1-doctor boot-report --root /mnt/picture --commit",
	  { { "RD-REC-001", RD_RESULT_PASS } } },
	{ "a recovery that a unit confirms",
	  recovery_to_commit_by_unit,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-REC-001", RD_RESULT_PASS } } },
	{ "a recovery whose module does not run",
	  recovery_other_runs,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-REC-001", RD_RESULT_PASS } } },
	{ "a recovery that waits while a patched module runs",
	  recovery_to_commit_patched,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-REC-001", RD_RESULT_PASS } } },
	{ "recoveries that nobody but root may see",
	  recovery_unseen,
	  RD_STATE_UNDETERMINED,
	  "sudo rdna1-doctor check",
	  { { "RD-REC-001", RD_RESULT_UNKNOWN }, { "RD-SYS-001", RD_RESULT_UNKNOWN } } },
	{ "mounted disk, truncated",
	  mounted_truncated,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-002",
	  { { "RD-DRV-002", RD_RESULT_UNKNOWN } } },
	{ "mounted disk, empty",
	  mounted_empty,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-003",
	  { { "RD-DRV-003", RD_RESULT_UNKNOWN } } },
	{ "truncated",
	  truncated,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-002",
	  { { "RD-DRV-001", RD_RESULT_PASS },
	    { "RD-DRV-002", RD_RESULT_UNKNOWN },
	    { "RD-RUN-001", RD_RESULT_UNKNOWN } } },
	{ "unknown source",
	  unknown_source,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-SRC-002",
	  { { "RD-SRC-002", RD_RESULT_UNKNOWN } } },
	{ "unread as user",
	  unread_as_user,
	  RD_STATE_UNDETERMINED,
	  "sudo rdna1-doctor check --root '/mnt/it'\\''s'",
	  { { "RD-SYS-001", RD_RESULT_UNKNOWN }, { "RD-SYS-002", RD_RESULT_PASS } } },
	{ "unread sysfs",
	  unread_sysfs,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-SYS-002",
	  { { "RD-SYS-001", RD_RESULT_PASS }, { "RD-SYS-002", RD_RESULT_UNKNOWN } } },
	{ "cards unknown",
	  gpus_unknown,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-GPU-001",
	  { { "RD-GPU-001", RD_RESULT_UNKNOWN } } },
	{ "card without copies",
	  no_copies,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-003",
	  { { "RD-DRV-003", RD_RESULT_UNKNOWN }, { "RD-DRV-001", RD_RESULT_NA } } },
	{ "neither card nor copies",
	  no_copies_no_gpu,
	  RD_STATE_NO_GPU,
	  "nothing to do",
	  { { "RD-DRV-003", RD_RESULT_NA } } },
	{ "modules.dep dangles",
	  dangling_modules_dep,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-004",
	  { { "RD-DRV-004", RD_RESULT_UNKNOWN } } },
	{ "built in",
	  built_in,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-005",
	  { { "RD-DRV-005", RD_RESULT_UNKNOWN },
	    { "RD-RUN-001", RD_RESULT_UNKNOWN },
	    { "RD-RUN-002", RD_RESULT_NA } } },
	{ "no build-id",
	  no_build_id,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-RUN-001",
	  { { "RD-RUN-002", RD_RESULT_UNKNOWN }, { "RD-RUN-004", RD_RESULT_UNKNOWN } } },
	{ "not loaded",
	  not_loaded,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-GPU-002", RD_RESULT_WARN }, { "RD-RUN-001", RD_RESULT_NA } } },
	{ "unknown whether loaded",
	  loaded_unknown,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-RUN-001",
	  { { "RD-RUN-001", RD_RESULT_UNKNOWN } } },
	{ "livepatch",
	  livepatched,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-RUN-005",
	  { { "RD-RUN-005", RD_RESULT_UNKNOWN } } },
	{ "dkms taint",
	  dkms_taint,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-006", RD_RESULT_PASS } } },
	{ "forced", forced, RD_STATE_SANE, "nothing to do", { { "RD-RUN-006", RD_RESULT_WARN } } },
	{ "recipe's parameters",
	  recipe_parameters,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-007", RD_RESULT_WARN } } },
	{ "stock parameters",
	  stock_parameters,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-007", RD_RESULT_PASS } } },
	{ "recipe's parameters, other card",
	  recipe_parameters_no_gpu,
	  RD_STATE_NO_GPU,
	  "nothing to do",
	  { { "RD-RUN-007", RD_RESULT_NA } } },
	{ "driver unreadable",
	  driver_unreadable,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-GPU-002", RD_RESULT_UNKNOWN } } },
	{ "no driver",
	  driver_none,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-GPU-002", RD_RESULT_WARN } } },
	{ "--kernel of another kernel",
	  only_other_kernel,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-001", RD_RESULT_NA },
	    { "RD-RUN-002", RD_RESULT_NA },
	    { "RD-RUN-003", RD_RESULT_NA },
	    { "RD-RUN-004", RD_RESULT_NA } } },
	{ "--kernel of none",
	  only_absent_kernel,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-003",
	  { { "RD-DRV-003", RD_RESULT_UNKNOWN } } },
	{ "image as installed",
	  image_current,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-INI-001", RD_RESULT_PASS }, { "RD-RUN-002", RD_RESULT_PASS } } },
	{ "no image", nothing, RD_STATE_SANE, "nothing to do", { { "RD-INI-001", RD_RESULT_NA } } },
	{ "image patched",
	  image_patched,
	  RD_STATE_UNSAFE,
	  "sudo rdna1-doctor recover",
	  { { "RD-DRV-001", RD_RESULT_FAIL }, { "RD-INI-001", RD_RESULT_WARN } } },
	{ "image unknown",
	  image_unknown,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-002",
	  { { "RD-DRV-002", RD_RESULT_UNKNOWN } } },
	{ "image stale, and running",
	  image_stale,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-INI-001", RD_RESULT_WARN }, { "RD-RUN-002", RD_RESULT_PASS } } },
	{ "image other, disk running",
	  image_other,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-INI-001", RD_RESULT_WARN }, { "RD-RUN-002", RD_RESULT_PASS } } },
	{ "image without a module on disk",
	  image_alone,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-003",
	  { { "RD-DRV-003", RD_RESULT_UNKNOWN } } },
};

/* DESIGN: exit codes of check. */
static int exit_code_of(enum rd_machine_state state)
{
	switch (state) {
	case RD_STATE_SANE:
		return 0;
	case RD_STATE_UNSAFE:
		return 3;
	case RD_STATE_REBOOT_REQUIRED:
		return 4;
	case RD_STATE_NO_GPU:
		return 5;
	case RD_STATE_UNDETERMINED:
		break;
	}
	return 6;
}

START_TEST(decision_table)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	struct rd_error err = RD_ERROR_INIT;

	make_healthy(&facts);
	cases[_i].change(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, &err), 0);

	ck_assert_msg(report.state == cases[_i].state, "%s: %s", cases[_i].name,
		      rd_state_name(report.state));
	ck_assert_msg(!strcmp(report.next, cases[_i].next), "%s: %s", cases[_i].name, report.next);
	ck_assert_int_eq(report.exit_code, exit_code_of(report.state));
	ck_assert_int_eq(report.way_in != NULL, report.state == RD_STATE_UNSAFE);
	for (size_t i = 0; i < 4 && cases[_i].results[i].id; i++) {
		const struct rd_finding *finding = rd_report_find(&report, cases[_i].results[i].id);

		ck_assert_ptr_nonnull(finding);
		ck_assert_msg(finding->result == cases[_i].results[i].result, "%s: %s is %s",
			      cases[_i].name, finding->text->id, rd_result_name(finding->result));
	}
}
END_TEST

/* Whatever asks for attention says what it saw. */
START_TEST(findings_have_evidence)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;

	make_healthy(&facts);
	cases[_i].change(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, NULL), 0);
	for (size_t i = 0; i < report.findings.n; i++) {
		const struct rd_finding *finding = &report.findings.items[i];

		if (finding->result == RD_RESULT_PASS || finding->result == RD_RESULT_NA)
			continue;
		ck_assert_msg(finding->evidence.n > 0, "%s: %s", cases[_i].name, finding->text->id);
	}
}
END_TEST

START_TEST(sentences_of_sane_differ)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report plain = RD_REPORT_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report best = RD_REPORT_INIT;

	make_healthy(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &plain, NULL), 0);
	ck_assert_ptr_nonnull(strstr(plain.sentence, "not proven"));
	proven(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &best, NULL), 0);
	ck_assert_ptr_null(strstr(best.sentence, "not proven"));

	/* One copy without proof is enough for the weaker sentence. */
	running(&facts)->verdict = RD_VERDICT_NO_SIGN;
	rd_report_deinit(&best);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &best, NULL), 0);
	ck_assert_str_eq(best.sentence, plain.sentence);
}
END_TEST

/* Who looks at a mounted disk is not sent to work on the machine that it is mounted on. */
START_TEST(commands_are_about_what_was_looked_at)
{
	static const struct rd_finding_text text = {
		.remedy =
			"First sudo rdna1-doctor check, then sudo rdna1-doctor recover "
			"--leftovers; or sudo rdna1-doctor recover --root PATH. Then sudo reboot.",
	};
	const struct rd_finding finding = { .text = &text };
	struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_freep) char *here = NULL, *there = NULL;

	facts.root = (char[]){ "/" };
	here = rd_finding_remedy(&finding, &facts);
	ck_assert_str_eq(here, text.remedy);
	facts.root = (char[]){ "/mnt/my disk" };
	there = rd_finding_remedy(&finding, &facts);
	ck_assert_str_eq(there, "First sudo rdna1-doctor check --root '/mnt/my disk', then sudo "
				"rdna1-doctor recover --root '/mnt/my disk' --leftovers; or sudo "
				"rdna1-doctor recover --root PATH. Then sudo reboot.");
}
END_TEST

START_TEST(rules_and_texts_agree)
{
	const struct rd_rule *const *rules;
	const struct rd_finding_text *texts;
	size_t n, m;

	rules = rd_rules_all(&n);
	texts = rd_data_findings(&m);
	ck_assert_uint_eq(n, m);
	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(rules[i]->id, texts[i].id);
}
END_TEST

/* A machine of which nothing is known is undetermined, never sane. */
START_TEST(empty_facts)
{
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	const struct rd_facts facts = RD_FACTS_INIT;

	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, NULL), 0);
	ck_assert_int_eq(report.state, RD_STATE_UNDETERMINED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tcase = tcase_create("rules");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, decision_table, 0, RD_N_ELEMENTS(cases));
	tcase_add_loop_test(tcase, findings_have_evidence, 0, RD_N_ELEMENTS(cases));
	tcase_add_test(tcase, sentences_of_sane_differ);
	tcase_add_test(tcase, commands_are_about_what_was_looked_at);
	tcase_add_test(tcase, rules_and_texts_agree);
	tcase_add_test(tcase, empty_facts);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
