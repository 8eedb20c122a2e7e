/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * When are two places the same? Numbers say nothing: the linker moves units and merges texts and
 * constants. So a place is the same if it shows the same text or constant, or has the same distance
 * from units that are a pair. A reference may belong to the unit that it lies in, to the one that
 * ends there (the end of a table) or, a little before its start, to the one that follows (gcc folds
 * the -1 of table[i - 1] into the address): one that fits is enough. Units known by content only
 * (chunks, dynamic debug descriptors) and namesakes compare by content, down to a fixed depth.
 */

#include <elf.h>
#include <string.h>

#include "compare_private.h"

/* Content that refers to content: descriptor, function name; statics of one name. */
#define CANON_MAX_DEPTH 6
/* How many symbols of one address are looked at; zero-size lock keys share addresses by dozens. */
#define CANON_MAX_ALIASES 64
/* How far before a table a folded index reaches. */
#define CANON_MAX_BEFORE 64
/* linux/dynamic_debug.h, struct _ddebug: four pointers, then `lineno : 18` and other bits. */
#define DYNDBG_LINE	 32
#define DYNDBG_LINE_MASK 0x3ffffu

bool rd_compare_is_pc_relative(const struct rd_elf *elf, const struct rd_elf_reloc *reloc)
{
	return elf->machine == EM_X86_64 &&
	       (reloc->type == R_X86_64_PC32 || reloc->type == R_X86_64_PLT32 ||
		reloc->type == R_X86_64_GOTPCREL || reloc->type == R_X86_64_GOTPCRELX ||
		reloc->type == R_X86_64_REX_GOTPCRELX);
}

static const uint8_t *constant_at(const struct compare_side *side, struct compare_place place,
				  uint64_t *startp)
{
	const struct rd_elf_section *section = &side->elf->sections[place.section];

	*startp = place.offset - place.offset % section->entsize;
	if (place.offset >= section->size || section->entsize > section->size - *startp)
		return NULL;
	return section->data + *startp;
}

static bool is_same_constant(struct compare *c, struct compare_place a, struct compare_place b,
			     unsigned int depth)
{
	uint64_t size = c->a.elf->sections[a.section].entsize, start[2];
	const uint8_t *x = constant_at(&c->a, a, &start[0]);
	const uint8_t *y = constant_at(&c->b, b, &start[1]);
	const struct rd_elf_reloc *relocs[2];
	size_t n[2];

	if (size != c->b.elf->sections[b.section].entsize || a.offset % size != b.offset % size ||
	    !x || !y || !rd_compare_spend(c, 1 + size / 8) || memcmp(x, y, size))
		return false;
	relocs[0] = rd_elf_relocs_in(c->a.elf, a.section, start[0], start[0] + size, &n[0]);
	relocs[1] = rd_elf_relocs_in(c->b.elf, b.section, start[1], start[1] + size, &n[1]);
	if (n[0] != n[1])
		return false;
	for (size_t i = 0; i < n[0]; i++) {
		if (relocs[0][i].offset - start[0] != relocs[1][i].offset - start[1] ||
		    relocs[0][i].type != relocs[1][i].type ||
		    !rd_compare_relocs(c, &relocs[0][i], &relocs[1][i], 0, depth + 1))
			return false;
	}
	return true;
}

/* The word of a descriptor that holds the line, without it. */
static uint32_t dyndbg_word(const uint8_t *p)
{
	uint32_t word;

	memcpy(&word, p + DYNDBG_LINE, sizeof(word));
	return word & ~DYNDBG_LINE_MASK;
}

static bool is_same_bytes(const struct compare *c, const struct compare_unit *a,
			  const struct compare_unit *b)
{
	const uint8_t *x = c->a.elf->sections[a->section].data;
	const uint8_t *y = c->b.elf->sections[b->section].data;
	uint64_t size = a->end - a->start, after = DYNDBG_LINE + sizeof(uint32_t);

	if (!x || !y)
		return !x && !y;
	x += a->start;
	y += b->start;
	if (!c->a.sections[a->section].is_dyndbg || size < after)
		return !memcmp(x, y, size);
	return !memcmp(x, y, DYNDBG_LINE) && dyndbg_word(x) == dyndbg_word(y) &&
	       !memcmp(x + after, y + after, size - after);
}

bool rd_compare_contents(struct compare *c, const struct compare_unit *a,
			 const struct compare_unit *b, unsigned int depth)
{
	const struct rd_elf_relocs *x = &c->a.elf->relocs[a->section];
	const struct rd_elf_relocs *y = &c->b.elf->relocs[b->section];
	bool is_code = c->a.sections[a->section].is_code;
	size_t i = a->reloc, k = b->reloc;

	if (a->end - a->start != b->end - b->start || depth > CANON_MAX_DEPTH ||
	    !rd_compare_spend(c, 1 + (a->end - a->start) / 16) || !is_same_bytes(c, a, b))
		return false;
	for (;; i++, k++) {
		bool has_x = i < x->n && x->items[i].offset < a->end;
		bool has_y = k < y->n && y->items[k].offset < b->end;
		int64_t adjust;

		if (!has_x || !has_y)
			return has_x == has_y;
		adjust = is_code && rd_compare_is_pc_relative(c->a.elf, &x->items[i]) ? 4 : 0;
		if (x->items[i].offset - a->start != y->items[k].offset - b->start ||
		    x->items[i].type != y->items[k].type ||
		    !rd_compare_relocs(c, &x->items[i], &y->items[k], adjust, depth + 1))
			return false;
	}
}

/* @b is the partner of @a or of a unit at the same address as @a. */
static bool is_pair(const struct compare *c, uint32_t a, uint32_t b)
{
	const struct compare_unit *units = c->a.units.items, *others = c->b.units.items;

	for (uint32_t i = a, n = 0; n < CANON_MAX_ALIASES; i--, n++) {
		uint32_t pair = units[i].pair;

		if (pair == b)
			return true;
		if (pair != COMPARE_NONE && others[pair].section == others[b].section &&
		    others[pair].start == others[b].start)
			return true;
		if (!i || units[i - 1].section != units[a].section ||
		    units[i - 1].start != units[a].start)
			break;
	}
	return false;
}

/*
 * Whether two units may stand for each other: a pair, or the same in content and name where it is
 * not certain which of the namesakes are pairs.
 */
static bool is_same_unit(struct compare *c, uint32_t a, uint32_t b, unsigned int depth)
{
	struct compare_unit *x = &c->a.units.items[a], *y = &c->b.units.items[b];

	if (is_pair(c, a, b))
		return true;
	if (x->is_content != y->is_content)
		return false;
	if (!x->is_content && (x->name != y->name || x->is_certain || y->is_certain))
		return false;
	return rd_compare_contents(c, x, y, depth + 1);
}

/* The unit before @i that ends at @offset, if @i starts there. */
static uint32_t find_ending(const struct compare_side *side, uint32_t i, uint64_t offset)
{
	const struct compare_unit *units = side->units.items;
	uint32_t first = side->sections[units[i].section].first;

	for (uint32_t n = 0; n < CANON_MAX_ALIASES && units[i].start == offset; n++) {
		if (i == first)
			return COMPARE_NONE;
		i--;
	}
	return units[i].end == offset && units[i].start != offset ? i : COMPARE_NONE;
}

/* Whether c->user refers to a place inside @unit. */
static bool has_reference(struct compare *c, const struct compare_unit *unit)
{
	const struct rd_elf_relocs *relocs;
	bool is_code;

	if (!c->user)
		return false;
	relocs = &c->a.elf->relocs[c->user->section];
	is_code = c->a.sections[c->user->section].is_code;
	for (size_t i = c->user->reloc; i < relocs->n && relocs->items[i].offset < c->user->end;
	     i++) {
		const struct rd_elf_reloc *reloc = &relocs->items[i];
		const struct rd_elf_symbol *symbol = &c->a.elf->symbols[reloc->symbol];
		uint64_t offset = symbol->value + (uint64_t)reloc->addend;

		if (is_code && rd_compare_is_pc_relative(c->a.elf, reloc))
			offset += 4;
		if (symbol->section == unit->section && offset >= unit->start && offset < unit->end)
			return true;
		if (!rd_compare_spend(c, 1))
			return false;
	}
	return false;
}

/*
 * The end of a table is the start of what follows, so only a user of the table can mean it: else an
 * edit that swaps two objects and their order would pass.
 */
static bool is_same_end(struct compare *c, uint32_t a, uint32_t b, struct compare_place x,
			struct compare_place y)
{
	a = find_ending(&c->a, a, x.offset);
	b = find_ending(&c->b, b, y.offset);
	return a != COMPARE_NONE && b != COMPARE_NONE && is_pair(c, a, b) &&
	       has_reference(c, &c->a.units.items[a]);
}

/* The distance to the unit after @floor, which may be COMPARE_NONE; 0 if it is none of interest. */
static uint64_t distance_before(const struct compare_side *side, struct compare_place place,
				uint32_t floor, uint32_t *nextp)
{
	const struct compare_section *section = &side->sections[place.section];
	uint64_t start;

	if (floor != COMPARE_NONE && side->units.items[floor].start == place.offset)
		return 0;
	*nextp = floor == COMPARE_NONE ? section->first : floor + 1;
	if (*nextp >= section->first + section->n)
		return 0;
	start = side->units.items[*nextp].start;
	return start - place.offset <= CANON_MAX_BEFORE ? start - place.offset : 0;
}

static bool is_same_before(struct compare *c, uint32_t a, uint32_t b, struct compare_place x,
			   struct compare_place y)
{
	uint32_t next[2];
	uint64_t distance = distance_before(&c->a, x, a, &next[0]);

	return distance && distance == distance_before(&c->b, y, b, &next[1]) &&
	       is_pair(c, next[0], next[1]);
}

static bool is_same_in_units(struct compare *c, struct compare_place a, struct compare_place b,
			     unsigned int depth)
{
	uint32_t x = rd_compare_floor(&c->a, a.section, a.offset);
	uint32_t y = rd_compare_floor(&c->b, b.section, b.offset);

	if (x != COMPARE_NONE && y != COMPARE_NONE) {
		if (a.offset - c->a.units.items[x].start == b.offset - c->b.units.items[y].start &&
		    is_same_unit(c, x, y, depth))
			return true;
		if (c->a.sections[a.section].is_code)
			return false;
		if (is_same_end(c, x, y, a, b))
			return true;
	} else if (x == y && a.offset == b.offset) {
		return true;
	}
	return is_same_before(c, x, y, a, b);
}

bool rd_compare_places(struct compare *c, struct compare_place a, struct compare_place b,
		       unsigned int depth)
{
	const struct compare_section *x = &c->a.sections[a.section];
	const struct compare_section *y = &c->b.sections[b.section];

	if (x->is_same && x->pair == b.section && a.offset == b.offset)
		return true;
	if (x->class != y->class || depth > CANON_MAX_DEPTH || !rd_compare_spend(c, 1))
		return false;
	if (x->class == COMPARE_STRINGS)
		return rd_compare_strings(c, a, b);
	if (x->class == COMPARE_CONSTANTS)
		return is_same_constant(c, a, b, depth);
	if (strcmp(c->a.elf->sections[a.section].name, c->b.elf->sections[b.section].name))
		return false;
	return is_same_in_units(c, a, b, depth);
}

bool rd_compare_relocs(struct compare *c, const struct rd_elf_reloc *a,
		       const struct rd_elf_reloc *b, int64_t adjust, unsigned int depth)
{
	const struct rd_elf_symbol *x = &c->a.elf->symbols[a->symbol];
	const struct rd_elf_symbol *y = &c->b.elf->symbols[b->symbol];
	uint32_t unit = c->a.unit_of[a->symbol];

	if (rd_compare_is_defined(c->a.elf, x) != rd_compare_is_defined(c->b.elf, y))
		return false;
	if (!rd_compare_is_defined(c->a.elf, x))
		return c->a.name_of[a->symbol] == c->b.name_of[b->symbol] &&
		       x->section == y->section && a->addend == b->addend;
	if (unit != COMPARE_NONE && a->addend == b->addend &&
	    c->a.units.items[unit].pair != COMPARE_NONE &&
	    c->a.units.items[unit].pair == c->b.unit_of[b->symbol])
		return true;
	return rd_compare_places(
		c, (struct compare_place){ x->section, x->value + (uint64_t)(a->addend + adjust) },
		(struct compare_place){ y->section, y->value + (uint64_t)(b->addend + adjust) },
		depth);
}
