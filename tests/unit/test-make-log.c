/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The first line and the first error of make.log; lines as dkms, gcc, make and patch write them. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/make_log.h"

#define HEAD_OLD "DKMS make.log for amdgpu-6.8.5 for kernel 6.1.0-28-amd64 (x86_64)\n"
#define HEAD_NEW "DKMS (dkms-3.2.2) make.log for amdgpu/6.8.5 for kernel 6.1.0-28-amd64 (x86_64)\n"
#define DATE	 "Sun Nov 22 22:22:22 UTC 2026\n"

static const struct {
	const char *text, *kernel, *arch, *error;
} cases[] = {
	{ HEAD_OLD DATE "  CC [M]  /x/kfd_crat.o\n"
			"/x/kfd_crat.c:12:5: error: implicit declaration of function 'f'\n"
			"make[1]: *** [Makefile:1: x] Error 2\n",
	  "6.1.0-28-amd64", "x86_64",
	  "/x/kfd_crat.c:12:5: error: implicit declaration of function 'f'" },
	{ HEAD_NEW DATE "# command: make\n/x/a.c:1:10: fatal error: a.h: No such file\n",
	  "6.1.0-28-amd64", "x86_64", "/x/a.c:1:10: fatal error: a.h: No such file" },
	{ HEAD_OLD "/x/a.c:1:1: Fehler: unbekannt\nmake: *** [Makefile:9: x] Fehler 2\n",
	  "6.1.0-28-amd64", "x86_64", "make: *** [Makefile:9: x] Fehler 2" },
	{ HEAD_OLD "ERROR: modpost: \"f\" [/x/amdgpu.ko] undefined!\n", "6.1.0-28-amd64", "x86_64",
	  "ERROR: modpost: \"f\" [/x/amdgpu.ko] undefined!" },
	{ HEAD_NEW "patching file a.c\nHunk #1 succeeded at 9.\nHunk #2 FAILED at 12.\n",
	  "6.1.0-28-amd64", "x86_64", "Hunk #2 FAILED at 12." },
	{ HEAD_OLD "  ./run: 3: gcc-12: command not found\r\n", "6.1.0-28-amd64", "x86_64",
	  "./run: 3: gcc-12: command not found" },
	{ HEAD_OLD "a.c:1:1: warning: unused variable 'error'\n", "6.1.0-28-amd64", "x86_64",
	  NULL },
	{ HEAD_OLD, "6.1.0-28-amd64", "x86_64", NULL },
	{ "DKMS make.log for a-1 for kernel 6.1", NULL, NULL, NULL },
	{ "DKMS make.log for a-1 for kernel 6.1 (x", NULL, NULL, NULL },
	{ "make: for kernel 6.1 (x)\nx: *** y\n", NULL, NULL, "x: *** y" },
	{ "", NULL, NULL, NULL },
};

static void check_text(const char *text, const char *expected)
{
	if (expected)
		ck_assert_str_eq(text, expected);
	else
		ck_assert_ptr_null(text);
}

START_TEST(logs)
{
	RD_CLEANUP(rd_make_log_deinit) struct rd_make_log log = RD_MAKE_LOG_INIT;
	size_t len = strlen(cases[_i].text);
	RD_CLEANUP(rd_freep) char *exact = malloc(len + !len);

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, cases[_i].text, len);
	ck_assert_int_eq(rd_make_log_read(exact, len, &log), 0);
	check_text(log.kernel, cases[_i].kernel);
	check_text(log.arch, cases[_i].arch);
	check_text(log.error, cases[_i].error);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("make-log");
	TCase *tcase = tcase_create("make-log");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, logs, 0, RD_N_ELEMENTS(cases));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
