/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A small root folder for one test, made in TMPDIR and taken away after it. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "system/system.h"

static char tree_root[64];
static struct rd_system tree_system = RD_SYSTEM_INIT;

/* The path below the root, its parents made. */
static const char *tree_path(const char *path)
{
	static char full[4096];
	int n = snprintf(full, sizeof(full), "%s/%s", tree_root, path);

	ck_assert_int_lt(n, (int)sizeof(full));
	for (char *p = full + strlen(tree_root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	return full;
}

static __attribute__((unused)) void tree_put(const char *path, const void *data, size_t len)
{
	RD_CLEANUP(rd_closep)
	int fd = open(tree_path(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
}

static __attribute__((unused)) void tree_write(const char *path, const char *text)
{
	tree_put(path, text, strlen(text));
}

static __attribute__((unused)) void tree_folder(const char *path)
{
	ck_assert_int_eq(mkdir(tree_path(path), 0755), 0);
}

static __attribute__((unused)) void tree_link(const char *path, const char *target)
{
	ck_assert_int_eq(symlink(target, tree_path(path)), 0);
}

static __attribute__((unused)) void tree_setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(tree_root, sizeof(tree_root), "%s/rdna1-doctor-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(tree_root));
	ck_assert_int_eq(chmod(tree_root, 0755), 0);
	ck_assert_int_eq(rd_system_init(&tree_system, tree_root, NULL), 0);
}

static __attribute__((unused)) void tree_teardown(void)
{
	char command[256];

	rd_system_deinit(&tree_system);
	snprintf(command, sizeof(command), "chmod -R u+rwX %s && rm -rf %s", tree_root, tree_root);
	ck_assert_int_eq(system(command), 0);
}

/* From here on the test has nobody's rights; false if it had no more before. */
static __attribute__((unused)) bool tree_become_nobody(void)
{
	return !setegid(65534) && !seteuid(65534);
}

/* What root gave up comes back; nobody else had anything to give up. */
static __attribute__((unused)) void tree_become_root_again(void)
{
	if (getuid())
		return;
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
}

/* valgrind before 3.22 does not know openat2(2): nothing below a root can be opened there. */
static bool tree_is_possible(void)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system probe = RD_SYSTEM_INIT;

	return rd_system_init(&probe, "/", NULL) != -ENOSYS;
}

static __attribute__((unused)) int tree_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	if (!tree_is_possible()) {
		puts("1..0 # SKIP openat2(2) is missing");
		srunner_free(runner);
		return EXIT_SUCCESS;
	}
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
