/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Memory against file, and functions found in memory. What the kernel may rewrite is known from
 * running-code.S, place by place; every other byte of a function counts.
 */

#include <elf.h>

#include "base/array.h"
#include "fixture.h"
#include "inspect/running_code.h"
#include "inspect/running_scope.h"

#define BASE 0xffffffffc0100000u

static struct rd_text file, content;
static struct rd_elf elf;
static struct rd_memory memory;
static struct rd_evidence evidence;
static struct rd_running_code code;
static struct rd_error err;

static void deinit(void)
{
	rd_elf_deinit(&elf);
	rd_memory_deinit(&memory);
	rd_evidence_deinit(&evidence);
	evidence = (struct rd_evidence)RD_EVIDENCE_INIT;
	rd_text_deinit(&file);
	rd_text_deinit(&content);
}

static void open_file(const char *name)
{
	file = fixture(name);
	ck_assert_int_eq(rd_elf_index(&elf, file.data, file.len, &err), 0);
}

/* All sections as they are in the file, one after the other. */
static void load(const char *name)
{
	open_file(name);
	for (size_t i = 1; i < elf.n_sections; i++) {
		const struct rd_elf_section *section = &elf.sections[i];
		struct rd_memory_section loaded = {
			.address = BASE + ((uint64_t)i << 16),
			.len = section->size,
		};

		if (!section->data)
			continue;
		loaded.name = strdup(section->name);
		loaded.data = malloc(loaded.len);
		memcpy(loaded.data, section->data, loaded.len);
		ck_assert_int_eq(rd_array_push(&memory, &loaded), 0);
	}
}

static int compare(void)
{
	rd_evidence_deinit(&evidence);
	evidence = (struct rd_evidence)RD_EVIDENCE_INIT;
	return rd_running_code_compare(&elf, &memory, &evidence, &code, &err);
}

static const struct rd_elf_symbol *find_symbol(const char *name)
{
	for (size_t i = 1; i < elf.n_symbols; i++) {
		if (!strcmp(elf.symbols[i].name, name))
			return &elf.symbols[i];
	}
	ck_abort_msg("no symbol %s", name);
}

static struct rd_memory_section *section_of(const struct rd_elf_symbol *symbol)
{
	return rd_memory_find(&memory, elf.sections[symbol->section].name);
}

/* A byte of a function or object in memory. */
static uint8_t *byte(const char *name, uint64_t offset)
{
	const struct rd_elf_symbol *symbol = find_symbol(name);

	return section_of(symbol)->data + symbol->value + offset;
}

START_TEST(equal_memory)
{
	load("running-code.o");
	ck_assert_int_eq(compare(), 0);
	ck_assert_uint_eq(evidence.n, 0);
	ck_assert_uint_eq(code.functions, 6);
	ck_assert_uint_eq(code.objects, 1); /* the variable is none */
	ck_assert_uint_eq(code.differing, 0);
}
END_TEST

/* Every byte of the function, changed alone. */
START_TEST(what_the_kernel_rewrites)
{
	static const struct {
		uint64_t from, to;
	} places[] = { { 0, 11 }, { 12, 12 }, { 15, 57 } };

	load("running-code.o");
	for (uint64_t i = 0; i < find_symbol("masked")->size; i++) {
		uint8_t *p = byte("masked", i);
		bool is_place = false;

		for (size_t k = 0; k < RD_N_ELEMENTS(places); k++)
			is_place |= i >= places[k].from && i <= places[k].to;
		*p ^= 0x40;
		ck_assert_int_eq(compare(), 0);
		ck_assert_msg(evidence.n == !is_place, "byte %d", (int)i);
		if (!is_place)
			ck_assert_str_eq(evidence.items[0].where, "masked");
		*p ^= 0x40;
	}
}
END_TEST

START_TEST(constants_but_for_their_pointers)
{
	load("running-code.o");
	*byte("constant", 7) ^= 1;
	ck_assert_int_eq(compare(), 0);
	ck_assert_uint_eq(evidence.n, 0);
	*byte("constant", 8) ^= 1;
	ck_assert_int_eq(compare(), 0);
	ck_assert_uint_eq(evidence.n, 1);
	ck_assert_str_eq(evidence.items[0].where, "constant");
}
END_TEST

/* A breakpoint, and whatever stands in a function with a kprobe. */
START_TEST(tracers_are_no_alarm)
{
	uint64_t address;

	load("running-code.o");
	address = section_of(find_symbol("two"))->address + find_symbol("two")->value + 1;
	ck_assert_int_eq(rd_array_push(&memory.probes, &address), 0);
	*byte("one", 0) = 0xcc;
	*byte("two", 1) = 0xe9;
	ck_assert_int_eq(compare(), 0);
	ck_assert_uint_eq(evidence.n, 0);
	ck_assert_uint_eq(code.left_out, 2);
	*byte("one", 1) ^= 1;
	ck_assert_int_eq(compare(), 0);
	ck_assert_uint_eq(evidence.n, 1);
}
END_TEST

START_TEST(padding_is_nobodys)
{
	load("running-code.o");
	*byte("one", 6) ^= 1;
	ck_assert_int_eq(compare(), 0);
	ck_assert_uint_eq(evidence.n, 0);
}
END_TEST

/* So much differs that it is the kernel's doing. */
START_TEST(a_kernel_not_known_here)
{
	static const char *const names[] = { "one", "two", "three", "four" };

	load("running-code.o");
	for (size_t i = 0; i < RD_N_ELEMENTS(names); i++)
		*byte(names[i], 0) ^= 1;
	ck_assert_int_eq(compare(), RD_RUNNING_CODE_UNKNOWN);
	ck_assert_uint_eq(evidence.n, 0);
	ck_assert_ptr_nonnull(strstr(err.msg, "not known here"));
}
END_TEST

/* Not mapped any more, cut short, or not there. */
START_TEST(memory_that_is_none)
{
	struct rd_memory_section *text;

	load("running-code.o");
	text = rd_memory_find(&memory, ".text");
	text->len--;
	ck_assert_int_eq(compare(), RD_RUNNING_CODE_UNKNOWN);
	text->len++;
	memset(text->data, 0, text->len);
	ck_assert_int_eq(compare(), RD_RUNNING_CODE_UNKNOWN);
	free(text->name);
	text->name = strdup("another");
	ck_assert_int_eq(compare(), RD_RUNNING_CODE_UNKNOWN);
}
END_TEST

START_TEST(entries_of_a_size_not_known)
{
	load("running-code.o");
	for (size_t i = 1; i < elf.n_sections; i++) {
		if (!strcmp(elf.sections[i].name, ".altinstructions"))
			ck_assert_int_eq(rd_elf_load_relocs(&elf, i, &err), 0);
		if (!strcmp(elf.sections[i].name, ".altinstructions"))
			((struct rd_elf_reloc *)elf.relocs[i].items)[2].offset = 20;
	}
	ck_assert_int_eq(compare(), RD_RUNNING_CODE_UNKNOWN);
}
END_TEST

/* The module's functions as /proc/kallsyms has them, its memory read into the scope. */
static void find_scope(struct rd_running_scope *scope)
{
	static const struct rd_dyndbg none = RD_DYNDBG_INIT;

	ck_assert_int_eq(rd_text_puts(&content, "ffffffff81000000 T kfd_parse_crat_table\n"
						"ffffffffc0000000 t kfd_fill_gpu_x\t[other]\n"),
			 0);
	for (size_t i = 1; i < elf.n_symbols; i++) {
		const struct rd_elf_symbol *symbol = &elf.symbols[i];

		if (symbol->type == STT_FUNC)
			rd_text_printf(
				&content, "%llx t %s\t[amdgpu]\n",
				(unsigned long long)(section_of(symbol)->address + symbol->value),
				symbol->name);
	}
	ck_assert_int_eq(rd_running_scope_parse(&content, "amdgpu", &none, scope), 0);
	for (size_t i = 0; i < scope->n; i++) {
		struct rd_running_function *function = &scope->items[i];
		const struct rd_elf_symbol *symbol = find_symbol(function->name);

		if (!function->size)
			function->size = symbol->size;
		function->data = calloc(1, function->size);
		memcpy(function->data, section_of(symbol)->data + symbol->value, symbol->size);
	}
}

START_TEST(functions_by_name)
{
	RD_CLEANUP(rd_running_scope_deinit) struct rd_running_scope scope = RD_RUNNING_SCOPE_INIT;
	bool has_parser = false;

	load("crat-module.o");
	find_scope(&scope);
	for (size_t i = 0; i < scope.n; i++) {
		ck_assert_int_eq(strncmp(scope.items[i].name, "kfd_", 4), 0);
		ck_assert_uint_ge(scope.items[i].address, BASE);
		has_parser |= !strcmp(scope.items[i].name, "kfd_parse_crat_table");
	}
	ck_assert(has_parser);
	ck_assert_int_eq(rd_running_scope_inspect(&scope, &evidence, &err), 0);
	ck_assert_uint_eq(evidence.n, 0);
}
END_TEST

START_TEST(hidden_addresses)
{
	static const struct rd_dyndbg none = RD_DYNDBG_INIT;
	struct rd_running_scope scope;

	ck_assert_int_eq(
		rd_text_puts(&content, "0000000000000000 t kfd_parse_crat_table\t[amdgpu]\n"), 0);
	ck_assert_int_eq(rd_running_scope_parse(&content, "amdgpu", &none, &scope), 0);
	ck_assert_uint_eq(scope.n, 0);
}
END_TEST

START_TEST(an_id_in_memory)
{
	RD_CLEANUP(rd_running_scope_deinit) struct rd_running_scope scope = RD_RUNNING_SCOPE_INIT;

	load("crat-patched.o");
	find_scope(&scope);
	ck_assert_int_eq(rd_running_scope_inspect(&scope, &evidence, &err), 0);
	ck_assert_uint_ge(evidence.n, 1);
	ck_assert_int_eq(evidence.items[0].kind, RD_EVIDENCE_INSTRUCTION);
	ck_assert_int_eq(strncmp(evidence.items[0].where, "kfd_parse_crat_table+", 21), 0);
}
END_TEST

START_TEST(the_same_build_elsewhere)
{
	RD_CLEANUP(rd_running_scope_deinit) struct rd_running_scope scope = RD_RUNNING_SCOPE_INIT;
	struct rd_running_kin kin;

	load("crat-module.o");
	find_scope(&scope);
	ck_assert_int_eq(rd_running_scope_compare(&scope, &elf, &evidence, &kin, &err), 0);
	ck_assert_uint_ge(kin.functions, 2);
	ck_assert_uint_eq(kin.differing, 0);
}
END_TEST

START_TEST(another_parser)
{
	RD_CLEANUP(rd_running_scope_deinit) struct rd_running_scope scope = RD_RUNNING_SCOPE_INIT;
	struct rd_running_kin kin;

	load("crat-module.o");
	find_scope(&scope);
	for (size_t i = 0; i < scope.n; i++) {
		if (!strcmp(scope.items[i].name, "kfd_parse_crat_table"))
			scope.items[i].data[0] ^= 1;
	}
	ck_assert_int_eq(rd_running_scope_compare(&scope, &elf, &evidence, &kin, &err), 0);
	ck_assert_uint_eq(kin.differing, 1);
	ck_assert_uint_eq(kin.parsers, 1);
	ck_assert_str_eq(evidence.items[0].where, "kfd_parse_crat_table");
}
END_TEST

int main(void)
{
	TCase *cases = tcase_create("running-code");

	tcase_add_checked_fixture(cases, NULL, deinit);
	tcase_add_test(cases, equal_memory);
	tcase_add_test(cases, what_the_kernel_rewrites);
	tcase_add_test(cases, constants_but_for_their_pointers);
	tcase_add_test(cases, tracers_are_no_alarm);
	tcase_add_test(cases, padding_is_nobodys);
	tcase_add_test(cases, a_kernel_not_known_here);
	tcase_add_test(cases, memory_that_is_none);
	tcase_add_test(cases, entries_of_a_size_not_known);
	tcase_add_test(cases, functions_by_name);
	tcase_add_test(cases, hidden_addresses);
	tcase_add_test(cases, an_id_in_memory);
	tcase_add_test(cases, the_same_build_elsewhere);
	tcase_add_test(cases, another_parser);
	return fixture_main(cases, "running-code");
}
