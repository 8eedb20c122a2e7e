/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The index of one module: which sections count, which units they hold, and which unit is at an
 * offset. Lookups go through buckets of equal width that narrow a binary search to a few units, so
 * that no layout makes them slow.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compare_private.h"

/*
 * Loaded, but not compared as bytes: what unwinds the stack, types, and the tables that
 * compare_meta.c reads by key.
 */
static const char *const ignored_sections[] = {
	".orc_unwind", ".orc_unwind_ip", ".orc_header",	       ".BTF",
	".modinfo",    "__versions",	 "__version_ext_crcs", "__version_ext_names",
};

enum compare_class rd_compare_classify(const struct rd_elf_section *section)
{
	if (!(section->flags & SHF_ALLOC) || section->type == SHT_NOTE)
		return COMPARE_IGNORED;
	for (size_t i = 0; i < RD_N_ELEMENTS(ignored_sections); i++) {
		if (!strcmp(section->name, ignored_sections[i]))
			return COMPARE_IGNORED;
	}
	if (section->flags & SHF_MERGE && section->entsize && section->data)
		return section->flags & SHF_STRINGS ? COMPARE_STRINGS : COMPARE_CONSTANTS;
	return COMPARE_UNITS;
}

bool rd_compare_is_defined(const struct rd_elf *elf, const struct rd_elf_symbol *symbol)
{
	return symbol->section != SHN_UNDEF && symbol->section < elf->n_sections &&
	       symbol->section < SHN_LORESERVE;
}

/*
 * __pfx_ symbols name the pad before a function (CONFIG_FUNCTION_PADDING_BYTES): without them the
 * pad is what lies between functions, which is looked at.
 */
static bool is_unit(const struct compare_side *side, const struct rd_elf_symbol *symbol)
{
	if (!*symbol->name || !rd_compare_is_defined(side->elf, symbol) ||
	    side->sections[symbol->section].class != COMPARE_UNITS ||
	    symbol->value > side->elf->sections[symbol->section].size)
		return false;
	if (symbol->type == STT_NOTYPE)
		return symbol->size;
	return (symbol->type == STT_FUNC || symbol->type == STT_OBJECT ||
		symbol->type == STT_GNU_IFUNC) &&
	       !rd_text_has_prefix(symbol->name, "__pfx_");
}

static int add_unit(struct compare *c, struct compare_side *side, uint32_t i)
{
	const struct rd_elf_symbol *symbol = &side->elf->symbols[i];
	const struct compare_section *section = &side->sections[symbol->section];
	uint64_t room = side->elf->sections[symbol->section].size - symbol->value;
	bool is_function = section->is_code && symbol->type != STT_OBJECT;
	size_t len = rd_compare_name_len(symbol->name, is_function);
	struct compare_unit unit = {
		.start = symbol->value,
		.end = symbol->value + (symbol->size < room ? symbol->size : room),
		.section = symbol->section,
		.symbol = i,
		.pair = COMPARE_NONE,
		.is_function = is_function,
		.is_helper = !is_function && symbol->name[len],
		.is_content = section->is_dyndbg,
	};
	int r;

	if (is_function) {
		side->has_functions = true;
		side->has_local_functions |= symbol->bind == STB_LOCAL;
		side->has_lto |= strstr(symbol->name, ".llvm.") ||
				 strstr(symbol->name, ".lto_priv");
	}
	r = rd_compare_names_add(c, symbol->name, len, &unit.name);
	if (r)
		return r;
	side->name_of[i] = unit.name;
	return rd_array_push(&side->units, &unit);
}

static int add_units(struct compare *c, struct compare_side *side)
{
	for (uint32_t i = 0; i < side->elf->n_symbols && !c->is_exhausted; i++) {
		const struct rd_elf_symbol *symbol = &side->elf->symbols[i];
		int r = 0;

		side->name_of[i] = COMPARE_NONE;
		if (is_unit(side, symbol))
			r = add_unit(c, side, i);
		else if (!rd_compare_is_defined(side->elf, symbol))
			r = rd_compare_names_add(c, symbol->name, strlen(symbol->name),
						 &side->name_of[i]);
		if (r)
			return r;
	}
	return 0;
}

static int unit_compare(const void *a, const void *b)
{
	const struct compare_unit *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

static int fill_buckets(struct compare_section *section, const struct compare_unit *units,
			uint64_t size)
{
	size_t n, k = 0;

	while (size >> section->shift > 2 * (uint64_t)section->n)
		section->shift++;
	n = (size_t)(size >> section->shift) + 2;
	section->buckets = malloc(n * sizeof(*section->buckets));
	if (!section->buckets)
		return -ENOMEM;
	for (uint32_t i = 0; i < section->n; i++) {
		for (; k <= units[i].start >> section->shift; k++)
			section->buckets[k] = section->first + i;
	}
	for (; k < n; k++)
		section->buckets[k] = section->first + section->n;
	return 0;
}

/* Offsets of a section's relocations ascend as its units do. */
static void link_relocs(const struct rd_elf_relocs *relocs, struct compare_unit *units, size_t n)
{
	uint32_t k = 0;

	for (size_t i = 0; i < n; i++) {
		while (k < relocs->n && relocs->items[k].offset < units[i].start)
			k++;
		units[i].reloc = k;
	}
}

static int link_sections(struct compare_side *side)
{
	struct compare_units *units = &side->units;

	for (size_t i = 0; i < side->elf->n_sections; i++) {
		free(side->sections[i].buckets);
		side->sections[i].buckets = NULL;
		side->sections[i].shift = 0;
		side->sections[i].n = 0;
	}
	for (uint32_t i = 0; i < units->n; i++) {
		struct compare_section *section = &side->sections[units->items[i].section];

		if (!section->n++)
			section->first = i;
		if (units->items[i].symbol != COMPARE_NONE)
			side->unit_of[units->items[i].symbol] = i;
	}
	for (size_t i = 0; i < side->elf->n_sections; i++) {
		struct compare_section *section = &side->sections[i];
		int r;

		if (!section->n)
			continue;
		link_relocs(&side->elf->relocs[i], units->items + section->first, section->n);
		r = fill_buckets(section, units->items + section->first,
				 side->elf->sections[i].size);
		if (r)
			return r;
	}
	return 0;
}

/* A function that assembly left without a size reaches to the next one. */
static void size_functions(struct compare_side *side)
{
	struct compare_unit *units = side->units.items;
	uint64_t next = 0;
	uint32_t section = COMPARE_NONE;

	for (size_t i = side->units.n; i--;) {
		if (units[i].section != section) {
			section = units[i].section;
			next = side->elf->sections[section].size;
		}
		if (units[i].is_function && units[i].end == units[i].start)
			units[i].end = next;
		if (!i || units[i - 1].start != units[i].start)
			next = units[i].start;
	}
}

static int add_chunks(struct compare_side *side)
{
	struct compare_units chunks = { 0 };
	int r;

	r = rd_compare_gaps(side, &chunks);
	for (size_t i = 0; !r && i < chunks.n; i++)
		r = rd_array_push(&side->units, &chunks.items[i]);
	if (!r && chunks.n) {
		qsort(side->units.items, side->units.n, sizeof(*side->units.items), unit_compare);
		r = link_sections(side);
	}
	free(chunks.items);
	return r;
}

/* Entries and not content: what has relocations but no symbol, and is not code. */
static void find_tables(struct compare_side *side)
{
	for (size_t i = 0; i < side->elf->n_sections; i++) {
		struct compare_section *section = &side->sections[i];

		if (section->class == COMPARE_UNITS && !section->n && !section->is_code &&
		    side->elf->relocs[i].n)
			section->class = COMPARE_TABLE;
	}
}

static int init_side(struct compare_side *side, const struct rd_elf *elf)
{
	side->elf = elf;
	side->sections = calloc(elf->n_sections + 1, sizeof(*side->sections));
	side->unit_of = malloc((elf->n_symbols + 1) * sizeof(*side->unit_of));
	side->name_of = malloc((elf->n_symbols + 1) * sizeof(*side->name_of));
	if (!side->sections || !side->unit_of || !side->name_of)
		return -ENOMEM;
	memset(side->unit_of, 0xff, elf->n_symbols * sizeof(*side->unit_of));
	for (size_t i = 0; i < elf->n_sections; i++) {
		side->sections[i] = (struct compare_section){
			.class = rd_compare_classify(&elf->sections[i]),
			.is_code = elf->sections[i].flags & SHF_EXECINSTR,
			.is_dyndbg = !strcmp(elf->sections[i].name, "__dyndbg"),
			.pair = COMPARE_NONE,
		};
	}
	return 0;
}

int rd_compare_index(struct compare *c, struct compare_side *side, const struct rd_elf *elf)
{
	int r;

	r = init_side(side, elf);
	if (r)
		return r;
	r = add_units(c, side);
	if (r || c->is_exhausted || !side->units.n || side->units.n > COMPARE_MAX_UNITS)
		return r;
	qsort(side->units.items, side->units.n, sizeof(*side->units.items), unit_compare);
	size_functions(side);
	r = link_sections(side);
	if (r)
		return r;
	find_tables(side);
	return add_chunks(side);
}

void rd_compare_side_deinit(struct compare_side *side)
{
	for (size_t i = 0; side->sections && i < side->elf->n_sections; i++)
		free(side->sections[i].buckets);
	free(side->sections);
	free(side->units.items);
	free(side->unit_of);
	free(side->name_of);
	*side = (struct compare_side){ 0 };
}

uint32_t rd_compare_floor(const struct compare_side *side, uint32_t section, uint64_t offset)
{
	const struct compare_section *s = &side->sections[section];
	uint32_t from, to;

	if (!s->n)
		return COMPARE_NONE;
	if (offset > side->elf->sections[section].size)
		offset = side->elf->sections[section].size;
	from = s->buckets[offset >> s->shift];
	to = s->buckets[(offset >> s->shift) + 1];
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (side->units.items[middle].start <= offset)
			from = middle + 1;
		else
			to = middle;
	}
	return from == s->first ? COMPARE_NONE : from - 1;
}

/* Whether both sections hold the same bytes and nothing in them depends on the rest. */
static bool is_same_data(const struct compare *c, size_t i, size_t k)
{
	const struct rd_elf_section *a = &c->a.elf->sections[i], *b = &c->b.elf->sections[k];

	return !c->a.elf->relocs[i].n && !c->b.elf->relocs[k].n && a->entsize == b->entsize &&
	       a->size == b->size && a->data && b->data && !memcmp(a->data, b->data, a->size);
}

/* Whether every unit of a section has its partner at the same number and place. */
static void compare_layout(const struct compare *c, struct compare_section *a,
			   const struct compare_section *b)
{
	bool is_same = true;

	if (a->n != b->n)
		return;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct compare_unit *x = &c->a.units.items[a->first + i];
		const struct compare_unit *y = &c->b.units.items[b->first + i];
		bool is_content = x->is_content && y->is_content && x->end == y->end;

		if (x->start != y->start || (x->pair != b->first + i && !is_content))
			return;
		is_same &= !is_content;
	}
	a->is_settled = true;
	a->is_same = is_same;
}

void rd_compare_index_pairs(struct compare *c)
{
	for (uint32_t i = 0; i < c->a.elf->n_sections; i++) {
		struct compare_section *a = &c->a.sections[i], *b;

		if (a->pair == COMPARE_NONE)
			continue;
		b = &c->b.sections[a->pair];
		if (a->class != b->class)
			continue;
		if (a->class == COMPARE_STRINGS || a->class == COMPARE_CONSTANTS)
			a->is_same = is_same_data(c, i, a->pair);
		else if (a->class == COMPARE_UNITS && a->n)
			compare_layout(c, a, b);
	}
}
