/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Indexing of relocatable ELF files. libelf reads the file header and the section headers; all
 * that this file keeps has been checked against the length of the file, so that readers of the
 * tables need no bounds of their own: section data lies inside the file, names end inside their
 * table, section and symbol numbers exist.
 *
 * Nothing is copied but the symbol table. Relocations are used in place where the file has them in
 * order (the linker sorts those of a .ko, not those of a .o), and are read only when asked for.
 *
 * Format: System V gABI chapter 4 (e_shnum 0 and SHN_XINDEX: "extended section numbering").
 */

#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/elf.h"

/* A module has about 100 sections and 30,000 symbols, an object of amdgpu built with
 * -ffunction-sections some thousands of sections. */
#define ELF_MAX_SECTIONS (1u << 18)
#define ELF_MAX_SYMBOLS	 (1u << 20)

/* Twice KSYM_NAME_LEN (linux/kallsyms.h). Else symbols may share one name of megabytes, and whoever
 * looks at each name looks at all of it each time. */
#define ELF_MAX_NAME 1024

/* On one place: RISC-V has up to three, LoongArch's stack machine a dozen. Else every look at that
 * place is a look at the whole list. */
#define ELF_MAX_STACKED_RELOCS 16

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define ELF_OUR_DATA ELFDATA2LSB
#else
#define ELF_OUR_DATA ELFDATA2MSB
#endif

_Static_assert(sizeof(struct rd_elf_reloc) == sizeof(Elf64_Rela), "used in place");
_Static_assert(offsetof(struct rd_elf_reloc, offset) == offsetof(Elf64_Rela, r_offset), "");
_Static_assert(offsetof(struct rd_elf_reloc, addend) == offsetof(Elf64_Rela, r_addend), "");

static void elf_endp(Elf **ep)
{
	if (*ep)
		elf_end(*ep);
}

static int elf_bad(struct rd_error *err, const char *what, size_t index)
{
	rd_error_set(err, EBADMSG, "ELF section %zu: %s", index, what);
	return RD_ELF_BAD;
}

/* What must hold before libelf may look: its answers for other files are of no use here. */
static int check_header(const uint8_t *data, size_t len, struct rd_error *err)
{
	Elf64_Ehdr header;

	if (len < EI_NIDENT || memcmp(data, ELFMAG, SELFMAG)) {
		rd_error_set(err, EBADMSG, "not an ELF file");
		return RD_ELF_BAD;
	}
	if (data[EI_CLASS] != ELFCLASS64) {
		rd_error_set(err, ENOTSUP, "ELF file is not 64-bit");
		return RD_ELF_UNSUPPORTED;
	}
	if (data[EI_DATA] != ELF_OUR_DATA) {
		rd_error_set(err, ENOTSUP, "ELF file has another byte order than this machine");
		return RD_ELF_UNSUPPORTED;
	}
	if (len < sizeof(header)) {
		rd_error_set(err, EBADMSG, "ELF header is truncated");
		return RD_ELF_BAD;
	}
	memcpy(&header, data, sizeof(header));
	if (header.e_type != ET_REL) {
		rd_error_set(err, ENOTSUP,
			     "ELF file is not relocatable (type %u): no module, no object file",
			     header.e_type);
		return RD_ELF_UNSUPPORTED;
	}
	if (!header.e_shoff) {
		rd_error_set(err, EBADMSG, "ELF file has no section headers");
		return RD_ELF_BAD;
	}
	if (header.e_shoff > len || len - header.e_shoff < sizeof(Elf64_Shdr)) {
		rd_error_set(err, EBADMSG,
			     "ELF section headers lie at %llu, the file ends at %zu: truncated",
			     (unsigned long long)header.e_shoff, len);
		return RD_ELF_BAD;
	}
	if (header.e_shentsize != sizeof(Elf64_Shdr)) {
		rd_error_set(err, EBADMSG, "ELF section headers have a size of %u bytes, not %zu",
			     header.e_shentsize, sizeof(Elf64_Shdr));
		return RD_ELF_BAD;
	}
	return 0;
}

/* The number of section headers, before libelf allocates for each of them. */
static int count_sections(const uint8_t *data, size_t len, size_t *np, struct rd_error *err)
{
	Elf64_Ehdr header;
	Elf64_Shdr first;
	uint64_t n;

	memcpy(&header, data, sizeof(header));
	memcpy(&first, data + header.e_shoff, sizeof(first));
	n = header.e_shnum ? header.e_shnum : first.sh_size;
	if (!n || n > ELF_MAX_SECTIONS) {
		rd_error_set(err, EBADMSG, "ELF file claims %llu sections (limit %u)",
			     (unsigned long long)n, ELF_MAX_SECTIONS);
		return RD_ELF_BAD;
	}
	if (n > (len - header.e_shoff) / sizeof(first)) {
		rd_error_set(err, EBADMSG,
			     "ELF file has room for %zu of its %llu section headers: truncated",
			     (size_t)((len - header.e_shoff) / sizeof(first)),
			     (unsigned long long)n);
		return RD_ELF_BAD;
	}
	*np = (size_t)n;
	return 0;
}

static int index_section(struct rd_elf *elf, size_t i, const Elf64_Shdr *header,
			 struct rd_error *err)
{
	bool has_data = header->sh_type != SHT_NOBITS && header->sh_type != SHT_NULL;

	if (has_data &&
	    (header->sh_offset > elf->len || header->sh_size > elf->len - header->sh_offset))
		return elf_bad(err, "its data leaves the file: truncated", i);

	elf->sections[i] = (struct rd_elf_section){
		.name = "",
		.type = header->sh_type,
		.flags = header->sh_flags,
		.size = header->sh_type == SHT_NULL ? 0 : header->sh_size,
		.entsize = header->sh_entsize,
		.link = header->sh_link,
		.info = header->sh_info,
		.data = has_data && header->sh_size ? elf->data + header->sh_offset : NULL,
	};
	return 0;
}

/* Whether every offset below the table's size is the start of a short string that ends in it. */
static bool is_string_table(const struct rd_elf_section *section)
{
	const uint8_t *p = section->data;

	if (section->type != SHT_STRTAB || !p || p[section->size - 1])
		return false;
	/* From one end of a string to the last one within reach. */
	for (uint64_t left = section->size; left > ELF_MAX_NAME;) {
		const uint8_t *end = memrchr(p, '\0', ELF_MAX_NAME);

		if (!end)
			return false;
		left -= (uint64_t)(end + 1 - p);
		p = end + 1;
	}
	return true;
}

static int name_section(struct rd_elf *elf, size_t i, uint32_t name, size_t names,
			struct rd_error *err)
{
	if (name >= elf->sections[names].size)
		return elf_bad(err, "its name lies outside the table of names", i);
	elf->sections[i].name = (const char *)elf->sections[names].data + name;
	return 0;
}

/* Links the relocation sections to their targets, so that no list is searched for twice. */
static int link_relocs(struct rd_elf *elf, struct rd_error *err)
{
	for (size_t i = elf->n_sections; i-- > 1;) {
		const struct rd_elf_section *s = &elf->sections[i];
		size_t size = s->type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);

		if ((s->type != SHT_RELA && s->type != SHT_REL) || !s->data)
			continue;
		if (s->entsize != size || s->size % size)
			return elf_bad(err, "a relocation section of impossible size", i);
		if (s->info >= elf->n_sections)
			return elf_bad(err, "relocates a section that does not exist", i);
		elf->relocs[i].next = elf->relocs[s->info].first;
		elf->relocs[s->info].first = (uint32_t)i;
	}
	return 0;
}

static int index_sections(struct rd_elf *elf, Elf *e, struct rd_error *err)
{
	GElf_Shdr header; /* a copy: in an initramfs a file starts at any multiple of 4 */
	uint64_t total = 0;
	size_t names;
	int r;

	if (elf_getshdrstrndx(e, &names) || names >= elf->n_sections)
		return elf_bad(err, "no table of section names", 0);

	for (size_t i = 0; i < elf->n_sections; i++) {
		if (!gelf_getshdr(elf_getscn(e, i), &header))
			return elf_bad(err, elf_errmsg(-1), i);
		r = index_section(elf, i, &header, err);
		if (r)
			return r;
		/* Else a small file could ask for any amount of work. */
		total += elf->sections[i].data ? elf->sections[i].size : 0;
		if (total > elf->len)
			return elf_bad(err, "overlaps others", i);
	}
	if (!is_string_table(&elf->sections[names]))
		return elf_bad(err, "not a table of section names", names);
	for (size_t i = 0; i < elf->n_sections; i++) {
		gelf_getshdr(elf_getscn(e, i), &header);
		r = name_section(elf, i, header.sh_name, names, err);
		if (r)
			return r;
	}
	return link_relocs(elf, err);
}

/* The table of section numbers too large for st_shndx that belongs to symbol table @symtab. */
static const struct rd_elf_section *find_xindex(const struct rd_elf *elf, size_t symtab)
{
	for (size_t i = 1; i < elf->n_sections; i++) {
		if (elf->sections[i].type == SHT_SYMTAB_SHNDX && elf->sections[i].link == symtab)
			return &elf->sections[i];
	}
	return NULL;
}

static int symbol_section(const struct rd_elf *elf, const struct rd_elf_section *xindex, size_t i,
			  uint16_t shndx, uint32_t *sectionp)
{
	uint32_t section = shndx;

	if (shndx == SHN_XINDEX) {
		if (!xindex || i >= xindex->size / sizeof(section))
			return RD_ELF_BAD;
		memcpy(&section, xindex->data + i * sizeof(section), sizeof(section));
		if (section >= elf->n_sections)
			return RD_ELF_BAD;
	} else if (shndx < SHN_LORESERVE && shndx >= elf->n_sections) {
		return RD_ELF_BAD;
	}
	*sectionp = section;
	return 0;
}

static int index_symbol(struct rd_elf *elf, size_t i, const Elf64_Sym *symbol,
			const struct rd_elf_section *names, const struct rd_elf_section *xindex)
{
	uint32_t section;

	if (symbol->st_name >= names->size ||
	    symbol_section(elf, xindex, i, symbol->st_shndx, &section))
		return RD_ELF_BAD;
	elf->symbols[i] = (struct rd_elf_symbol){
		.name = (const char *)names->data + symbol->st_name,
		.value = symbol->st_value,
		.size = symbol->st_size,
		.section = section,
		.type = ELF64_ST_TYPE(symbol->st_info),
		.bind = ELF64_ST_BIND(symbol->st_info),
	};
	return 0;
}

static int index_symbols(struct rd_elf *elf, struct rd_error *err)
{
	const struct rd_elf_section *symtab = NULL, *names, *xindex;
	size_t i, n;

	for (i = 1; i < elf->n_sections && !symtab; i++) {
		if (elf->sections[i].type == SHT_SYMTAB)
			symtab = &elf->sections[i];
	}
	if (!symtab || !symtab->data)
		return 0;

	i = symtab - elf->sections;
	n = symtab->size / sizeof(Elf64_Sym);
	if (symtab->entsize != sizeof(Elf64_Sym) || symtab->size % sizeof(Elf64_Sym) ||
	    n > ELF_MAX_SYMBOLS)
		return elf_bad(err, "a symbol table of impossible size", i);
	if (symtab->link >= elf->n_sections || !is_string_table(&elf->sections[symtab->link]))
		return elf_bad(err, "a symbol table without names", i);

	elf->symbols = calloc(n, sizeof(*elf->symbols));
	if (!elf->symbols)
		return rd_error_nomem(err);
	names = &elf->sections[symtab->link];
	xindex = find_xindex(elf, i);
	for (size_t k = 0; k < n; k++) {
		Elf64_Sym symbol;

		memcpy(&symbol, symtab->data + k * sizeof(symbol), sizeof(symbol));
		if (index_symbol(elf, k, &symbol, names, xindex)) {
			rd_error_set(err, EBADMSG,
				     "ELF symbol %zu names a string or section that does not exist",
				     k);
			return RD_ELF_BAD;
		}
	}
	elf->n_symbols = n;
	return 0;
}

static int elf_index(struct rd_elf *elf, struct rd_error *err)
{
	RD_CLEANUP(elf_endp) Elf *e = NULL;
	GElf_Ehdr header;
	int r;

	r = count_sections(elf->data, elf->len, &elf->n_sections, err);
	if (r)
		return r;

	elf_version(EV_CURRENT);
	e = elf_memory((char *)elf->data, elf->len);
	if (!e || !gelf_getehdr(e, &header)) {
		rd_error_set(err, EBADMSG, "ELF: %s", elf_errmsg(-1));
		return RD_ELF_BAD;
	}
	elf->machine = header.e_machine;
	elf->sections = calloc(elf->n_sections, sizeof(*elf->sections));
	elf->relocs = calloc(elf->n_sections, sizeof(*elf->relocs));
	if (!elf->sections || !elf->relocs)
		return rd_error_nomem(err);

	r = index_sections(elf, e, err);
	if (r)
		return r;
	return index_symbols(elf, err);
}

int rd_elf_index(struct rd_elf *elf, const void *data, size_t len, struct rd_error *err)
{
	int r;

	*elf = (struct rd_elf)RD_ELF_INIT;
	r = check_header(data, len, err);
	if (r)
		return r;
	elf->data = data;
	elf->len = len;
	r = elf_index(elf, err);
	if (r)
		rd_elf_deinit(elf);
	return r;
}

int rd_elf_init(struct rd_elf *elf, const void *data, size_t len, struct rd_error *err)
{
	int r;

	r = rd_elf_index(elf, data, len, err);
	for (size_t i = 0; !r && i < elf->n_sections; i++)
		r = rd_elf_load_relocs(elf, i, err);
	if (r)
		rd_elf_deinit(elf);
	return r;
}

void rd_elf_deinit(struct rd_elf *elf)
{
	for (size_t i = 0; elf->relocs && i < elf->n_sections; i++)
		free(elf->relocs[i].owned);
	free(elf->relocs);
	free(elf->sections);
	free(elf->symbols);
	*elf = (struct rd_elf)RD_ELF_INIT;
}

static int reloc_compare(const void *a, const void *b)
{
	const struct rd_elf_reloc *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* What a sorted list must not have, or NULL. */
static const char *find_disorder(const struct rd_elf *elf, size_t target,
				 const struct rd_elf_relocs *list)
{
	if (list->n && list->items[list->n - 1].offset > elf->sections[target].size)
		return "a relocation lies outside of it";
	for (size_t i = ELF_MAX_STACKED_RELOCS; i < list->n; i++) {
		if (list->items[i].offset == list->items[i - ELF_MAX_STACKED_RELOCS].offset)
			return "too many relocations of one place";
	}
	return NULL;
}

/* Whether all items name existing symbols; @is_sortedp: and ascend. */
static bool check_relocs(const struct rd_elf *elf, const struct rd_elf_reloc *items, size_t n,
			 bool *is_sortedp)
{
	bool is_sorted = true, is_good = true;

	for (size_t i = 0; i < n; i++) {
		is_good &= items[i].symbol < elf->n_symbols;
		is_sorted &= !i || items[i - 1].offset <= items[i].offset;
	}
	*is_sortedp = is_sorted;
	return is_good;
}

/* Appends the entries of a SHT_RELA or SHT_REL section to @items. */
static size_t copy_relocs(const struct rd_elf_section *section, struct rd_elf_reloc *items)
{
	size_t n = section->size / section->entsize;

	/* An Elf64_Rel is an Elf64_Rela without the addend at its end. */
	for (size_t i = 0; i < n; i++)
		memcpy(&items[i], section->data + i * section->entsize, section->entsize);
	return n;
}

static int load_owned(const struct rd_elf *elf, size_t target, struct rd_elf_relocs *list,
		      struct rd_error *err)
{
	size_t n = 0;
	bool is_sorted;

	list->owned = calloc(list->n, sizeof(*list->owned));
	if (!list->owned)
		return rd_error_nomem(err);
	for (size_t i = list->first; i; i = elf->relocs[i].next)
		n += copy_relocs(&elf->sections[i], list->owned + n);
	if (!check_relocs(elf, list->owned, n, &is_sorted))
		return elf_bad(err, "a relocation names a symbol that does not exist", target);
	if (!is_sorted)
		qsort(list->owned, n, sizeof(*list->owned), reloc_compare);
	list->items = list->owned;
	return 0;
}

static int load_relocs(const struct rd_elf *elf, size_t target, struct rd_elf_relocs *list,
		       struct rd_error *err)
{
	const struct rd_elf_section *first = &elf->sections[list->first];
	bool is_sorted;

	for (size_t i = list->first; i; i = elf->relocs[i].next)
		list->n += elf->sections[i].size / elf->sections[i].entsize;
	if (elf->relocs[list->first].next || first->type != SHT_RELA ||
	    (uintptr_t)first->data % _Alignof(struct rd_elf_reloc))
		return load_owned(elf, target, list, err);

	list->items = (const void *)first->data;
	if (!check_relocs(elf, list->items, list->n, &is_sorted))
		return elf_bad(err, "a relocation names a symbol that does not exist", target);
	return is_sorted ? 0 : load_owned(elf, target, list, err);
}

int rd_elf_load_relocs(struct rd_elf *elf, size_t section, struct rd_error *err)
{
	struct rd_elf_relocs *list = &elf->relocs[section];
	const char *disorder;
	int r = 0;

	if (list->is_loaded)
		return 0;
	if (list->first)
		r = load_relocs(elf, section, list, err);
	disorder = r ? NULL : find_disorder(elf, section, list);
	if (disorder)
		r = elf_bad(err, disorder, section);
	if (r) {
		free(list->owned);
		list->owned = NULL;
		list->items = NULL;
		list->n = 0;
		return r;
	}
	list->is_loaded = true;
	return 0;
}

const struct rd_elf_section *rd_elf_section(const struct rd_elf *elf, const char *name)
{
	for (size_t i = 1; i < elf->n_sections; i++) {
		if (!strcmp(elf->sections[i].name, name))
			return &elf->sections[i];
	}
	return NULL;
}

/* The first entry at or after @offset. */
static size_t reloc_lower_bound(const struct rd_elf_relocs *list, uint64_t offset)
{
	size_t from = 0, to = list->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (list->items[middle].offset < offset)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const struct rd_elf_reloc *rd_elf_relocs_in(const struct rd_elf *elf, size_t section, uint64_t from,
					    uint64_t to, size_t *np)
{
	const struct rd_elf_relocs *list = &elf->relocs[section];
	size_t first, end;

	*np = 0;
	if (!list->n || from >= to)
		return NULL;
	first = reloc_lower_bound(list, from);
	end = reloc_lower_bound(list, to);
	*np = end - first;
	return list->items + first;
}

const char *rd_elf_string(const struct rd_elf_section *section, uint64_t offset)
{
	if (!section->data || offset >= section->size ||
	    !memchr(section->data + offset, '\0', section->size - offset))
		return NULL;
	return (const char *)section->data + offset;
}
