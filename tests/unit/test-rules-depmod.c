/* SPDX-License-Identifier: GPL-2.0-or-later */

/* RD-DEP: every rule with each of its results; none of them changes the verdict. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "rules-machines.h"
#include "rules/rules.h"

#define DKMS	"/lib/modules/" KERNEL "/updates/dkms/amdgpu.ko"
#define OWN	"/lib/modules/" KERNEL "/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko"
#define EXTRA	"/lib/modules/" KERNEL "/extra/amdgpu.ko"
#define WEAK	"/lib/modules/" KERNEL "/weak-updates/amdgpu.ko"
#define PLACE	"/etc/modprobe.d/x.conf:1"
#define CMDLINE "the kernel's command line"

static struct rd_kernel *kernel(struct rd_facts *facts)
{
	return &facts->kernels.items[0];
}

/* The index is what depmod would write now. */
static void current(struct rd_facts *facts)
{
	set(&kernel(facts)->expected, DKMS);
}

static void shadowed_own(struct rd_facts *facts)
{
	current(facts);
	add_copy(facts, RD_COPY_INSTALLED, KERNEL, OWN, ELSE)->is_loadable = false;
}

static void outdated(struct rd_facts *facts)
{
	shadowed_own(facts);
	set(&kernel(facts)->expected, OWN);
}

static void not_in_index(struct rd_facts *facts)
{
	current(facts);
	installed(facts)->is_resolved = false;
	set(&kernel(facts)->resolved, NULL);
}

static void index_unread(struct rd_facts *facts)
{
	not_in_index(facts);
	ck_assert_int_eq(rd_facts_add_unread(facts, "/lib/modules/" KERNEL "/modules.dep",
					     "Input/output error", false),
			 0);
}

static void left_by_a_kernel(struct rd_facts *facts)
{
	not_in_index(facts);
	kernel(facts)->has_builtin = RD_PRESENCE_UNKNOWN;
}

static void choice_unknown(struct rd_facts *facts)
{
	(void)facts;
}

static void line(struct rd_facts *facts, enum rd_modprobe_kind kind, const char *module,
		 const char *text)
{
	current(facts);
	ck_assert_int_eq(rd_modprobe_lines_add(&facts->modprobe, kind, module, PLACE, text), 0);
}

static void blacklisted(struct rd_facts *facts)
{
	line(facts, RD_MODPROBE_BLACKLIST, "amdgpu", "blacklist amdgpu");
}

static void nomodeset(struct rd_facts *facts)
{
	line(facts, RD_MODPROBE_BLACKLIST, "amdgpu", "nomodeset");
}

static void blacklisted_in_initramfs(struct rd_facts *facts)
{
	line(facts, RD_MODPROBE_BLACKLIST, "amdgpu", "rd.driver.blacklist=amdgpu");
}

static void disabled(struct rd_facts *facts)
{
	line(facts, RD_MODPROBE_INSTALL, "amdgpu", "install amdgpu /bin/true");
}

static void helper_blacklisted(struct rd_facts *facts)
{
	line(facts, RD_MODPROBE_BLACKLIST, "amdttm", "blacklist amdttm");
}

static void aliased_away(struct rd_facts *facts)
{
	line(facts, RD_MODPROBE_ALIAS, "vfio_pci", "alias pci:v00001002d0000731F* vfio-pci");
}

static void aliased(struct rd_facts *facts)
{
	line(facts, RD_MODPROBE_ALIAS, "amdgpu", "alias gpu amdgpu");
}

static void options(struct rd_facts *facts)
{
	line(facts, RD_MODPROBE_OPTIONS, "amdgpu", "options amdgpu dc=0");
	line(facts, RD_MODPROBE_SOFTDEP, "amdgpu", "softdep amdgpu pre: x");
	line(facts, RD_MODPROBE_SEARCH, NULL, "search updates built-in");
}

static void given_away(struct rd_facts *facts)
{
	blacklisted(facts);
	set(&facts->gpus.items[0].driver, "vfio-pci");
}

static void driver_unknown(struct rd_facts *facts)
{
	blacklisted(facts);
	set(&facts->gpus.items[0].driver, NULL);
	facts->gpus.items[0].is_driver_known = false;
}

static void other_card(struct rd_facts *facts)
{
	blacklisted(facts);
	no_gpu(facts);
}

static void modprobe_unread(struct rd_facts *facts)
{
	current(facts);
	ck_assert_int_eq(
		rd_facts_add_unread(facts, "/etc/modprobe.d/x.conf", "Input/output error", false),
		0);
}

static void kernel_without_driver(struct rd_facts *facts)
{
	add_kernel(facts, OTHER, NULL);
}

static void remains_of_a_kernel(struct rd_facts *facts)
{
	add_kernel(facts, OTHER, NULL);
	facts->kernels.items[1].has_builtin = RD_PRESENCE_UNKNOWN;
}

static void other_built_in(struct rd_facts *facts)
{
	add_kernel(facts, OTHER, NULL);
	facts->kernels.items[1].has_builtin = RD_PRESENCE_YES;
}

static void driver_not_seen(struct rd_facts *facts)
{
	add_kernel(facts, OTHER, NULL);
	facts->kernels.items[1].has_amdgpu = RD_PRESENCE_UNKNOWN;
}

static void left_out_by_dkms(struct rd_facts *facts)
{
	struct rd_dkms_package package = { .name = strdup("amdgpu"), .version = strdup("1") };

	add_kernel(facts, OTHER, NULL);
	facts->kernels.items[1].has_headers = RD_PRESENCE_YES;
	ck_assert_int_eq(rd_array_push(&facts->dkms, &package), 0);
}

static void left_out_for_now(struct rd_facts *facts)
{
	left_out_by_dkms(facts);
	set(&facts->kernels.items[1].autoinstall, "amdgpu/1");
}

static void left_out_with_own_driver(struct rd_facts *facts)
{
	left_out_by_dkms(facts);
	facts->kernels.items[1].has_amdgpu = RD_PRESENCE_YES;
}

/* Built and never installed: what dkms has is no driver. */
static void built_only(struct rd_facts *facts)
{
	struct rd_dkms_build build = {
		.kernel = strdup(OTHER),
		.arch = strdup("x86_64"),
		.state = RD_DKMS_BUILT,
	};

	left_out_by_dkms(facts);
	ck_assert_int_eq(rd_array_push(&facts->dkms.items[0].builds, &build), 0);
}

static void built_with_driver(struct rd_facts *facts)
{
	built_only(facts);
	facts->kernels.items[1].has_amdgpu = RD_PRESENCE_YES;
}

static void without_driver_for_other_card(struct rd_facts *facts)
{
	kernel_without_driver(facts);
	no_gpu(facts);
}

static void two_in_front(struct rd_facts *facts)
{
	current(facts);
	add_copy(facts, RD_COPY_INSTALLED, KERNEL, EXTRA, ELSE)->is_loadable = false;
}

static void same_twice(struct rd_facts *facts)
{
	current(facts);
	add_copy(facts, RD_COPY_INSTALLED, KERNEL, EXTRA, RUNS)->is_loadable = false;
}

/* The kernel's own wins: over a driver that waits as it should, and over one that is never used. */
static void own_wins(struct rd_facts *facts, const char *behind)
{
	set(&installed(facts)->path, OWN);
	set(&kernel(facts)->resolved, OWN);
	set(&kernel(facts)->expected, OWN);
	add_copy(facts, RD_COPY_INSTALLED, KERNEL, behind, ELSE)->is_loadable = false;
}

static void own_before_weak(struct rd_facts *facts)
{
	own_wins(facts, WEAK);
}

static void own_before_extra(struct rd_facts *facts)
{
	own_wins(facts, EXTRA);
	ck_assert_int_eq(rd_modprobe_lines_add(&facts->modprobe, RD_MODPROBE_OVERRIDE, "amdgpu",
					       "/etc/depmod.d/x.conf:1",
					       "override amdgpu * kernel/drivers"),
			 0);
}

static const struct {
	const char *id;
	void (*change)(struct rd_facts *facts);
	enum rd_result result;
	const char *says; /* stands in the evidence; NULL: there is none */
} cases[] = {
	{ "RD-DEP-001", current, RD_RESULT_PASS, NULL },
	{ "RD-DEP-001", shadowed_own, RD_RESULT_PASS, NULL },
	{ "RD-DEP-001", outdated, RD_RESULT_WARN, "the next depmod will choose " OWN },
	{ "RD-DEP-001", not_in_index, RD_RESULT_WARN, "no amdgpu" },
	{ "RD-DEP-001", index_unread, RD_RESULT_UNKNOWN, "cannot be told" },
	{ "RD-DEP-001", left_by_a_kernel, RD_RESULT_NA, NULL },
	{ "RD-DEP-001", choice_unknown, RD_RESULT_UNKNOWN, "cannot be told" },

	{ "RD-DEP-002", current, RD_RESULT_PASS, NULL },
	{ "RD-DEP-002", blacklisted, RD_RESULT_WARN, "blacklist amdgpu" },
	{ "RD-DEP-002", nomodeset, RD_RESULT_WARN, "nomodeset" },
	{ "RD-DEP-002", blacklisted_in_initramfs, RD_RESULT_PASS, NULL },
	{ "RD-DEP-002", disabled, RD_RESULT_WARN, "/bin/true" },
	{ "RD-DEP-002", helper_blacklisted, RD_RESULT_PASS, NULL },
	{ "RD-DEP-002", aliased_away, RD_RESULT_WARN, "vfio-pci" },
	{ "RD-DEP-002", aliased, RD_RESULT_PASS, NULL },
	{ "RD-DEP-002", options, RD_RESULT_PASS, NULL },
	{ "RD-DEP-002", given_away, RD_RESULT_NA, NULL },
	{ "RD-DEP-002", driver_unknown, RD_RESULT_WARN, "blacklist amdgpu" },
	{ "RD-DEP-002", other_card, RD_RESULT_NA, NULL },
	{ "RD-DEP-002", modprobe_unread, RD_RESULT_UNKNOWN, NULL },

	{ "RD-DEP-003", current, RD_RESULT_PASS, NULL },
	{ "RD-DEP-003", kernel_without_driver, RD_RESULT_WARN, "none built in" },
	{ "RD-DEP-003", remains_of_a_kernel, RD_RESULT_PASS, NULL },
	{ "RD-DEP-003", other_built_in, RD_RESULT_PASS, NULL },
	{ "RD-DEP-003", driver_not_seen, RD_RESULT_UNKNOWN, NULL },
	{ "RD-DEP-003", left_out_by_dkms, RD_RESULT_WARN, "none built in" },
	{ "RD-DEP-003", left_out_for_now, RD_RESULT_WARN, "autoinstall installs amdgpu/1" },
	{ "RD-DEP-003", left_out_with_own_driver, RD_RESULT_PASS, "the kernel's own driver" },
	{ "RD-DEP-003", built_only, RD_RESULT_WARN, "none built in" },
	{ "RD-DEP-003", built_with_driver, RD_RESULT_PASS, NULL },
	{ "RD-DEP-003", without_driver_for_other_card, RD_RESULT_NA, NULL },

	{ "RD-DEP-004", current, RD_RESULT_PASS, NULL },
	{ "RD-DEP-004", shadowed_own, RD_RESULT_PASS, "no-sign; behind " DKMS },
	{ "RD-DEP-004", outdated, RD_RESULT_NA, NULL },
	{ "RD-DEP-004", two_in_front, RD_RESULT_WARN, "behind " DKMS },
	{ "RD-DEP-004", same_twice, RD_RESULT_PASS, "behind " DKMS },
	{ "RD-DEP-004", own_before_weak, RD_RESULT_PASS, "behind " OWN },
	{ "RD-DEP-004", own_before_extra, RD_RESULT_WARN, "override amdgpu" },
	{ "RD-DEP-004", not_in_index, RD_RESULT_NA, NULL },
};

static bool is_said(const struct rd_finding *finding, const char *text)
{
	for (size_t i = 0; i < finding->evidence.n; i++) {
		if (strstr(finding->evidence.items[i].detail, text))
			return true;
	}
	return false;
}

START_TEST(result)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	struct rd_error err = RD_ERROR_INIT;
	const struct rd_finding *finding;

	make_healthy(&facts);
	cases[_i].change(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, &err), 0);
	finding = rd_report_find(&report, cases[_i].id);
	ck_assert_ptr_nonnull(finding);
	ck_assert_msg(finding->result == cases[_i].result, "%d: %s is %s", _i, cases[_i].id,
		      rd_result_name(finding->result));
	if (cases[_i].says)
		ck_assert_msg(is_said(finding, cases[_i].says), "%d: %s is not said", _i,
			      cases[_i].says);
	else
		ck_assert_uint_eq(finding->evidence.n, 0);
}
END_TEST

/* Why the card has no driver is said where that is found. */
START_TEST(line_explains_the_unbound_card)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	struct rd_error err = RD_ERROR_INIT;

	make_healthy(&facts);
	blacklisted(&facts);
	set(&facts.gpus.items[0].driver, NULL);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, &err), 0);
	ck_assert(is_said(rd_report_find(&report, "RD-GPU-002"), "blacklist amdgpu"));
}
END_TEST

START_TEST(advice_decides_nothing)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	struct rd_error err = RD_ERROR_INIT;

	make_healthy(&facts);
	outdated(&facts);
	two_in_front(&facts);
	disabled(&facts);
	kernel_without_driver(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, &err), 0);
	ck_assert_int_eq(report.state, RD_STATE_SANE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules-depmod");
	TCase *tc = tcase_create("rules");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, result, 0, (int)RD_N_ELEMENTS(cases));
	tcase_add_test(tc, line_explains_the_unbound_card);
	tcase_add_test(tc, advice_decides_nothing);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
