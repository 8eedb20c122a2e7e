/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The ELF tables of crat-module.S, whose layout the source fixes, and what becomes of a file whose
 * headers lie: nothing but an answer.
 */

#include <check.h>
#include <elf.h>
#include <string.h>

#include "fixture.h"
#include "inspect/elf.h"

static struct rd_error err;
static struct rd_text file;
static struct rd_elf elf;

static void setup(void)
{
	file = fixture("crat-module.o");
}

static void teardown(void)
{
	rd_elf_deinit(&elf);
	rd_text_deinit(&file);
}

static Elf64_Ehdr *header(void)
{
	return (Elf64_Ehdr *)file.data;
}

static Elf64_Shdr *section_header(size_t i)
{
	return (Elf64_Shdr *)(file.data + header()->e_shoff) + i;
}

static const struct rd_elf_symbol *symbol(const char *name)
{
	for (size_t i = 0; i < elf.n_symbols; i++) {
		if (!strcmp(elf.symbols[i].name, name))
			return &elf.symbols[i];
	}
	ck_abort_msg("no symbol %s", name);
	return NULL;
}

START_TEST(tables)
{
	const struct rd_elf_section *modinfo;
	const struct rd_elf_symbol *parser;

	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), 0);
	ck_assert_uint_eq(elf.machine, EM_X86_64);
	ck_assert_uint_eq(elf.n_sections, header()->e_shnum);
	modinfo = rd_elf_section(&elf, ".modinfo");
	ck_assert_ptr_nonnull(modinfo);
	ck_assert_str_eq(rd_elf_string(modinfo, 0), "license=GPL and additional rights");
	ck_assert_str_eq(rd_elf_string(modinfo, strlen("license=GPL and additional rights") + 1),
			 "version=1.2.3");
	ck_assert_ptr_null(rd_elf_string(modinfo, modinfo->size));
	ck_assert_ptr_null(rd_elf_string(modinfo, UINT64_MAX));
	ck_assert_ptr_null(rd_elf_section(&elf, ".none"));

	/* Two functions and three pads lie before it, each 16 bytes long with its padding. */
	parser = symbol("kfd_parse_crat_table");
	ck_assert_uint_eq(parser->value, 0x50);
	ck_assert_uint_eq(parser->type, STT_FUNC);
	ck_assert_uint_eq(parser->bind, STB_GLOBAL);
	ck_assert_str_eq(elf.sections[parser->section].name, ".text");
	ck_assert_uint_eq(symbol("outside")->section, SHN_UNDEF);
}
END_TEST

START_TEST(relocations)
{
	const struct rd_elf_section *dyndbg;
	const struct rd_elf_reloc *relocs;
	size_t n, section;

	ck_assert_int_eq(rd_elf_index(&elf, file.data, file.len, &err), 0);
	dyndbg = rd_elf_section(&elf, "__dyndbg");
	ck_assert_ptr_nonnull(dyndbg);
	section = dyndbg - elf.sections;
	rd_elf_relocs_in(&elf, section, 0, 112, &n);
	ck_assert_uint_eq(n, 0);

	/* Two entries of 56 bytes with four pointers each. */
	ck_assert_int_eq(rd_elf_load_relocs(&elf, section, &err), 0);
	ck_assert_int_eq(rd_elf_load_relocs(&elf, section, &err), 0);
	relocs = rd_elf_relocs_in(&elf, section, 0, 112, &n);
	ck_assert_uint_eq(n, 8);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(relocs[i].offset, i / 4 * 56 + i % 4 * 8);
		ck_assert_uint_eq(relocs[i].type, R_X86_64_64);
	}
	ck_assert_ptr_eq(rd_elf_relocs_in(&elf, section, 1, 9, &n), relocs + 1);
	ck_assert_uint_eq(n, 1);
	rd_elf_relocs_in(&elf, section, 32, 56, &n);
	ck_assert_uint_eq(n, 0);
	rd_elf_relocs_in(&elf, section, 56, 8, &n);
	ck_assert_uint_eq(n, 0);
}
END_TEST

static size_t find_rela(void)
{
	for (size_t i = 1; i < header()->e_shnum; i++) {
		if (section_header(i)->sh_type == SHT_RELA && section_header(i)->sh_size >= 48)
			return i;
	}
	ck_abort_msg("no relocations");
	return 0;
}

/* An object file's list need not ascend: then a sorted copy is made. */
START_TEST(unsorted_relocations)
{
	const Elf64_Shdr *s = section_header(find_rela());
	Elf64_Rela *rela = (Elf64_Rela *)(file.data + s->sh_offset), first = rela[0];
	const struct rd_elf_reloc *relocs;
	size_t n;

	rela[0] = rela[1];
	rela[1] = first;
	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), 0);
	relocs = rd_elf_relocs_in(&elf, s->sh_info, 0, UINT64_MAX, &n);
	ck_assert_uint_eq(n, s->sh_size / sizeof(first));
	ck_assert_ptr_ne(elf.relocs[s->sh_info].owned, NULL);
	ck_assert_uint_eq(relocs[0].offset, first.r_offset);
	ck_assert_int_eq(relocs[0].addend, first.r_addend);
	ck_assert_uint_eq(relocs[0].symbol, ELF64_R_SYM(first.r_info));
	for (size_t i = 1; i < n; i++)
		ck_assert_uint_le(relocs[i - 1].offset, relocs[i].offset);
}
END_TEST

START_TEST(relocation_without_symbol)
{
	const Elf64_Shdr *s = section_header(find_rela());
	Elf64_Rela *rela = (Elf64_Rela *)(file.data + s->sh_offset);

	rela[1].r_info = ELF64_R_INFO(0x7fffffffull, R_X86_64_64);
	ck_assert_int_eq(rd_elf_index(&elf, file.data, file.len, &err), 0);
	ck_assert_int_eq(rd_elf_load_relocs(&elf, s->sh_info, &err), RD_ELF_BAD);
	rd_elf_deinit(&elf);
	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), RD_ELF_BAD);
}
END_TEST

/* Section numbers above 0xff00 stand elsewhere: gABI, "extended section numbering". */
START_TEST(extended_numbering)
{
	uint16_t names = header()->e_shstrndx;

	section_header(0)->sh_size = header()->e_shnum;
	section_header(0)->sh_link = names;
	header()->e_shnum = 0;
	header()->e_shstrndx = SHN_XINDEX;
	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), 0);
	ck_assert_uint_eq(elf.n_sections, section_header(0)->sh_size);
	ck_assert_ptr_nonnull(rd_elf_section(&elf, ".modinfo"));
}
END_TEST

START_TEST(giant_counts)
{
	static const uint64_t counts[] = { 0, 1u << 20, UINT32_MAX, UINT64_MAX, 1ull << 58 };

	header()->e_shnum = 0;
	for (size_t i = 0; i < RD_N_ELEMENTS(counts); i++) {
		section_header(0)->sh_size = counts[i];
		ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), RD_ELF_BAD);
	}
}
END_TEST

START_TEST(unsupported)
{
	file.data[EI_CLASS] = ELFCLASS32;
	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), RD_ELF_UNSUPPORTED);
	file.data[EI_CLASS] = ELFCLASS64;
	file.data[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), RD_ELF_UNSUPPORTED);
	file.data[EI_DATA] ^= ELFDATA2LSB ^ ELFDATA2MSB;
	header()->e_type = ET_DYN;
	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), RD_ELF_UNSUPPORTED);
	header()->e_type = ET_REL;
	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), 0);
	rd_elf_deinit(&elf);
	ck_assert_int_eq(rd_elf_init(&elf, "not an ELF file", 15, &err), RD_ELF_BAD);
	ck_assert_int_eq(rd_elf_init(&elf, "", 0, &err), RD_ELF_BAD);
}
END_TEST

/* Each length is a file of its own, so that a reader beyond its end is seen. */
START_TEST(truncated)
{
	for (size_t len = 0; len < file.len; len++) {
		uint8_t *copy = malloc(len + 1);
		int r;

		memcpy(copy, file.data, len);
		r = rd_elf_init(&elf, copy, len, &err);
		ck_assert(r == RD_ELF_BAD);
		free(copy);
	}
}
END_TEST

/* Each field of each section header, set to what a liar would. */
START_TEST(wrong_section_headers)
{
	static const uint64_t lies[] = { 0,	    1,		7,	    0xff,
					 0x10000,   UINT32_MAX, 1ull << 40, UINT64_MAX - 7,
					 UINT64_MAX };
	size_t n = header()->e_shnum, words = sizeof(Elf64_Shdr) / sizeof(uint32_t);

	for (size_t i = 0; i < n; i++) {
		for (size_t w = 0; w < words; w++) {
			for (size_t k = 0; k < RD_N_ELEMENTS(lies); k++) {
				char *at = (char *)section_header(i) + w * sizeof(uint32_t);
				size_t size = w + 1 < words ? sizeof(uint64_t) : sizeof(uint32_t);
				uint8_t saved[sizeof(uint64_t)];

				memcpy(saved, at, size);
				memcpy(at, &lies[k], size);
				if (!rd_elf_init(&elf, file.data, file.len, &err))
					rd_elf_deinit(&elf);
				memcpy(at, saved, size);
			}
		}
	}
	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), 0);
}
END_TEST

START_TEST(overlapping_sections)
{
	/* Many sections that all claim the whole file would be any amount of work. */
	for (size_t i = 1; i < header()->e_shnum; i++) {
		if (section_header(i)->sh_type == SHT_PROGBITS) {
			section_header(i)->sh_offset = 0;
			section_header(i)->sh_size = file.len;
		}
	}
	ck_assert_int_eq(rd_elf_init(&elf, file.data, file.len, &err), RD_ELF_BAD);
	ck_assert_ptr_nonnull(strstr(err.msg, "overlaps"));
}
END_TEST

/* The first section of a type. */
static Elf64_Shdr *section_of_type(uint32_t type)
{
	for (size_t i = 1; i < header()->e_shnum; i++) {
		if (section_header(i)->sh_type == type)
			return section_header(i);
	}
	ck_abort_msg("no section of type %u", type);
}

/* All symbols may have the same name: if that is long, looking at each is any amount of work. */
START_TEST(endless_names)
{
	static const size_t lengths[] = { 1023, 1024 };
	static const int expected[] = { 0, RD_ELF_BAD };
	Elf64_Shdr *names = section_header(section_of_type(SHT_SYMTAB)->sh_link);
	size_t size = names->sh_size + 4096, len = lengths[_i];
	char *data = malloc(file.len + size);

	memcpy(data, file.data, file.len);
	memcpy(data + file.len, file.data + names->sh_offset, names->sh_size);
	memset(data + file.len + names->sh_size, 0, 4096);
	memset(data + file.len + names->sh_size + 100, 'a', len);
	names = (Elf64_Shdr *)(data + ((char *)names - file.data));
	names->sh_offset = file.len;
	names->sh_size = size;
	ck_assert_int_eq(rd_elf_init(&elf, data, file.len + size, &err), expected[_i]);
	rd_elf_deinit(&elf);
	free(data);
}
END_TEST

START_TEST(piled_relocations)
{
	Elf64_Shdr *section = section_of_type(SHT_RELA);
	size_t size = 64 * sizeof(Elf64_Rela);
	char *data = malloc(file.len + size);
	Elf64_Rela *relocs = (Elf64_Rela *)(data + file.len);

	section->sh_offset = file.len;
	section->sh_size = size;
	memcpy(data, file.data, file.len);
	memset(relocs, 0, size);
	ck_assert_int_eq(rd_elf_init(&elf, data, file.len + size, &err), RD_ELF_BAD);
	ck_assert_ptr_nonnull(strstr(err.msg, "of one place"));

	for (size_t i = 0; i < 64; i++)
		relocs[i].r_offset = i / 2;
	ck_assert_int_eq(rd_elf_init(&elf, data, file.len + size, &err), 0);
	rd_elf_deinit(&elf);

	relocs[0].r_offset = UINT64_MAX - 7;
	ck_assert_int_eq(rd_elf_init(&elf, data, file.len + size, &err), RD_ELF_BAD);
	ck_assert_ptr_nonnull(strstr(err.msg, "outside"));
	free(data);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("elf");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, tables);
	tcase_add_test(tcase, relocations);
	tcase_add_test(tcase, unsorted_relocations);
	tcase_add_test(tcase, relocation_without_symbol);
	tcase_add_loop_test(tcase, endless_names, 0, 2);
	tcase_add_test(tcase, piled_relocations);
	tcase_add_test(tcase, extended_numbering);
	tcase_add_test(tcase, giant_counts);
	tcase_add_test(tcase, unsupported);
	tcase_add_test(tcase, truncated);
	tcase_add_test(tcase, wrong_section_headers);
	tcase_add_test(tcase, overlapping_sections);
	return fixture_main(tcase, "elf");
}
