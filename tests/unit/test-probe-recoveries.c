/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Transactions by the names in their folders. */

#include <sys/file.h>

#include "base/array.h"
#include "probe/probe.h"
#include "tree.h"

#define TXN "var/lib/rdna1-doctor/txn/"

static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_error err;

static void setup(void)
{
	tree_setup();
}

static void teardown(void)
{
	rd_facts_deinit(&facts);
	tree_teardown();
}

static const struct rd_recoveries *probe(void)
{
	static const struct rd_probe_options options;

	rd_facts_deinit(&facts);
	ck_assert_int_eq(rd_probe_recoveries(&tree_system, &options, &facts, &err), 0);
	return &facts.recoveries;
}

START_TEST(a_machine_that_was_never_repaired)
{
	ck_assert_int_eq(probe()->is_known, RD_PRESENCE_YES);
	ck_assert_uint_eq(probe()->unfinished, 0);
	ck_assert_uint_eq(probe()->armed, 0);
}
END_TEST

/* HACKING: the set of names is the state. */
START_TEST(from_the_first_step_to_the_last)
{
	tree_write(TXN "0001/20-source", "");
	ck_assert_uint_eq(probe()->unfinished, 0); /* without its intent it is nothing */
	tree_write(TXN "0001/00-intent", "");
	ck_assert_uint_eq(probe()->unfinished, 1);
	tree_write(TXN "0001/90-armed", "");
	ck_assert_uint_eq(probe()->unfinished, 0);
	ck_assert_uint_eq(probe()->armed, 1);
	tree_write(TXN "0001/99-committed", "");
	ck_assert_uint_eq(probe()->armed, 0);
}
END_TEST

START_TEST(on_the_way_back)
{
	tree_write(TXN "0007/00-intent", "");
	tree_write(TXN "0007/90-armed", "");
	tree_write(TXN "0007/96-undo", "");
	ck_assert_uint_eq(probe()->unfinished, 7);
	ck_assert(probe()->is_undone);
	ck_assert_uint_eq(probe()->armed, 0);
	tree_write(TXN "0007/98-rolled-back", "");
	ck_assert_uint_eq(probe()->unfinished, 0);
}
END_TEST

/* include/recovery/changes.h: what armed notes say, a newer one's word before an older one's. */
START_TEST(what_a_recovery_waits_for)
{
	tree_write("proc/sys/kernel/random/boot_id", "boot-2\n");
	tree_write(TXN "0001/00-intent", "");
	tree_write(TXN "0001/90-armed", "");
	tree_write(TXN "0001/armed", "rdna1-doctor: notes 1\nnote boot-id boot-1\n"
				     "note build-id.6.1 aaaa\nnote build-id.6.2 bbbb\nend 3 00\n");
	ck_assert_ptr_null(probe()->expected); /* nobody knows which kernel runs */
	ck_assert(facts.recoveries.is_later_boot);
	ck_assert(!facts.recoveries.has_unit);

	facts.running.kernel = strdup("6.2");
	ck_assert_int_eq(
		rd_probe_recoveries(&tree_system, &(struct rd_probe_options){ 0 }, &facts, &err),
		0);
	ck_assert_str_eq(facts.recoveries.expected, "bbbb");

	tree_write(TXN "0002/00-intent", "");
	tree_write(TXN "0002/90-armed", "");
	tree_write(TXN "0002/armed", "rdna1-doctor: notes 1\nnote boot-id boot-2\n"
				     "note build-id.6.2 cccc\nend 2 00\n");
	ck_assert_int_eq(
		rd_probe_recoveries(&tree_system, &(struct rd_probe_options){ 0 }, &facts, &err),
		0);
	ck_assert_uint_eq(facts.recoveries.armed, 2);
	ck_assert_str_eq(facts.recoveries.expected, "cccc");
	ck_assert(!facts.recoveries.is_later_boot);
}
END_TEST

START_TEST(what_is_no_transaction)
{
	tree_write(TXN ".rdna1-doctor.old/00-intent", "");
	tree_write(TXN "0003", "");
	tree_folder(TXN "0004");
	ck_assert_uint_eq(probe()->unfinished, 0);
}
END_TEST

#define K      "6.1.0-1-amd64"
#define MODULE "lib/modules/" K "/updates/dkms/amdgpu.ko"

/* As recover leaves it; sha256sum says the digest of "module". */
static void add_built(const char *proven)
{
	char armed[200];

	snprintf(armed, sizeof(armed),
		 "rdna1-doctor: notes 1\nnote method." K " source\nnote proven." K
		 " %s\nend 1 00\n",
		 proven);
	tree_write(TXN "0001/armed", armed);
	tree_write(TXN "0001/40-installed.manifest",
		   "rdna1-doctor: manifest 1\nfile 644 0 0 1.0 1.0 " MODULE " 6 "
		   "120970d812836f19888625587a4606a5ad23cef31c8684e601771552548fc6b9\n"
		   "end 1 00\n");
	tree_write(MODULE, "module");
}

static enum rd_verdict verdict_on_built(void)
{
	static const struct rd_probe_options options;
	struct rd_copy copy;

	rd_facts_deinit(&facts);
	ck_assert_int_eq(rd_copy_init(&copy, RD_COPY_INSTALLED, K, "/" MODULE), 0);
	copy.verdict = RD_VERDICT_NO_SIGN;
	ck_assert_int_eq(rd_array_push(&facts.copies, &copy), 0);
	ck_assert_int_eq(rd_probe_built_here(&tree_system, &options, &facts, &err), 0);
	return facts.copies.items[0].verdict;
}

START_TEST(what_was_built_from_a_proven_source_is_clean)
{
	if (geteuid())
		return; /* only root's record counts */
	add_built("yes");
	ck_assert_int_eq(verdict_on_built(), RD_VERDICT_CLEAN);
	tree_write(MODULE, "changed");
	ck_assert_int_eq(verdict_on_built(), RD_VERDICT_NO_SIGN);
	add_built("no");
	ck_assert_int_eq(verdict_on_built(), RD_VERDICT_NO_SIGN);
	add_built("yes");
	ck_assert_int_eq(chmod(tree_path("var/lib/rdna1-doctor/txn"), 0777), 0);
	ck_assert_int_eq(verdict_on_built(), RD_VERDICT_NO_SIGN);
}
END_TEST

START_TEST(a_user_may_not_look)
{
	tree_write(TXN "0001/00-intent", "");
	ck_assert_int_eq(chmod(tree_path("var/lib/rdna1-doctor"), 0700), 0);
	if (!tree_become_nobody())
		return;
	ck_assert_int_eq(probe()->is_known, RD_PRESENCE_NO);
	ck_assert_uint_eq(facts.unreads.n, 1);
	ck_assert(facts.unreads.items[0].is_permission);
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(not_into_one_of_them)
{
	tree_write(TXN "0001/00-intent", "");
	tree_write(TXN "0002/00-intent", "");
	ck_assert_int_eq(chmod(tree_path(TXN "0002"), 0700), 0);
	if (!tree_become_nobody())
		return;
	ck_assert_uint_eq(probe()->unfinished, 1);
	ck_assert_int_eq(facts.recoveries.is_known, RD_PRESENCE_NO);
	ck_assert_uint_eq(facts.unreads.n, 1);
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* recovery/lock.c: flock(2), and the pid in the file. */
static int hold(const char *content)
{
	int fd;

	tree_write("var/lib/rdna1-doctor/lock", content);
	fd = open(tree_path("var/lib/rdna1-doctor/lock"), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

START_TEST(one_that_is_in_progress_was_not_cut_off)
{
	RD_CLEANUP(rd_closep) int fd = -1;

	tree_write(TXN "0001/00-intent", "");
	fd = hold("4711\n");
	ck_assert_uint_eq(probe()->unfinished, 0);
	ck_assert_uint_eq(facts.recoveries.in_progress, 1);
	ck_assert_uint_eq(facts.recoveries.pid, 4711);
	ck_assert_int_eq(flock(fd, LOCK_UN), 0);
	ck_assert_uint_eq(probe()->unfinished, 1);
	ck_assert_uint_eq(facts.recoveries.in_progress, 0);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0); /* nothing was kept */
}
END_TEST

START_TEST(a_lock_says_nothing_of_what_is_over)
{
	RD_CLEANUP(rd_closep) int fd = -1;

	tree_write(TXN "0001/00-intent", "");
	tree_write(TXN "0001/90-armed", "");
	fd = hold("4711\n");
	ck_assert_uint_eq(probe()->in_progress, 0);
	ck_assert_uint_eq(facts.recoveries.armed, 1);
}
END_TEST

/* Recover and boot-report look under their own lock. */
START_TEST(our_own_lock_is_no_recovery_in_progress)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	char pid[16];

	tree_write(TXN "0001/00-intent", "");
	snprintf(pid, sizeof(pid), "%d\n", getpid());
	fd = hold(pid);
	ck_assert_uint_eq(probe()->unfinished, 1);
	ck_assert_uint_eq(facts.recoveries.in_progress, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-recoveries");
	TCase *tc = tcase_create("probe-recoveries");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_machine_that_was_never_repaired);
	tcase_add_test(tc, from_the_first_step_to_the_last);
	tcase_add_test(tc, on_the_way_back);
	tcase_add_test(tc, what_a_recovery_waits_for);
	tcase_add_test(tc, what_is_no_transaction);
	tcase_add_test(tc, what_was_built_from_a_proven_source_is_clean);
	tcase_add_test(tc, a_user_may_not_look);
	tcase_add_test(tc, not_into_one_of_them);
	tcase_add_test(tc, one_that_is_in_progress_was_not_cut_off);
	tcase_add_test(tc, a_lock_says_nothing_of_what_is_over);
	tcase_add_test(tc, our_own_lock_is_no_recovery_in_progress);
	suite_add_tcase(suite, tc);
	return tree_run(suite);
}
