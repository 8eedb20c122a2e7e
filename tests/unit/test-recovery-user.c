/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A child that is somebody else for good, and the promise of a profile that it keeps. */

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <time.h>

#include "recovery/profile.h"
#include "recovery/user.h"
#include "tree.h"

#define SOMEBODY 4242
#define GROUP	 4343

static struct rd_user somebody(void)
{
	static gid_t groups[] = { GROUP + 1, GROUP + 2 };

	return (struct rd_user){ .name = (char *)"somebody",
				 .home = (char *)"/home/somebody",
				 .uid = geteuid() ? geteuid() : SOMEBODY,
				 .gid = geteuid() ? getegid() : GROUP,
				 .groups = { .items = groups, .n = 2 } };
}

/* Everything that a process could come back with. */
static int look(const void *arg, struct rd_text *answer, struct rd_error *err)
{
	uid_t u[3];
	gid_t g[3], groups[64];
	int n = getgroups(64, groups);

	(void)arg;
	(void)err;
	getresuid(&u[0], &u[1], &u[2]);
	getresgid(&g[0], &g[1], &g[2]);
	rd_text_printf(answer, "%u %u %u %u %u %u", u[0], u[1], u[2], g[0], g[1], g[2]);
	for (int i = 0; i < n; i++)
		rd_text_printf(answer, " +%u", groups[i]);
	rd_text_printf(answer, " %d %d %d %d", setuid(0), seteuid(0), setgid(0),
		       setgroups(0, NULL));
	return rd_text_printf(answer, " dumpable %d", prctl(PR_GET_DUMPABLE));
}

START_TEST(becomes_somebody)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text answer = RD_TEXT_INIT;
	struct rd_user user = somebody();
	struct rd_error err;

	if (geteuid())
		return;
	ck_assert_int_eq(rd_user_do(&user, look, NULL, 10, &answer, &err), 0);
	ck_assert_str_eq(answer.data, "4242 4242 4242 4343 4343 4343 +4344 +4345 -1 -1 -1 -1 "
				      "dumpable 0");
	ck_assert_uint_eq(geteuid(), 0);
}
END_TEST

START_TEST(only_root_may)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text answer = RD_TEXT_INIT;
	struct rd_user user = { .name = (char *)"root", .home = (char *)"/" };
	bool is_root = !geteuid();
	struct rd_error err;
	int r;

	if (is_root && !tree_become_nobody())
		return;
	r = rd_user_do(&user, look, NULL, 10, &answer, &err);
	if (is_root)
		ck_assert_int_eq(seteuid(0) && setegid(0), 0);
	ck_assert_int_eq(r, -EPERM);
	ck_assert_ptr_nonnull(strstr(err.msg, "only root"));
}
END_TEST

enum kind { SAYS_NO, FAILS, DIES, HANGS, SAYS_MUCH };

static int act(const void *arg, struct rd_text *answer, struct rd_error *err)
{
	switch (*(const enum kind *)arg) {
	case SAYS_NO:
		rd_error_set(err, EEXIST, "a reason");
		return 7;
	case FAILS:
		return rd_error_set(err, ENOSPC, "another reason");
	case DIES:
		_exit(0);
	case HANGS:
		pause();
		return 0;
	default:
		for (int i = 0; i < 10000; i++)
			rd_text_puts(answer, "0123456789");
		return 0;
	}
}

static const struct {
	enum kind kind;
	int r;
	const char *word;
	size_t len;
} acts[] = {
	{ SAYS_NO, 7, "a reason", 0 },
	{ FAILS, -ENOSPC, "another reason", 0 },
	{ DIES, -EIO, "died", 0 },
	{ HANGS, -ETIMEDOUT, "no answer", 0 },
	{ SAYS_MUCH, 0, NULL, (size_t)100000 },
};

START_TEST(answers)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text answer = RD_TEXT_INIT;
	struct rd_user user = somebody();
	struct rd_error err = RD_ERROR_INIT;

	ck_assert_int_eq(rd_user_do(&user, act, &acts[_i].kind, 1, &answer, &err), acts[_i].r);
	ck_assert_uint_eq(answer.len, acts[_i].len);
	if (acts[_i].word)
		ck_assert_ptr_nonnull(strstr(err.msg, acts[_i].word));
}
END_TEST

START_TEST(of_a_root)
{
	RD_CLEANUP(rd_user_deinit) struct rd_user user = RD_USER_INIT;

	ck_assert_int_eq(rd_user_find(&tree_system, "u", &user, NULL), RD_USER_ABSENT);
	tree_write("etc/passwd", "root:x:0:0::/root:\nuu:x:7:8::/nowhere:/bin/sh\n"
				 "u:x:4242:4343:A, B:/home/user:/bin/sh\n");
	ck_assert_int_eq(rd_user_find(&tree_system, "u", &user, NULL), 0);
	ck_assert_str_eq(user.home, "/home/user");
	ck_assert_uint_eq(user.uid, 4242);
	ck_assert_uint_eq(user.gid, 4343);
	ck_assert_uint_eq(user.groups.n, 0);
	rd_user_deinit(&user);
	ck_assert_int_eq(rd_user_find_id(&tree_system, 7, &user, NULL), 0);
	ck_assert_str_eq(user.name, "uu");
	ck_assert_int_eq(rd_user_find_id(&tree_system, 9, &user, NULL), RD_USER_ABSENT);
}
END_TEST

/* The name service of this machine, asked as login asks it. */
START_TEST(of_this_machine)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system sys = RD_SYSTEM_INIT;
	const struct passwd *entry = getpwuid(geteuid());

	ck_assert_int_eq(rd_system_init(&sys, "/", NULL), 0);
	if (entry) {
		RD_CLEANUP(rd_user_deinit) struct rd_user user = RD_USER_INIT;

		setenv("HOME", "/elsewhere", 1);
		ck_assert_int_eq(rd_user_find(&sys, entry->pw_name, &user, NULL), 0);
		ck_assert_uint_eq(user.uid, geteuid());
		ck_assert_str_eq(user.home, entry->pw_dir);
		ck_assert_uint_ge(user.groups.n, 1);
	} else {
		RD_CLEANUP(rd_user_deinit) struct rd_user user = RD_USER_INIT;

		ck_assert_int_eq(rd_user_find_id(&sys, geteuid(), &user, NULL), RD_USER_ABSENT);
	}
}
END_TEST

static int keep_promise(const char *name, struct rd_profile_outcome *outcome, char **pathp)
{
	struct rd_facts facts = RD_FACTS_INIT;

	return rd_profile_keep_promise(&tree_system, &facts, name, outcome, pathp, NULL);
}

START_TEST(promise)
{
	struct rd_profile_outcome outcome = { 0 };
	RD_CLEANUP(rd_freep) char *path = NULL;
	RD_CLEANUP(rd_freep) char *again = NULL;
	char passwd[256];
	FILE *f;

	snprintf(passwd, sizeof(passwd), "somebody:x:%u:%u::/home/somebody:/bin/sh\n",
		 somebody().uid, somebody().gid);
	tree_write("etc/passwd", passwd);
	tree_folder("home/somebody");
	ck_assert_int_eq(chown(tree_path("home/somebody"), somebody().uid, somebody().gid), 0);
	ck_assert_int_eq(keep_promise("nobody-at-all", &outcome, &path), RD_PROFILE_NO_USER);
	ck_assert_int_eq(keep_promise("somebody", &outcome, &path), 0);
	ck_assert_int_eq(outcome.file, RD_PROFILE_CREATED);
	ck_assert_str_eq(path, "/home/somebody/rocm_rdna1_env.sh");
	ck_assert_int_eq(access(tree_path("home/somebody/rocm_rdna1_env.sh"), X_OK), 0);
	/* A boot that comes twice changes nothing, and one after an edit neither. */
	ck_assert_int_eq(keep_promise("somebody", &outcome, &again), 0);
	ck_assert_int_eq(outcome.file, RD_PROFILE_SAME);
	f = fopen(tree_path("home/somebody/rocm_rdna1_env.sh"), "a");
	fputs("# mine\n", f);
	fclose(f);
	ck_assert_int_eq(keep_promise("somebody", &outcome, &again), RD_PROFILE_EDITED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recovery-user");
	TCase *tc = tcase_create("user");

	tcase_add_checked_fixture(tc, tree_setup, tree_teardown);
	tcase_add_test(tc, becomes_somebody);
	tcase_add_test(tc, only_root_may);
	tcase_add_loop_test(tc, answers, 0, (int)RD_N_ELEMENTS(acts));
	tcase_add_test(tc, of_a_root);
	tcase_add_test(tc, of_this_machine);
	tcase_add_test(tc, promise);
	suite_add_tcase(suite, tc);
	return tree_run(suite);
}
