/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Diffs and scripts that change a driver's source: which bring the patch, which only come near. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/source_change.h"

#define CRAT	"--- a/amd/amdkfd/kfd_crat.c\n+++ b/amd/amdkfd/kfd_crat.c\n@@ -1110,5 +1110,7 @@\n"
#define OTHER	"--- a/amd/amdkfd/kfd_topology.c\n+++ b/amd/amdkfd/kfd_topology.c\n@@ -1 +1 @@\n"
#define CONTEXT " \tflags |= HSA_MEM_FLAGS_NON_VOLATILE;\n"
#define FLAG	"\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n"
#define ID	"\tif (device_id == 0x731F && heap_type)\n"

static const struct {
	const char *text;
	size_t patched, touched;
} diffs[] = {
	{ CRAT CONTEXT "+" ID "+\t" FLAG, 1, 0 },
	{ CRAT "+" ID, 1, 0 },
	{ CRAT "+" FLAG, 1, 0 },
	{ CRAT "+\tswitch (id) { case 29471: }\n", 1, 0 },
	{ CRAT "+\tpr_debug(\"KFD: Enabling fine-grained for RDNA1 0x%x\\n\", id);\n", 1, 1 },
	{ OTHER "+\tpr_debug(\"KFD: Enabling fine-grained for RDNA1 0x%x\\n\", id);\n", 1, 0 },
	{ CRAT "-" ID "-\t" FLAG, 0, 1 }, /* takes the patch out */
	{ CRAT "-\t" FLAG "+" FLAG, 0, 1 }, /* moves a line of stock */
	{ CRAT "+\tint compat = 1; /* 0x731f HSA_MEM_FLAGS_HOT_PLUGGABLE */\n", 0, 1 },
	{ CRAT " " ID, 0, 0 },
	{ OTHER "+" ID "+" FLAG, 0, 0 },
	{ OTHER "+x\n" CRAT "+" FLAG, 1, 0 },
	{ CRAT "+x\n" OTHER "+" FLAG, 0, 1 },
	{ "+++ kfd_crat.c\tnow\n+" FLAG, 1, 0 },
	{ "--- kfd_crat.c.orig\n+++ other/kfd_crat.cc\n+" FLAG, 0, 0 },
	{ "+" ID "+" FLAG, 0, 0 },
	{ "+++ ", 0, 0 },
	{ "", 0, 0 },
};

static const struct {
	const char *text;
	size_t patched, touched;
} scripts[] = {
	{ "#!/bin/sh\nsed -i 's/a/b/' amd/amdkfd/kfd_crat.c\n", 0, 1 },
	{ "#!/bin/sh\n # kfd_crat.c is left alone\nsed -i 's/a/b/' drm_exec.c\n", 0, 0 },
	{ "cat >>x <<E\npr_debug(\"KFD: Enabling fine-grained for RDNA1 0x%x\\n\");\nE\n", 1, 0 },
	{ "patch -p1 <kfd_crat.diff", 0, 1 },
	{ "", 0, 0 },
};

static void check_change(int (*look)(const char *, size_t, const char *, struct rd_source_change *),
			 const char *text, size_t patched, size_t touched)
{
	RD_CLEANUP(rd_source_change_deinit) struct rd_source_change change = RD_SOURCE_CHANGE_INIT;
	size_t len = strlen(text);
	RD_CLEANUP(rd_freep) char *exact = malloc(len + !len);

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, text, len);
	ck_assert_int_eq(look(exact, len, "x.patch", &change), 0);
	ck_assert_uint_eq(change.patched.n, patched);
	ck_assert_uint_eq(change.touched.n, touched);
}

START_TEST(of_diffs)
{
	check_change(rd_source_change_diff, diffs[_i].text, diffs[_i].patched, diffs[_i].touched);
}
END_TEST

START_TEST(of_scripts)
{
	check_change(rd_source_change_script, scripts[_i].text, scripts[_i].patched,
		     scripts[_i].touched);
}
END_TEST

START_TEST(place_of_the_change)
{
	RD_CLEANUP(rd_source_change_deinit) struct rd_source_change change = RD_SOURCE_CHANGE_INIT;
	const char *text = CRAT CONTEXT CONTEXT "+" ID "+\t" FLAG;

	ck_assert_int_eq(rd_source_change_diff(text, strlen(text), "a/x.patch", &change), 0);
	ck_assert_str_eq(change.patched.items[0].where, "a/x.patch:6");
	ck_assert_str_eq(change.patched.items[0].detail,
			 "sets the hot-pluggable flag in kfd_crat.c");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source-change");
	TCase *tcase = tcase_create("source-change");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, of_diffs, 0, RD_N_ELEMENTS(diffs));
	tcase_add_loop_test(tcase, of_scripts, 0, RD_N_ELEMENTS(scripts));
	tcase_add_test(tcase, place_of_the_change);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
