/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Lines of modprobe.d and words of the command line: which touch the driver, and where they stand.
 * tests/real/test-kmod.c holds the same parser against libkmod; here are the cases by name.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/modprobe_conf.h"

static const char *const modules[] = { "amdgpu", "amdttm", "amd_sched" };
static const char *const modaliases[] = {
	"pci:v00001002d0000731Fsv00001002sd00000B36bc03sc00i00",
};
static const struct rd_modprobe_subject subject = {
	.modules = modules,
	.n_modules = RD_N_ELEMENTS(modules),
	.modaliases = modaliases,
	.n_modaliases = RD_N_ELEMENTS(modaliases),
};

/* What is expected: "KIND MODULE LINE" of each, in one string. */
static const struct {
	const char *text, *lines;
} files[] = {
	{ "blacklist amdgpu\n", "blacklist amdgpu 1;" },
	{ "blacklist amdgpu", "blacklist amdgpu 1;" },
	{ "\n# no\n\tblacklist\t amdgpu # tail\n", "blacklist amdgpu 3;" },
	{ "blacklist amd-sched\n", "blacklist amd_sched 1;" },
	{ "black\\\nlist \\\namdgpu\nblacklist amdttm", "blacklist amdgpu 1;blacklist amdttm 4;" },
	{ "black\\list amdgpu\n", "blacklist amdgpu 1;" },
	{ "options amdgpu dc=0 \\\n  ppfeaturemask=0xffffffff\n", "options amdgpu 1;" },
	{ "install amdgpu /bin/true\n", "install amdgpu 1;" },
	{ "install amd* /bin/false\n", "install amdgpu 1;" },
	{ "install *_sched /bin/false\n", "install amd_sched 1;" },
	{ "softdep amdgpu pre: vfio-pci\n", "softdep amdgpu 1;" },
	{ "alias amdgpu off\n", "alias off 1;" },
	{ "alias pci:v00001002d0000731Fsv*sd*bc*sc*i* vfio-pci\n", "alias vfio_pci 1;" },
	{ "alias gpu amdgpu\n", "alias amdgpu 1;" },

	/* Not about the driver. */
	{ "blacklist radeon\nblacklist amdgpux\nblacklist amd*\n", "" },
	{ "options amd* dc=0\n", "" },
	{ "remove amdgpu /bin/true\n", "" },
	{ "alias pci:v00001002d000073DFsv*sd*bc*sc*i* vfio-pci\n", "" },

	/* Comments, also those that a backslash makes longer. */
	{ "#blacklist amdgpu\n", "" },
	{ "# see \\\nblacklist amdgpu\n", "" },
	{ " # blacklist amdgpu\n", "" },

	/* Void lines. */
	{ "blacklist\ninstall amdgpu\noptions amdgpu\nsoftdep\nalias amdgpu\n", "" },
	{ "alias amdgpu[ off\ninstall amd]gpu x\n", "" },
	{ "Blacklist amdgpu\nblacklist  Amdgpu\n", "" },
	{ "", "" },
	{ "\\", "" },
	{ "\\\n\\\n", "" },
};

static const struct {
	const char *text, *lines;
} cmdlines[] = {
	{ "quiet modprobe.blacklist=amdgpu splash\n", "blacklist amdgpu;" },
	{ "modprobe.blacklist=nouveau,amdgpu", "blacklist amdgpu;" },
	{ "module_blacklist=amdgpu", "blacklist amdgpu;" },
	{ "module-blacklist=radeon,amdgpu,x", "blacklist amdgpu;" },
	{ "rd.driver.blacklist=amdgpu", "blacklist amdgpu;" },
	{ "ro nomodeset", "blacklist amdgpu;" },
	{ "amdgpu.dc=0 amdgpu.ppfeaturemask=0xffffffff", "options amdgpu;options amdgpu;" },
	{ "\"amdgpu.virtual_display=0000:03:00.0,1 x\"", "options amdgpu;" },
	{ "amdgpu.runpm", "options amdgpu;" },
	{ "amd-sched.x=1", "options amd_sched;" },

	{ "modprobe.blacklist=amdgpux,xamdgpu module_blacklist=radeon", "" },
	{ "modprobe.blacklist= module_blacklist modprobe.blacklist", "" },
	{ "nomodeset=1 drm.nomodeset xnomodeset i915.modeset=0", "" },
	{ "x=\"nomodeset amdgpu.dc=0\" y=amdgpu.dc", "" },
	{ "amdgpu.a.b=1 amd\"gpu.dc=0\" .dc=0", "" },
	{ "", "" },
	{ "\"", "" },
};

static char *describe(const struct rd_modprobe_lines *lines)
{
	struct rd_text text = RD_TEXT_INIT;

	for (size_t i = 0; i < lines->n; i++) {
		const struct rd_modprobe_line *line = &lines->items[i];
		const char *number = rd_text_has_prefix(line->place, "/f:") ? line->place + 3
									    : NULL;

		rd_text_printf(&text, "%s %s%s%s;", rd_modprobe_kind_name(line->kind), line->module,
			       number ? " " : "", number ? number : "");
	}
	return rd_text_take_string(&text);
}

/* An exact copy, so that a sanitizer sees each byte read beyond the end. */
static char *exact(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	return copy;
}

START_TEST(file)
{
	RD_CLEANUP(rd_modprobe_lines_deinit) struct rd_modprobe_lines lines = { 0 };
	size_t len = strlen(files[_i].text);
	RD_CLEANUP(rd_freep) char *text = exact(files[_i].text, len);
	RD_CLEANUP(rd_freep) char *found = NULL;

	ck_assert_int_eq(rd_modprobe_conf_read(text, len, "/f", &subject, &lines), 0);
	found = describe(&lines);
	ck_assert_str_eq(found, files[_i].lines);
}
END_TEST

START_TEST(cmdline)
{
	RD_CLEANUP(rd_modprobe_lines_deinit) struct rd_modprobe_lines lines = { 0 };
	size_t len = strlen(cmdlines[_i].text);
	RD_CLEANUP(rd_freep) char *text = exact(cmdlines[_i].text, len);
	RD_CLEANUP(rd_freep) char *found = NULL;

	ck_assert_int_eq(rd_modprobe_cmdline_read(text, len, &subject, &lines), 0);
	found = describe(&lines);
	ck_assert_str_eq(found, cmdlines[_i].lines);
}
END_TEST

START_TEST(text_is_the_line)
{
	static const char text[] = "\t options amdgpu\tdc=0 \\\n runpm=0  \r\n";
	RD_CLEANUP(rd_modprobe_lines_deinit) struct rd_modprobe_lines lines = { 0 };

	ck_assert_int_eq(rd_modprobe_conf_read(text, strlen(text), "/f", &subject, &lines), 0);
	ck_assert_uint_eq(lines.n, 1);
	ck_assert_str_eq(lines.items[0].text, "options amdgpu\tdc=0  runpm=0");
}
END_TEST

START_TEST(crowds_have_limits)
{
	RD_CLEANUP(rd_modprobe_lines_deinit) struct rd_modprobe_lines lines = { 0 };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	for (int i = 0; i < 100000; i++)
		ck_assert_int_eq(rd_text_puts(&text, "blacklist amdgpu\n"), 0);
	ck_assert_int_eq(rd_modprobe_conf_read(text.data, text.len, "/f", &subject, &lines),
			 RD_MODPROBE_LINES_FULL);
	ck_assert_uint_eq(lines.n, RD_MODPROBE_LINES_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modprobe-conf");
	TCase *tc = tcase_create("modprobe-conf");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, file, 0, (int)RD_N_ELEMENTS(files));
	tcase_add_loop_test(tc, cmdline, 0, (int)RD_N_ELEMENTS(cmdlines));
	tcase_add_test(tc, text_is_the_line);
	tcase_add_test(tc, crowds_have_limits);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
