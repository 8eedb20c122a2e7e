/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Bytes that no symbol covers. Between units the linker pads: zeros in data, instructions that do
 * nothing in code. Whatever else lies there (replacement instructions, the initial value of a
 * local array, code that somebody put into the padding) becomes chunks: units known by what they
 * contain. A chunk starts where something refers to, as no symbol says where it starts.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compare_private.h"

struct gap {
	uint32_t section;
	uint64_t start, end;
};

struct gaps {
	struct gap *items;
	size_t n, cap;
};

struct places {
	struct compare_place *items;
	size_t n, cap;
};

/* Multi-byte NOPs, Intel SDM vol. 2B table 4-12, without their prefixes 66 and 2e. */
static const struct {
	uint8_t len, bytes[8];
} nops[] = {
	{ 1, { 0x90 } },
	{ 1, { 0xcc } },
	{ 1, { 0x00 } },
	{ 3, { 0x0f, 0x1f, 0x00 } },
	{ 4, { 0x0f, 0x1f, 0x40, 0x00 } },
	{ 5, { 0x0f, 0x1f, 0x44, 0x00, 0x00 } },
	{ 7, { 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 } },
	{ 8, { 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 } },
};

static bool is_x86_padding(const uint8_t *p, uint64_t len)
{
	while (len) {
		size_t i, n = 0;

		while (n < len && p[n] == 0x66)
			n++;
		n += n < len && p[n] == 0x2e;
		for (i = 0; i < RD_N_ELEMENTS(nops); i++) {
			if (nops[i].len <= len - n && !memcmp(p + n, nops[i].bytes, nops[i].len))
				break;
		}
		if (i == RD_N_ELEMENTS(nops))
			return false;
		p += n + nops[i].len;
		len -= n + nops[i].len;
	}
	return true;
}

/* The NOP of arm64 (Arm ARM C6.2.238), which pads code there. */
static bool is_arm64_padding(const uint8_t *p, uint64_t len)
{
	static const uint8_t nop[] = { 0x1f, 0x20, 0x03, 0xd5 };

	for (; len >= sizeof(nop); p += sizeof(nop), len -= sizeof(nop)) {
		if (memcmp(p, nop, sizeof(nop)) && memcmp(p, "\0\0\0\0", sizeof(nop)))
			return false;
	}
	return !len;
}

static bool is_zero(const uint8_t *p, uint64_t len)
{
	return !len || (!*p && !memcmp(p, p + 1, len - 1));
}

static bool is_padding(const struct compare_side *side, const struct gap *gap)
{
	const struct rd_elf_section *section = &side->elf->sections[gap->section];
	const uint8_t *p = section->data;
	uint64_t len = gap->end - gap->start;
	size_t n = 0;

	if (!p)
		return true;
	if (side->elf->relocs[gap->section].n &&
	    rd_elf_relocs_in(side->elf, gap->section, gap->start, gap->end, &n) && n)
		return false;
	p += gap->start;
	if (is_zero(p, len))
		return true;
	if (!side->sections[gap->section].is_code)
		return false;
	if (side->elf->machine == EM_X86_64)
		return is_x86_padding(p, len);
	return side->elf->machine == EM_AARCH64 && is_arm64_padding(p, len);
}

static int add_gap(struct compare_side *side, struct gaps *gaps, struct gap gap)
{
	if (gap.start >= gap.end || is_padding(side, &gap))
		return 0;
	side->sections[gap.section].has_chunks = true;
	if (side->sections[gap.section].n && side->sections[gap.section].is_code)
		side->unnamed_code_bytes += gap.end - gap.start;
	return rd_array_push(gaps, &gap);
}

static int find_gaps(struct compare_side *side, uint32_t section, struct gaps *gaps)
{
	const struct compare_section *s = &side->sections[section];
	struct gap gap = { .section = section };

	for (uint32_t i = 0; i < s->n; i++) {
		const struct compare_unit *unit = &side->units.items[s->first + i];
		int r;

		gap.end = unit->start;
		r = add_gap(side, gaps, gap);
		if (r)
			return r;
		if (unit->end > gap.start)
			gap.start = unit->end;
	}
	gap.end = side->elf->sections[section].size;
	return add_gap(side, gaps, gap);
}

static int place_compare(const void *a, const void *b)
{
	const struct compare_place *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Every place in a section with chunks that the relocations of @section refer to. */
static int find_targets(const struct compare_side *side, size_t section, struct places *places)
{
	const struct rd_elf_relocs *relocs = &side->elf->relocs[section];
	bool is_code = side->sections[section].is_code;

	for (size_t i = 0; i < relocs->n; i++) {
		const struct rd_elf_symbol *symbol = &side->elf->symbols[relocs->items[i].symbol];
		struct compare_place place;
		int r;

		if (!rd_compare_is_defined(side->elf, symbol) ||
		    !side->sections[symbol->section].has_chunks)
			continue;
		place.section = symbol->section;
		place.offset = symbol->value + (uint64_t)relocs->items[i].addend;
		if (is_code && rd_compare_is_pc_relative(side->elf, &relocs->items[i]))
			place.offset += 4;
		r = rd_array_push(places, &place);
		if (r)
			return r;
	}
	return 0;
}

static int add_chunk(const struct compare_side *side, struct gap part, bool is_referenced,
		     struct compare_units *chunks)
{
	const uint8_t *data = side->elf->sections[part.section].data;
	struct compare_unit chunk = {
		.section = part.section,
		.start = part.start,
		.symbol = COMPARE_NONE,
		.name = COMPARE_NONE,
		.pair = COMPARE_NONE,
		.is_helper = true,
		.is_content = true,
		.is_referenced = is_referenced,
	};
	size_t n;

	if (part.start >= part.end || is_padding(side, &part))
		return 0;
	/* What pads up to the next unit is not content; a relocated zero is. */
	rd_elf_relocs_in(side->elf, part.section, part.start, part.end, &n);
	while (!n && part.end > part.start && !data[part.end - 1])
		part.end--;
	chunk.end = part.end;
	return rd_array_push(chunks, &chunk);
}

/* Cuts @gap where @places, which ascend from @k on, lie in it. */
static int cut_gap(const struct compare_side *side, struct gap gap, const struct places *places,
		   size_t *kp, struct compare_units *chunks)
{
	struct gap part = gap;
	bool is_referenced = false;
	size_t k = *kp;
	int r = 0;

	while (k < places->n &&
	       (places->items[k].section < gap.section ||
		(places->items[k].section == gap.section && places->items[k].offset < gap.start)))
		k++;
	for (; !r && k < places->n && places->items[k].section == gap.section &&
	       places->items[k].offset < gap.end;
	     k++) {
		part.end = places->items[k].offset;
		r = add_chunk(side, part, is_referenced, chunks);
		part.start = part.end;
		is_referenced = true;
	}
	*kp = k;
	part.end = gap.end;
	return r ? r : add_chunk(side, part, is_referenced, chunks);
}

static int cut_gaps(const struct compare_side *side, const struct gaps *gaps, struct places *places,
		    struct compare_units *chunks)
{
	size_t k = 0;
	int r = 0;

	for (size_t i = 0; !r && i < side->elf->n_sections; i++) {
		if (side->sections[i].class != COMPARE_IGNORED)
			r = find_targets(side, i, places);
	}
	if (r)
		return r;
	if (places->n)
		qsort(places->items, places->n, sizeof(*places->items), place_compare);
	for (size_t i = 0; !r && i < gaps->n; i++)
		r = cut_gap(side, gaps->items[i], places, &k, chunks);
	return r;
}

int rd_compare_gaps(struct compare_side *side, struct compare_units *chunks)
{
	struct gaps gaps = { 0 };
	struct places places = { 0 };
	int r = 0;

	for (uint32_t i = 0; !r && i < side->elf->n_sections; i++) {
		if (side->sections[i].class != COMPARE_UNITS)
			continue;
		if (side->sections[i].is_code && side->elf->sections[i].data)
			side->code_bytes += side->elf->sections[i].size;
		r = find_gaps(side, i, &gaps);
	}
	if (!r && gaps.n)
		r = cut_gaps(side, &gaps, &places, chunks);
	free(gaps.items);
	free(places.items);
	return r;
}
