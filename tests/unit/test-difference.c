/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is shown of a change: as diff(1) has it, for the patches that there are. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../recovery/difference.h"
#include "base/cleanup.h"

static const struct {
	const char *old, *new, *shown;
} cases[] = {
	{ "a\nb\nc\n", "a\nb\nc\n", "" },
	{ "a\nx\nb\nc\n", "a\nb\nc\n", "@ 2\n-x\n" },
	{ "a\nb\nc\n", "a\nx\ny\nb\nc\n", "@ 2\n+x\n+y\n" },
	{ "a\nx\nb\nc\n", "a\ny\nb\nc\n", "@ 2\n-x\n+y\n" },
	/* A closing brace alone is no end of a change. */
	{ "{\nx\n}\n}\nb\n", "{\n}\nb\n", "@ 2\n-x\n-}\n" },
	{ "x\na\nb\nc\nd\ny\n", "a\nb\nc\nd\n", "@ 1\n-x\n@ 6\n-y\n" },
	{ "a\r\nb\r\nc\r\n", "a\nb\nc\n", "" },
	{ "a\n\tx\nb\nc\n", "a\nb\nc\n", "@ 2\n-  x\n" },
	{ "a\nx\033[2J\ty\nb\nc\n", "a\nb\nc\n", "@ 2\n-x\\x1b[2J  y\n" },
	{ "", "a\n", "@ 1\n+a\n" },
	{ "a", "a\nb", "@ 2\n+b\n" },
};

START_TEST(shows)
{
	const struct rd_text old = { .data = (char *)(uintptr_t)cases[_i].old,
				     .len = strlen(cases[_i].old) };
	const struct rd_text new = { .data = (char *)(uintptr_t)cases[_i].new,
				     .len = strlen(cases[_i].new) };
	RD_CLEANUP(rd_freep) char *shown = NULL;

	ck_assert_int_eq(difference_lines(&old, &new, &shown), 0);
	ck_assert_str_eq(shown, cases[_i].shown);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("difference");
	TCase *tc = tcase_create("difference");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, shows, 0, (int)RD_N_ELEMENTS(cases));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
