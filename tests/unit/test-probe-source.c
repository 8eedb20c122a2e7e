/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Source trees: which build amdgpu, which dkms would build from, each once. */

#include "fake-inspect.h"
#include "model/facts.h"
#include "probe/probe.h"
#include "tree.h"

#define DKMS  "usr/src/amdgpu-6.16.6-2238411.24.04/"
#define CRAT  "amd/amdkfd/kfd_crat.c"
#define LINUX "usr/src/linux-source-6.1/"

static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_probe_options options;
static struct rd_error err;

static void probe(void)
{
	inspected = 0;
	ck_assert_int_eq(rd_probe_sources(&tree_system, &options, &facts, &err), 0);
}

static void teardown(void)
{
	rd_facts_deinit(&facts);
	tree_teardown();
}

static void expect_copy(const char *path, enum rd_copy_kind kind, bool is_loadable,
			enum rd_verdict verdict)
{
	for (size_t i = 0; i < facts.copies.n; i++) {
		const struct rd_copy *copy = &facts.copies.items[i];

		if (strcmp(copy->path, path) != 0)
			continue;
		ck_assert_int_eq(copy->kind, kind);
		ck_assert_int_eq(copy->is_loadable, is_loadable);
		ck_assert_int_eq(copy->verdict, verdict);
		ck_assert_ptr_null(copy->kernel);
		return;
	}
	ck_abort_msg("no copy %s", path);
}

START_TEST(tree_of_amdgpu_dkms)
{
	tree_write(DKMS "dkms.conf", "PACKAGE_NAME=\"amdgpu\"\nBUILT_MODULE_NAME[0]=\"amdgpu\"\n"
				     "BUILT_MODULE_NAME[1]=amdttm\n");
	tree_write(DKMS CRAT, "patched");
	tree_write(DKMS CRAT ".patched", "patched");
	tree_write(DKMS CRAT ".orig", "no-sign");
	tree_write(DKMS CRAT ".rej", "patched");
	tree_write(DKMS "amd/amdkfd/kfd_topology.c", "patched");
	tree_link("usr/src/amdgpu-current", "amdgpu-6.16.6-2238411.24.04");
	tree_link("var/lib/dkms/amdgpu/6.16.6/source", "/usr/src/amdgpu-6.16.6-2238411.24.04");
	probe();
	ck_assert_uint_eq(facts.copies.n, 3);
	expect_copy("/" DKMS CRAT, RD_COPY_SOURCE, true, RD_VERDICT_PATCHED);
	expect_copy("/" DKMS CRAT ".patched", RD_COPY_BACKUP, false, RD_VERDICT_PATCHED);
	expect_copy("/" DKMS CRAT ".orig", RD_COPY_BACKUP, false, RD_VERDICT_NO_SIGN);
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

START_TEST(tree_that_dkms_alone_knows)
{
	tree_write("opt/build/dkms.conf", "BUILT_MODULE_NAME[0]='amdgpu'\n");
	tree_write("opt/build/src/drm/amd/amdkfd/kfd_crat.c", "modified");
	tree_link("var/lib/dkms/amdgpu/1.0/source", "/opt/build");
	tree_link("var/lib/dkms/other/2.0/source", "/opt/gone");
	tree_write("var/lib/dkms/mok.key", "");
	probe();
	ck_assert_uint_eq(facts.copies.n, 1);
	expect_copy("/var/lib/dkms/amdgpu/1.0/source/src/drm/amd/amdkfd/kfd_crat.c", RD_COPY_SOURCE,
		    true, RD_VERDICT_MODIFIED);
}
END_TEST

START_TEST(unpacked_kernel_is_not_rebuilt)
{
	tree_write(LINUX "drivers/gpu/drm/" CRAT, "patched");
	tree_write("usr/src/linux-headers-6.1/drivers/gpu/drm/amd/amdkfd/Makefile", "");
	tree_write("usr/src/linux-source-6.1.tar.xz", "");
	probe();
	ck_assert_uint_eq(facts.copies.n, 1);
	expect_copy("/" LINUX "drivers/gpu/drm/" CRAT, RD_COPY_SOURCE, false, RD_VERDICT_PATCHED);
}
END_TEST

/* dkms.conf is shell: what is understood of it. @found: the tree is searched to its end. */
START_TEST(dkms_conf_spellings)
{
	static const struct {
		const char *text;
		bool found, must_have;
	} cases[] = {
		{ "BUILT_MODULE_NAME[0]=\"amdgpu\"\n", true, true },
		{ "  BUILT_MODULE_NAME[ 0 ]='amdgpu' # the driver\r\n", true, true },
		{ "BUILT_MODULE_NAME=amdgpu", true, true },
		{ "PACKAGE_NAME=\"amdgpu-dkms\"\n", true, false },
		{ "BUILT_MODULE_NAME[0]=amdgpu_extra\n", true, false },
		{ "# BUILT_MODULE_NAME[0]=amdgpu\n", false, false },
		{ "PACKAGE_NAME=nvidia\nBUILT_MODULE_NAME[0]=nvidia\n", false, false },
		{ "BUILT_MODULE_NAME amdgpu\nMAKE=amdgpu\n", false, false },
		{ "", false, false },
	};

	ck_assert_uint_lt((size_t)_i / 2, RD_N_ELEMENTS(cases));
	tree_write("usr/src/x-1/dkms.conf", cases[_i / 2].text);
	if (_i % 2)
		tree_write("usr/src/x-1/anywhere/kfd_crat.c", "no-sign");
	probe();
	if (_i % 2) {
		ck_assert_uint_eq(facts.copies.n, cases[_i / 2].found);
	} else {
		ck_assert_uint_eq(facts.copies.n, cases[_i / 2].must_have);
		if (facts.copies.n)
			expect_copy("/usr/src/x-1", RD_COPY_SOURCE, true, RD_VERDICT_UNKNOWN);
	}
}
END_TEST

START_TEST(dkms_tree_without_a_word_of_amdgpu)
{
	tree_write("usr/src/x-1/dkms.conf", "PACKAGE_NAME=x\n");
	tree_write("usr/src/x-1/" CRAT, "patched");
	probe();
	expect_copy("/usr/src/x-1/" CRAT, RD_COPY_SOURCE, true, RD_VERDICT_PATCHED);
}
END_TEST

START_TEST(unreadable_is_not_absent)
{
	tree_write(DKMS "dkms.conf", "BUILT_MODULE_NAME[0]=amdgpu\n");
	tree_write(DKMS CRAT, "patched");
	tree_write(LINUX "drivers/gpu/drm/" CRAT, "patched");
	ck_assert_int_eq(chmod(tree_path(DKMS "amd/amdkfd"), 0), 0);
	ck_assert_int_eq(chmod(tree_path(LINUX "drivers/gpu/drm/" CRAT), 0), 0);
	if (!tree_become_nobody() && !geteuid())
		return;
	probe();
	tree_become_root_again();
	ck_assert_uint_eq(facts.copies.n, 1);
	expect_copy("/" LINUX "drivers/gpu/drm/" CRAT, RD_COPY_SOURCE, false, RD_VERDICT_UNKNOWN);
	ck_assert_uint_eq(facts.unreads.n, 2);
	ck_assert(facts.unreads.items[0].is_permission && facts.unreads.items[1].is_permission);
}
END_TEST

START_TEST(hostile_trees)
{
	tree_link("usr/src/loop", "loop");
	tree_link("usr/src/up", "..");
	tree_write(DKMS "dkms.conf", "BUILT_MODULE_NAME[0]=amdgpu\n");
	ck_assert_int_eq(mkfifo(tree_path(DKMS CRAT), 0644), 0);
	tree_link(DKMS "all", "/");
	ck_assert_int_eq(mkfifo(tree_path("usr/src/y-1/dkms.conf"), 0644), 0);
	probe();
	expect_copy("/" DKMS CRAT, RD_COPY_SOURCE, true, RD_VERDICT_UNKNOWN);
	ck_assert_uint_ge(facts.unreads.n, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-source");
	TCase *tcase = tcase_create("source");

	tcase_add_checked_fixture(tcase, tree_setup, teardown);
	tcase_add_test(tcase, tree_of_amdgpu_dkms);
	tcase_add_test(tcase, tree_that_dkms_alone_knows);
	tcase_add_test(tcase, unpacked_kernel_is_not_rebuilt);
	tcase_add_loop_test(tcase, dkms_conf_spellings, 0, 18);
	tcase_add_test(tcase, dkms_tree_without_a_word_of_amdgpu);
	tcase_add_test(tcase, unreadable_is_not_absent);
	tcase_add_test(tcase, hostile_trees);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
