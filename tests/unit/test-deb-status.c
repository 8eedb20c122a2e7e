/* SPDX-License-Identifier: GPL-2.0-or-later */

/* dpkg's data base where it is not as dpkg writes it: test-probe-package.c has the ordinary. */

#include <check.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/deb_status.h"

#define CONF   "/etc/modprobe.d/amdgpu.conf"
#define DIGEST "900150983cd24fb0d6963f7d28e17f72"

/* One stanza of some megabytes, each line of it with the path: its head is not sought each time. */
START_TEST(a_stanza_without_end)
{
	static const char *const lines[] = { " " CONF " newconffile\n", " " CONF " " DIGEST "\n" };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_deb_conffile conffile;

	ck_assert_int_eq(rd_text_puts(&text, "Conffiles:\n"), 0);
	for (int i = 0; i < 1 << 17; i++)
		ck_assert_int_eq(rd_text_puts(&text, lines[_i]), 0);
	ck_assert(!rd_deb_conffile_find(text.data, text.len, CONF, &conffile));
}
END_TEST

START_TEST(one_line_among_many)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_deb_conffile conffile;

	ck_assert_int_eq(rd_text_puts(&text, "Package: amdgpu-dkms\nConffiles:\n " CONF
					     " newconffile\n " CONF " " DIGEST "\n"),
			 0);
	ck_assert(rd_deb_conffile_find(text.data, text.len, CONF, &conffile));
	ck_assert_uint_eq(conffile.package.len, 11);
	ck_assert_mem_eq(conffile.package.s, "amdgpu-dkms", 11);
	ck_assert_mem_eq(conffile.digest.s, DIGEST, 32);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deb-status");
	TCase *tc = tcase_create("deb-status");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, a_stanza_without_end, 0, 2);
	tcase_add_test(tc, one_line_among_many);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
