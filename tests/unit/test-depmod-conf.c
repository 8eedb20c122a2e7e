/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which of two files depmod takes. What is expected is what depmod 30 does with such a tree;
 * tests/real/test-kmod.c asks it for many more. Also the index, and which file has which name.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/depmod_conf.h"
#include "inspect/modules_dep.h"

#define FOLDER "/lib/modules/6.1.0-28-amd64"
#define TREE   "kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko"

enum winner { FIRST, SECOND, LUCK };

static const struct {
	const char *conf, *first, *second;
	enum winner winner;
} cases[] = {
	/* "updates" and nothing else is the default. */
	{ "", "updates/dkms/amdgpu.ko", TREE, FIRST },
	{ "", "extra/amdgpu.ko", TREE, LUCK },
	{ "", "updates/a/amdgpu.ko", "updates/b/amdgpu.ko", LUCK },
	{ "", "updatesx/amdgpu.ko", "updates/amdgpu.ko.xz", SECOND },

	/* The lists of distributions. */
	{ "search updates built-in\n", "updates/dkms/amdgpu.ko", TREE, FIRST },
	{ "search updates built-in\n", "extra/amdgpu.ko", TREE, LUCK },
	{ "search updates ubuntu built-in\n", "ubuntu/amdgpu.ko.zst", TREE ".zst", FIRST },
	{ "search updates extra built-in weak-updates\n", "extra/amdgpu.ko.xz", TREE ".xz", FIRST },
	{ "search updates extra built-in weak-updates\n", "weak-updates/amdgpu.ko", TREE, SECOND },
	{ "search updates extra weak-updates kernel\n", "weak-updates/amdgpu.ko", TREE, FIRST },

	/* All words of all search lines are one list, the first is the highest. */
	{ "search updates\nsearch built-in\nsearch extra\n", "extra/amdgpu.ko", TREE, SECOND },
	{ "search built-in updates\n", "updates/amdgpu.ko", TREE, SECOND },
	{ "search updates/dkms updates\n", "updates/amdgpu.ko", "updates/dkms/amdgpu.ko", SECOND },
	{ "search extra/\n", "extra/amdgpu.ko", TREE, LUCK },
	{ "search\n", "updates/amdgpu.ko", TREE, FIRST },

	/* Overrides name one folder, and the kernels they are for. */
	{ "override amdgpu * kernel/drivers/gpu/drm/amd/amdgpu\n", "updates/amdgpu.ko", TREE,
	  SECOND },
	{ "override amdgpu * weak-updates\nsearch built-in weak-updates\n",
	  "weak-updates/amdgpu.ko", TREE, FIRST },
	{ "override amdgpu * extra\n", "extra/sub/amdgpu.ko", "updates/amdgpu.ko", SECOND },
	{ "override amdgpu * a\noverride amdgpu * b\n", "a/amdgpu.ko", "b/amdgpu.ko", SECOND },
	{ "override amdgpu 6.1.0-28-amd64 extra\n", "extra/amdgpu.ko", "updates/amdgpu.ko", FIRST },
	{ "override amdgpu 6.1.* extra\n", "extra/amdgpu.ko", "updates/amdgpu.ko", FIRST },
	{ "override amdgpu ^6\\\\.1\\\\. extra\n", "extra/amdgpu.ko", "updates/amdgpu.ko", FIRST },
	{ "override amdgpu ^5 extra\n", "extra/amdgpu.ko", "updates/amdgpu.ko", SECOND },
	{ "override amdgpu ( extra\n", "extra/amdgpu.ko", "updates/amdgpu.ko", SECOND },
	{ "override amdttm * extra\n", "extra/amdgpu.ko", "updates/amdgpu.ko", SECOND },
	{ "override amdgpu extra\n", "extra/amdgpu.ko", "updates/amdgpu.ko", SECOND },

	/* Outside the tree. */
	{ "search external updates\nexternal * /opt/m\n", "/opt/m/amdgpu.ko", "updates/amdgpu.ko",
	  FIRST },
	{ "search updates external\nexternal * /opt/m/\n", "/opt/m/amdgpu.ko", "updates/amdgpu.ko",
	  SECOND },
	{ "search external\nexternal * /opt/a\nexternal * /opt/b\n", "/opt/a/amdgpu.ko",
	  "/opt/b/amdgpu.ko", FIRST },
	{ "search external updates built-in\nexternal ^5 /opt/m\n", "/opt/m/amdgpu.ko", TREE,
	  LUCK },
};

static char *full(const char *path)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	ck_assert_int_eq(rd_text_printf(&text, "%s%s", *path == '/' ? "" : FOLDER "/", path), 0);
	return rd_text_take_string(&text);
}

static int read_text(struct rd_depmod_conf *conf, const char *text)
{
	RD_CLEANUP(rd_modprobe_lines_deinit) struct rd_modprobe_lines lines = { 0 };

	return rd_depmod_conf_read(conf, text, strlen(text), "/f", "amdgpu", &lines);
}

START_TEST(choice)
{
	RD_CLEANUP(rd_depmod_conf_deinit) struct rd_depmod_conf conf = RD_DEPMOD_CONF_INIT;
	RD_CLEANUP(rd_depmod_order_deinit) struct rd_depmod_order order = RD_DEPMOD_ORDER_INIT;
	RD_CLEANUP(rd_freep) char *first = full(cases[_i].first);
	RD_CLEANUP(rd_freep) char *second = full(cases[_i].second);
	bool is_second_kept, is_first_kept;

	ck_assert_int_eq(read_text(&conf, cases[_i].conf), 0);
	ck_assert_int_eq(rd_depmod_order_init(&order, &conf, FOLDER), 0);
	is_second_kept = rd_depmod_order_replaces(&order, first, second);
	is_first_kept = rd_depmod_order_replaces(&order, second, first);
	ck_assert_int_eq(is_second_kept == is_first_kept ? LUCK
			 : is_second_kept		 ? SECOND
							 : FIRST,
			 cases[_i].winner);
}
END_TEST

START_TEST(traps_are_refused)
{
	static const char *const patterns[] = {
		"((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+",
		"a++++++++++++++++++++++++++++++++",
		"(((((a{1,255}){1,255}){1,255}){1,255}){1,255})",
		"(a*)*\\\\1",
	};
	RD_CLEANUP(rd_depmod_conf_deinit) struct rd_depmod_conf conf = RD_DEPMOD_CONF_INIT;
	RD_CLEANUP(rd_depmod_order_deinit) struct rd_depmod_order order = RD_DEPMOD_ORDER_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	rd_text_printf(&text, _i % 2 ? "override amdgpu %s x\n" : "external %s /x\n",
		       patterns[_i / 2]);
	ck_assert_int_eq(read_text(&conf, text.data), 0);
	ck_assert_int_eq(rd_depmod_order_init(&order, &conf, FOLDER), RD_DEPMOD_CONF_REFUSED);
	ck_assert_uint_eq(order.overrides.n, 0);
}
END_TEST

START_TEST(crowds_have_limits)
{
	static const char *const lines[] = { "search x\n", "override amdgpu * x\n",
					     "external * /x\n", "exclude x\n" };
	RD_CLEANUP(rd_depmod_conf_deinit) struct rd_depmod_conf conf = RD_DEPMOD_CONF_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(rd_text_puts(&text, lines[_i]), 0);
	ck_assert_int_eq(read_text(&conf, text.data), RD_DEPMOD_CONF_REFUSED);
}
END_TEST

START_TEST(lines_are_told)
{
	static const char text[] =
		"# comment\nsearch a \\\n b\noverride amdgpu * x\n"
		"override amdttm * x\nexternal * /x\nexclude y\nmake_map_files\n";
	RD_CLEANUP(rd_modprobe_lines_deinit) struct rd_modprobe_lines lines = { 0 };
	RD_CLEANUP(rd_depmod_conf_deinit) struct rd_depmod_conf conf = RD_DEPMOD_CONF_INIT;

	ck_assert_int_eq(rd_depmod_conf_read(&conf, text, strlen(text), "/etc/depmod.d/a.conf",
					     "amdgpu", &lines),
			 0);
	ck_assert_uint_eq(lines.n, 3);
	ck_assert_int_eq(lines.items[0].kind, RD_MODPROBE_SEARCH);
	ck_assert_str_eq(lines.items[0].place, "/etc/depmod.d/a.conf:2");
	ck_assert_str_eq(lines.items[0].text, "search a  b");
	ck_assert_ptr_null(lines.items[0].module);
	ck_assert_int_eq(lines.items[1].kind, RD_MODPROBE_OVERRIDE);
	ck_assert_str_eq(lines.items[1].module, "amdgpu");
	ck_assert_str_eq(lines.items[1].place, "/etc/depmod.d/a.conf:4");
	ck_assert_int_eq(lines.items[2].kind, RD_MODPROBE_EXTERNAL);
}
END_TEST

START_TEST(excluded_folders)
{
	RD_CLEANUP(rd_depmod_conf_deinit) struct rd_depmod_conf conf = RD_DEPMOD_CONF_INIT;
	RD_CLEANUP(rd_depmod_order_deinit) struct rd_depmod_order order = RD_DEPMOD_ORDER_INIT;

	ck_assert_int_eq(read_text(&conf, "exclude .old lib\nexternal * /opt/lib\n"), 0);
	ck_assert_int_eq(rd_depmod_order_init(&order, &conf, FOLDER), 0);
	ck_assert(!rd_depmod_order_sees(&order, FOLDER "/a/.old/amdgpu.ko"));
	ck_assert(!rd_depmod_order_sees(&order, FOLDER "/lib/amdgpu.ko"));
	ck_assert(rd_depmod_order_sees(&order, FOLDER "/.older/amdgpu.ko"));
	ck_assert(rd_depmod_order_sees(&order, "/opt/lib/amdgpu.ko"));
	ck_assert(!rd_depmod_order_sees(&order, "/opt/libx/amdgpu.ko"));
}
END_TEST

static const struct {
	const char *text, *path;
} indexes[] = {
	{ "a/b.ko: c/amdgpu.ko\nx/amdgpu.ko.xz: a/b.ko\n", "x/amdgpu.ko.xz" },
	{ "amdgpu.ko:", "amdgpu.ko" },
	{ "/opt/amdgpu.ko.zst: x\n", "/opt/amdgpu.ko.zst" },
	{ "x/amdgpu.orig.ko:\n", "x/amdgpu.orig.ko" },
	{ "kernel/x/amdgpu.ko\nkernel/y.ko\n", "kernel/x/amdgpu.ko" },
	{ "x/amdgpu.ko.bz2:\nx/amdgpu.ko.old:\nx/amdgpu:\nx/xamdgpu.ko:\n", NULL },
	{ "x/amdgpux.ko:\namdgpu.ko/a.ko:\na.ko: amdgpu.ko\n", NULL },
	{ "", NULL },
	{ "\n:\n/\n.ko:\n", NULL },
};

START_TEST(index_line)
{
	RD_CLEANUP(rd_freep) char *path = NULL;
	size_t len = strlen(indexes[_i].text);
	RD_CLEANUP(rd_freep) char *text = malloc(len ? len : 1);

	memcpy(text, indexes[_i].text, len);
	ck_assert_int_eq(rd_modules_dep_find(text, len, "amdgpu", &path), 0);
	ck_assert_pstr_eq(path, indexes[_i].path);
}
END_TEST

START_TEST(names)
{
	ck_assert(rd_modules_dep_is("amd-sched.ko", "amd_sched"));
	ck_assert(rd_modules_dep_is("amd_sched.ko.gz", "amd_sched"));
	ck_assert(!rd_modules_dep_is("amd-sched", "amd_sched"));
	ck_assert(!rd_modules_dep_is("amd.ko", "amd_sched"));
	ck_assert(!rd_modules_dep_is("amdgpu.ko.backup", "amdgpu"));
	ck_assert(rd_modules_dep_is("amdgpu.ko.backup.ko", "amdgpu"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("depmod-conf");
	TCase *tc = tcase_create("depmod-conf");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, choice, 0, (int)RD_N_ELEMENTS(cases));
	tcase_add_loop_test(tc, traps_are_refused, 0, 8);
	tcase_add_loop_test(tc, crowds_have_limits, 0, 4);
	tcase_add_test(tc, lines_are_told);
	tcase_add_test(tc, excluded_folders);
	tcase_add_loop_test(tc, index_line, 0, (int)RD_N_ELEMENTS(indexes));
	tcase_add_test(tc, names);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
