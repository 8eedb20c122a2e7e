/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The pr_debug sites that run, on a machine that lists them: alone, and against files that have the
 * running build-id. The files' sites are given, so that no file needs to be read.
 */

#include "base/array.h"
#include "inspect/dyndbg_control.h"
#include "model/facts.h"
#include "probe/probe.h"
#include "tree.h"

#define CONTROL "proc/dynamic_debug/control"
#define FILE_OF "/lib/modules/6.1/amdgpu.ko"
#define STOCK	"x/kfd_crat.c:958 [amdgpu]kfd_populated_cu_info_gpu =_ \"CU GPU: id_base=%d\\n\"\n"
#define PATCH                                                 \
	"x/kfd_crat.c:1038 [amdgpu]kfd_parse_subtype_mem =_ " \
	"\"KFD: Enabling fine-grained for RDNA1 0x%x\\n\"\n"

static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_error err;

static void teardown(void)
{
	rd_facts_deinit(&facts);
	facts = (struct rd_facts)RD_FACTS_INIT;
	tree_teardown();
}

static struct rd_copy *add_copy(enum rd_copy_kind kind, enum rd_verdict verdict)
{
	struct rd_copy copy;

	ck_assert_int_eq(rd_copy_init(&copy, kind, "6.1",
				      kind == RD_COPY_RUNNING ? "/sys/module/amdgpu" : FILE_OF),
			 0);
	copy.verdict = verdict;
	copy.is_same_as_running = true;
	ck_assert_int_eq(rd_evidence_add(&copy.evidence, RD_EVIDENCE_BUILD_ID, "", "first"), 0);
	ck_assert_int_eq(rd_array_push(&facts.copies, &copy), 0);
	return &facts.copies.items[facts.copies.n - 1];
}

/* A file whose sites are those of that text. */
static void add_file(const char *control)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_dyndbg_deinit) struct rd_dyndbg sites = RD_DYNDBG_INIT;
	bool is_whole;

	ck_assert_int_eq(rd_text_puts(&text, control), 0);
	ck_assert_int_eq(rd_dyndbg_control_parse(&text, "amdgpu", &sites, &is_whole), 0);
	add_copy(RD_COPY_INSTALLED, RD_VERDICT_NO_SIGN)->id.sites = rd_dyndbg_sites(&sites);
}

static const struct rd_copy *probe(const char *control)
{
	const struct rd_probe_options options = { 0 };

	if (control)
		tree_write(CONTROL, control);
	ck_assert_int_eq(rd_probe_control(&tree_system, &options, &facts, &err), 0);
	return rd_facts_running_copy(&facts);
}

START_TEST(a_patch_without_any_file)
{
	const struct rd_copy *running;

	add_copy(RD_COPY_RUNNING, RD_VERDICT_UNKNOWN);
	running = probe(STOCK PATCH);
	ck_assert_int_eq(running->verdict, RD_VERDICT_PATCHED);
	ck_assert_uint_eq(running->evidence.n, 2);
	ck_assert_int_eq(running->evidence.items[0].kind, RD_EVIDENCE_DYNDBG);
	ck_assert_str_eq(running->evidence.items[1].detail, "first");
}
END_TEST

START_TEST(no_patch_proves_nothing)
{
	add_copy(RD_COPY_RUNNING, RD_VERDICT_UNKNOWN);
	ck_assert_int_eq(probe(STOCK)->verdict, RD_VERDICT_UNKNOWN);
}
END_TEST

START_TEST(the_files_own_sites)
{
	const struct rd_copy *running;

	add_copy(RD_COPY_RUNNING, RD_VERDICT_NO_SIGN);
	add_file(STOCK);
	running = probe("# head\n" STOCK);
	ck_assert_int_eq(running->verdict, RD_VERDICT_NO_SIGN);
	ck_assert_int_eq(running->evidence.items[1].kind, RD_EVIDENCE_COVERAGE);
}
END_TEST

/* One of two files with that build-id was edited: what runs is the other. */
START_TEST(one_of_two_files)
{
	add_copy(RD_COPY_RUNNING, RD_VERDICT_NO_SIGN);
	add_file(STOCK PATCH);
	add_file(STOCK);
	ck_assert_int_eq(probe(STOCK)->verdict, RD_VERDICT_NO_SIGN);
}
END_TEST

START_TEST(another_site_runs)
{
	const struct rd_copy *running;

	add_copy(RD_COPY_RUNNING, RD_VERDICT_NO_SIGN);
	add_file(STOCK);
	running = probe(STOCK "x/a.c:1 [amdgpu]f =_ \"more\"\n");
	ck_assert_int_eq(running->verdict, RD_VERDICT_MODIFIED);
	ck_assert_ptr_nonnull(strstr(running->evidence.items[0].detail, "1 pr_debug sites; 2 run"));
}
END_TEST

/* A list that is cut off, or that has none of amdgpu's, says nothing about what is missing. */
START_TEST(not_the_whole_list)
{
	static const char *const texts[] = { "", "# head\n", STOCK "x/a.c:1 [amdg" };

	add_copy(RD_COPY_RUNNING, RD_VERDICT_NO_SIGN);
	add_file(STOCK STOCK);
	for (size_t i = 0; i < RD_N_ELEMENTS(texts); i++)
		ck_assert_int_eq(probe(texts[i])->verdict, RD_VERDICT_NO_SIGN);
}
END_TEST

START_TEST(no_dynamic_debug)
{
	add_copy(RD_COPY_RUNNING, RD_VERDICT_NO_SIGN);
	add_file(STOCK);
	ck_assert_int_eq(probe(NULL)->verdict, RD_VERDICT_NO_SIGN);
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

START_TEST(where_debugfs_has_it)
{
	add_copy(RD_COPY_RUNNING, RD_VERDICT_UNKNOWN);
	tree_write("sys/kernel/debug/dynamic_debug/control", PATCH);
	ck_assert_int_eq(probe(NULL)->verdict, RD_VERDICT_PATCHED);
}
END_TEST

/* Of importance only where nothing else judged what runs. */
START_TEST(unreadable_for_a_user)
{
	struct rd_copy *running = add_copy(RD_COPY_RUNNING, RD_VERDICT_NO_SIGN);

	tree_write(CONTROL, PATCH);
	ck_assert_int_eq(chmod(tree_path(CONTROL), 0), 0);
	if (!tree_become_nobody())
		return;
	probe(NULL);
	ck_assert_uint_eq(facts.unreads.n, 0);
	running->verdict = RD_VERDICT_UNKNOWN;
	probe(NULL);
	ck_assert_uint_eq(facts.unreads.n, 1);
	ck_assert(facts.unreads.items[0].is_permission);
	tree_become_root_again();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-control");
	TCase *cases = tcase_create("control");

	tcase_add_checked_fixture(cases, tree_setup, teardown);
	tcase_add_test(cases, a_patch_without_any_file);
	tcase_add_test(cases, no_patch_proves_nothing);
	tcase_add_test(cases, the_files_own_sites);
	tcase_add_test(cases, one_of_two_files);
	tcase_add_test(cases, another_site_runs);
	tcase_add_test(cases, not_the_whole_list);
	tcase_add_test(cases, no_dynamic_debug);
	tcase_add_test(cases, where_debugfs_has_it);
	tcase_add_test(cases, unreadable_for_a_user);
	suite_add_tcase(suite, cases);
	return tree_run(suite);
}
