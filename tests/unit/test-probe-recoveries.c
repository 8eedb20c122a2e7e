/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Transactions by the names in their folders. */

#include "model/step.h"
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

START_TEST(what_is_no_transaction)
{
	tree_write(TXN ".rdna1-doctor.old/00-intent", "");
	tree_write(TXN "0003", "");
	tree_folder(TXN "0004");
	ck_assert_uint_eq(probe()->unfinished, 0);
}
END_TEST

START_TEST(a_user_may_not_look)
{
	tree_write(TXN "0001/00-intent", "");
	ck_assert_int_eq(chmod(tree_path("var/lib/rdna1-doctor"), 0700), 0);
	if (!tree_become_nobody())
		return;
	ck_assert_int_eq(probe()->is_known, RD_PRESENCE_NO);
	ck_assert_uint_eq(facts.unreads.n, 0);
	ck_assert_int_eq(seteuid(0), 0);
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
	tcase_add_test(tc, what_is_no_transaction);
	tcase_add_test(tc, a_user_may_not_look);
	suite_add_tcase(suite, tc);
	return tree_run(suite);
}
