/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What a boot finds in the journal and leaves on the disk, and when the unit for it starts. */

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "recovery/boot.h"
#include "recovery/changes.h"
#include "recovery/confirm.h"
#include "recovery/write.h"
#include "tree.h"

#define THIS_BOOT  "11111111-2222-3333-4444-555555555555"
#define ARMED_BOOT "99999999-8888-7777-6666-555555555555"
#define KERNEL	   "6.1.0-50-amd64"
#define GOOD_ID	   "0123456789abcdef0123456789abcdef01234567"
#define OTHER_ID   "fedcba9876543210fedcba9876543210fedcba98"
#define HISTORY	   "var/lib/rdna1-doctor/boots"

static struct rd_error err;
static struct rd_facts facts;
static struct rd_waiting waiting;
static struct rd_confirmation recovery;

/* A machine that runs the good module. */
static void make_facts(void)
{
	struct rd_copy copy;

	facts.running.kernel = strdup(KERNEL);
	facts.running.build_id = strdup(GOOD_ID);
	facts.running.is_loaded = RD_PRESENCE_YES;
	ck_assert_int_eq(rd_copy_init(&copy, RD_COPY_RUNNING, KERNEL, "/sys/module/amdgpu"), 0);
	copy.verdict = RD_VERDICT_CLEAN;
	ck_assert_int_eq(rd_array_push(&facts.copies, &copy), 0);
}

/* Transactions are real runs of the engine, with a tool that does little. */

static struct rd_state state = RD_STATE_INIT;
static const char *next_boot, *next_id, *next_kernel, *next_user;

static int run_tool(void *userdata, enum rd_step step, const char *stage, struct rd_error *e)
{
	char path[512];

	(void)userdata;
	(void)step;
	(void)e;
	snprintf(path, sizeof(path), "%s/image", stage);
	tree_write(path, "new image");
	return 0;
}

static int arm(void *userdata, struct rd_notes *notes, struct rd_error *e)
{
	RD_CLEANUP(rd_freep) char *key = rd_text_format(RD_NOTE_BUILD_ID "%s", next_kernel);
	int r;

	(void)userdata;
	(void)e;
	r = rd_notes_add(notes, RD_NOTE_BOOT_ID, next_boot);
	if (!r)
		r = rd_notes_add(notes, key, next_id);
	return !r && next_user ? rd_notes_add(notes, RD_NOTE_USER, next_user) : r;
}

static const struct rd_tools tools = { .run = run_tool, .arm = arm };

static void recovery_machine(const char *boot, const char *kernel, const char *id, const char *user)
{
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;

	next_boot = boot;
	next_kernel = kernel;
	next_id = id;
	next_user = user;
	plan.point = RD_STEP_INITRAMFS;
	ck_assert_int_eq(rd_plan_add_phase(&plan, RD_STEP_INITRAMFS, true), 0);
	ck_assert_int_eq(rd_plan_put(&plan, "boot/image", "60-initramfs/image"), 0);
	ck_assert_msg(!rd_transaction_run(&state, &plan, &tools, &err), "%s", err.msg);
}

static void find(void)
{
	rd_waiting_deinit(&waiting);
	ck_assert_msg(!rd_waiting_find(&state, &waiting, &err), "%s", err.msg);
}

static bool exists(const char *path)
{
	return !access(tree_path(path), F_OK);
}

static void setup(void)
{
	tree_setup();
	tree_write("boot/image", "old image");
	tree_folder("var/lib");
	ck_assert_msg(!rd_state_lock(&state, tree_system.rootfd, &err), "%s", err.msg);
}

static void teardown(void)
{
	rd_facts_deinit(&facts);
	rd_waiting_deinit(&waiting);
	rd_confirmation_deinit(&recovery);
	rd_state_deinit(&state);
	tree_teardown();
}

START_TEST(a_fresh_machine_has_nothing_that_waits)
{
	find();
	ck_assert_uint_eq(waiting.armed.n, 0);
	ck_assert_uint_eq(waiting.last, 0);
}
END_TEST

START_TEST(an_armed_recovery_is_found_committed_and_then_known)
{
	recovery_machine(ARMED_BOOT, KERNEL, GOOD_ID, NULL);
	find();
	ck_assert_uint_eq(waiting.armed.n, 1);
	ck_assert_str_eq(rd_notes_get(&waiting.notes, RD_NOTE_BOOT_ID), ARMED_BOOT);
	ck_assert_int_eq(rd_confirm_commit(&state, &waiting, &err), 0);
	ck_assert_uint_eq(waiting.armed.n, 0);
	ck_assert_uint_eq(waiting.due, 0);
	ck_assert(exists("var/lib/rdna1-doctor/txn/0001/99-committed"));
	find();
	ck_assert_uint_eq(waiting.armed.n, 0);
	ck_assert_uint_eq(waiting.last, 1);
	ck_assert_int_eq(rd_confirm_commit(&state, &waiting, &err), 0);
}
END_TEST

START_TEST(one_that_was_rolled_back_is_none)
{
	recovery_machine(ARMED_BOOT, KERNEL, GOOD_ID, "ann");
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), 0);
	find();
	ck_assert_uint_eq(waiting.last + waiting.armed.n + waiting.due + waiting.unfinished, 0);
}
END_TEST

START_TEST(of_two_the_newer_has_the_last_word)
{
	recovery_machine("first", "5.10.0-1", OTHER_ID, "ann");
	recovery_machine("first", KERNEL, OTHER_ID, NULL);
	recovery_machine(ARMED_BOOT, KERNEL, GOOD_ID, "bob");
	find();
	ck_assert_uint_eq(waiting.armed.n, 3);
	ck_assert_uint_eq(waiting.armed.items[0], 1);
	ck_assert_uint_eq(waiting.last, 3);
	ck_assert_str_eq(rd_notes_get(&waiting.notes, RD_NOTE_BOOT_ID), ARMED_BOOT);
	ck_assert_str_eq(rd_notes_get(&waiting.notes, RD_NOTE_BUILD_ID KERNEL), GOOD_ID);
	ck_assert_str_eq(rd_notes_get(&waiting.notes, RD_NOTE_BUILD_ID "5.10.0-1"), OTHER_ID);
	ck_assert_str_eq(rd_notes_get(&waiting.notes, RD_NOTE_USER), "bob");
	ck_assert_int_eq(rd_confirm_commit(&state, &waiting, &err), 0);
	ck_assert(exists("var/lib/rdna1-doctor/txn/0001/99-committed"));
	ck_assert(exists("var/lib/rdna1-doctor/txn/0002/99-committed"));
	ck_assert(exists("var/lib/rdna1-doctor/txn/0003/99-committed"));
}
END_TEST

START_TEST(a_promised_profile_is_due_until_it_is_settled)
{
	recovery_machine(ARMED_BOOT, KERNEL, GOOD_ID, "ann");
	find();
	ck_assert_int_eq(rd_confirm_commit(&state, &waiting, &err), 0);
	ck_assert_uint_eq(waiting.due, 1);
	find();
	ck_assert_uint_eq(waiting.due, 1);
	ck_assert_uint_eq(waiting.armed.n, 0);
	ck_assert_str_eq(rd_notes_get(&waiting.notes, RD_NOTE_USER), "ann");
	ck_assert_str_eq(rd_notes_get(&waiting.notes, RD_NOTE_BUILD_ID KERNEL), GOOD_ID);
	make_facts();
	ck_assert_int_eq(rd_confirm_decide(&facts, &waiting, THIS_BOOT, &recovery, &err), 0);
	ck_assert_int_eq(recovery.outcome, RD_OUTCOME_CONFIRMED);
	ck_assert_str_eq(recovery.profile.user, "ann");
	ck_assert_int_eq(rd_confirm_settle(&state, &waiting, &err), 0);
	find();
	ck_assert_uint_eq(waiting.due, 0);
	ck_assert_ptr_null(rd_notes_get(&waiting.notes, RD_NOTE_USER));
}
END_TEST

START_TEST(a_journal_of_another_version_is_an_error)
{
	recovery_machine(ARMED_BOOT, KERNEL, GOOD_ID, NULL);
	tree_write("var/lib/rdna1-doctor/txn/0001/armed", "rdna1-doctor: notes 2\n");
	ck_assert_int_eq(rd_waiting_find(&state, &waiting, &err), -EPROTO);
}
END_TEST

/* Each condition of the unit, as the journal stands: ConditionPathExistsGlob=. */

static bool glob_matches(const char *pattern)
{
	char command[512];

	snprintf(command, sizeof(command), "ls -d %s%s >/dev/null 2>&1", tree_root, pattern);
	return !system(command);
}

/* systemd.unit(5): all without a bar must hold, and one of those with a bar. */
static bool unit_would_start(void)
{
	RD_CLEANUP(rd_fclosep) FILE *f = fopen(getenv("RD_COMMIT_UNIT"), "re");
	static const char key[] = "ConditionPathExistsGlob=";
	bool all = true, one = false;
	char line[256];
	int n = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char *value = line + strlen(key);

		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		n++;
		value[strcspn(value, "\n")] = '\0';
		if (*value == '|')
			one |= glob_matches(value + 1);
		else
			all &= glob_matches(value);
	}
	ck_assert_int_ge(n, 2);
	return all && one;
}

START_TEST(the_unit_starts_when_something_waits)
{
	ck_assert(!unit_would_start());
	recovery_machine(ARMED_BOOT, KERNEL, GOOD_ID, "ann");
	ck_assert(unit_would_start());
	find();
	ck_assert_int_eq(rd_confirm_commit(&state, &waiting, &err), 0);
	ck_assert(unit_would_start());
	ck_assert_int_eq(rd_confirm_settle(&state, &waiting, &err), 0);
	ck_assert(!unit_would_start());
	recovery_machine(ARMED_BOOT, KERNEL, GOOD_ID, NULL);
	ck_assert(unit_would_start());
	ck_assert_int_eq(rd_transaction_rollback(&state, 0, NULL, &err), 0);
	find();
	ck_assert_uint_eq(waiting.armed.n, 0);
}
END_TEST

/* The files. */

static const char *content(const char *path)
{
	static char text[65536];
	RD_CLEANUP(rd_closep) int fd = open(tree_path(path), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? NULL : text;
}

static mode_t mode(const char *path)
{
	struct stat st;

	return stat(tree_path(path), &st) ? 0 : st.st_mode & 07777;
}

START_TEST(files_are_for_all_to_read_and_replaced)
{
	umask(0077);
	ck_assert_int_eq(rd_boot_write_health(tree_system.rootfd, "{}\n", 3, &err), 0);
	ck_assert_int_eq(rd_boot_write_motd(tree_system.rootfd, "one\n", 4, &err), 0);
	ck_assert_str_eq(content("run/rdna1-doctor/health.json"), "{}\n");
	ck_assert_uint_eq(mode("run/rdna1-doctor"), 0755);
	ck_assert_uint_eq(mode("run/rdna1-doctor/health.json"), 0644);
	ck_assert_uint_eq(mode("run/motd.d/rdna1-doctor"), 0644);
	ck_assert_int_eq(rd_boot_write_motd(tree_system.rootfd, "two\n", 4, &err), 0);
	ck_assert_str_eq(content("run/motd.d/rdna1-doctor"), "two\n");
	ck_assert_int_eq(rd_boot_write_motd(tree_system.rootfd, NULL, 0, &err), 0);
	ck_assert(!exists("run/motd.d/rdna1-doctor"));
	ck_assert_int_eq(rd_boot_write_motd(tree_system.rootfd, NULL, 0, &err), 0);
}
END_TEST

START_TEST(a_planted_link_is_replaced_and_not_followed)
{
	tree_write("etc/shadow", "secret");
	tree_link("run/motd.d/rdna1-doctor", "/etc/shadow");
	tree_link("run/motd.d/" RD_WRITE_NEW, "/etc/shadow");
	ck_assert_int_eq(rd_boot_write_motd(tree_system.rootfd, "one\n", 4, &err), 0);
	ck_assert_str_eq(content("etc/shadow"), "secret");
	ck_assert_str_eq(content("run/motd.d/rdna1-doctor"), "one\n");
}
END_TEST

static struct rd_boot make_boot(unsigned int number)
{
	struct rd_boot boot = RD_BOOT_INIT;

	boot.id = rd_text_format("boot %u", number);
	boot.time = strdup("2026-11-29T10:00:00Z");
	return boot;
}

static void report_boot(unsigned int number, int result)
{
	const struct rd_report report = { .facts = &facts, .state = RD_STATE_SANE };
	RD_CLEANUP(rd_boot_deinit) struct rd_boot boot = make_boot(number);

	ck_assert_msg(rd_history_update(&state, &report, &boot, &err) == result, "%s", err.msg);
}

START_TEST(the_history_has_each_boot_once_and_the_last_hundred)
{
	const char *text;
	size_t lines = 0;

	make_facts();
	for (unsigned int i = 0; i < 130; i++)
		report_boot(i / 2 + 50, 0);
	for (unsigned int i = 0; i < 100; i++)
		report_boot(i, 0);
	ck_assert_uint_eq(mode(HISTORY), 0600);
	text = content(HISTORY);
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	ck_assert_uint_eq(lines, 102); /* with the first and the last line of a record */
	ck_assert_ptr_nonnull(strstr(text, "\nboot%2099 2026-11-29T10:00:00Z " KERNEL
					   " sane clean " GOOD_ID " % %\nend 100 "));
	ck_assert_ptr_null(strstr(text, "boot%20100 "));
}
END_TEST

START_TEST(a_damaged_history_is_put_aside)
{
	make_facts();
	report_boot(1, 0);
	tree_write(HISTORY, "rdna1-doctor: boots 1\nboot%201 x\nend 1 0000\n");
	report_boot(2, RD_HISTORY_DAMAGED);
	ck_assert_ptr_nonnull(strstr(content(HISTORY ".damaged"), "end 1 0000"));
	ck_assert_ptr_nonnull(strstr(content(HISTORY), "\nboot%202 "));
	report_boot(2, 0);
}
END_TEST

START_TEST(a_history_of_another_version_is_left_alone)
{
	make_facts();
	tree_write(HISTORY, "rdna1-doctor: boots 2\nwhatever\n");
	report_boot(1, -EPROTO);
	ck_assert_str_eq(content(HISTORY), "rdna1-doctor: boots 2\nwhatever\n");
}
END_TEST

START_TEST(what_was_said_before_is_known)
{
	const struct rd_report report = { .facts = &facts };
	struct rd_boot boot = RD_BOOT_INIT;

	make_facts();
	for (unsigned int number = 1; number <= 2; number++) {
		boot = make_boot(number);
		boot.recovery.id = 1;
		boot.recovery.outcome = RD_OUTCOME_NOT_LOADED;
		ck_assert_int_eq(rd_history_update(&state, &report, &boot, &err), 0);
		ck_assert_int_eq(rd_history_has(&boot), number == 2);
		boot.recovery.outcome = RD_OUTCOME_UNKNOWN;
		ck_assert(!rd_history_has(&boot));
		boot.recovery.outcome = RD_OUTCOME_NOT_LOADED;
		boot.recovery.id = 2;
		ck_assert(!rd_history_has(&boot));
		rd_boot_deinit(&boot);
	}
}
END_TEST

START_TEST(the_boot_is_known_by_its_own_kernel_alone)
{
	RD_CLEANUP(rd_boot_deinit) struct rd_boot boot = RD_BOOT_INIT;

	ck_assert_int_eq(rd_boot_identify(&tree_system, &boot, &err), 0);
	ck_assert_ptr_null(boot.id);
	ck_assert_uint_eq(strlen(boot.time), strlen("2026-11-29T10:00:00Z"));
	rd_boot_deinit(&boot);
	tree_write("proc/sys/kernel/random/boot_id", THIS_BOOT "\n");
	ck_assert_int_eq(rd_boot_identify(&tree_system, &boot, &err), 0);
	ck_assert_str_eq(boot.id, THIS_BOOT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recovery-boot");
	TCase *tc = tcase_create("recovery-boot");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_fresh_machine_has_nothing_that_waits);
	tcase_add_test(tc, an_armed_recovery_is_found_committed_and_then_known);
	tcase_add_test(tc, one_that_was_rolled_back_is_none);
	tcase_add_test(tc, of_two_the_newer_has_the_last_word);
	tcase_add_test(tc, a_promised_profile_is_due_until_it_is_settled);
	tcase_add_test(tc, a_journal_of_another_version_is_an_error);
	if (getenv("RD_COMMIT_UNIT"))
		tcase_add_test(tc, the_unit_starts_when_something_waits);
	tcase_add_test(tc, files_are_for_all_to_read_and_replaced);
	tcase_add_test(tc, a_planted_link_is_replaced_and_not_followed);
	tcase_add_test(tc, the_history_has_each_boot_once_and_the_last_hundred);
	tcase_add_test(tc, a_damaged_history_is_put_aside);
	tcase_add_test(tc, a_history_of_another_version_is_left_alone);
	tcase_add_test(tc, what_was_said_before_is_known);
	tcase_add_test(tc, the_boot_is_known_by_its_own_kernel_alone);
	suite_add_tcase(suite, tc);
	return tree_run(suite);
}
