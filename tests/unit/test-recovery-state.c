/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The lock, the journal's folder in states that no run of ours leaves, and the backups in it. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../recovery/orphan.h"
#include "../../recovery/tool.h"
#include "recovery/backup.h"
#include "recovery/transaction.h"
#include "recovery/write.h"
#include "tree.h"

#define TXN "var/lib/rdna1-doctor/txn/0001"

static struct rd_error err;
static struct rd_state state = RD_STATE_INIT;

/* The tool of the only phase: a new image, or none. */
static bool is_failing;

static int run_tool(void *userdata, enum rd_step step, const char *stage, struct rd_error *e)
{
	char path[512];

	(void)userdata;
	(void)step;
	if (is_failing)
		return rd_error_set(e, EIO, "the compiler is gone");
	snprintf(path, sizeof(path), "%s/image", stage);
	tree_write(path, "new image");
	return 0;
}

static const struct rd_tools tools = { .run = run_tool };

static void setup(void)
{
	tree_setup();
	tree_write("boot/image", "old image");
	tree_folder("var/lib");
	is_failing = false;
	ck_assert_msg(!rd_state_lock(&state, tree_system.rootfd, &err), "%s", err.msg);
}

static void teardown(void)
{
	rd_state_deinit(&state);
	tree_teardown();
}

static int run(void)
{
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;

	plan.point = RD_STEP_INITRAMFS;
	ck_assert_int_eq(rd_plan_add_phase(&plan, RD_STEP_INITRAMFS, true), 0);
	ck_assert_int_eq(rd_plan_put(&plan, "boot/image", "60-initramfs/image"), 0);
	return rd_transaction_run(&state, &plan, &tools, &err);
}

static const char *content(const char *path)
{
	static char text[64];
	int fd = open(tree_path(path), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

START_TEST(one_run_at_a_time)
{
	RD_CLEANUP(rd_state_deinit) struct rd_state other = RD_STATE_INIT;
	char pid[32];

	ck_assert_int_eq(rd_state_lock(&other, tree_system.rootfd, &err), -EBUSY);
	snprintf(pid, sizeof(pid), "(pid %d)", getpid());
	ck_assert_msg(strstr(err.msg, pid), "%s", err.msg);
	ck_assert_int_eq(rd_state_open(&other, tree_system.rootfd, &err), 0);
	rd_state_deinit(&other);
	rd_state_deinit(&state);
	ck_assert_int_eq(rd_state_lock(&other, tree_system.rootfd, &err), 0);
}
END_TEST

/* A compiler of a run that was killed with all its own processes. */
START_TEST(what_a_dead_run_left_running_is_ended)
{
	RD_CLEANUP(rd_state_deinit) struct rd_state next = RD_STATE_INIT;
	char mark[ORPHAN_MARK_MAX], other[] = "RDNA1_DOCTOR_ROOT=0:0";
	char *const marked[] = { mark, NULL }, *const not_ours[] = { other, NULL };
	char *const argv[] = { (char *)(uintptr_t) "sleep", (char *)(uintptr_t) "600", NULL };
	pid_t orphan, stranger;
	int status;

	ck_assert_int_eq(orphan_mark(tree_system.rootfd, mark, &err), 0);
	orphan = fork();
	if (!orphan && execve("/bin/sleep", argv, marked))
		_exit(1);
	stranger = fork();
	if (!stranger && execve("/bin/sleep", argv, not_ours))
		_exit(1);
	usleep(300000);
	rd_state_deinit(&state);
	/* Ours to reap while the lock is taken: nobody else does. */
	signal(SIGCHLD, SIG_IGN);
	ck_assert_int_eq(rd_state_lock(&next, tree_system.rootfd, &err), 0);
	ck_assert_int_eq(kill(orphan, 0), -1);
	ck_assert_int_eq(kill(stranger, 0), 0);
	signal(SIGCHLD, SIG_DFL);
	kill(stranger, SIGKILL);
	waitpid(stranger, &status, 0);
	rd_state_deinit(&next);
	ck_assert_int_eq(rd_state_lock(&state, tree_system.rootfd, &err), 0);
}
END_TEST

START_TEST(a_folder_that_others_may_write_to_is_refused)
{
	rd_state_deinit(&state);
	ck_assert_int_eq(chmod(tree_path("var/lib/rdna1-doctor"), 0777), 0);
	ck_assert_int_eq(rd_state_lock(&state, tree_system.rootfd, &err), -EPERM);
}
END_TEST

START_TEST(a_lock_that_is_a_link_is_refused)
{
	rd_state_deinit(&state);
	ck_assert_int_eq(unlink(tree_path("var/lib/rdna1-doctor/lock")), 0);
	tree_link("var/lib/rdna1-doctor/lock", "/boot/image");
	ck_assert_int_eq(rd_state_lock(&state, tree_system.rootfd, &err), -ELOOP);
	ck_assert_str_eq(content("boot/image"), "old image");
}
END_TEST

START_TEST(a_root_without_var_lib_is_no_system)
{
	RD_CLEANUP(rd_closep) int fd = -1;

	rd_state_deinit(&state);
	fd = open(tree_path("boot"), O_PATH | O_CLOEXEC);
	ck_assert_int_eq(rd_state_open(&state, fd, &err), RD_STATE_ABSENT);
	ck_assert_int_eq(rd_state_lock(&state, fd, &err), -ENOENT);
	ck_assert_ptr_nonnull(strstr(err.msg, "no system"));
}
END_TEST

START_TEST(a_transaction_is_armed_committed_rolled_back)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	RD_CLEANUP(rd_notes_deinit) struct rd_notes notes = { 0 };

	ck_assert_int_eq(rd_transaction_resume(&state, &tools, &err), RD_TRANSACTION_NOTHING);
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), RD_TRANSACTION_NOTHING);
	ck_assert_msg(!run(), "%s", err.msg);
	ck_assert_str_eq(content("boot/image"), "new image");
	ck_assert_int_eq(rd_journal_open(&state, 1, &txn, &err), 0);
	ck_assert(txn.has[RD_STEP_ARMED] && rd_txn_is_finished(&txn));
	ck_assert_int_eq(rd_transaction_armed(&txn, &notes, &err), 0);
	ck_assert_int_eq(rd_transaction_commit(&state, 1, &err), 0);
	ck_assert_int_eq(rd_transaction_commit(&state, 1, &err), RD_TRANSACTION_NOTHING);
	ck_assert_int_eq(rd_transaction_commit(&state, 2, &err), RD_TRANSACTION_NOTHING);

	tree_write("boot/image", "another image");
	ck_assert_msg(!run(), "%s", err.msg);
	ck_assert_int_eq(rd_transaction_rollback(&state, 1, NULL, &err), -EBUSY);
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), 0);
	ck_assert_str_eq(content("boot/image"), "another image");
	ck_assert_int_eq(rd_transaction_rollback(&state, 1, NULL, &err), 0);
	ck_assert_str_eq(content("boot/image"), "old image");
}
END_TEST

START_TEST(a_tool_that_fails_leaves_all_as_it_was)
{
	is_failing = true;
	ck_assert_int_eq(run(), RD_TRANSACTION_UNDONE);
	ck_assert_str_eq(err.msg, "60-initramfs: the compiler is gone");
	ck_assert_str_eq(content("boot/image"), "old image");
	is_failing = false;
	ck_assert_int_eq(run(), 0);
}
END_TEST

static const struct {
	const char *name, *text, *said;
	int result;
} strange[] = {
	{ TXN "/00-intent", "rdna1-doctor: plan 2\n", "00-intent: line 1: version 2", -EPROTO },
	{ TXN "/00-intent", "", "00-intent: line 1", -EBADMSG },
	{ TXN "/00-intent", "rdna1-doctor: plan 1\n", "cut off", -EBADMSG },
	{ TXN "/00-intent",
	  "\x7f"
	  "ELF",
	  "00-intent: line 1", -EBADMSG },
	{ TXN "/45-signed", "", "45-signed: a step that is unknown here", -EPROTO },
};

START_TEST(a_strange_journal_is_refused_and_left_alone)
{
	ck_assert_int_eq(run(), 0);
	tree_write(strange[_i].name, strange[_i].text);
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), strange[_i].result);
	ck_assert_msg(strstr(err.msg, strange[_i].said) && strstr(err.msg, TXN), "%s", err.msg);
	ck_assert_int_eq(rd_transaction_resume(&state, &tools, &err), strange[_i].result);
	ck_assert_int_eq(run(), strange[_i].result);
	ck_assert_str_eq(content("boot/image"), "new image");
}
END_TEST

START_TEST(a_damaged_manifest_restores_nothing)
{
	ck_assert_int_eq(run(), 0);
	tree_write(TXN "/old.manifest", "rdna1-doctor: manifest 1\nabsent boot/image\nend 1 x\n");
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), -EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.msg, TXN "/old.manifest: line 3"));
	ck_assert_str_eq(content("boot/image"), "new image");
}
END_TEST

static const char *copy_of_image(void)
{
	static char path[256];
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;

	ck_assert_int_eq(rd_backup_open(&state, 1, &backup, &err), 0);
	snprintf(path, sizeof(path), TXN "/old/%s",
		 rd_manifest_find(&backup.manifest, "boot/image")->sha256);
	return path;
}

START_TEST(a_backup_is_listed_verified_restored)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;
	RD_CLEANUP(rd_txn_ids_deinit) struct rd_txn_ids ids = { 0 };

	ck_assert_int_eq(run(), 0);
	ck_assert_int_eq(rd_journal_list(&state, &ids, &err), 0);
	ck_assert_uint_eq(ids.n, 1);
	ck_assert_int_eq(rd_backup_open(&state, 1, &backup, &err), 0);
	ck_assert_uint_eq(backup.size, strlen("old image"));
	ck_assert_int_eq(rd_backup_verify(&backup, &err), 0);
	ck_assert_int_eq(rd_backup_restore(&state, &backup, "boot/other", &err), RD_BACKUP_ABSENT);
	ck_assert_int_eq(rd_backup_restore(&state, &backup, "boot/image", &err), 0);
	ck_assert_str_eq(content("boot/image"), "old image");

	tree_write(copy_of_image(), "bad image");
	ck_assert_int_eq(rd_backup_verify(&backup, &err), RD_BACKUP_DAMAGED);
	ck_assert_ptr_nonnull(strstr(err.msg, "boot/image"));
	ck_assert_int_eq(unlink(tree_path(copy_of_image())), 0);
	ck_assert_int_eq(rd_backup_verify(&backup, &err), RD_BACKUP_DAMAGED);
}
END_TEST

START_TEST(a_damaged_copy_is_not_put_in_place)
{
	ck_assert_int_eq(run(), 0);
	tree_write(copy_of_image(), "bad image");
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), -EIO);
	ck_assert_ptr_nonnull(strstr(err.msg, "damaged"));
	ck_assert_str_eq(content("boot/image"), "new image");
	tree_write(copy_of_image(), "old image");
	ck_assert_int_eq(rd_transaction_resume(&state, &tools, &err), RD_TRANSACTION_UNDONE);
	ck_assert_str_eq(content("boot/image"), "old image");
}
END_TEST

START_TEST(the_only_copy_is_not_pruned)
{
	ck_assert_int_eq(run(), 0);
	ck_assert_int_eq(rd_backup_prune(&state, 1, RD_PRUNE_SAFE, &err), RD_BACKUP_IN_USE);
	ck_assert_int_eq(rd_transaction_commit(&state, 1, &err), 0);
	ck_assert_int_eq(rd_backup_prune(&state, 1, RD_PRUNE_SAFE, &err), RD_BACKUP_ONLY_COPY);
	ck_assert_ptr_nonnull(strstr(err.msg, "boot/image"));
	tree_write("boot/image", "old image");
	ck_assert_int_eq(rd_backup_prune(&state, 1, RD_PRUNE_SAFE, &err), 0);
	ck_assert_int_eq(rd_backup_prune(&state, 1, RD_PRUNE_SAFE, &err), RD_BACKUP_ABSENT);
}
END_TEST

START_TEST(what_another_backup_has_whole_may_go)
{
	ck_assert_int_eq(run(), 0);
	ck_assert_int_eq(rd_transaction_commit(&state, 1, &err), 0);
	tree_write("boot/image", "old image");
	ck_assert_int_eq(run(), 0);
	tree_write(copy_of_image(), "bad image");
	ck_assert_int_eq(rd_backup_prune(&state, 1, RD_PRUNE_SAFE, &err), 0);

	ck_assert_int_eq(rd_transaction_commit(&state, 2, &err), 0);
	ck_assert_int_eq(rd_backup_prune(&state, 2, RD_PRUNE_SAFE, &err), RD_BACKUP_ONLY_COPY);
}
END_TEST

START_TEST(holes_stay_holes)
{
	int fd = open(tree_path("boot/image"), O_WRONLY | O_CLOEXEC);
	struct stat st;

	ck_assert_int_eq(ftruncate(fd, 16 << 20), 0);
	close(fd);
	ck_assert_int_eq(stat(tree_path("boot/image"), &st), 0);
	if (st.st_blocks * 512 >= st.st_size)
		return; /* a file system without holes */
	ck_assert_int_eq(run(), 0);
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), 0);
	ck_assert_int_eq(stat(tree_path("boot/image"), &st), 0);
	ck_assert_int_eq(st.st_size, 16 << 20);
	ck_assert_int_lt(st.st_blocks * 512, 2 << 20);
}
END_TEST

START_TEST(what_is_neither_file_nor_folder_nor_link_is_not_touched)
{
	ck_assert_int_eq(unlink(tree_path("boot/image")), 0);
	ck_assert_int_eq(mkfifo(tree_path("boot/image"), 0600), 0);
	ck_assert_int_eq(run(), RD_TRANSACTION_UNDONE);
	ck_assert_ptr_nonnull(strstr(err.msg, "boot/image"));
}
END_TEST

/* As execvp(3) would find it in a PATH of system folders. */
START_TEST(a_tool_is_a_file_that_can_be_executed)
{
	RD_CLEANUP(rd_freep) char *path = NULL;

	tree_folder("usr/sbin/depmod");
	tree_write("usr/bin/depmod", "#!/bin/sh\n");
	ck_assert_int_eq(chmod(tree_path("usr/bin/depmod"), 0644), 0);
	ck_assert_int_eq(tool_find(&tree_system, "depmod", &path, &err), 0);
	ck_assert_ptr_null(path);
	ck_assert_int_eq(chmod(tree_path("usr/bin/depmod"), 0755), 0);
	ck_assert_int_eq(tool_find(&tree_system, "depmod", &path, &err), 0);
	ck_assert_str_eq(path, "/usr/bin/depmod");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recovery-state");
	TCase *tc = tcase_create("recovery-state");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, one_run_at_a_time);
	tcase_add_test(tc, what_a_dead_run_left_running_is_ended);
	tcase_add_test(tc, a_folder_that_others_may_write_to_is_refused);
	tcase_add_test(tc, a_lock_that_is_a_link_is_refused);
	tcase_add_test(tc, a_root_without_var_lib_is_no_system);
	tcase_add_test(tc, a_transaction_is_armed_committed_rolled_back);
	tcase_add_test(tc, a_tool_that_fails_leaves_all_as_it_was);
	tcase_add_loop_test(tc, a_strange_journal_is_refused_and_left_alone, 0,
			    RD_N_ELEMENTS(strange));
	tcase_add_test(tc, a_damaged_manifest_restores_nothing);
	tcase_add_test(tc, a_backup_is_listed_verified_restored);
	tcase_add_test(tc, a_damaged_copy_is_not_put_in_place);
	tcase_add_test(tc, the_only_copy_is_not_pruned);
	tcase_add_test(tc, what_another_backup_has_whole_may_go);
	tcase_add_test(tc, holes_stay_holes);
	tcase_add_test(tc, what_is_neither_file_nor_folder_nor_link_is_not_touched);
	tcase_add_test(tc, a_tool_is_a_file_that_can_be_executed);
	suite_add_tcase(suite, tc);
	return tree_run(suite);
}
