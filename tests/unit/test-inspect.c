/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Verdict and reason for every kind of file, the hostile ones too. */

#include <check.h>
#include <elf.h>
#include <string.h>
#include <zstd.h>

#include "fixture.h"
#include "inspect/inspect.h"

static struct rd_error err;
static struct rd_copy copy;
static struct rd_text file;

static void setup(void)
{
	file = fixture("crat-module.o");
}

static void teardown(void)
{
	rd_copy_deinit(&copy);
	rd_text_deinit(&file);
}

static enum rd_verdict inspect_with(const void *data, size_t len, unsigned int flags,
				    const struct rd_inspect_reference *ref)
{
	rd_copy_deinit(&copy);
	ck_assert_int_eq(rd_copy_init(&copy, RD_COPY_FILE, NULL, "/tmp/some.ko"), 0);
	ck_assert_int_eq(rd_inspect_bytes(data, len, flags, ref, &copy, &err), 0);
	ck_assert_uint_ge(copy.evidence.n, 1);
	return copy.verdict;
}

static enum rd_verdict inspect(const void *data, size_t len)
{
	return inspect_with(data, len, 0, NULL);
}

static void expect(const void *data, size_t len, enum rd_verdict verdict, const char *reason)
{
	ck_assert_str_eq(rd_verdict_name(inspect(data, len)), rd_verdict_name(verdict));
	ck_assert_msg(strstr(rd_copy_reason(&copy), reason) != NULL, "%s: %s", reason,
		      rd_copy_reason(&copy));
}

/* Replaces a text in the file by one of the same length, everywhere. */
static void replace(const char *old, const char *new)
{
	char *p = file.data;

	ck_assert_uint_eq(strlen(old), strlen(new));
	while ((p = memmem(p, file.data + file.len - p, old, strlen(old))))
		memcpy(p, new, strlen(new));
}

START_TEST(no_sign)
{
	expect(file.data, file.len, RD_VERDICT_NO_SIGN, "7 functions of kfd_crat.c, 16 instr");
	ck_assert_int_eq(copy.evidence.items[0].kind, RD_EVIDENCE_COVERAGE);
	ck_assert_str_eq(copy.id.name, "amdgpu");
	ck_assert_ptr_null(copy.id.sha256);
}
END_TEST

START_TEST(with_patch)
{
	struct rd_text patched = fixture("crat-patched.o");

	expect(patched.data, patched.len, RD_VERDICT_PATCHED, "cmpw $0x731f, 0x3e(%rax)");
	ck_assert_int_eq(copy.evidence.items[0].kind, RD_EVIDENCE_INSTRUCTION);
	ck_assert_str_eq(copy.evidence.items[0].where, "kfd_parse_crat_table+0x11");
	ck_assert_int_eq(copy.evidence.items[1].kind, RD_EVIDENCE_DYNDBG);
	ck_assert_str_eq(copy.evidence.items[1].where, "other.c:7 foreign_after");
	ck_assert_int_eq(copy.evidence.items[2].kind, RD_EVIDENCE_STRING);
	rd_text_deinit(&patched);
}
END_TEST

START_TEST(compressed)
{
	size_t size = ZSTD_compressBound(file.len), n;
	char *packed = malloc(size);

	n = ZSTD_compress(packed, size, file.data, file.len, 3);
	expect(packed, n, RD_VERDICT_NO_SIGN, "7 functions");
	for (size_t len = 4; len < n; len += 11)
		expect(packed, len, RD_VERDICT_UNKNOWN, "zstd: ");
	free(packed);
}
END_TEST

START_TEST(digest)
{
	/* printf abc | sha256sum */
	inspect_with("abc", 3, RD_INSPECT_SHA256, NULL);
	ck_assert_str_eq(copy.id.sha256,
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(no_module)
{
	expect("", 0, RD_VERDICT_UNKNOWN, "empty");
	expect(NULL, 0, RD_VERDICT_UNKNOWN, "empty");
	expect("hello", 5, RD_VERDICT_UNKNOWN, "neither");
	expect(ELFMAG, SELFMAG, RD_VERDICT_UNKNOWN, "ELF");
	expect("\x1f\x8b", 2, RD_VERDICT_UNKNOWN, "gzip");
}
END_TEST

START_TEST(other_module)
{
	replace("name=amdgpu", "name=nvidia");
	expect(file.data, file.len, RD_VERDICT_UNKNOWN, "calls itself nvidia");
}
END_TEST

START_TEST(other_machine)
{
	((Elf64_Ehdr *)file.data)->e_machine = EM_AARCH64;
	expect(file.data, file.len, RD_VERDICT_UNKNOWN, "arm64");
	replace("Something else\n", "Something else!");
	expect(file.data, file.len, RD_VERDICT_UNKNOWN, "arm64");
}
END_TEST

START_TEST(other_machine_with_string)
{
	struct rd_text patched = fixture("crat-patched.o");

	((Elf64_Ehdr *)patched.data)->e_machine = EM_AARCH64;
	expect(patched.data, patched.len, RD_VERDICT_PATCHED, "applied by the recipe");
	patched.data[EI_CLASS] = ELFCLASS32;
	expect(patched.data, patched.len, RD_VERDICT_PATCHED, "applied by the recipe");
	rd_text_deinit(&patched);
}
END_TEST

START_TEST(without_parser)
{
	replace("kfd_parse_crat_table", "kfd_purse_crat_table");
	expect(file.data, file.len, RD_VERDICT_UNKNOWN, "no kfd_parse_crat_table");
}
END_TEST

START_TEST(without_symbols)
{
	const Elf64_Ehdr *header = (Elf64_Ehdr *)file.data;
	Elf64_Shdr *sections = (Elf64_Shdr *)(file.data + header->e_shoff);

	for (size_t i = 0; i < header->e_shnum; i++) {
		if (sections[i].sh_type == SHT_SYMTAB || sections[i].sh_type == SHT_RELA)
			sections[i].sh_type = SHT_PROGBITS;
	}
	expect(file.data, file.len, RD_VERDICT_UNKNOWN, "no symbol table");
}
END_TEST

/* As strip --strip-unneeded: no symbol tells of local functions. */
static void forget_local_functions(struct rd_text *text)
{
	const Elf64_Ehdr *header = (Elf64_Ehdr *)text->data;
	const Elf64_Shdr *s = (Elf64_Shdr *)(text->data + header->e_shoff);

	while (s->sh_type != SHT_SYMTAB)
		s++;
	for (size_t i = 0; i < s->sh_info; i++) {
		Elf64_Sym *symbol = (Elf64_Sym *)(text->data + s->sh_offset) + i;

		if (ELF64_ST_TYPE(symbol->st_info) == STT_FUNC)
			symbol->st_info = ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE);
	}
}

START_TEST(without_local_functions)
{
	struct rd_text helper = fixture("crat-helper.o");

	/* The parser, the helper that it calls, the callback, its .cold. */
	forget_local_functions(&file);
	expect(file.data, file.len, RD_VERDICT_NO_SIGN, "4 functions of kfd_crat.c");
	ck_assert_uint_eq(copy.evidence.n, 2);
	ck_assert_ptr_nonnull(strstr(copy.evidence.items[1].detail, "reduced coverage"));

	forget_local_functions(&helper);
	expect(helper.data, helper.len, RD_VERDICT_PATCHED, "cmpw $0x731f");
	ck_assert_str_eq(copy.evidence.items[0].where, ".text+0x35");
	rd_text_deinit(&helper);
}
END_TEST

START_TEST(undecodable)
{
	/* 06 is no instruction in 64-bit mode: "push %es". */
	char *p = memmem(file.data, file.len, "\x0f\x0b", 2); /* ud2 of .cold */

	ck_assert_ptr_nonnull(p);
	p[0] = 0x06;
	expect(file.data, file.len, RD_VERDICT_UNKNOWN, "could not be disassembled");
	ck_assert_str_eq(copy.evidence.items[0].where, "kfd_parse_crat_table.cold");
}
END_TEST

START_TEST(reference)
{
	struct rd_text other = fixture("crat-patched.o");
	struct rd_inspect_reference ref = {
		.name = "ref.ko",
		.data = (uint8_t *)file.data,
		.len = file.len,
		.is_proven = true,
	};

	ck_assert_int_eq(inspect_with(file.data, file.len, 0, &ref), RD_VERDICT_CLEAN);
	ck_assert_int_eq(copy.evidence.items[0].kind, RD_EVIDENCE_PROVENANCE);
	ref.is_proven = false;
	ck_assert_int_eq(inspect_with(file.data, file.len, 0, &ref), RD_VERDICT_NO_SIGN);
	ck_assert_int_eq(inspect_with(other.data, other.len, 0, &ref), RD_VERDICT_PATCHED);

	/* Against the patched one, the clean one is modified. */
	ref.data = (uint8_t *)other.data;
	ref.len = other.len;
	ck_assert_int_eq(inspect_with(file.data, file.len, 0, &ref), RD_VERDICT_MODIFIED);
	ck_assert_int_eq(copy.evidence.items[0].kind, RD_EVIDENCE_FUNCTION);

	ref.data = (const uint8_t *)"nothing";
	ref.len = 7;
	ref.is_proven = true;
	ck_assert_int_eq(inspect_with(file.data, file.len, 0, &ref), RD_VERDICT_NO_SIGN);
	rd_text_deinit(&other);
}
END_TEST

START_TEST(truncated)
{
	for (size_t len = 1; len < file.len; len += 13) {
		uint8_t *part = malloc(len);

		memcpy(part, file.data, len);
		ck_assert_int_eq(inspect(part, len), RD_VERDICT_UNKNOWN);
		free(part);
	}
}
END_TEST

/* One byte at a time: any verdict is right for some of them, none may do harm. */
START_TEST(damaged)
{
	for (size_t at = 0; at < file.len; at++) {
		file.data[at] ^= 0x25;
		inspect(file.data, file.len);
		file.data[at] ^= 0x25;
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		without_local_functions,
		no_sign,
		with_patch,
		compressed,
		digest,
		no_module,
		other_module,
		other_machine,
		other_machine_with_string,
		without_parser,
		without_symbols,
		undecodable,
		reference,
		truncated,
		damaged,
	};
	TCase *tcase = tcase_create("inspect");

	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < RD_N_ELEMENTS(tests); i++)
		tcase_add_test(tcase, tests[i]);
	return fixture_main(tcase, "inspect");
}
