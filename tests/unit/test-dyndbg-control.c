/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The kernel's list of pr_debug sites. Lines are as Linux 5.10 (octal escapes), 6.1 (C escapes) and
 * 6.12 (classes) print them: ddebug_proc_show() in lib/dynamic_debug.c.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/dyndbg_control.h"

#define HEAD "# filename:lineno [module]function flags format\n"
#define CRAT "drivers/gpu/drm/amd/amdgpu/../amdkfd/kfd_crat.c"

static struct rd_text text = RD_TEXT_INIT;
static struct rd_dyndbg sites = RD_DYNDBG_INIT;
static struct rd_evidence evidence = RD_EVIDENCE_INIT;
static bool is_whole;

static void teardown(void)
{
	rd_dyndbg_deinit(&sites);
	rd_text_deinit(&text);
	rd_evidence_deinit(&evidence);
}

static void parse(const char *content)
{
	teardown();
	ck_assert_int_eq(rd_text_puts(&text, content), 0);
	ck_assert_int_eq(rd_dyndbg_control_parse(&text, "amdgpu", &sites, &is_whole), 0);
}

static struct rd_sites sum_of(const char *content)
{
	parse(content);
	return rd_dyndbg_sites(&sites);
}

/* As a file has it: nothing is escaped. */
static struct rd_sites sum_of_file(const char *file, const char *function, const char *format)
{
	struct rd_dyndbg_site site = { .file = file, .function = function, .format = format };
	struct rd_dyndbg own = { .items = &site, .n = 1 };

	return rd_dyndbg_sites(&own);
}

START_TEST(a_line_is_a_site)
{
	parse(HEAD CRAT ":958 [amdgpu]kfd_populated_cu_info_gpu =_ \"CU GPU: id_base=%d\\n\"\n"
			"kernel/module/main.c:1 [main]load_module =_ \"[amdgpu] %s\\n\"\n"
			"net/x.c:2 [amdgpux]f =p \"x\"\n");
	ck_assert(is_whole);
	ck_assert_uint_eq(sites.n, 1);
	ck_assert_str_eq(sites.items[0].file, CRAT);
	ck_assert_str_eq(rd_dyndbg_file_name(&sites.items[0]), "kfd_crat.c");
	ck_assert_uint_eq(sites.items[0].line, 958);
	ck_assert_str_eq(sites.items[0].function, "kfd_populated_cu_info_gpu");
	ck_assert_str_eq(sites.items[0].format, "CU GPU: id_base=%d\\n");
}
END_TEST

/* Flags that someone set, quotes and brackets in a format, a class behind it. */
START_TEST(what_a_line_may_hold)
{
	parse("a/b.c:1 [amdgpu]f =pmfl \"say \"%s\" =_ [amdgpu]g\\t%d\\n\" class:DRM_UT_CORE\n"
	      "a/b.c:2 [amdgpu]f =_ \"\"\n"
	      "a/b.c:3 [amdgpu]f =_ \"x\" class unknown, _id:7\n");
	ck_assert(is_whole);
	ck_assert_uint_eq(sites.n, 3);
	ck_assert_str_eq(sites.items[0].format, "say \"%s\" =_ [amdgpu]g\\t%d\\n");
	ck_assert_str_eq(sites.items[1].format, "");
	ck_assert_str_eq(sites.items[2].format, "x");
}
END_TEST

START_TEST(every_escape_is_the_files_text)
{
	static const char *const lines[] = {
		"d/e.c:1 [amdgpu]f =_ \"a\\011\\042%s\\042\\012\"\n", /* 5.10 */
		"d/e.c:1 [amdgpu]f =_ \"a\\t\"%s\"\\n\"\n", /* 6.1 */
	};
	struct rd_sites file = sum_of_file("/build/x/e.c", "f", "a\t\"%s\"\n");

	for (size_t i = 0; i < RD_N_ELEMENTS(lines); i++) {
		struct rd_sites sum = sum_of(lines[i]);

		ck_assert(is_whole && sum.is_known);
		ck_assert(rd_dyndbg_sites_equal(&sum, &file));
	}
}
END_TEST

/* The kernel escapes no backslash: two letters of the source and an escape look the same. */
START_TEST(a_backslash_of_the_format)
{
	struct rd_sites file = sum_of_file("e.c", "f", "C:\\new\\\\ \\");
	struct rd_sites sum = sum_of("d/e.c:1 [amdgpu]f =_ \"C:\\new\\\\ \\\"\n");

	ck_assert(rd_dyndbg_sites_equal(&sum, &file));
}
END_TEST

START_TEST(order_line_and_folder_do_not_count)
{
	struct rd_sites a = sum_of("x/a.c:1 [amdgpu]f =_ \"1\"\nx/a.c:2 [amdgpu]g =_ \"2\"\n"
				   "x/a.c:1 [amdgpu]f =_ \"1\"\n");
	struct rd_sites b = sum_of("y/a.c:7 [amdgpu]g =p \"2\"\ny/a.c:8 [amdgpu]f =_ \"1\"\n"
				   "a.c:9 [amdgpu]f =_ \"1\"\n");

	ck_assert_uint_eq(a.n, 3);
	ck_assert(rd_dyndbg_sites_equal(&a, &b));
}
END_TEST

START_TEST(number_name_function_and_format_count)
{
	static const char *const others[] = {
		"a.c:1 [amdgpu]f =_ \"1\"\na.c:1 [amdgpu]f =_ \"1\"\n",
		"b.c:1 [amdgpu]f =_ \"1\"\n",
		"a.c:1 [amdgpu]g =_ \"1\"\n",
		"a.c:1 [amdgpu]f =_ \"2\"\n",
		"a.c:1 [amdgpu]f1 =_ \"\"\n",
	};
	struct rd_sites one = sum_of("a.c:1 [amdgpu]f =_ \"1\"\n");

	for (size_t i = 0; i < RD_N_ELEMENTS(others); i++) {
		struct rd_sites other = sum_of(others[i]);

		ck_assert(!rd_dyndbg_sites_equal(&one, &other));
	}
}
END_TEST

/* What was cut off, or what nobody can read, may have been anything. */
START_TEST(not_the_whole_list)
{
	static const char *const texts[] = {
		"",
		"a.c:1 [amdgpu]f =_ \"1\"\na.c:1 [amdg",
		"a.c:1 [amdgpu]f =_ \"1\"\na.c:1 [amdgpu]f =_ \"unended\n",
		"a.c:1 [amdgpu]f =_ \"1\"\na.c [amdgpu]f =_ \"1\"\n",
		"a.c:1 [amdgpu]f =_ \"1\"\na.c:1 [amdgpu] =_ \"1\"\n",
		"a.c:1 [amdgpu]f =_ \"1\"\n [amdgpu]\n",
		"a.c:1 [amdgpu]f =_ \"1\"\na.c:99999999999 [amdgpu]f =_ \"1\"\n",
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(texts); i++) {
		parse(texts[i]);
		ck_assert(!is_whole);
		ck_assert_uint_eq(sites.n, i != 0);
	}
}
END_TEST

START_TEST(bytes_of_zero_end_the_list)
{
	static const char bytes[] = "a.c:1 [amdgpu]f =_ \"1\"\n\0a.c:1 [amdgpu]f =_ \"1\"\n";

	ck_assert_int_eq(rd_text_append(&text, bytes, sizeof(bytes) - 1), 0);
	ck_assert_int_eq(rd_dyndbg_control_parse(&text, "amdgpu", &sites, &is_whole), 0);
	ck_assert(!is_whole);
	ck_assert_uint_eq(sites.n, 1);
}
END_TEST

START_TEST(a_difference_is_named)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text other = RD_TEXT_INIT;
	RD_CLEANUP(rd_dyndbg_deinit) struct rd_dyndbg file = RD_DYNDBG_INIT;

	parse("a.c:1 [amdgpu]f =_ \"1\"\nx/a.c:5 [amdgpu]g =_ \"new\\n\"\n"
	      "a.c:2 [amdgpu]f =_ \"2\"\na.c:1 [amdgpu]f =_ \"1\"\n");
	ck_assert_int_eq(rd_text_puts(&other, "b/a.c:9 [amdgpu]f =_ \"1\"\n"
					      "b/a.c:3 [amdgpu]f =_ \"2\"\n"
					      "b/a.c:4 [amdgpu]h =_ \"gone\"\n"),
			 0);
	ck_assert_int_eq(rd_dyndbg_control_parse(&other, "amdgpu", &file, &is_whole), 0);
	ck_assert_int_eq(rd_dyndbg_difference(&sites, &file, &evidence), 0);
	ck_assert_uint_eq(evidence.n, 3);
	ck_assert_str_eq(evidence.items[0].where, "a.c:1 f");
	ck_assert_ptr_nonnull(strstr(evidence.items[0].detail, "file does not have"));
	ck_assert_str_eq(evidence.items[1].where, "a.c:5 g");
	ck_assert_str_eq(evidence.items[2].where, "a.c:4 h");
	ck_assert_ptr_nonnull(strstr(evidence.items[2].detail, "does not run"));
}
END_TEST

/* The line that a machine with the recipe's patch printed (Debian 6.1, a booted guest). */
START_TEST(a_known_patch_runs)
{
	parse(CRAT ":1038 [amdgpu]kfd_parse_subtype_mem =_ "
		   "\"KFD: Enabling fine-grained for RDNA1 0x%x\\n\"\n");
	ck_assert_int_eq(rd_dyndbg_find_patches(&sites, &evidence), 0);
	ck_assert_uint_eq(evidence.n, 1);
	ck_assert_int_eq(evidence.items[0].kind, RD_EVIDENCE_DYNDBG);
	ck_assert_str_eq(evidence.items[0].where, "kfd_crat.c:1038 kfd_parse_subtype_mem");
}
END_TEST

/* Another module's message is not amdgpu's. */
START_TEST(a_known_patch_elsewhere)
{
	parse("x.c:1 [nouveau]f =_ \"KFD: Enabling fine-grained for RDNA1 0x%x\\n\"\n");
	ck_assert_int_eq(rd_dyndbg_find_patches(&sites, &evidence), 0);
	ck_assert_uint_eq(evidence.n, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dyndbg-control");
	TCase *cases = tcase_create("control");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(cases, NULL, teardown);
	tcase_add_test(cases, a_line_is_a_site);
	tcase_add_test(cases, what_a_line_may_hold);
	tcase_add_test(cases, every_escape_is_the_files_text);
	tcase_add_test(cases, a_backslash_of_the_format);
	tcase_add_test(cases, order_line_and_folder_do_not_count);
	tcase_add_test(cases, number_name_function_and_format_count);
	tcase_add_test(cases, not_the_whole_list);
	tcase_add_test(cases, bytes_of_zero_end_the_list);
	tcase_add_test(cases, a_difference_is_named);
	tcase_add_test(cases, a_known_patch_runs);
	tcase_add_test(cases, a_known_patch_elsewhere);
	suite_add_tcase(suite, cases);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
