/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a rollback would change, what it keeps aside, and what it then refuses. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recovery/transaction.h"
#include "recovery/undo.h"
#include "tree.h"

#define KERNEL "lib/modules/6.1.0-1-amd64"
#define TXN    "var/lib/rdna1-doctor/txn/0001"

static struct rd_error err;
static struct rd_state state = RD_STATE_INIT;
static char told[1024];

static int run_tool(void *userdata, enum rd_step step, const char *stage, struct rd_error *e)
{
	char path[512];

	(void)userdata;
	(void)e;
	if (step == RD_STEP_DEPMOD) {
		tree_write(KERNEL "/modules.dep", "new index");
		tree_write(KERNEL "/modules.alias", "an index that was not there");
		return 0;
	}
	snprintf(path, sizeof(path), "%s/driver", stage);
	tree_write(path, "new driver");
	return 0;
}

static void transact(void)
{
	static const struct rd_tools tools = { .run = run_tool };
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;

	ck_assert_int_eq(rd_plan_add_phase(&plan, RD_STEP_INSTALLED, true), 0);
	ck_assert_int_eq(rd_plan_put(&plan, KERNEL "/updates/amdgpu.ko", "40-installed/driver"), 0);
	ck_assert_int_eq(rd_plan_remove(&plan, "usr/src/amdgpu-1"), 0);
	ck_assert_int_eq(rd_plan_add_phase(&plan, RD_STEP_DEPMOD, true), 0);
	ck_assert_int_eq(rd_plan_writes(&plan, KERNEL "/modules."), 0);
	ck_assert_msg(!rd_transaction_run(&state, &plan, &tools, &err), "%s", err.msg);
}

static void setup(void)
{
	tree_setup();
	tree_write(KERNEL "/updates/amdgpu.ko", "old driver");
	tree_write(KERNEL "/modules.dep", "old index");
	tree_write("usr/src/amdgpu-1/a.c", "old source");
	tree_folder("var/lib");
	ck_assert_msg(!rd_state_lock(&state, tree_system.rootfd, &err), "%s", err.msg);
	transact();
}

static void teardown(void)
{
	rd_state_deinit(&state);
	tree_teardown();
}

static int tell(void *userdata, const struct rd_undo *undo, struct rd_error *e)
{
	size_t n = strlen(told);

	(void)userdata;
	(void)e;
	snprintf(told + n, sizeof(told) - n, "%s%s%s ", undo->is_removed ? "-" : "",
		 undo->is_foreign ? "!" : "", strrchr(undo->path, '/') + 1);
	return 0;
}

/* What is told: - is removed, ! is foreign. */
static const char *list(void)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;

	*told = '\0';
	ck_assert_int_eq(rd_backup_open(&state, 1, &backup, &err), 0);
	ck_assert_msg(!rd_undo_list(&state, &backup, tell, NULL, &err), "%s", err.msg);
	return told;
}

static bool is_there(const char *path)
{
	struct stat st;

	return !lstat(tree_path(path), &st);
}

static const char *content(const char *path)
{
	static char text[64];
	RD_CLEANUP(rd_closep) int fd = open(tree_path(path), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static const struct rd_node *kept(struct rd_backup *backup, const char *path)
{
	ck_assert_int_eq(rd_backup_open(&state, 1, backup, &err), 0);
	ck_assert_int_eq(rd_backup_verify(backup, &err), 0);
	return rd_manifest_find(&backup->aside, path);
}

START_TEST(the_transactions_own_work_is_not_foreign)
{
	ck_assert_str_eq(list(), "amdgpu.ko amdgpu-1 modules.dep -modules.alias ");
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), 0);
	ck_assert(!is_there(TXN "/aside"));
	ck_assert_str_eq(list(), "");
}
END_TEST

START_TEST(what_others_did_is_told_and_kept)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;

	tree_write(KERNEL "/updates/amdgpu.ko", "their driver");
	tree_write("usr/src/amdgpu-1/b.c", "their source");
	tree_write(KERNEL "/modules.dep", "their index");
	tree_write(KERNEL "/modules.symbols", "an index of theirs");
	ck_assert_str_eq(list(), "!amdgpu.ko !amdgpu-1 !modules.dep -modules.alias "
				 "-!modules.symbols ");
	ck_assert_msg(!rd_transaction_rollback(&state, 0, NULL, &err), "%s", err.msg);
	ck_assert_str_eq(content(KERNEL "/updates/amdgpu.ko"), "old driver");
	ck_assert(!is_there("usr/src/amdgpu-1/b.c"));
	ck_assert(!is_there(KERNEL "/modules.symbols"));
	ck_assert_ptr_nonnull(kept(&backup, KERNEL "/updates/amdgpu.ko"));
	ck_assert_ptr_nonnull(rd_manifest_find(&backup.aside, "usr/src/amdgpu-1/b.c"));
	ck_assert_ptr_nonnull(rd_manifest_find(&backup.aside, KERNEL "/modules.symbols"));
	ck_assert_ptr_null(rd_manifest_find(&backup.aside, KERNEL "/modules.alias"));
}
END_TEST

START_TEST(what_is_gone_or_has_other_rights_alone_is_no_loss)
{
	ck_assert_int_eq(unlink(tree_path(KERNEL "/modules.dep")), 0);
	ck_assert_int_eq(chmod(tree_path(KERNEL "/updates/amdgpu.ko"), 0600), 0);
	ck_assert_str_eq(list(), "amdgpu.ko amdgpu-1 modules.dep -modules.alias ");
	tree_write(KERNEL "/updates/amdgpu.ko", "old driver");
	ck_assert_str_eq(list(), "amdgpu-1 modules.dep -modules.alias ");
}
END_TEST

/* As if it had been killed right after the mark. */
static void interrupt(void)
{
	char from[256], to[256];

	snprintf(from, sizeof(from), "%s/" TXN "/spare-96-undo", tree_root);
	snprintf(to, sizeof(to), "%s/" TXN "/96-undo", tree_root);
	ck_assert_int_eq(rename(from, to), 0);
}

START_TEST(what_comes_between_two_halves_of_a_rollback_is_kept_too)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;

	interrupt();
	tree_write(KERNEL "/modules.dep", "their index");
	ck_assert_int_eq(rd_transaction_resume(&state, NULL, &err), RD_TRANSACTION_UNDONE);
	ck_assert_ptr_nonnull(kept(&backup, KERNEL "/modules.dep"));
	ck_assert_str_eq(content(KERNEL "/modules.dep"), "old index");
}
END_TEST

START_TEST(what_cannot_be_kept_is_not_overwritten)
{
	tree_write(KERNEL "/modules.dep", "their index");
	ck_assert_int_eq(mkfifo(tree_path(KERNEL "/modules.pipe"), 0600), 0);
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "modules.pipe"));
	ck_assert_str_eq(content(KERNEL "/updates/amdgpu.ko"), "new driver");
	ck_assert_str_eq(content(KERNEL "/modules.dep"), "their index");
	ck_assert(!is_there(TXN "/96-undo"));

	ck_assert_int_eq(unlink(tree_path(KERNEL "/modules.pipe")), 0);
	ck_assert_msg(!rd_transaction_rollback(&state, 0, NULL, &err), "%s", err.msg);
}
END_TEST

static int refuse(void *userdata, enum rd_step step, struct rd_error *e)
{
	(void)userdata;
	(void)step;
	return rd_error_set(e, EIO, "not now");
}

START_TEST(a_second_change_while_it_is_interrupted_is_refused)
{
	static const struct rd_tools failing = { .check = refuse };
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;

	tree_write(KERNEL "/modules.dep", "their index");
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, &failing, &err), -EIO);
	tree_write(KERNEL "/modules.dep", "their index again");
	ck_assert_int_eq(rd_transaction_resume(&state, NULL, &err), -EBUSY);
	ck_assert_ptr_nonnull(strstr(err.msg, KERNEL "/modules.dep was changed again"));
	ck_assert_str_eq(content(KERNEL "/modules.dep"), "their index again");

	tree_write(KERNEL "/modules.dep", "their index");
	tree_write(KERNEL "/updates/amdgpu.ko", "their driver");
	ck_assert_int_eq(rd_transaction_resume(&state, NULL, &err), RD_TRANSACTION_UNDONE);
	ck_assert_ptr_nonnull(kept(&backup, KERNEL "/modules.dep"));
	ck_assert_ptr_nonnull(rd_manifest_find(&backup.aside, KERNEL "/updates/amdgpu.ko"));
}
END_TEST

START_TEST(a_copy_of_the_driver_is_judged_by_its_bytes)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;
	RD_CLEANUP(rd_copies_deinit) struct rd_copies copies = { 0 };
	const struct rd_node *node;
	char path[256];

	ck_assert_int_eq(rd_backup_open(&state, 1, &backup, &err), 0);
	node = rd_manifest_find(&backup.manifest, "usr/src/amdgpu-1/a.c");
	ck_assert_int_eq(rd_backup_inspect(&backup, node, &copies, &err), 0);
	ck_assert_uint_eq(copies.n, 0);
	node = rd_manifest_find(&backup.manifest, KERNEL "/updates/amdgpu.ko");
	ck_assert_int_eq(rd_backup_inspect(&backup, node, &copies, &err), 0);
	ck_assert_uint_eq(copies.n, 1);
	ck_assert_str_eq(copies.items[0].path, "/" KERNEL "/updates/amdgpu.ko");
	ck_assert_str_eq(copies.items[0].kernel, "6.1.0-1-amd64");
	ck_assert_int_eq(copies.items[0].verdict, RD_VERDICT_UNKNOWN);
	snprintf(path, sizeof(path), TXN "/old/%s", node->sha256);
	ck_assert_int_eq(unlink(tree_path(path)), 0);
	ck_assert_int_eq(rd_backup_inspect(&backup, node, &copies, &err), 0);
	ck_assert_uint_eq(copies.n, 2);
	ck_assert_ptr_nonnull(strstr(rd_copy_reason(&copies.items[1]), "missing"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recovery-undo");
	TCase *tc = tcase_create("recovery-undo");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_transactions_own_work_is_not_foreign);
	tcase_add_test(tc, what_others_did_is_told_and_kept);
	tcase_add_test(tc, what_is_gone_or_has_other_rights_alone_is_no_loss);
	tcase_add_test(tc, what_comes_between_two_halves_of_a_rollback_is_kept_too);
	tcase_add_test(tc, what_cannot_be_kept_is_not_overwritten);
	tcase_add_test(tc, a_second_change_while_it_is_interrupted_is_refused);
	tcase_add_test(tc, a_copy_of_the_driver_is_judged_by_its_bytes);
	suite_add_tcase(suite, tc);
	return tree_run(suite);
}
