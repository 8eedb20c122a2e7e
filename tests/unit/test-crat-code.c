/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The id rule against crat-forms.S, where each function says by its name what it must give, and the
 * scope against crat-module.S, where each function stands for one way of belonging to a unit.
 */

#include <check.h>
#include <elf.h>
#include <string.h>

#include "fixture.h"
#include "inspect/crat_code.h"

#define HIT  "kfd_parse_crat_hit_"
#define MISS "kfd_parse_crat_miss_"

static struct rd_error err;
static struct rd_text file;
static struct rd_elf elf;
static struct rd_dyndbg dyndbg;
static struct rd_scope scope;
static struct rd_code *code;
static struct rd_evidence ev;
static struct rd_crat_code result;

static void load(const char *name)
{
	file = fixture(name);
	ck_assert_int_eq(rd_elf_index(&elf, file.data, file.len, &err), 0);
	ck_assert_int_le(rd_dyndbg_read(&elf, &dyndbg, &err), RD_DYNDBG_ABSENT);
	ck_assert_int_eq(rd_code_new(&code, &err), 0);
	ck_assert_int_eq(rd_scope_find(&elf, code, &dyndbg, &scope, &err), 0);
	ck_assert_int_eq(rd_crat_code_inspect(&elf, code, &scope, &ev, &result, &err), 0);
}

static void unload(void)
{
	rd_evidence_deinit(&ev);
	rd_scope_deinit(&scope);
	code = rd_code_free(code);
	rd_dyndbg_deinit(&dyndbg);
	rd_elf_deinit(&elf);
	rd_text_deinit(&file);
}

/* Whether a function is the place of an instruction, or the user of a table. */
static bool is_found(const char *function)
{
	size_t len = strlen(function);

	for (size_t i = 0; i < ev.n; i++) {
		const struct rd_evidence_item *item = &ev.items[i];

		if (item->kind == RD_EVIDENCE_INSTRUCTION && !strncmp(item->where, function, len) &&
		    item->where[len] == '+')
			return true;
		if (item->kind == RD_EVIDENCE_TABLE && strstr(item->detail, function))
			return true;
	}
	return false;
}

START_TEST(forms)
{
	size_t hits = 0, misses = 0;

	load("crat-forms.o");
	for (size_t i = 0; i < elf.n_symbols; i++) {
		const char *name = elf.symbols[i].name;

		if (!strncmp(name, HIT, strlen(HIT))) {
			ck_assert_msg(is_found(name), "missed: %s", name);
			hits++;
		} else if (!strncmp(name, MISS, strlen(MISS))) {
			ck_assert_msg(!is_found(name), "false alarm: %s", name);
			misses++;
		}
	}
	ck_assert_uint_ge(hits, 20);
	ck_assert_uint_ge(misses, 20);
	ck_assert_uint_eq(result.hits, hits);
	ck_assert_uint_eq(result.functions, hits + misses + 1);
	ck_assert(result.is_complete);
	unload();
}
END_TEST

START_TEST(words)
{
	load("crat-forms.o");
	for (size_t i = 0; i < ev.n; i++) {
		if (strcmp(ev.items[i].where, HIT "cmp_register+0x4"))
			continue;
		ck_assert_str_eq(ev.items[i].detail,
				 "cmpl $0x731f, %ecx: RDNA1 device id 731f (Navi 10)");
		unload();
		return;
	}
	ck_abort_msg("no item for the comparison at +4");
}
END_TEST

static bool has_function(const char *name)
{
	for (size_t i = 0; i < scope.n; i++) {
		if (!strcmp(scope.items[i].name, name))
			return true;
	}
	return false;
}

START_TEST(scope_of_unit)
{
	load("crat-module.o");
	ck_assert(has_function("kfd_parse_crat_table"));
	ck_assert(has_function("kfd_parse_crat_table.cold"));
	ck_assert(has_function("kfd_fill_mem_info.isra.0"));
	ck_assert(has_function("named_by_site.constprop.0"));
	ck_assert(has_function("helper"));
	ck_assert(has_function("callback"));
	ck_assert(has_function("between"));
	ck_assert_uint_eq(scope.n, 7);
	ck_assert(scope.has_parser);
	ck_assert(!scope.is_by_names);
	ck_assert(!scope.is_reduced);
	ck_assert_uint_eq(result.hits, 0);
	unload();
}
END_TEST

START_TEST(sites)
{
	load("crat-module.o");
	ck_assert_uint_eq(dyndbg.n, 2);
	ck_assert_str_eq(dyndbg.items[0].function, "named_by_site");
	ck_assert_str_eq(rd_dyndbg_file_name(&dyndbg.items[0]), "kfd_crat.c");
	ck_assert_str_eq(dyndbg.items[0].format, "Parsing %d\n");
	ck_assert_uint_eq(dyndbg.items[0].line, 1122);
	ck_assert_uint_eq(dyndbg.items[1].offset, 56);
	ck_assert_str_eq(rd_dyndbg_file_name(&dyndbg.items[1]), "other.c");
	unload();

	/* Another version, another size of the entries. */
	load("crat-patched.o");
	ck_assert_uint_eq(dyndbg.n, 2);
	ck_assert_uint_eq(dyndbg.items[1].offset, 64);
	ck_assert_uint_eq(dyndbg.items[1].line, 7);
	unload();
}
END_TEST

/* The unit between two functions of another file: not in one piece, so its names alone count. */
START_TEST(scattered)
{
	load("crat-scattered.o");
	ck_assert(scope.is_by_names);
	ck_assert(has_function("kfd_parse_crat_table"));
	ck_assert(!has_function("between"));
	ck_assert(!has_function("helper"));
	unload();
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("crat-code");

	tcase_add_test(tcase, forms);
	tcase_add_test(tcase, words);
	tcase_add_test(tcase, scope_of_unit);
	tcase_add_test(tcase, sites);
	tcase_add_test(tcase, scattered);
	return fixture_main(tcase, "crat-code");
}
