/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Tables of the kernel that stand beside the code: __bug_table, __jump_table, __ex_table,
 * .altinstructions, .static_call_sites, .return_sites, __mcount_loc and whatever else has
 * relocations and no symbols. An entry belongs to the function (or object) that its first
 * relocation points at; entries of units that are a pair must be the same, in any order. Entries
 * of units that differ anyway are passed over.
 *
 * The size of an entry is not written down anywhere; it is the period of the relocations.
 */

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compare_private.h"

/* Relocations in one entry: struct jump_entry has three, struct _ddebug six. */
#define TABLE_MAX_PERIOD 16

struct entry {
	uint32_t owner; /* as a unit of A where it has a partner, see entry_key() */
	bool is_paired;
	uint32_t unit; /* of its own side; COMPARE_NONE for one that points out of the module */
	uint64_t distance; /* from the start of the unit */
	uint64_t start;
	size_t reloc;
};

struct table {
	struct entry *items;
	size_t n, cap;
	uint64_t stride;
	size_t period;
	bool is_from_start; /* addresses count from the start of the entry */
};

static bool is_to_code(const struct compare_side *side, const struct rd_elf_reloc *reloc)
{
	const struct rd_elf_symbol *symbol = &side->elf->symbols[reloc->symbol];

	return rd_compare_is_defined(side->elf, symbol) && side->sections[symbol->section].is_code;
}

/* Whether the relocations repeat every @period; what starts with a place in code always does. */
static bool is_period(const struct compare_side *side, const struct rd_elf_relocs *relocs,
		      size_t period, uint64_t stride)
{
	bool has_code = is_to_code(side, &relocs->items[0]);

	for (size_t i = period; i < relocs->n; i++) {
		const struct rd_elf_reloc *reloc = &relocs->items[i];

		if (reloc->offset - reloc[-(ptrdiff_t)period].offset != stride ||
		    reloc->type != reloc[-(ptrdiff_t)period].type ||
		    (has_code && i % period == 0 && !is_to_code(side, reloc)))
			return false;
	}
	return true;
}

/* How many relocations an entry has, and its size; one entry for all if this is no table. */
static void find_stride(const struct compare_side *side, size_t section, struct table *table)
{
	const struct rd_elf_relocs *relocs = &side->elf->relocs[section];
	uint64_t size = side->elf->sections[section].size;

	table->stride = size;
	table->period = relocs->n;
	for (size_t period = 1; period <= TABLE_MAX_PERIOD && period < relocs->n; period++) {
		uint64_t stride = relocs->items[period].offset - relocs->items[0].offset;

		if (relocs->n % period || !stride || size % stride ||
		    size / stride != relocs->n / period || !is_period(side, relocs, period, stride))
			continue;
		table->stride = stride;
		table->period = period;
		return;
	}
}

static void find_owner(const struct compare_side *side, const struct rd_elf_reloc *reloc,
		       struct entry *entry)
{
	const struct rd_elf_symbol *symbol = &side->elf->symbols[reloc->symbol];
	uint64_t offset = symbol->value + (uint64_t)reloc->addend;

	entry->unit = COMPARE_NONE;
	if (rd_compare_is_defined(side->elf, symbol))
		entry->unit = rd_compare_floor(side, symbol->section, offset);
	if (entry->unit != COMPARE_NONE)
		entry->distance = offset - side->units.items[entry->unit].start;
}

/* Whether a text starts at @offset, as texts do that are not the end of another one. */
static bool is_text_start(const struct rd_elf_section *section, uint64_t offset)
{
	return offset < section->size && (!offset || !section->data[offset - 1]);
}

/*
 * Before 5.19, __bug_table counted from the start of its entry and not from the field itself, so
 * the addend of a file name is 4 too high. Nothing in the module says which it is but the names.
 */
static bool is_from_start(const struct compare_side *side, size_t section)
{
	const struct rd_elf_relocs *relocs = &side->elf->relocs[section];
	size_t here = 0, before = 0;

	if (strcmp(side->elf->sections[section].name, "__bug_table"))
		return false;
	for (size_t i = 1; i < relocs->n; i++) {
		const struct rd_elf_symbol *symbol = &side->elf->symbols[relocs->items[i].symbol];
		uint64_t offset = symbol->value + (uint64_t)relocs->items[i].addend;
		const struct rd_elf_section *text;

		if (!rd_compare_is_defined(side->elf, symbol) ||
		    side->sections[symbol->section].class != COMPARE_STRINGS)
			continue;
		text = &side->elf->sections[symbol->section];
		here += is_text_start(text, offset);
		before += is_text_start(text, offset - 4);
	}
	return before > here;
}

static int read_table(const struct compare_side *side, bool is_b, size_t section,
		      struct table *table)
{
	const struct rd_elf_relocs *relocs = &side->elf->relocs[section];
	int r;

	find_stride(side, section, table);
	table->is_from_start = is_from_start(side, section);
	r = rd_array_grow(&table->items, &table->cap, relocs->n / table->period,
			  sizeof(*table->items));
	for (size_t i = 0; !r && i < relocs->n; i += table->period) {
		struct entry entry = { .start = i / table->period * table->stride, .reloc = i };

		find_owner(side, &relocs->items[i], &entry);
		entry.owner = entry.unit;
		if (entry.unit != COMPARE_NONE) {
			uint32_t pair = side->units.items[entry.unit].pair;

			entry.is_paired = pair != COMPARE_NONE;
			if (is_b && entry.is_paired)
				entry.owner = pair;
		}
		table->items[table->n++] = entry;
	}
	return r;
}

static int key_compare(const struct entry *x, const struct entry *y)
{
	if (x->is_paired != y->is_paired)
		return x->is_paired ? -1 : 1;
	if (x->is_paired && x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	if (x->is_paired && x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	return 0;
}

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = key_compare(x, y);

	return r ? r : x->start < y->start ? -1 : x->start > y->start;
}

static void sort_table(struct table *table)
{
	for (size_t i = 1; i < table->n; i++) {
		if (entry_compare(&table->items[i - 1], &table->items[i]) > 0) {
			qsort(table->items, table->n, sizeof(*table->items), entry_compare);
			return;
		}
	}
}

/* struct bug_entry (asm-generic/bug.h): the line stands behind the last pointer, before the flags.
 */
static bool is_same_bytes(const struct rd_elf_section *a, const struct rd_elf_section *b,
			  const struct entry *x, const struct entry *y, uint64_t size,
			  uint64_t line)
{
	const uint8_t *p = a->data + x->start, *q = b->data + y->start;

	if (!line)
		return !memcmp(p, q, size);
	return !memcmp(p, q, line) && !memcmp(p + line + 2, q + line + 2, size - line - 2);
}

static bool is_same_entry(struct compare *c, const struct table *a, const struct entry *x,
			  const struct entry *y, size_t section)
{
	size_t pair = c->a.sections[section].pair;
	const struct rd_elf_reloc *p = &c->a.elf->relocs[section].items[x->reloc];
	const struct rd_elf_reloc *q = &c->b.elf->relocs[pair].items[y->reloc];
	uint64_t last = p[a->period - 1].offset - x->start + 4, line = 0;

	if (!strcmp(c->a.elf->sections[section].name, "__bug_table") && last + 4 <= a->stride)
		line = last;
	if (!rd_compare_spend(c, a->period + a->stride / 16) ||
	    !is_same_bytes(&c->a.elf->sections[section], &c->b.elf->sections[pair], x, y, a->stride,
			   line))
		return false;
	for (size_t i = 0; i < a->period; i++) {
		uint64_t at = p[i].offset - x->start;

		if (at != q[i].offset - y->start || p[i].type != q[i].type ||
		    !rd_compare_relocs(c, &p[i], &q[i], a->is_from_start ? -(int64_t)at : 0, 0))
			return false;
	}
	return true;
}

static int report(struct compare *c, struct compare_side *side, size_t section,
		  const struct entry *entry, const char *what)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct compare_finding finding = COMPARE_FINDING_INIT;
	const char *name = side->elf->sections[section].name;
	int r;

	if (entry->unit != COMPARE_NONE && (side->units.items[entry->unit].is_reported ||
					    side->units.items[entry->unit].symbol == COMPARE_NONE))
		return 0;
	r = rd_compare_say(&finding, COMPARE_DIFFERS, "+0x%" PRIx64 ": its entry in %s %s",
			   entry->distance, name, what);
	if (!r && entry->unit == COMPARE_NONE)
		r = rd_compare_report(c, RD_DIFFERENCE_DIFFERS, name, false, &finding);
	else if (!r)
		r = rd_compare_report_owner(c, side, entry->unit, &finding);
	text = finding.detail;
	return r;
}

static int merge(struct compare *c, const struct table *a, const struct table *b, size_t section)
{
	size_t pair = c->a.sections[section].pair, i = 0, k = 0;
	int r = 0;

	while (!r && !c->is_exhausted && (i < a->n || k < b->n)) {
		int order = i == a->n	? 1
			    : k == b->n ? -1
					: key_compare(&a->items[i], &b->items[k]);

		if (order < 0) {
			r = report(c, &c->a, section, &a->items[i++], "is in A only");
		} else if (order > 0) {
			r = report(c, &c->b, pair, &b->items[k++], "is in B only");
		} else {
			if (a->stride != b->stride || a->period != b->period ||
			    !is_same_entry(c, a, &a->items[i], &b->items[k], section))
				r = report(c, &c->a, section, &a->items[i], "differs");
			i++;
			k++;
		}
	}
	return r;
}

static int report_section(struct compare *c, const char *name, const char *detail)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct compare_finding finding = COMPARE_FINDING_INIT;
	int r;

	r = rd_compare_say(&finding, COMPARE_DIFFERS, "%s", detail);
	if (!r)
		r = rd_compare_report(c, RD_DIFFERENCE_DIFFERS, name, false, &finding);
	text = finding.detail;
	return r;
}

/* A table that one module alone has: so are its entries. */
static int report_table(struct compare *c, struct compare_side *side, size_t section)
{
	struct table table = { 0 };
	int r;

	r = read_table(side, false, section, &table);
	for (size_t i = 0; !r && i < table.n; i++)
		r = report(c, side, section, &table.items[i],
			   side == &c->a ? "is in A only" : "is in B only");
	free(table.items);
	return r;
}

static int compare_table(struct compare *c, size_t section)
{
	struct table a = { 0 }, b = { 0 };
	size_t pair = c->a.sections[section].pair;
	const char *name = c->a.elf->sections[section].name;
	int r;

	if (c->b.sections[pair].class != COMPARE_TABLE || !c->a.elf->sections[section].data ||
	    !c->b.elf->sections[pair].data)
		return report_section(c, name, "a table in one of the two only");
	r = read_table(&c->a, false, section, &a);
	if (!r)
		r = read_table(&c->b, true, pair, &b);
	if (!r && (a.stride != b.stride || a.period != b.period) && (a.n > 1 || b.n > 1)) {
		r = report_section(c, name, "a table of another kind");
	} else if (!r) {
		sort_table(&a);
		sort_table(&b);
		r = merge(c, &a, &b, section);
	}
	free(a.items);
	free(b.items);
	return r;
}

static int compare_side_tables(struct compare *c, struct compare_side *side)
{
	int r = 0;

	for (size_t i = 0; !r && i < side->elf->n_sections && !c->is_exhausted; i++) {
		if (side->sections[i].class != COMPARE_TABLE || !side->elf->sections[i].data)
			continue;
		if (side->sections[i].pair == COMPARE_NONE)
			r = report_table(c, side, i);
		else if (side == &c->a)
			r = compare_table(c, i);
	}
	return r;
}

int rd_compare_tables(struct compare *c)
{
	int r = compare_side_tables(c, &c->a);

	return r ? r : compare_side_tables(c, &c->b);
}
