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
/* How far before or behind a table a folded index reaches. */
#define CANON_MAX_BESIDE 64
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

/* Whether @b has the distance from @unit's partner that @a has from @unit, a unit of A. */
static bool is_same_distance(const struct compare *c, const struct compare_unit *unit,
			     struct compare_place a, struct compare_place b)
{
	const struct compare_unit *partner;

	if (unit->pair == COMPARE_NONE)
		return false;
	partner = &c->b.units.items[unit->pair];
	return partner->section == b.section && b.offset - partner->start == a.offset - unit->start;
}

/* Whether two units of uncertain pairs, or without one, are the same in name and content. */
static bool is_same_content(struct compare *c, const struct compare_unit *x,
			    const struct compare_unit *y, unsigned int depth)
{
	if (x->is_content != y->is_content)
		return false;
	if (!x->is_content && (x->name != y->name || x->is_certain || y->is_certain))
		return false;
	return rd_compare_contents(c, x, y, depth + 1);
}

/* The unit that @i starts with, or one more that starts there. */
static bool is_same_floor(struct compare *c, uint32_t i, struct compare_place a,
			  struct compare_place b, unsigned int depth)
{
	const struct compare_unit *units = c->a.units.items, *others = c->b.units.items;
	uint32_t first = c->a.sections[a.section].first;
	uint32_t k = rd_compare_floor(&c->b, b.section, b.offset), last = k;

	for (uint32_t n = 0, at = i; n < CANON_MAX_ALIASES; n++, at--) {
		if (is_same_distance(c, &units[at], a, b))
			return true;
		if (at == first || units[at - 1].start != units[i].start)
			break;
	}
	if (k == COMPARE_NONE || b.offset - others[k].start != a.offset - units[i].start)
		return false;
	for (uint32_t n = 0; n < CANON_MAX_ALIASES && others[k].start == others[last].start; n++) {
		if (is_same_content(c, &units[i], &others[k], depth))
			return true;
		if (k-- == c->b.sections[b.section].first)
			break;
	}
	return false;
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
 * The end of a table is the start of what follows, and a loop over one member of its elements ends
 * a little further. Only a user of the table can mean it: else an edit that swaps two objects and
 * their order would pass.
 */
static bool is_same_end(struct compare *c, uint32_t i, struct compare_place a,
			struct compare_place b)
{
	uint32_t first = c->a.sections[a.section].first;

	for (uint32_t n = 0; n < CANON_MAX_ALIASES; n++, i--) {
		const struct compare_unit *unit = &c->a.units.items[i];

		if (unit->end > unit->start && unit->end <= a.offset &&
		    a.offset - unit->end <= CANON_MAX_BESIDE && is_same_distance(c, unit, a, b) &&
		    has_reference(c, unit))
			return true;
		if (i == first)
			break;
	}
	return false;
}

/* @floor: the unit that @a lies in or behind; COMPARE_NONE before the first one. */
static bool is_same_before(const struct compare *c, uint32_t floor, struct compare_place a,
			   struct compare_place b)
{
	const struct compare_section *section = &c->a.sections[a.section];
	const struct compare_unit *next;
	uint32_t i = floor == COMPARE_NONE ? section->first : floor + 1;

	if (i >= section->first + section->n ||
	    (floor != COMPARE_NONE && c->a.units.items[floor].start == a.offset))
		return false;
	next = &c->a.units.items[i];
	return next->start - a.offset <= CANON_MAX_BESIDE && is_same_distance(c, next, a, b);
}

static bool is_same_in_units(struct compare *c, struct compare_place a, struct compare_place b,
			     unsigned int depth)
{
	uint32_t i = rd_compare_floor(&c->a, a.section, a.offset);

	if (i == COMPARE_NONE && a.offset == b.offset &&
	    rd_compare_floor(&c->b, b.section, b.offset) == COMPARE_NONE)
		return true;
	if (i != COMPARE_NONE && is_same_floor(c, i, a, b, depth))
		return true;
	if (c->a.sections[a.section].is_code)
		return false;
	return (i != COMPARE_NONE && is_same_end(c, i, a, b)) || is_same_before(c, i, a, b);
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
