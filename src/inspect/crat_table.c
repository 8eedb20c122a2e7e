/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A list of device ids leaves no number in the code that walks it, so the objects that the code
 * refers to are read too: as 16-bit words, and as 32-bit words (also struct pci_device_id, where
 * the vendor stands before the device).
 *
 * Some ids are printable ("@s", "Os"), so text never counts: string sections are left out, and such
 * an id counts only as a 32-bit word, and only with the vendor before it or with another id in the
 * same object. Objects of other units and the kernel's own tables (sections that begin with two
 * underscores) are not looked at: amdgpu's PCI table names every card there is.
 */

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "code_private.h"
#include "crat_id.h"
#include "crat_table.h"

#define TABLE_VENDOR	0x1002u /* PCI_VENDOR_ID_ATI, include/linux/pci_ids.h */
#define TABLE_MAX_SIZE	(64u << 10)
#define TABLE_MAX_PLACE 512

/* A unit refers to some hundred places, in tables of some kilobytes; a hostile one to one table
 * under a million names. */
#define TABLE_MAX_USES	(1u << 17)
#define TABLE_MAX_BYTES ((uint64_t)4 << 20)

/* What one object holds. */
struct table_find {
	size_t words; /* of 16 bits, ids that cannot be text */
	size_t longs; /* of 32 bits */
	bool has_vendor; /* before one of the longs */
	uint16_t id; /* the first one found */
	uint64_t offset;
};

/* Strings of bytes are none; what ends with a zero of 16 bits LLVM has in .rodata.str2.2. */
static bool is_table_section(const struct rd_elf_section *section)
{
	bool is_text = section->flags & SHF_STRINGS && section->entsize != sizeof(uint16_t);

	return section->data && section->flags & SHF_ALLOC && !is_text &&
	       !(section->flags & SHF_EXECINSTR) && !rd_text_has_prefix(section->name, "__");
}

int rd_crat_tables_note(struct rd_crat_tables *tables, const struct rd_elf *elf,
			const struct rd_scope_function *function, uint64_t from, uint64_t to)
{
	const struct rd_elf_reloc *relocs;
	size_t n;

	relocs = rd_elf_relocs_in(elf, function->section, from, to, &n);
	for (size_t i = 0; i < n; i++) {
		const struct rd_elf_symbol *symbol = &elf->symbols[relocs[i].symbol];
		struct rd_crat_table_use use = {
			.section = symbol->section,
			.offset = symbol->value + (uint64_t)relocs[i].addend,
			.function = function->name,
		};

		/* Static objects alone: what is global may belong to anyone. */
		if (symbol->bind != STB_LOCAL || symbol->section == SHN_UNDEF ||
		    symbol->section >= elf->n_sections ||
		    !is_table_section(&elf->sections[symbol->section]))
			continue;
		if (rd_code_reloc_is_relative(relocs[i].type))
			use.offset += to - relocs[i].offset;
		tables->is_exhausted |= tables->n >= TABLE_MAX_USES;
		if (tables->is_exhausted)
			return 0;
		if (rd_array_push(tables, &use))
			return -ENOMEM;
	}
	return 0;
}

static int use_compare(const void *a, const void *b)
{
	const struct rd_crat_table_use *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The first use of something inside the object, or NULL. */
static const struct rd_crat_table_use *find_use(const struct rd_crat_tables *tables,
						const struct rd_elf_symbol *object)
{
	size_t from = 0, to = tables->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct rd_crat_table_use *use = &tables->items[middle];

		if (use->section < object->section ||
		    (use->section == object->section && use->offset < object->value))
			from = middle + 1;
		else
			to = middle;
	}
	if (from == tables->n || tables->items[from].section != object->section ||
	    tables->items[from].offset - object->value >= object->size)
		return NULL;
	return &tables->items[from];
}

static void find_at(struct table_find *find, size_t *countp, uint16_t id, uint64_t offset)
{
	if (!find->words && !find->longs) {
		find->id = id;
		find->offset = offset;
	}
	(*countp)++;
}

static void read_words(const uint8_t *data, uint64_t size, struct table_find *find)
{
	for (uint64_t i = 0; size - i >= sizeof(uint16_t); i += sizeof(uint16_t)) {
		uint16_t word;

		memcpy(&word, data + i, sizeof(word));
		if (rd_crat_id_match(word).kind == RD_CRAT_ID_EXACT && !rd_crat_id_is_text(word))
			find_at(find, &find->words, word, i);
	}
}

static void read_longs(const uint8_t *data, uint64_t size, struct table_find *find)
{
	uint32_t last = 0, word;

	for (uint64_t i = 0; size - i >= sizeof(word); i += sizeof(word), last = word) {
		bool has_vendor = last == TABLE_VENDOR;
		uint32_t id;

		memcpy(&word, data + i, sizeof(word));
		id = word;
		if (word >> 16 == TABLE_VENDOR || (word & 0xffff) == TABLE_VENDOR) {
			id = word >> 16 == TABLE_VENDOR ? word & 0xffff : word >> 16;
			has_vendor = true;
		}
		if (rd_crat_id_match(id).kind != RD_CRAT_ID_EXACT)
			continue;
		find->has_vendor |= has_vendor;
		find_at(find, &find->longs, (uint16_t)id, i);
	}
}

static int inspect_object(const struct rd_elf *elf, const struct rd_elf_symbol *object,
			  const struct rd_crat_table_use *use, struct rd_evidence *ev,
			  size_t *hitsp)
{
	const uint8_t *data = elf->sections[object->section].data + object->value;
	struct rd_crat_id id = { .kind = RD_CRAT_ID_EXACT };
	struct table_find find = { 0 };
	char where[TABLE_MAX_PLACE], what[128];

	read_words(data, object->size, &find);
	read_longs(data, object->size, &find);
	if (!find.words && find.longs < 2 && !find.has_vendor)
		return 0;

	id.id = find.id;
	rd_crat_id_describe(&id, what, sizeof(what));
	snprintf(where, sizeof(where), "%s+0x%llx", object->name, (unsigned long long)find.offset);
	++*hitsp;
	return rd_evidence_add(ev, RD_EVIDENCE_TABLE, where,
			       "%s in a table of %llu bytes that %s uses", what,
			       (unsigned long long)object->size, use->function);
}

int rd_crat_tables_inspect(struct rd_crat_tables *tables, const struct rd_elf *elf,
			   struct rd_evidence *ev, size_t *hitsp)
{
	uint64_t left = TABLE_MAX_BYTES;

	if (!tables->n)
		return 0;
	qsort(tables->items, tables->n, sizeof(*tables->items), use_compare);
	for (size_t i = 1; i < elf->n_symbols; i++) {
		const struct rd_elf_symbol *object = &elf->symbols[i];
		const struct rd_crat_table_use *use;

		if (object->type != STT_OBJECT || object->section >= elf->n_sections ||
		    object->value > elf->sections[object->section].size ||
		    object->size > elf->sections[object->section].size - object->value ||
		    object->size > TABLE_MAX_SIZE)
			continue;
		use = find_use(tables, object);
		if (!use)
			continue;
		if (object->size > left) {
			tables->is_exhausted = true;
			break;
		}
		left -= object->size;
		tables->inspected++;
		if (inspect_object(elf, object, use, ev, hitsp))
			return -ENOMEM;
	}
	if (!tables->is_exhausted)
		return 0;
	return rd_evidence_add(ev, RD_EVIDENCE_LIMIT, NULL,
			       "more tables than one source file has: not all of them were read");
}

void rd_crat_tables_deinit(struct rd_crat_tables *tables)
{
	free(tables->items);
	*tables = (struct rd_crat_tables){ 0 };
}
