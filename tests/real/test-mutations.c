/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Mutation test of the function compare over a real module. Each round edits one thing in a copy of
 * module B (a byte of code or data, the target of a call, an addend, a text), compares A with it,
 * and wants every unit that the edit touches, and no other, to be named. What an edit touches is
 * worked out here from the symbol table and the relocations as libelf reads them.
 *
 *	test-mutations [A [B]]
 *
 * B is A by default; another link order of A is harder. Without arguments A is the stock module
 * below $RDNA1_LAB. Seeds are fixed, so that a failure can be repeated.
 */

#include <ctype.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "inspect/compare.h"

#define EXIT_SKIP 77
#define MAX_NAMES 4096
/* struct _ddebug (linux/dynamic_debug.h): size, and where line number and flags are. */
#define DYNDBG_SIZE 56
#define DYNDBG_LINE 32

struct module {
	uint8_t *data;
	size_t len;
	size_t n_sections, n_symbols, n_relocs;
	GElf_Shdr *sections;
	const char **section_names;
	GElf_Sym *symbols;
	const char **names;
	struct reloc {
		size_t section; /* that is relocated */
		size_t at; /* of the Elf64_Rela in the file */
		GElf_Rela rela;
	} * relocs;
};

struct names {
	const char *items[MAX_NAMES];
	size_t n;
};

static uint64_t seed;

static uint64_t pick(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static void die(const char *what)
{
	fprintf(stderr, "test-mutations: %s\n", what);
	exit(1);
}

static void *need(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

/* --- the outside truth: symbols and relocations by libelf --- */

static void load_file(const char *path, struct module *m)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	m->len = (size_t)st.st_size;
	m->data = mmap(NULL, m->len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (m->data == MAP_FAILED)
		die(path);
	close(fd);
}

static void load_symbols(struct module *m, Elf *elf, Elf_Scn *scn, const GElf_Shdr *header)
{
	Elf_Data *data = need(elf_getdata(scn, NULL));

	m->n_symbols = header->sh_size / header->sh_entsize;
	m->symbols = need(calloc(m->n_symbols, sizeof(*m->symbols)));
	m->names = need(calloc(m->n_symbols, sizeof(*m->names)));
	for (size_t i = 0; i < m->n_symbols; i++) {
		need(gelf_getsym(data, (int)i, &m->symbols[i]));
		m->names[i] = need(elf_strptr(elf, header->sh_link, m->symbols[i].st_name));
	}
}

static void load_relocs(struct module *m, Elf_Scn *scn, const GElf_Shdr *header)
{
	Elf_Data *data = need(elf_getdata(scn, NULL));
	size_t n = header->sh_size / header->sh_entsize;

	m->relocs = need(reallocarray(m->relocs, m->n_relocs + n, sizeof(*m->relocs)));
	for (size_t i = 0; i < n; i++) {
		struct reloc *reloc = &m->relocs[m->n_relocs++];

		need(gelf_getrela(data, (int)i, &reloc->rela));
		reloc->section = header->sh_info;
		reloc->at = header->sh_offset + i * sizeof(Elf64_Rela);
	}
}

static void load_module(const char *path, struct module *m)
{
	size_t names;
	Elf *elf;

	load_file(path, m);
	elf = need(elf_memory((char *)m->data, m->len));
	if (elf_getshdrnum(elf, &m->n_sections) || elf_getshdrstrndx(elf, &names))
		die(elf_errmsg(-1));
	m->sections = need(calloc(m->n_sections, sizeof(*m->sections)));
	m->section_names = need(calloc(m->n_sections, sizeof(*m->section_names)));
	for (size_t i = 0; i < m->n_sections; i++) {
		Elf_Scn *scn = need(elf_getscn(elf, i));

		need(gelf_getshdr(scn, &m->sections[i]));
		m->section_names[i] = need(elf_strptr(elf, names, m->sections[i].sh_name));
		if (m->sections[i].sh_type == SHT_SYMTAB)
			load_symbols(m, elf, scn, &m->sections[i]);
	}
	for (size_t i = 0; i < m->n_sections; i++) {
		if (m->sections[i].sh_type == SHT_RELA &&
		    !strstr(m->section_names[i], "orc_unwind"))
			load_relocs(m, elf_getscn(elf, i), &m->sections[i]);
	}
	/* The strings stay valid: elf_memory() reads them in place, and elf is never ended. */
}

static bool is_section(const struct module *m, size_t i, const char *name)
{
	return i < m->n_sections && !strcmp(m->section_names[i], name);
}

static bool is_covering(const struct module *m, size_t i, size_t section, uint64_t offset)
{
	const GElf_Sym *symbol = &m->symbols[i];
	int type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx == section && (type == STT_FUNC || type == STT_OBJECT) &&
	       strncmp(m->names[i], "__pfx_", 6) && offset >= symbol->st_value &&
	       offset - symbol->st_value < symbol->st_size;
}

static void add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (!strcmp(names->items[i], name))
			return;
	}
	if (names->n < MAX_NAMES)
		names->items[names->n++] = name;
}

static bool has_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (!strcmp(names->items[i], name))
			return true;
	}
	return false;
}

static void add_covering(const struct module *m, size_t section, uint64_t offset,
			 struct names *names)
{
	for (size_t i = 0; i < m->n_symbols; i++) {
		if (is_covering(m, i, section, offset))
			add_name(names, m->names[i]);
	}
}

/* Where a relocation points, as far as that can be told without its instruction. */
static bool target_of(const struct module *m, const struct reloc *reloc, size_t *sectionp,
		      uint64_t *offsetp)
{
	const GElf_Sym *symbol = &m->symbols[GELF_R_SYM(reloc->rela.r_info)];
	uint32_t type = GELF_R_TYPE(reloc->rela.r_info);
	bool is_code = m->sections[reloc->section].sh_flags & SHF_EXECINSTR;

	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= SHN_LORESERVE)
		return false;
	*sectionp = symbol->st_shndx;
	*offsetp = symbol->st_value + (uint64_t)reloc->rela.r_addend;
	if (is_code && (type == R_X86_64_PC32 || type == R_X86_64_PLT32))
		*offsetp += 4;
	return true;
}

static void add_users(const struct module *m, size_t section, uint64_t from, uint64_t to,
		      unsigned int depth, struct names *names);

/* The unit that relocation @i belongs to: what covers it, or whom its table entry is about. */
static void add_owner(const struct module *m, size_t i, unsigned int depth, struct names *names)
{
	const struct reloc *reloc = &m->relocs[i];
	uint64_t offset = reloc->rela.r_offset, to;
	size_t section;

	if (is_section(m, reloc->section, "__dyndbg")) {
		offset -= offset % DYNDBG_SIZE;
		add_users(m, reloc->section, offset, offset + DYNDBG_SIZE, depth + 1, names);
		return;
	}
	add_covering(m, reloc->section, offset, names);
	if (m->sections[reloc->section].sh_flags & SHF_EXECINSTR)
		return;
	/* A table: the last place in code at or before this one in the same entry. */
	for (size_t k = i + 1; k-- && i - k < 3 && m->relocs[k].section == reloc->section;) {
		if (target_of(m, &m->relocs[k], &section, &to) &&
		    m->sections[section].sh_flags & SHF_EXECINSTR)
			add_covering(m, section, to, names);
	}
}

static void add_users(const struct module *m, size_t section, uint64_t from, uint64_t to,
		      unsigned int depth, struct names *names)
{
	for (size_t i = 0; depth < 3 && i < m->n_relocs; i++) {
		uint64_t offset;
		size_t at;

		if (target_of(m, &m->relocs[i], &at, &offset) && at == section && offset >= from &&
		    offset < to)
			add_owner(m, i, depth, names);
	}
}

/* --- edits: each fills the names that it touches and tells what it did --- */

struct edit {
	size_t at; /* in the file */
	uint8_t old[sizeof(Elf64_Rela)];
	size_t len;
	char what[160];
	struct names must; /* one of these, if the edit is in a unit */
	struct names may; /* and what else may be named */
	bool is_any; /* whoever it is, something must be found */
};

static void write_bytes(struct module *m, struct edit *edit, size_t at, const void *bytes,
			size_t len)
{
	edit->at = at;
	edit->len = len;
	memcpy(edit->old, m->data + at, len);
	memcpy(m->data + at, bytes, len);
}

static void undo(struct module *m, const struct edit *edit)
{
	memcpy(m->data + edit->at, edit->old, edit->len);
}

static void flip(struct module *m, struct edit *edit, size_t at)
{
	uint8_t byte = m->data[at] ^ (uint8_t)(1u << pick(8));

	write_bytes(m, edit, at, &byte, 1);
}

static bool is_code_symbol(const struct module *m, size_t i)
{
	const GElf_Sym *symbol = &m->symbols[i];

	return GELF_ST_TYPE(symbol->st_info) == STT_FUNC && symbol->st_size &&
	       symbol->st_shndx != SHN_UNDEF && symbol->st_shndx < m->n_sections &&
	       strncmp(m->names[i], "__pfx_", 6);
}

static size_t pick_function(const struct module *m)
{
	size_t i;

	do
		i = pick(m->n_symbols);
	while (!is_code_symbol(m, i));
	return i;
}

/* Any byte of a function: opcode, operand, immediate, or the hole of a relocation. */
static bool edit_code(struct module *m, struct edit *edit)
{
	size_t i = pick_function(m);
	uint64_t offset = m->symbols[i].st_value + pick(m->symbols[i].st_size);
	size_t section = m->symbols[i].st_shndx;

	add_covering(m, section, offset, &edit->must);
	flip(m, edit, m->sections[section].sh_offset + offset);
	snprintf(edit->what, sizeof(edit->what), "code byte %s+0x%" PRIx64, m->names[i],
		 offset - m->symbols[i].st_value);
	return true;
}

static void write_rela(struct module *m, struct edit *edit, const struct reloc *reloc,
		       uint64_t symbol, int64_t addend)
{
	Elf64_Rela rela = {
		.r_offset = reloc->rela.r_offset,
		.r_info = ELF64_R_INFO(symbol, GELF_R_TYPE(reloc->rela.r_info)),
		.r_addend = addend,
	};

	write_bytes(m, edit, reloc->at, &rela, sizeof(rela));
}

/* A relocated call of another function. */
static bool edit_callee(struct module *m, struct edit *edit)
{
	const struct reloc *reloc = &m->relocs[pick(m->n_relocs)];
	size_t symbol = GELF_R_SYM(reloc->rela.r_info), other = pick(m->n_symbols);
	const GElf_Sym *from = &m->symbols[symbol], *to = &m->symbols[other];

	if (GELF_R_TYPE(reloc->rela.r_info) != R_X86_64_PLT32 ||
	    GELF_ST_BIND(to->st_info) == STB_LOCAL || !*m->names[other] ||
	    !strcmp(m->names[symbol], m->names[other]) ||
	    (from->st_shndx == to->st_shndx && from->st_value == to->st_value &&
	     from->st_shndx != SHN_UNDEF))
		return false;
	add_covering(m, reloc->section, reloc->rela.r_offset, &edit->must);
	if (!edit->must.n)
		return false;
	write_rela(m, edit, reloc, other, reloc->rela.r_addend);
	snprintf(edit->what, sizeof(edit->what), "callee %s, was %s", m->names[other],
		 m->names[symbol]);
	return true;
}

static bool is_relocated(const struct module *m, size_t section, uint64_t offset)
{
	for (size_t i = 0; i < m->n_relocs; i++) {
		if (m->relocs[i].section == section && m->relocs[i].rela.r_offset == offset)
			return true;
	}
	return false;
}

static size_t function_at(const struct module *m, size_t section, uint64_t offset)
{
	for (size_t i = 0; i < m->n_symbols; i++) {
		if (is_code_symbol(m, i) && m->symbols[i].st_shndx == section &&
		    m->symbols[i].st_value == offset)
			return i;
	}
	return 0;
}

/* A call inside a section, which has no relocation, of another function. */
static bool edit_direct_callee(struct module *m, struct edit *edit)
{
	size_t i = pick_function(m), section = m->symbols[i].st_shndx, old, other;
	uint64_t offset = m->symbols[i].st_value + pick(m->symbols[i].st_size);
	uint64_t end = m->symbols[i].st_value + m->symbols[i].st_size;
	const uint8_t *code = m->data + m->sections[section].sh_offset;
	int32_t value;

	for (old = 0; !old && offset + 5 <= end; offset++) {
		if (code[offset] != 0xe8 || is_relocated(m, section, offset + 1))
			continue;
		memcpy(&value, code + offset + 1, sizeof(value));
		old = function_at(m, section, offset + 5 + (uint64_t)(int64_t)value);
	}
	if (!old)
		return false;
	other = pick_function(m);
	if (m->symbols[other].st_shndx != section ||
	    m->symbols[other].st_value == m->symbols[old].st_value)
		return false;
	value = (int32_t)(m->symbols[other].st_value - (offset - 1) - 5);
	add_covering(m, section, offset - 1, &edit->must);
	write_bytes(m, edit, m->sections[section].sh_offset + offset, &value, sizeof(value));
	snprintf(edit->what, sizeof(edit->what), "direct callee %s, was %s", m->names[other],
		 m->names[old]);
	return true;
}

static bool is_data_symbol(const struct module *m, size_t i)
{
	static const char *const other[] = { ".modinfo", "__versions", "__dyndbg", ".note.Linux",
					     ".orc_header" };
	const GElf_Sym *symbol = &m->symbols[i];

	if (GELF_ST_TYPE(symbol->st_info) != STT_OBJECT || !symbol->st_size ||
	    symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= m->n_sections ||
	    m->sections[symbol->st_shndx].sh_type == SHT_NOBITS)
		return false;
	for (size_t k = 0; k < RD_N_ELEMENTS(other); k++) {
		if (is_section(m, symbol->st_shndx, other[k]))
			return false;
	}
	return true;
}

/* A byte of a table or other object. */
static bool edit_data(struct module *m, struct edit *edit)
{
	size_t i = pick(m->n_symbols), section;
	uint64_t offset;

	if (!is_data_symbol(m, i))
		return false;
	section = m->symbols[i].st_shndx;
	offset = m->symbols[i].st_value + pick(m->symbols[i].st_size);
	add_covering(m, section, offset, &edit->must);
	flip(m, edit, m->sections[section].sh_offset + offset);
	snprintf(edit->what, sizeof(edit->what), "data byte %s+0x%" PRIx64, m->names[i],
		 offset - m->symbols[i].st_value);
	return true;
}

/* A pointer of code or data, moved a little. */
static bool edit_addend(struct module *m, struct edit *edit)
{
	const struct reloc *reloc = &m->relocs[pick(m->n_relocs)];
	int64_t by = (int64_t)pick(64) + 1;

	add_covering(m, reloc->section, reloc->rela.r_offset, &edit->must);
	if (!edit->must.n || !(m->sections[reloc->section].sh_flags & SHF_ALLOC) ||
	    is_section(m, reloc->section, "__dyndbg"))
		return false;
	write_rela(m, edit, reloc, GELF_R_SYM(reloc->rela.r_info), reloc->rela.r_addend + by);
	snprintf(edit->what, sizeof(edit->what), "addend +%" PRId64 " at %s+0x%" PRIx64, by,
		 m->section_names[reloc->section], (uint64_t)reloc->rela.r_offset);
	return true;
}

/* A letter of a text: all who refer to it, and to the texts that end like it, are touched. */
static bool edit_string(struct module *m, struct edit *edit)
{
	const struct reloc *reloc = &m->relocs[pick(m->n_relocs)];
	const char *text, *slash;
	uint64_t offset, first, at;
	size_t section, len;

	if (!target_of(m, reloc, &section, &offset) ||
	    !(m->sections[section].sh_flags & SHF_STRINGS) ||
	    offset >= m->sections[section].sh_size)
		return false;
	text = (const char *)m->data + m->sections[section].sh_offset;
	len = strlen(text + offset);
	slash = strrchr(text + offset, '/');
	if (len < 3 || (slash && strchr(slash, '.')))
		return false; /* folders and lines of source files do not count */
	at = offset + pick(len);
	if (!isalpha((unsigned char)text[at]))
		return false;
	for (first = offset; first && text[first - 1]; first--)
		;
	add_users(m, section, first, at + 1, 0, &edit->may);
	add_owner(m, reloc - m->relocs, 0, &edit->must);
	if (!edit->must.n)
		return false;
	snprintf(edit->what, sizeof(edit->what), "text \"%.60s\"", text + offset);
	flip(m, edit, m->sections[section].sh_offset + at);
	return true;
}

/* A constant that the linker merged. */
static bool edit_constant(struct module *m, struct edit *edit)
{
	const struct reloc *reloc = &m->relocs[pick(m->n_relocs)];
	uint64_t offset, size;
	size_t section;

	if (!target_of(m, reloc, &section, &offset) ||
	    !(m->sections[section].sh_flags & SHF_MERGE) ||
	    m->sections[section].sh_flags & SHF_STRINGS || offset >= m->sections[section].sh_size)
		return false;
	size = m->sections[section].sh_entsize;
	offset -= offset % size;
	/* A true target lies up to four bytes further, where an immediate follows. */
	add_users(m, section, offset < 4 ? 0 : offset - 4, offset + size, 0, &edit->may);
	edit->is_any = true;
	snprintf(edit->what, sizeof(edit->what), "constant %s+0x%" PRIx64,
		 m->section_names[section], offset);
	flip(m, edit, m->sections[section].sh_offset + offset + pick(size));
	return true;
}

/* What a dynamic debug descriptor says, but for its line. */
static bool edit_dyndbg(struct module *m, struct edit *edit)
{
	size_t i = pick(m->n_symbols), section = m->symbols[i].st_shndx;
	uint64_t at = m->symbols[i].st_value;
	uint64_t byte = pick(DYNDBG_SIZE);

	if (!is_section(m, section, "__dyndbg") || m->symbols[i].st_size != DYNDBG_SIZE ||
	    (byte >= DYNDBG_LINE && byte < DYNDBG_LINE + 4))
		return false;
	add_users(m, section, at, at + DYNDBG_SIZE, 0, &edit->must);
	edit->may = edit->must;
	flip(m, edit, m->sections[section].sh_offset + at + byte);
	snprintf(edit->what, sizeof(edit->what), "descriptor %s byte %" PRIu64, m->names[i], byte);
	return true;
}

/* Tables beside the code, replacement instructions, lines of .modinfo, padding. */
static bool edit_unnamed(struct module *m, struct edit *edit)
{
	static const char *const names[] = {
		".altinstr_replacement", ".altinstr_aux",    ".altinstructions",
		".static_call_sites",	 ".retpoline_sites", ".return_sites",
		"__mcount_loc",		 "__jump_table",     ".smp_locks",
		".parainstructions",
	};
	const char *name = names[pick(RD_N_ELEMENTS(names))];

	for (size_t i = 0; i < m->n_sections; i++) {
		if (!is_section(m, i, name) || !m->sections[i].sh_size)
			continue;
		edit->is_any = true;
		snprintf(edit->what, sizeof(edit->what), "byte of %s", name);
		flip(m, edit, m->sections[i].sh_offset + pick(m->sections[i].sh_size));
		return true;
	}
	return false;
}

/* Where an entry of a table points. */
static bool edit_entry(struct module *m, struct edit *edit)
{
	const struct reloc *reloc = &m->relocs[pick(m->n_relocs)];
	struct names covering = { .n = 0 };
	uint64_t offset;
	size_t section;

	if (m->sections[reloc->section].sh_flags & SHF_EXECINSTR ||
	    !(m->sections[reloc->section].sh_flags & SHF_ALLOC))
		return false;
	add_covering(m, reloc->section, reloc->rela.r_offset, &covering);
	if (covering.n ||
	    (target_of(m, reloc, &section, &offset) && m->sections[section].sh_flags & SHF_STRINGS))
		return false; /* the texts are paths, of which the first byte does not count */
	edit->is_any = true;
	write_rela(m, edit, reloc, GELF_R_SYM(reloc->rela.r_info), reloc->rela.r_addend + 1);
	snprintf(edit->what, sizeof(edit->what), "entry of %s", m->section_names[reloc->section]);
	return true;
}

/* Code put into the padding between functions. */
static bool edit_padding(struct module *m, struct edit *edit)
{
	static const uint8_t ret = 0xc3;
	size_t i = pick_function(m), section = m->symbols[i].st_shndx;
	uint64_t at = m->symbols[i].st_value + m->symbols[i].st_size;
	struct names covering = { .n = 0 };

	if (at >= m->sections[section].sh_size)
		return false;
	add_covering(m, section, at, &covering);
	if (covering.n)
		return false;
	edit->is_any = true;
	write_bytes(m, edit, m->sections[section].sh_offset + at, &ret, 1);
	snprintf(edit->what, sizeof(edit->what), "padding after %s", m->names[i]);
	return true;
}

/* --- the rounds --- */

static bool is_expected(const struct edit *edit, const char *name)
{
	return has_name(&edit->must, name) || has_name(&edit->may, name);
}

/* Whether the compare names what the edit touches, and nothing else. */
static bool check(const struct rd_elf *a, const struct module *m, const struct edit *edit)
{
	struct rd_comparison out = RD_COMPARISON_INIT;
	struct rd_elf b = RD_ELF_INIT;
	struct rd_error err = RD_ERROR_INIT;
	size_t found = 0, strange = 0;
	bool is_good;

	if (rd_elf_init(&b, m->data, m->len, &err) || rd_compare_modules(a, &b, 0, &out, &err))
		die(err.msg);
	for (size_t i = 0; i < out.differences.n; i++) {
		const char *name = out.differences.items[i].name;

		found += edit->is_any || has_name(&edit->must, name);
		strange += !edit->is_any && !is_expected(edit, name);
	}
	is_good = out.is_comparable && found && !strange;
	if (!is_good) {
		printf("# %s: %s, wanted %s%s\n", edit->what, found ? "named too much" : "missed",
		       edit->must.n ? edit->must.items[0] : "anything",
		       out.reason ? out.reason : "");
		for (size_t i = 0; i < out.differences.n && i < 5; i++)
			printf("#    %s: %s\n", out.differences.items[i].name,
			       out.differences.items[i].detail);
	}
	rd_comparison_deinit(&out);
	rd_elf_deinit(&b);
	return is_good;
}

static const struct {
	const char *name;
	bool (*edit)(struct module *m, struct edit *edit);
	size_t rounds;
} kinds[] = {
	{ "bytes of functions", edit_code, 200 },
	{ "relocated callees", edit_callee, 60 },
	{ "direct callees", edit_direct_callee, 60 },
	{ "bytes of objects", edit_data, 100 },
	{ "addends", edit_addend, 100 },
	{ "texts", edit_string, 40 },
	{ "constants", edit_constant, 20 },
	{ "dynamic debug descriptors", edit_dyndbg, 20 },
	{ "unnamed bytes", edit_unnamed, 30 },
	{ "entries of tables", edit_entry, 30 },
	{ "padding", edit_padding, 20 },
};

static size_t run_kind(const struct rd_elf *a, struct module *m, size_t kind)
{
	static struct edit edit;
	size_t good = 0;

	for (size_t round = 0; round < kinds[kind].rounds; round++) {
		size_t tries = 0;

		seed = 0x9e3779b97f4a7c15ull * (kind * 1000 + round + 1);
		do
			edit = (struct edit){ .at = 0 };
		while (!kinds[kind].edit(m, &edit) && ++tries < 1000000);
		if (!edit.len)
			die("found nothing to edit");
		good += check(a, m, &edit);
		undo(m, &edit);
	}
	return good;
}

int main(int argc, char **argv)
{
	struct module m = { .data = NULL };
	struct rd_elf a = RD_ELF_INIT;
	struct rd_error err = RD_ERROR_INIT;
	const char *lab = getenv("RDNA1_LAB");
	struct module reference = { .data = NULL };
	size_t good = 0, all = 0;
	char path[4096];

	if (argc < 2 && !lab) {
		puts("RDNA1_LAB is not set: skipped");
		return EXIT_SKIP;
	}
	snprintf(path, sizeof(path), "%s/stock/debian-6.1/amdgpu.ko", lab ? lab : "");
	elf_version(EV_CURRENT);
	load_file(argc > 1 ? argv[1] : path, &reference);
	load_module(argc > 2 ? argv[2] : argc > 1 ? argv[1] : path, &m);
	if (rd_elf_init(&a, reference.data, reference.len, &err))
		die(err.msg);

	for (size_t i = 0; i < RD_N_ELEMENTS(kinds); i++) {
		size_t n = run_kind(&a, &m, i);

		printf("%zu of %zu %s\n", n, kinds[i].rounds, kinds[i].name);
		fflush(stdout);
		good += n;
		all += kinds[i].rounds;
	}
	printf("%zu of %zu\n", good, all);
	rd_elf_deinit(&a);
	return good == all ? 0 : 1;
}
