/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Regular expressions as dkms.conf and depmod.d have them; and such as nobody may compile. */

#include <check.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "inspect/pattern.h"

#define RELEASE "6.14.0-33-generic"

static const struct {
	const char *pattern;
	int result;
	bool matches;
} cases[] = {
	{ "^6\\.", 0, true },
	{ "^5\\.", 0, false },
	{ "^(5\\.[6-9]\\.|6\\.[0-9]+\\.)", 0, true },
	{ "generic$", 0, true },
	{ "", 0, true },
	{ "(", RD_PATTERN_BAD, false },
	{ "[6", RD_PATTERN_BAD, false },
	{ "^6{1,9}", RD_PATTERN_REFUSED, false },
	{ "(6)\\1", RD_PATTERN_REFUSED, false },
	/* Each pair of brackets doubles: 2^40 states, gigabytes of gigabytes. */
	{ "((((((((((((((((((((((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+"
	  ")+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+",
	  RD_PATTERN_REFUSED, false },
};

START_TEST(patterns)
{
	bool matches = false;

	ck_assert_int_eq(rd_pattern_match(cases[_i].pattern, RELEASE, &matches), cases[_i].result);
	ck_assert_int_eq(matches, cases[_i].matches);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pattern");
	TCase *tc = tcase_create("pattern");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, patterns, 0, (int)RD_N_ELEMENTS(cases));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
