/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The kernel rewrites code while it loads a module, and some of it again later. Every place is
 * listed in the module, so that a comparison can leave out just these bytes: an eighth of amdgpu.
 *
 *	relocations			their field
 *	__mcount_loc			call to __fentry__: a nop, or a tracer's call
 *	.altinstructions		instructions by what the processor has
 *	.parainstructions		paravirtual calls (up to 6.7)
 *	.retpoline_sites, .return_sites	branches through thunks, or plain ones
 *	.call_sites			calls, by way of a depth counter
 *	__jump_table			static keys: nop or jmp, of 2 or 5 bytes
 *	.static_call_sites		static calls
 *	.smp_locks			the lock prefix
 *	.ibt_endbr_seal, .cfi_sites	landing pads and the checks before functions
 *	__patchable_function_entries	room before functions
 *
 * A table that is called like one of these and is not among them belongs to a newer kernel: what
 * its entries point at is masked generously.
 *
 * Source: arch/x86/kernel/{module,alternative,jump_label,static_call,callthunks}.c and
 * arch/x86/include/asm/{alternative,jump_label,paravirt_types}.h, Linux 5.10 to 6.12.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "running_mask.h"

/* A place in the module that an entry of a table names. */
struct site {
	const struct rd_elf_section *table;
	uint64_t entry; /* offset of the entry in the table */
	uint64_t stride;
	const uint8_t *code;
	size_t left; /* bytes from there to the section's end */
};

/* call, jmp, jcc, with the prefix that compilers may add: with what the kernel puts there. */
static size_t branch_length(const struct site *site)
{
	return site->left && (site->code[0] == 0xe8 || site->code[0] == 0xe9) ? 5 : 6;
}

/* objtool leaves jmp8 or a nop of 2 where the target is near. */
static size_t jump_length(const struct site *site)
{
	return site->left > 1 && (site->code[0] == 0xeb ||
				  (site->code[0] == 0x66 && site->code[1] == 0x90))
		       ? 2
		       : 5;
}

/* struct paravirt_patch_site: instr (8), type (1), len (1), and to the next one 6 of padding. */
static size_t paravirt_length(const struct site *site)
{
	return site->table->size - site->entry > 9 ? site->table->data[site->entry + 9] : 0;
}

/* struct alt_instr: its length stands two bytes before the end, or three where padlen follows. */
static size_t alternative_length(const struct site *site)
{
	uint64_t offset = site->stride == 13 ? 10 : site->stride - 2;

	return site->table->size - site->entry > offset ? site->table->data[site->entry + offset]
							: 0;
}

static size_t lock_length(const struct site *site)
{
	(void)site;
	return 1;
}

static size_t endbr_length(const struct site *site)
{
	(void)site;
	return 4;
}

static size_t fentry_length(const struct site *site)
{
	(void)site;
	return 5;
}

static size_t pad_length(const struct site *site)
{
	(void)site;
	return 16;
}

/* The preamble of 16 bytes and the endbr64 behind it. */
static size_t preamble_length(const struct site *site)
{
	(void)site;
	return 20;
}

static const struct table {
	const char *name; /* a leading * stands for anything */
	uint64_t stride; /* 0: struct alt_instr, whose size has changed */
	size_t (*length)(const struct site *site);
} tables[] = {
	{ .name = "__mcount_loc", .stride = 8, .length = fentry_length },
	{ .name = ".altinstructions", .stride = 0, .length = alternative_length },
	{ .name = ".parainstructions", .stride = 16, .length = paravirt_length },
	{ .name = ".retpoline_sites", .stride = 4, .length = branch_length },
	{ .name = ".return_sites", .stride = 4, .length = branch_length },
	{ .name = ".call_sites", .stride = 4, .length = branch_length },
	{ .name = "__jump_table", .stride = 16, .length = jump_length },
	{ .name = ".static_call_sites", .stride = 8, .length = branch_length },
	{ .name = ".smp_locks", .stride = 4, .length = lock_length },
	{ .name = ".ibt_endbr_seal", .stride = 4, .length = endbr_length },
	{ .name = ".cfi_sites", .stride = 4, .length = preamble_length },
	{ .name = "__patchable_function_entries", .stride = 8, .length = pad_length },
	{ .name = "*_sites", .stride = 4, .length = pad_length },
	{ .name = "*_seal", .stride = 4, .length = pad_length },
};

static const struct table *find_table(const char *name)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(tables); i++) {
		if (*tables[i].name == '*' ? rd_text_has_suffix(name, tables[i].name + 1)
					   : !strcmp(name, tables[i].name))
			return &tables[i];
	}
	return NULL;
}

/* Of struct alt_instr, from its first two entries: each starts with two relocations. */
static uint64_t alternative_stride(const struct rd_elf_section *section,
				   const struct rd_elf_relocs *relocs)
{
	if (relocs->n < 4)
		return section->size;
	return relocs->items[2].offset - relocs->items[0].offset;
}

static void mark(uint8_t *mask, uint64_t size, uint64_t offset, size_t len)
{
	if (offset < size)
		memset(mask + offset, 1, len < size - offset ? len : size - offset);
}

/* The field of a relocation; psABI x86-64, table 4.9. */
static size_t field_length(uint32_t type)
{
	switch (type) {
	case R_X86_64_NONE:
		return 0;
	case R_X86_64_64:
	case R_X86_64_PC64:
		return 8;
	default:
		return 4;
	}
}

static int load(struct rd_elf *elf, size_t section, struct rd_error *err)
{
	int r = rd_elf_load_relocs(elf, section, err);

	return r > 0 ? RUNNING_MASK_UNKNOWN : r;
}

/* A new mask for a section, with its relocations. */
static int start_section(struct rd_elf *elf, size_t i, struct running_mask *mask,
			 struct rd_error *err)
{
	const struct rd_elf_section *section = &elf->sections[i];
	const struct rd_elf_relocs *relocs = &elf->relocs[i];
	int r;

	r = load(elf, i, err);
	if (r)
		return r;
	mask->of[i] = calloc(section->size, 1);
	if (!mask->of[i])
		return rd_error_nomem(err);
	for (size_t k = 0; k < relocs->n; k++)
		mark(mask->of[i], section->size, relocs->items[k].offset,
		     field_length(relocs->items[k].type));
	return 0;
}

static void mark_site(const struct rd_elf *elf, const struct table *table,
		      const struct rd_elf_reloc *reloc, struct site *site,
		      struct running_mask *mask)
{
	const struct rd_elf_symbol *symbol = &elf->symbols[reloc->symbol];
	uint64_t offset = symbol->value + (uint64_t)reloc->addend;
	const struct rd_elf_section *section;

	if (symbol->section >= elf->n_sections || !mask->of[symbol->section])
		return;
	section = &elf->sections[symbol->section];
	if (offset >= section->size)
		return;
	site->code = section->data + offset;
	site->left = section->size - offset;
	mark(mask->of[symbol->section], section->size, offset, table->length(site));
}

static int mark_table(struct rd_elf *elf, size_t i, const struct table *table,
		      struct running_mask *mask, struct rd_error *err)
{
	const struct rd_elf_relocs *relocs = &elf->relocs[i];
	struct site site = { .table = &elf->sections[i], .stride = table->stride };
	int r;

	r = load(elf, i, err);
	if (r)
		return r;
	if (!site.stride)
		site.stride = alternative_stride(site.table, relocs);
	if (!table->stride && relocs->n && (site.stride < 12 || site.stride > 14)) {
		rd_error_set(err, ENOTSUP, "%s: entries of %llu bytes", site.table->name,
			     (unsigned long long)site.stride);
		return RUNNING_MASK_UNKNOWN;
	}
	for (size_t k = 0; k < relocs->n; k++) {
		site.entry = relocs->items[k].offset;
		if (site.entry % site.stride == 0 && site.entry < site.table->size)
			mark_site(elf, table, &relocs->items[k], &site, mask);
	}
	return 0;
}

int running_mask_init(struct rd_elf *elf, bool (*wants)(const struct rd_elf_section *section),
		      struct running_mask *mask, struct rd_error *err)
{
	int r = 0;

	*mask = (struct running_mask)RUNNING_MASK_INIT;
	mask->of = calloc(elf->n_sections, sizeof(*mask->of));
	if (!mask->of)
		return rd_error_nomem(err);
	mask->n = elf->n_sections;
	for (size_t i = 1; !r && i < elf->n_sections; i++) {
		if (wants(&elf->sections[i]))
			r = start_section(elf, i, mask, err);
	}
	for (size_t i = 1; !r && i < elf->n_sections; i++) {
		const struct table *table = find_table(elf->sections[i].name);

		if (table && elf->sections[i].data && elf->sections[i].flags & SHF_ALLOC)
			r = mark_table(elf, i, table, mask, err);
	}
	if (r)
		running_mask_deinit(mask);
	return r;
}

void running_mask_deinit(struct running_mask *mask)
{
	for (size_t i = 0; i < mask->n; i++)
		free(mask->of[i]);
	free(mask->of);
	*mask = (struct running_mask)RUNNING_MASK_INIT;
}
