/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which unit of one module is which unit of the other. A name that each module has once is a pair.
 * The others (statics of the same name in many objects, name.123 without its number) are told
 * apart by their neighbours in the symbol table, where the locals of one object file stay together
 * whatever the order of the link, by their bytes, and by who refers to them (compare_kin.c). What
 * is equal in all of that is paired first, the rest with less and less evidence, at last by order
 * alone.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compare_private.h"

enum {
	KEY_PREVIOUS = 1 << 0,
	KEY_NEXT = 1 << 1,
	KEY_BYTES = 1 << 2,
	KEY_IN_STEP = 1 << 3, /* equally many on both sides, one of different bytes at most */
};

/* Strongest evidence first; those before compare_kin.c and those after it. */
static const unsigned int strong_passes[] = {
	KEY_PREVIOUS | KEY_NEXT | KEY_IN_STEP,
	KEY_PREVIOUS | KEY_NEXT | KEY_BYTES,
	KEY_PREVIOUS | KEY_NEXT,
};

static const unsigned int weak_passes[] = {
	KEY_PREVIOUS | KEY_BYTES,
	KEY_NEXT | KEY_BYTES,
	KEY_BYTES,
	0,
};

struct candidate {
	uint32_t name;
	uint32_t previous, next; /* pairs beside it in the symbol table, as units of A */
	uint32_t unit, symbol;
	uint64_t bytes;
	bool is_b;
};

struct candidates {
	struct candidate *items;
	size_t n, cap;
};

static uint64_t hash_bytes(struct compare *c, const struct compare_side *side,
			   const struct compare_unit *unit)
{
	const uint8_t *data = side->elf->sections[unit->section].data;
	uint64_t len = unit->end - unit->start, hash = len, word;

	if (!data || !rd_compare_spend(c, len / 8))
		return hash;
	for (data += unit->start; len; data += sizeof(word)) {
		size_t n = len < sizeof(word) ? len : sizeof(word);

		word = 0;
		memcpy(&word, data, n);
		hash = (hash ^ word) * 0xbf58476d1ce4e5b9ull; /* as in compare_name.c */
		hash ^= hash >> 31;
		len -= n;
	}
	return hash;
}

bool rd_compare_is_pairable(const struct compare_unit *unit)
{
	return !unit->is_content && unit->symbol != COMPARE_NONE;
}

void rd_compare_pair_set(struct compare *c, uint32_t a, uint32_t b, bool is_certain)
{
	c->a.units.items[a].pair = b;
	c->a.units.items[a].is_certain = is_certain;
	c->b.units.items[b].pair = a;
	c->b.units.items[b].is_certain = is_certain;
}

/* For each name the only unit of that name, COMPARE_NONE for none, COMPARE_NONE - 1 for many. */
static uint32_t *find_singles(const struct compare *c, const struct compare_side *side)
{
	uint32_t *singles = malloc((c->names.n + 1) * sizeof(*singles));

	if (!singles)
		return NULL;
	memset(singles, 0xff, (c->names.n + 1) * sizeof(*singles));
	for (uint32_t i = 0; i < side->units.n; i++) {
		const struct compare_unit *unit = &side->units.items[i];

		if (rd_compare_is_pairable(unit))
			singles[unit->name] =
				singles[unit->name] == COMPARE_NONE ? i : COMPARE_NONE - 1;
	}
	return singles;
}

static int pair_singles(struct compare *c)
{
	RD_CLEANUP(rd_freep) uint32_t *a = find_singles(c, &c->a);
	RD_CLEANUP(rd_freep) uint32_t *b = find_singles(c, &c->b);

	if (!a || !b)
		return -ENOMEM;
	for (size_t i = 0; i < c->names.n; i++) {
		if (a[i] < COMPARE_NONE - 1 && b[i] < COMPARE_NONE - 1)
			rd_compare_pair_set(c, a[i], b[i], true);
	}
	return 0;
}

/* @neighbour: as a unit of A, the last local pair seen in the order of the symbol table. */
static void see_neighbour(const struct compare_side *side, bool is_b, uint32_t i,
			  uint32_t *neighbour)
{
	const struct compare_unit *unit = &side->units.items[i];

	if (unit->pair != COMPARE_NONE && side->elf->symbols[unit->symbol].bind == STB_LOCAL)
		*neighbour = is_b ? unit->pair : i;
}

static int add_candidates(struct compare *c, struct compare_side *side, struct candidates *list)
{
	bool is_b = side == &c->b;
	uint32_t neighbour = COMPARE_NONE;
	size_t first = list->n, k;

	for (uint32_t i = 0; i < side->elf->n_symbols; i++) {
		const struct compare_unit *unit;
		struct candidate candidate;
		int r;

		if (side->unit_of[i] == COMPARE_NONE)
			continue;
		see_neighbour(side, is_b, side->unit_of[i], &neighbour);
		unit = &side->units.items[side->unit_of[i]];
		if (unit->pair != COMPARE_NONE || !rd_compare_is_pairable(unit))
			continue;
		candidate = (struct candidate){
			.name = unit->name,
			.previous = neighbour,
			.next = COMPARE_NONE,
			.unit = side->unit_of[i],
			.symbol = i,
			.bytes = hash_bytes(c, side, unit),
			.is_b = is_b,
		};
		r = rd_array_push(list, &candidate);
		if (r)
			return r;
	}

	neighbour = COMPARE_NONE;
	k = list->n;
	for (uint32_t i = (uint32_t)side->elf->n_symbols; i-- && k > first;) {
		if (side->unit_of[i] == COMPARE_NONE)
			continue;
		see_neighbour(side, is_b, side->unit_of[i], &neighbour);
		if (list->items[k - 1].symbol == i)
			list->items[--k].next = neighbour;
	}
	return 0;
}

static int key_compare(const struct candidate *x, const struct candidate *y, unsigned int key)
{
	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	if (key & KEY_PREVIOUS && x->previous != y->previous)
		return x->previous < y->previous ? -1 : 1;
	if (key & KEY_NEXT && x->next != y->next)
		return x->next < y->next ? -1 : 1;
	if (key & KEY_BYTES && x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	return 0;
}

static int candidate_compare(const void *a, const void *b, void *keyp)
{
	const struct candidate *x = a, *y = b;
	int r = key_compare(x, y, *(const unsigned int *)keyp);

	if (r)
		return r;
	if (x->is_b != y->is_b)
		return x->is_b ? 1 : -1;
	return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

static bool is_in_step(const struct candidate *a, const struct candidate *b, size_t n_a, size_t n_b)
{
	size_t different = 0;

	if (n_a != n_b)
		return false;
	for (size_t i = 0; i < n_a; i++)
		different += a[i].bytes != b[i].bytes;
	return different <= 1;
}

/* Pairs the candidates [from, to) of one key; moves those that are left to @keptp. */
static void pair_run(struct compare *c, struct candidates *list, unsigned int key, size_t from,
		     size_t to, size_t *keptp)
{
	size_t b = from, n_a, n_b, n_pairs;

	while (b < to && !list->items[b].is_b)
		b++;
	n_a = b - from;
	n_b = to - b;
	n_pairs = n_a < n_b ? n_a : n_b;
	if (key & KEY_IN_STEP && !is_in_step(&list->items[from], &list->items[b], n_a, n_b))
		n_pairs = 0;
	for (size_t i = 0; i < n_pairs; i++)
		rd_compare_pair_set(c, list->items[from + i].unit, list->items[b + i].unit,
				    key & KEY_PREVIOUS && key & KEY_NEXT && n_a == n_b);
	for (size_t i = from; i < to; i++) {
		if (i - (i < b ? from : b) >= n_pairs)
			list->items[(*keptp)++] = list->items[i];
	}
}

/* Pairs candidates of equal keys in the order of the symbol tables; keeps the others. */
static void run_pass(struct compare *c, struct candidates *list, unsigned int key)
{
	size_t kept = 0, to;

	qsort_r(list->items, list->n, sizeof(*list->items), candidate_compare, &key);
	for (size_t from = 0; from < list->n; from = to) {
		for (to = from + 1;
		     to < list->n && !key_compare(&list->items[from], &list->items[to], key); to++)
			;
		pair_run(c, list, key, from, to, &kept);
	}
	list->n = kept;
}

struct named_section {
	const char *name;
	uint32_t section;
	bool is_b;
};

static int named_compare(const void *a, const void *b)
{
	const struct named_section *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	if (r)
		return r;
	if (x->is_b != y->is_b)
		return x->is_b ? 1 : -1;
	return x->section < y->section ? -1 : x->section > y->section;
}

static size_t add_named(const struct compare_side *side, bool is_b, struct named_section *named)
{
	for (uint32_t i = 1; i < side->elf->n_sections; i++)
		*named++ = (struct named_section){ side->elf->sections[i].name, i, is_b };
	return side->elf->n_sections - 1;
}

/* Pairs sections by name. Of several of one name, as -ffunction-sections has them, the first
 * counts. */
static int find_sections(struct compare *c)
{
	RD_CLEANUP(rd_freep) struct named_section *named = NULL;
	size_t n, first = 0;

	named = calloc(c->a.elf->n_sections + c->b.elf->n_sections, sizeof(*named));
	if (!named)
		return -ENOMEM;
	n = add_named(&c->a, false, named);
	n += add_named(&c->b, true, named + n);
	qsort(named, n, sizeof(*named), named_compare);
	for (size_t i = 1; i < n; i++) {
		uint32_t a = named[first].section, b = named[i].section;

		if (strcmp(named[first].name, named[i].name) != 0) {
			first = i;
		} else if (!named[first].is_b && named[i].is_b && !named[i - 1].is_b &&
			   c->a.sections[a].class != COMPARE_IGNORED) {
			c->a.sections[a].pair = b;
			c->b.sections[b].pair = a;
		}
	}
	return 0;
}

static void run_passes(struct compare *c, struct candidates *list, const unsigned int *keys,
		       size_t n)
{
	for (size_t i = 0; i < n && list->n; i++)
		run_pass(c, list, keys[i]);
}

/* Drops candidates that found their partner elsewhere. */
static void drop_paired(const struct compare *c, struct candidates *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct candidate *candidate = &list->items[i];
		const struct compare_side *side = candidate->is_b ? &c->b : &c->a;

		if (side->units.items[candidate->unit].pair == COMPARE_NONE)
			list->items[kept++] = *candidate;
	}
	list->n = kept;
}

int rd_compare_pair(struct compare *c)
{
	struct candidates list = { 0 };
	int r;

	r = find_sections(c);
	if (!r)
		r = pair_singles(c);
	if (!r)
		r = add_candidates(c, &c->a, &list);
	if (!r)
		r = add_candidates(c, &c->b, &list);
	if (!r) {
		run_passes(c, &list, strong_passes, RD_N_ELEMENTS(strong_passes));
		if (list.n)
			r = rd_compare_kin(c);
	}
	if (!r) {
		drop_paired(c, &list);
		run_passes(c, &list, weak_passes, RD_N_ELEMENTS(weak_passes));
	}
	free(list.items);
	return r;
}
