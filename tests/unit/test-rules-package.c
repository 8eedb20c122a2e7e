/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The rules of packages: each result, on a healthy machine and on what is changed on it. */

#include "rules-machines.h"
#include "rules/rules.h"

#define KERNEL_PACKAGE "linux-image-" KERNEL
#define DKMS_PACKAGE   "amdgpu-dkms"

static struct rd_package *add_package(struct rd_facts *facts, const char *name)
{
	struct rd_package package = {
		.name = strdup(name),
		.version = strdup("1:2-3"),
		.restore = strdup("put it back"),
	};

	ck_assert_int_eq(rd_array_push(&facts->packages, &package), 0);
	return &facts->packages.items[facts->packages.n - 1];
}

static void own(struct rd_facts *facts, struct rd_copy *copy, const char *name,
		enum rd_presence is_packaged)
{
	if (!rd_packages_find(&facts->packages, name))
		add_package(facts, name);
	set(&copy->package, name);
	copy->is_packaged = is_packaged;
	if (is_packaged == RD_PRESENCE_YES)
		copy->verdict = RD_VERDICT_CLEAN;
}

static void equal_module(struct rd_facts *facts)
{
	own(facts, installed(facts), KERNEL_PACKAGE, RD_PRESENCE_YES);
}

static void other_module(struct rd_facts *facts)
{
	own(facts, installed(facts), KERNEL_PACKAGE, RD_PRESENCE_NO);
}

static void other_module_compared(struct rd_facts *facts)
{
	other_module(facts);
	installed(facts)->verdict = RD_VERDICT_CLEAN;
}

static void other_module_modified(struct rd_facts *facts)
{
	other_module(facts);
	installed(facts)->verdict = RD_VERDICT_MODIFIED;
}

static void module_under_way(struct rd_facts *facts)
{
	own(facts, installed(facts), KERNEL_PACKAGE, RD_PRESENCE_UNKNOWN);
}

static void whole_source(struct rd_facts *facts)
{
	own(facts, source(facts), DKMS_PACKAGE, RD_PRESENCE_YES);
	facts->packages.items[0].is_source_whole = RD_PRESENCE_YES;
}

static void open_source(struct rd_facts *facts)
{
	own(facts, source(facts), DKMS_PACKAGE, RD_PRESENCE_YES);
}

static void other_source(struct rd_facts *facts)
{
	own(facts, source(facts), DKMS_PACKAGE, RD_PRESENCE_NO);
	facts->packages.items[0].is_source_whole = RD_PRESENCE_YES;
}

static void packaged_patched_source(struct rd_facts *facts)
{
	other_source(facts);
	source(facts)->verdict = RD_VERDICT_PATCHED;
}

static void changed_beside(struct rd_facts *facts)
{
	char *path = strdup("/usr/src/amdgpu-6.16.6/amd/amdkfd/kfd_topology.c");

	whole_source(facts);
	facts->packages.items[0].is_source_whole = RD_PRESENCE_NO;
	ck_assert_int_eq(rd_array_push(&facts->packages.items[0].changed, &path), 0);
}

static void changed_in_unused_tree(struct rd_facts *facts)
{
	changed_beside(facts);
	source(facts)->is_loadable = false;
}

static void strange_data_base(struct rd_facts *facts)
{
	set(&facts->packages.problem, "/var/lib/rpm/Packages is in Berkeley DB, which is not read");
}

static const struct {
	void (*change)(struct rd_facts *facts);
	enum rd_result file, tree, known;
	const char *evidence; /* of the one that warns */
} cases[] = {
	{ nothing, RD_RESULT_NA, RD_RESULT_NA, RD_RESULT_NA, NULL },
	{ equal_module, RD_RESULT_PASS, RD_RESULT_NA, RD_RESULT_PASS, NULL },
	{ other_module, RD_RESULT_NA, RD_RESULT_NA, RD_RESULT_PASS, NULL },
	{ other_module_compared, RD_RESULT_PASS, RD_RESULT_NA, RD_RESULT_PASS, NULL },
	{ other_module_modified, RD_RESULT_NA, RD_RESULT_NA, RD_RESULT_PASS, NULL },
	{ module_under_way, RD_RESULT_NA, RD_RESULT_NA, RD_RESULT_PASS, NULL },
	{ whole_source, RD_RESULT_PASS, RD_RESULT_PASS, RD_RESULT_PASS, NULL },
	{ open_source, RD_RESULT_PASS, RD_RESULT_UNKNOWN, RD_RESULT_PASS, NULL },
	{ other_source, RD_RESULT_WARN, RD_RESULT_PASS, RD_RESULT_PASS, "put it back" },
	{ packaged_patched_source, RD_RESULT_NA, RD_RESULT_PASS, RD_RESULT_PASS, NULL },
	{ changed_beside, RD_RESULT_PASS, RD_RESULT_WARN, RD_RESULT_PASS, "put it back" },
	{ changed_in_unused_tree, RD_RESULT_NA, RD_RESULT_NA, RD_RESULT_PASS, NULL },
	{ strange_data_base, RD_RESULT_NA, RD_RESULT_NA, RD_RESULT_UNKNOWN, NULL },
};

static void expect(const struct rd_report *report, const char *id, enum rd_result result,
		   const char *evidence)
{
	const struct rd_finding *finding = rd_report_find(report, id);

	ck_assert_ptr_nonnull(finding);
	ck_assert_msg(finding->result == result, "%s is %s, not %s", id,
		      rd_result_name(finding->result), rd_result_name(result));
	if (result == RD_RESULT_WARN)
		ck_assert_ptr_nonnull(
			strstr(finding->evidence.items[finding->evidence.n - 1].detail, evidence));
}

START_TEST(results)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;

	make_healthy(&facts);
	cases[_i].change(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, NULL), 0);
	expect(&report, "RD-PKG-001", cases[_i].file, cases[_i].evidence);
	expect(&report, "RD-PKG-002", cases[_i].tree, cases[_i].evidence);
	expect(&report, "RD-PKG-003", cases[_i].known, cases[_i].evidence);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules-package");
	TCase *tc = tcase_create("rules");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, results, 0, (int)RD_N_ELEMENTS(cases));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
