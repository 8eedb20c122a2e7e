/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Objects that meson assembles for a test: RD_FIXTURES names their folder. */

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define FIXTURE_MAX (1u << 20)

/* The content of a fixture; the test's to free. */
static __attribute__((unused)) struct rd_text fixture(const char *name)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	struct rd_text text = RD_TEXT_INIT;
	struct rd_error err = RD_ERROR_INIT;
	const char *folder = getenv("RD_FIXTURES");
	char path[4096];

	ck_assert_ptr_nonnull(folder);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "cannot open %s", path);
	ck_assert_int_eq(rd_text_fill(&text, fd, FIXTURE_MAX, &err), 0);
	return text;
}

static __attribute__((unused)) int fixture_main(TCase *tcase, const char *name)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
