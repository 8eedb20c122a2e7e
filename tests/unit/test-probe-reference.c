/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which copies are held against which, and what follows. The modules are those of test-compare.c:
 * each has one edit, so what must be named is known from the source. $COMPARE_FIXTURES has them.
 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "probe/probe.h"
#include "tree.h"

#define KERNEL	 "6.1.0-50-amd64"
#define VERMAGIC KERNEL " SMP preempt mod_unload modversions "
#define INTREE	 "/lib/modules/" KERNEL "/kernel/amdgpu.ko"
#define UPDATES	 "/lib/modules/" KERNEL "/updates/amdgpu.ko"

static const struct rd_probe_options options = { 0 };

/* A module of test-compare.c at @path of the root. */
static void put_module(const char *path, const char *variant)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text content = RD_TEXT_INIT;
	RD_CLEANUP(rd_fclosep) FILE *f = NULL;
	char name[4096];

	snprintf(name, sizeof(name), "%s/compare-%s", getenv("COMPARE_FIXTURES"), variant);
	f = fopen(name, "re");
	ck_assert_msg(f != NULL, "%s", name);
	ck_assert_int_eq(rd_text_fill(&content, fileno(f), (size_t)1 << 24, NULL), 0);
	tree_put(path + 1, content.data, content.len);
}

static struct rd_copy *add_copy(struct rd_facts *facts, enum rd_copy_kind kind, const char *path,
				enum rd_verdict verdict)
{
	struct rd_copy copy;

	ck_assert_int_eq(rd_copy_init(&copy, kind, KERNEL, path), 0);
	copy.verdict = verdict;
	copy.is_loadable = true;
	copy.id.name = strdup("amdgpu");
	copy.id.vermagic = strdup(VERMAGIC);
	ck_assert_int_eq(
		rd_evidence_add(&copy.evidence, RD_EVIDENCE_COVERAGE, NULL, "was inspected"), 0);
	ck_assert_int_eq(rd_array_push(&facts->copies, &copy), 0);
	return &facts->copies.items[facts->copies.n - 1];
}

/* A proven module in the tree of the kernel, shadowed by @variant that nothing proves. */
static struct rd_copy *make_machine(struct rd_facts *facts, const char *variant)
{
	put_module(INTREE, "plain.ko");
	add_copy(facts, RD_COPY_INSTALLED, INTREE, RD_VERDICT_CLEAN)->is_loadable = false;
	put_module(UPDATES, variant);
	return add_copy(facts, RD_COPY_INSTALLED, UPDATES, RD_VERDICT_NO_SIGN);
}

static void probe(struct rd_facts *facts)
{
	ck_assert_int_eq(rd_probe_references(&tree_system, &options, facts, NULL), 0);
}

static const struct rd_evidence_item *last(const struct rd_copy *copy)
{
	return &copy->evidence.items[copy->evidence.n - 1];
}

/* Not compared, and the copy as it was but for the reason. */
static void assert_limit(const struct rd_copy *copy, const char *reason)
{
	ck_assert_int_eq(copy->verdict, RD_VERDICT_NO_SIGN);
	ck_assert_ptr_null(copy->reference);
	ck_assert_uint_eq(copy->evidence.n, 2);
	ck_assert_int_eq(last(copy)->kind, RD_EVIDENCE_LIMIT);
	ck_assert_msg(strstr(last(copy)->detail, reason) != NULL, "%s", last(copy)->detail);
}

START_TEST(same_functions_are_proven)
{
	static const char *const variants[] = { "plain.ko", "reordered.ko", "folder.ko" };
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *copy = make_machine(&facts, variants[_i]);

	probe(&facts);
	ck_assert_int_eq(copy->verdict, RD_VERDICT_CLEAN);
	ck_assert_str_eq(copy->reference, INTREE);
	ck_assert_int_eq(copy->evidence.items[0].kind, RD_EVIDENCE_PROVENANCE);
	ck_assert_ptr_nonnull(strstr(rd_copy_reason(copy), INTREE ", which is proven"));
	ck_assert_str_eq(last(copy)->detail, "was inspected");
}
END_TEST

START_TEST(another_function_is_a_modification)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *copy = make_machine(&facts, "callee.xz.ko");

	probe(&facts);
	ck_assert_int_eq(copy->verdict, RD_VERDICT_MODIFIED);
	ck_assert_str_eq(copy->reference, INTREE);
	ck_assert_int_eq(copy->evidence.items[0].kind, RD_EVIDENCE_FUNCTION);
	ck_assert_str_eq(copy->evidence.items[0].where, "calls_external");
	ck_assert_ptr_nonnull(strstr(rd_copy_reason(copy), "against " INTREE));
	ck_assert_str_eq(last(copy)->detail, "was inspected");
}
END_TEST

START_TEST(another_compiler_is_no_sign)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *copy = make_machine(&facts, "compiler.ko");

	probe(&facts);
	assert_limit(copy, "compiler");
}
END_TEST

START_TEST(another_version_is_not_compared)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *copy = make_machine(&facts, "callee.ko");

	copy->id.version = strdup("6.16.6");
	probe(&facts);
	assert_limit(copy, "its version is none, that of this module 6.16.6");
}
END_TEST

/* Compiled without optimisation, every function is another one. */
START_TEST(other_options_are_no_sign)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *copy = make_machine(&facts, "options.ko");

	probe(&facts);
	assert_limit(copy, "built from another source or with other options");
}
END_TEST

static void other_kernel(struct rd_facts *facts, struct rd_copy *copy)
{
	(void)facts;
	copy->id.vermagic[0] = '5';
}

static void other_module(struct rd_facts *facts, struct rd_copy *copy)
{
	(void)facts;
	copy->id.name[0] = 'r';
}

static void reference_unproven(struct rd_facts *facts, struct rd_copy *copy)
{
	(void)copy;
	facts->copies.items[0].verdict = RD_VERDICT_NO_SIGN;
}

static void reference_in_image(struct rd_facts *facts, struct rd_copy *copy)
{
	(void)copy;
	facts->copies.items[0].kind = RD_COPY_INITRAMFS;
}

static void loaded_by_nothing(struct rd_facts *facts, struct rd_copy *copy)
{
	(void)facts;
	copy->is_loadable = false;
}

static void patched(struct rd_facts *facts, struct rd_copy *copy)
{
	(void)facts;
	copy->verdict = RD_VERDICT_PATCHED;
}

static void gone(struct rd_facts *facts, struct rd_copy *copy)
{
	(void)facts;
	ck_assert_int_eq(unlink(tree_path(copy->path + 1)), 0);
}

START_TEST(left_alone)
{
	static void (*const changes[])(struct rd_facts * facts, struct rd_copy * copy) = {
		other_kernel,
		other_module,
		reference_unproven,
		reference_in_image,
		loaded_by_nothing,
		patched,
		gone,
	};
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *copy = make_machine(&facts, "plain.ko");
	enum rd_verdict before;

	changes[_i](&facts, copy);
	before = copy->verdict;
	probe(&facts);
	ck_assert_int_eq(copy->verdict, before);
	ck_assert_uint_eq(copy->evidence.n, 1);
	ck_assert_ptr_null(copy->reference);
}
END_TEST

START_TEST(what_runs_is_compared_though_nothing_loads_it)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *copy = make_machine(&facts, "plain.ko");

	copy->is_loadable = false;
	copy->id.build_id = strdup("abcd");
	facts.running.build_id = strdup("abcd");
	probe(&facts);
	ck_assert_int_eq(copy->verdict, RD_VERDICT_CLEAN);
}
END_TEST

/* A machine whose code cannot be read leaves a module unknown, but it can be compared. */
START_TEST(unknown_is_raised_too)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *copy = make_machine(&facts, "reordered.ko");

	copy->verdict = RD_VERDICT_UNKNOWN;
	probe(&facts);
	ck_assert_int_eq(copy->verdict, RD_VERDICT_CLEAN);
}
END_TEST

START_TEST(what_is_proven_serves_the_next)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *built, *copy;

	/* Met first, and compared last: dkms' own tree has the very bytes of what is installed. */
	put_module("/var/lib/dkms/amdgpu.ko", "reordered.ko");
	add_copy(&facts, RD_COPY_BUILT, "/var/lib/dkms/amdgpu.ko", RD_VERDICT_NO_SIGN);
	copy = make_machine(&facts, "reordered.ko");
	built = &facts.copies.items[0];
	probe(&facts);
	ck_assert_int_eq(copy->verdict, RD_VERDICT_CLEAN);
	ck_assert_int_eq(built->verdict, RD_VERDICT_CLEAN);
	ck_assert_str_eq(built->reference, copy->reference);
	ck_assert_str_eq(rd_copy_reason(built), rd_copy_reason(copy));
}
END_TEST

START_TEST(the_reference_of_the_same_source_is_preferred)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	struct rd_copy *copy, *other;

	put_module("/var/lib/dkms/amdgpu.ko", "plain.ko");
	other = add_copy(&facts, RD_COPY_ORIGINAL, "/var/lib/dkms/amdgpu.ko", RD_VERDICT_CLEAN);
	other->id.srcversion = strdup("ABCD");
	copy = make_machine(&facts, "plain.ko");
	copy->id.srcversion = strdup("ABCD");
	probe(&facts);
	ck_assert_str_eq(copy->reference, "/var/lib/dkms/amdgpu.ko");
}
END_TEST

/* Makes the bytes others and leaves the functions: what stands behind the sections is no code. */
static void append(const char *path, int i)
{
	RD_CLEANUP(rd_fclosep) FILE *f = fopen(tree_path(path + 1), "ae");

	ck_assert_ptr_nonnull(f);
	fprintf(f, "%d", i);
}

START_TEST(compares_have_a_limit)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	size_t clean = 0;

	make_machine(&facts, "reordered.ko");
	for (int i = 0; i < 40; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/lib/modules/" KERNEL "/%d.ko", i);
		put_module(path, "plain.ko");
		append(path, i);
		add_copy(&facts, RD_COPY_INSTALLED, path, RD_VERDICT_NO_SIGN);
	}
	probe(&facts);
	for (size_t i = 1; i < facts.copies.n; i++)
		clean += facts.copies.items[i].verdict == RD_VERDICT_CLEAN;
	ck_assert_uint_eq(clean, 32);
	assert_limit(&facts.copies.items[facts.copies.n - 1], "too many");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-reference");
	TCase *tcase = tcase_create("probe-reference");

	tcase_add_checked_fixture(tcase, tree_setup, tree_teardown);
	tcase_add_loop_test(tcase, same_functions_are_proven, 0, 3);
	tcase_add_test(tcase, another_function_is_a_modification);
	tcase_add_test(tcase, another_compiler_is_no_sign);
	tcase_add_test(tcase, another_version_is_not_compared);
	tcase_add_test(tcase, other_options_are_no_sign);
	tcase_add_loop_test(tcase, left_alone, 0, 7);
	tcase_add_test(tcase, what_runs_is_compared_though_nothing_loads_it);
	tcase_add_test(tcase, unknown_is_raised_too);
	tcase_add_test(tcase, what_is_proven_serves_the_next);
	tcase_add_test(tcase, the_reference_of_the_same_source_is_preferred);
	tcase_add_test(tcase, compares_have_a_limit);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
