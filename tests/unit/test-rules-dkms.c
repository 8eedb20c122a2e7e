/* SPDX-License-Identifier: GPL-2.0-or-later */

/* RD-DKM: every rule with each of its results, and what it says to the machine's verdict. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rules-machines.h"
#include "rules/rules.h"

#define PACKAGE "/var/lib/dkms/amdgpu/6.16.6"
#define OLDER	"/var/lib/dkms/amdgpu/6.12.12"

static struct rd_dkms_package *add_package(struct rd_facts *facts, const char *version,
					   const char *path)
{
	struct rd_dkms_package package = {
		.name = strdup("amdgpu"),
		.version = strdup(version),
		.path = strdup(path),
		.source = strdup("/usr/src/amdgpu-6.16.6"),
		.is_newest = !facts->dkms.n,
		.has_autoinstall = RD_PRESENCE_YES,
	};

	ck_assert_int_eq(rd_array_push(&facts->dkms, &package), 0);
	return &facts->dkms.items[facts->dkms.n - 1];
}

static struct rd_dkms_build *add_build(struct rd_dkms_package *package, const char *kernel,
				       enum rd_dkms_state state)
{
	struct rd_dkms_build build = {
		.kernel = strdup(kernel),
		.arch = strdup("x86_64"),
		.state = state,
	};

	ck_assert_int_eq(rd_array_push(&package->builds, &build), 0);
	return &package->builds.items[package->builds.n - 1];
}

/* The healthy machine's source is that of a registered version, built and installed. */
static void registered(struct rd_facts *facts)
{
	add_build(add_package(facts, "6.16.6", PACKAGE), KERNEL, RD_DKMS_INSTALLED);
	add_copy(facts, RD_COPY_BUILT, KERNEL, PACKAGE "/" KERNEL "/x86_64/module/amdgpu.ko", RUNS)
		->is_loadable = true;
}

static struct rd_copy *built(struct rd_facts *facts)
{
	return &facts->copies.items[3];
}

static void built_only(struct rd_facts *facts)
{
	registered(facts);
	facts->dkms.items[0].builds.items[0].state = RD_DKMS_BUILT;
	set(&facts->kernels.items[0].autoinstall, "amdgpu/6.16.6");
}

static void built_only_patched(struct rd_facts *facts)
{
	built_only(facts);
	built(facts)->verdict = RD_VERDICT_PATCHED;
}

static void built_only_unknown(struct rd_facts *facts)
{
	built_only(facts);
	built(facts)->verdict = RD_VERDICT_UNKNOWN;
}

/* It will be built, from that source; the build of another kernel does not matter. */
static void comes_from_patched_source(struct rd_facts *facts)
{
	registered(facts);
	add_kernel(facts, OTHER, NULL);
	facts->kernels.items[1].has_headers = RD_PRESENCE_YES;
	facts->kernels.items[1].has_amdgpu = RD_PRESENCE_YES;
	set(&facts->kernels.items[1].autoinstall, "amdgpu/6.16.6");
	source(facts)->verdict = RD_VERDICT_PATCHED;
}

static void installed_patched(struct rd_facts *facts)
{
	registered(facts);
	patched_installed(facts);
	built(facts)->verdict = RD_VERDICT_PATCHED;
}

static void older_patched(struct rd_facts *facts)
{
	registered(facts);
	set(&add_package(facts, "6.12.12", OLDER)->source, "/usr/src/amdgpu-6.12.12");
	add_copy(facts, RD_COPY_BUILT, KERNEL, OLDER "/" KERNEL "/x86_64/module/amdgpu.ko", ELSE)
		->verdict = RD_VERDICT_PATCHED;
}

static void older_source_patched(struct rd_facts *facts)
{
	registered(facts);
	set(&add_package(facts, "6.12.12", OLDER)->source, "/usr/src/amdgpu-6.12.12");
	add_copy(facts, RD_COPY_SOURCE, NULL, "/usr/src/amdgpu-6.12.12/kfd_crat.c", NULL)->verdict =
		RD_VERDICT_PATCHED;
}

static void older_clean(struct rd_facts *facts)
{
	registered(facts);
	set(&add_package(facts, "6.12.12", OLDER)->source, "/usr/src/amdgpu-6.12.12");
}

static void differs(struct rd_facts *facts)
{
	registered(facts);
	facts->dkms.items[0].builds.items[0].state = RD_DKMS_DIFFERS;
}

static void broken_without_kernel(struct rd_facts *facts)
{
	registered(facts);
	add_build(&facts->dkms.items[0], OTHER, RD_DKMS_BROKEN);
}

static void source_gone(struct rd_facts *facts)
{
	registered(facts);
	set(&facts->dkms.items[0].source, NULL);
}

static void state_unknown(struct rd_facts *facts)
{
	registered(facts);
	facts->dkms.items[0].builds.items[0].state = RD_DKMS_UNKNOWN;
}

static void failed(struct rd_facts *facts)
{
	registered(facts);
	newer_kernel_too(facts);
	set(&add_build(&facts->dkms.items[0], OTHER, RD_DKMS_ADDED)->log,
	    PACKAGE "/build/make.log");
}

static void failed_without_kernel(struct rd_facts *facts)
{
	registered(facts);
	set(&add_build(&facts->dkms.items[0], OTHER, RD_DKMS_ADDED)->log,
	    PACKAGE "/build/make.log");
}

static void recipe(struct rd_facts *facts)
{
	registered(facts);
	rd_evidence_add(&facts->dkms.items[0].patched_by, RD_EVIDENCE_SOURCE, "x.patch:4", "x");
}

static void touched(struct rd_facts *facts)
{
	registered(facts);
	rd_evidence_add(&facts->dkms.items[0].touched_by, RD_EVIDENCE_SOURCE, "x.sh:4", "x");
}

static void problem(struct rd_facts *facts)
{
	registered(facts);
	set(&facts->dkms.items[0].problem, "line 3: the file runs eval");
}

static const struct {
	const char *name;
	void (*change)(struct rd_facts *facts);
	enum rd_machine_state state;
	const char *id;
	enum rd_result result;
} cases[] = {
	{ "nothing registered", nothing, RD_STATE_SANE, "RD-DKM-001", RD_RESULT_NA },
	{ "nothing registered", nothing, RD_STATE_SANE, "RD-DKM-003", RD_RESULT_NA },
	{ "nothing registered", nothing, RD_STATE_SANE, "RD-DKM-006", RD_RESULT_NA },
	{ "installed", registered, RD_STATE_SANE, "RD-DKM-001", RD_RESULT_PASS },
	{ "installed", registered, RD_STATE_SANE, "RD-DKM-002", RD_RESULT_PASS },
	{ "installed", registered, RD_STATE_SANE, "RD-DKM-003", RD_RESULT_PASS },
	{ "installed", registered, RD_STATE_SANE, "RD-DKM-004", RD_RESULT_PASS },
	{ "installed", registered, RD_STATE_SANE, "RD-DKM-006", RD_RESULT_PASS },
	{ "installed", registered, RD_STATE_SANE, "RD-DKM-007", RD_RESULT_PASS },
	{ "built", built_only, RD_STATE_SANE, "RD-DKM-001", RD_RESULT_PASS },
	{ "built", built_only, RD_STATE_SANE, "RD-DKM-003", RD_RESULT_PASS },
	{ "built, patched", built_only_patched, RD_STATE_UNSAFE, "RD-DKM-001", RD_RESULT_FAIL },
	{ "built, unknown", built_only_unknown, RD_STATE_UNDETERMINED, "RD-DKM-001",
	  RD_RESULT_UNKNOWN },
	{ "will be built, patched", comes_from_patched_source, RD_STATE_UNSAFE, "RD-DKM-001",
	  RD_RESULT_FAIL },
	{ "installed, patched", installed_patched, RD_STATE_UNSAFE, "RD-DKM-001", RD_RESULT_PASS },
	{ "older, patched", older_patched, RD_STATE_SANE, "RD-DKM-002", RD_RESULT_WARN },
	{ "older, patched source", older_source_patched, RD_STATE_UNSAFE, "RD-DKM-002",
	  RD_RESULT_WARN },
	{ "older, clean", older_clean, RD_STATE_SANE, "RD-DKM-002", RD_RESULT_PASS },
	{ "newest, patched", installed_patched, RD_STATE_UNSAFE, "RD-DKM-002", RD_RESULT_PASS },
	{ "differs", differs, RD_STATE_SANE, "RD-DKM-003", RD_RESULT_WARN },
	{ "broken, kernel gone", broken_without_kernel, RD_STATE_SANE, "RD-DKM-003",
	  RD_RESULT_PASS },
	{ "source gone", source_gone, RD_STATE_SANE, "RD-DKM-003", RD_RESULT_WARN },
	{ "state unknown", state_unknown, RD_STATE_SANE, "RD-DKM-003", RD_RESULT_UNKNOWN },
	{ "failed", failed, RD_STATE_SANE, "RD-DKM-004", RD_RESULT_WARN },
	{ "failed", failed, RD_STATE_SANE, "RD-DKM-003", RD_RESULT_PASS },
	{ "failed, kernel gone", failed_without_kernel, RD_STATE_SANE, "RD-DKM-004",
	  RD_RESULT_PASS },
	{ "recipe", recipe, RD_STATE_UNSAFE, "RD-DKM-006", RD_RESULT_FAIL },
	{ "touched", touched, RD_STATE_SANE, "RD-DKM-007", RD_RESULT_WARN },
	{ "touched", touched, RD_STATE_SANE, "RD-DKM-006", RD_RESULT_PASS },
	{ "problem", problem, RD_STATE_SANE, "RD-DKM-007", RD_RESULT_UNKNOWN },
	{ "problem", problem, RD_STATE_SANE, "RD-DKM-006", RD_RESULT_PASS },
};

START_TEST(rules)
{
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	const struct rd_finding *finding;
	bool has_words;

	make_healthy(&facts);
	cases[_i].change(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, NULL), 0);
	finding = rd_report_find(&report, cases[_i].id);
	ck_assert_ptr_nonnull(finding);
	ck_assert_msg(finding->result == cases[_i].result, "%s: %s is %s", cases[_i].name,
		      cases[_i].id, rd_result_name(finding->result));
	has_words = finding->result == RD_RESULT_FAIL || finding->result == RD_RESULT_WARN;
	ck_assert(!has_words || finding->evidence.n);
	ck_assert_str_eq(rd_state_name(report.state), rd_state_name(cases[_i].state));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules-dkms");
	TCase *tcase = tcase_create("rules-dkms");
	SRunner *runner;
	int failures;

	tcase_add_loop_test(tcase, rules, 0, RD_N_ELEMENTS(cases));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failures = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
