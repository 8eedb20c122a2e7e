/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Families of object files have all their static names in common (the irq, gpio and resource files
 * of each display generation), so no neighbour in the symbol table tells their members apart. But
 * some function or table of a pair refers to them: what two partners refer to at the same place is
 * a pair if it has one name. And the symbol beside a pair is beside it in the other module too, as
 * long as names and bytes agree. Both spread from pair to pair until nothing more is found.
 *
 * None of this is certain, so the compare may fall back on the content of such pairs.
 */

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "compare_private.h"

struct units {
	uint32_t *items;
	size_t n, cap;
};

static int set_kin(struct compare *c, uint32_t a, uint32_t b, struct units *todo)
{
	rd_compare_pair_set(c, a, b, false);
	return rd_array_push(todo, &a);
}

static bool is_free(const struct compare_unit *unit)
{
	return unit->pair == COMPARE_NONE && rd_compare_is_pairable(unit);
}

/* The unit that a relocation of code or data refers to, COMPARE_NONE if that is no unit. */
static uint32_t find_target(const struct compare_side *side, const struct rd_elf_reloc *reloc,
			    bool is_code, uint64_t *distancep)
{
	const struct rd_elf_symbol *symbol = &side->elf->symbols[reloc->symbol];
	uint64_t offset = symbol->value + (uint64_t)reloc->addend;
	uint32_t i;

	if (!rd_compare_is_defined(side->elf, symbol) ||
	    side->sections[symbol->section].class != COMPARE_UNITS)
		return COMPARE_NONE;
	if (is_code && rd_compare_is_pc_relative(side->elf, reloc))
		offset += 4;
	i = rd_compare_floor(side, symbol->section, offset);
	if (i != COMPARE_NONE)
		*distancep = offset - side->units.items[i].start;
	return i;
}

/* A unit of B that starts where @i does, has the name, and no partner. */
static uint32_t find_namesake(const struct compare_side *side, uint32_t i, uint32_t name)
{
	const struct compare_unit *units = side->units.items;
	uint32_t first = side->sections[units[i].section].first;

	for (uint32_t k = i; units[k].start == units[i].start; k--) {
		if (units[k].name == name && is_free(&units[k]))
			return k;
		if (k == first || i - k > 64)
			break;
	}
	return COMPARE_NONE;
}

static int pair_targets(struct compare *c, const struct rd_elf_reloc *x,
			const struct rd_elf_reloc *y, bool is_code, struct units *todo)
{
	uint64_t distance[2];
	uint32_t a = find_target(&c->a, x, is_code, &distance[0]), first, k, b;
	const struct compare_unit *units = c->a.units.items;
	int r = 0;

	if (a == COMPARE_NONE || !is_free(&units[a]))
		return 0;
	b = find_target(&c->b, y, is_code, &distance[1]);
	if (b == COMPARE_NONE || distance[0] != distance[1])
		return 0;
	first = c->a.sections[units[a].section].first;
	for (k = a; !r && units[k].start == units[a].start && a - k <= 64; k--) {
		uint32_t namesake = is_free(&units[k]) ? find_namesake(&c->b, b, units[k].name)
						       : COMPARE_NONE;

		if (namesake != COMPARE_NONE)
			r = set_kin(c, k, namesake, todo);
		if (k == first)
			break;
	}
	return r;
}

/* Pairs what two partners refer to, as long as their relocations are in step. */
static int visit_references(struct compare *c, uint32_t i, struct units *todo)
{
	const struct compare_unit *a = &c->a.units.items[i], *b = &c->b.units.items[a->pair];
	const struct rd_elf_relocs *x = &c->a.elf->relocs[a->section];
	const struct rd_elf_relocs *y = &c->b.elf->relocs[b->section];
	bool is_code = c->a.sections[a->section].is_code;
	int r = 0;

	if (a->end - a->start != b->end - b->start)
		return 0;
	for (size_t k = a->reloc, m = b->reloc;
	     !r && k < x->n && m < y->n && x->items[k].offset < a->end &&
	     x->items[k].offset - a->start == y->items[m].offset - b->start &&
	     rd_compare_spend(c, 1);
	     k++, m++)
		r = pair_targets(c, &x->items[k], &y->items[m], is_code, todo);
	return r;
}

static int spread_references(struct compare *c, struct units *todo)
{
	int r = 0;

	while (!r && todo->n && !c->is_exhausted)
		r = visit_references(c, todo->items[--todo->n], todo);
	return r;
}

static bool is_same_bytes(const struct compare *c, const struct compare_unit *a,
			  const struct compare_unit *b)
{
	const uint8_t *x = c->a.elf->sections[a->section].data;
	const uint8_t *y = c->b.elf->sections[b->section].data;

	if (a->end - a->start != b->end - b->start || !x != !y)
		return false;
	return !x || !memcmp(x + a->start, y + b->start, a->end - a->start);
}

/* Units in the order of the symbol table. */
static int list_units(const struct compare_side *side, struct units *list)
{
	int r = 0;

	for (size_t i = 0; !r && i < side->elf->n_symbols; i++) {
		uint32_t unit = side->unit_of[i];

		if (unit != COMPARE_NONE && rd_compare_is_pairable(&side->units.items[unit]) &&
		    side->elf->symbols[i].bind == STB_LOCAL)
			r = rd_array_push(list, &unit);
	}
	return r;
}

/*
 * Pairs what stands behind a pair in both lists, @step 1, or before it, @step -1.
 * @where: the index into list @b of each unit of B.
 */
static int spread_neighbours(struct compare *c, const struct units *a, const struct units *b,
			     const uint32_t *where, int step, struct units *todo)
{
	int r = 0;

	for (size_t n = 1; !r && n < a->n && rd_compare_spend(c, 1); n++) {
		size_t i = step > 0 ? n : a->n - 1 - n;
		const struct compare_unit *beside = &c->a.units.items[a->items[i - (size_t)step]];
		const struct compare_unit *x = &c->a.units.items[a->items[i]], *y;
		size_t k;

		if (!is_free(x) || beside->pair == COMPARE_NONE ||
		    where[beside->pair] == COMPARE_NONE)
			continue;
		k = where[beside->pair] + (size_t)step;
		if (k >= b->n)
			continue;
		y = &c->b.units.items[b->items[k]];
		if (is_free(y) && x->name == y->name &&
		    rd_compare_spend(c, (x->end - x->start) / 16) && is_same_bytes(c, x, y))
			r = set_kin(c, a->items[i], b->items[k], todo);
	}
	return r;
}

static int spread(struct compare *c, const struct units *a, const struct units *b,
		  const uint32_t *where)
{
	struct units todo = { 0 };
	int r = 0;

	for (uint32_t i = 0; !r && i < c->a.units.n; i++) {
		if (c->a.units.items[i].pair != COMPARE_NONE)
			r = rd_array_push(&todo, &i);
	}
	while (!r && todo.n && !c->is_exhausted) {
		r = spread_references(c, &todo);
		if (!r)
			r = spread_neighbours(c, a, b, where, 1, &todo);
		if (!r)
			r = spread_neighbours(c, a, b, where, -1, &todo);
	}
	free(todo.items);
	return r;
}

int rd_compare_kin(struct compare *c)
{
	struct units a = { 0 }, b = { 0 };
	uint32_t *where = malloc((c->b.units.n + 1) * sizeof(*where));
	int r = where ? 0 : -ENOMEM;

	if (!r)
		r = list_units(&c->a, &a);
	if (!r)
		r = list_units(&c->b, &b);
	if (!r) {
		memset(where, 0xff, c->b.units.n * sizeof(*where));
		for (size_t i = 0; i < b.n; i++)
			where[b.items[i]] = (uint32_t)i;
		r = spread(c, &a, &b, where);
	}
	free(where);
	free(a.items);
	free(b.items);
	return r;
}
