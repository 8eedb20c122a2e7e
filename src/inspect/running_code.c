/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The running module's code and constant data against the file that it was loaded from, function
 * by function. Layout is the same, as it is the same link; what the kernel rewrites is masked
 * (running_mask.c), and the rest must be equal.
 *
 * A tracer may have put a breakpoint or a jump anywhere: a function in which a kprobe stands, or
 * that differs by breakpoints alone, is left out, and counted. Where many functions differ, the
 * kernel is one that rewrites code in a way that is not known here: then nothing is said. Pads
 * before functions are scratch room of the kernel, bytes without a symbol are padding, and data
 * that may be written is data: none of them is compared.
 */

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/running_code.h"
#include "running_mask.h"

#define CODE_BREAKPOINT 0xcc

/* Above this share (1/n) of functions that differ, it is the kernel's doing. A known patch changes
 * one or two of twelve thousand. */
#define CODE_STRANGE_SHARE 16
#define CODE_STRANGE_MIN   4 /* of a small module */

/* Bytes shown of a difference. */
#define CODE_SHOWN ((size_t)8)

struct comparison {
	const struct rd_elf *elf;
	const struct rd_memory *memory;
	const struct running_mask *mask;
	size_t *memory_of; /* by section of the file: number of its memory plus one, 0 for none */
	struct rd_evidence *ev;
	struct rd_running_code *out;
};

void rd_memory_deinit(struct rd_memory *memory)
{
	for (size_t i = 0; i < memory->n; i++) {
		free(memory->items[i].name);
		free(memory->items[i].data);
	}
	free(memory->items);
	free(memory->probes.items);
	*memory = (struct rd_memory)RD_MEMORY_INIT;
}

struct rd_memory_section *rd_memory_find(const struct rd_memory *memory, const char *name)
{
	for (size_t i = 0; i < memory->n; i++) {
		if (!strcmp(memory->items[i].name, name))
			return &memory->items[i];
	}
	return NULL;
}

/* Code for loading is freed, code for unloading may never have been kept. */
bool rd_running_code_wants(const struct rd_elf_section *section)
{
	if (!section->data || !(section->flags & SHF_ALLOC) || section->flags & SHF_WRITE ||
	    rd_text_has_prefix(section->name, ".init") ||
	    rd_text_has_prefix(section->name, ".exit"))
		return false;
	return section->flags & SHF_EXECINSTR || !strcmp(section->name, ".rodata");
}

static bool is_pad(const char *name)
{
	return rd_text_has_prefix(name, "__pfx_") || rd_text_has_prefix(name, "__cfi_");
}

/* Whether the symbol names bytes that are compared. */
static bool is_meant(const struct comparison *c, const struct rd_elf_symbol *symbol)
{
	const struct rd_elf_section *section;

	if ((symbol->type != STT_FUNC && symbol->type != STT_OBJECT) || !symbol->size ||
	    symbol->section >= c->elf->n_sections || !c->memory_of[symbol->section] ||
	    is_pad(symbol->name))
		return false;
	section = &c->elf->sections[symbol->section];
	return symbol->value < section->size && symbol->size <= section->size - symbol->value;
}

static bool has_probe(const struct rd_memory *memory, uint64_t address, uint64_t size)
{
	for (size_t i = 0; i < memory->probes.n; i++) {
		if (memory->probes.items[i] - address < size)
			return true;
	}
	return false;
}

/* One function or object in both places. */
struct pair {
	const uint8_t *file, *memory, *mask;
	uint64_t size;
};

/* Offset of the first byte that differs, @size if none does; whether all such are breakpoints. */
static uint64_t find_difference(const struct pair *pair, bool *are_breakpointsp, uint64_t *maskedp)
{
	uint64_t first = pair->size;

	*are_breakpointsp = true;
	for (uint64_t i = 0; i < pair->size; i++) {
		*maskedp += pair->mask[i];
		if (pair->file[i] == pair->memory[i] || pair->mask[i])
			continue;
		if (first == pair->size)
			first = i;
		*are_breakpointsp &= pair->memory[i] == CODE_BREAKPOINT;
	}
	return first;
}

static int report(struct comparison *c, const char *name, const struct pair *pair, uint64_t at)
{
	size_t shown = pair->size - at < CODE_SHOWN ? pair->size - at : CODE_SHOWN;
	RD_CLEANUP(rd_freep) char *file = rd_text_hex(pair->file + at, shown);
	RD_CLEANUP(rd_freep) char *memory = rd_text_hex(pair->memory + at, shown);

	if (!file || !memory)
		return -ENOMEM;
	return rd_evidence_add(c->ev, RD_EVIDENCE_FUNCTION, name,
			       "differs from its file at +%#llx: %s in memory, %s in the file",
			       (unsigned long long)at, memory, file);
}

static int compare_symbol(struct comparison *c, const struct rd_elf_symbol *symbol)
{
	const struct rd_memory_section *memory =
		&c->memory->items[c->memory_of[symbol->section] - 1];
	const struct pair pair = {
		.file = c->elf->sections[symbol->section].data + symbol->value,
		.memory = memory->data + symbol->value,
		.mask = c->mask->of[symbol->section] + symbol->value,
		.size = symbol->size,
	};
	bool is_function = symbol->type == STT_FUNC, are_breakpoints;
	uint64_t masked = 0, at = find_difference(&pair, &are_breakpoints, &masked);

	c->out->functions += is_function;
	c->out->objects += !is_function;
	if (is_function) {
		c->out->bytes += pair.size;
		c->out->masked += masked;
	}
	if (at == pair.size)
		return 0;
	if (is_function &&
	    (are_breakpoints || has_probe(c->memory, memory->address + symbol->value, pair.size))) {
		c->out->left_out++;
		return 0;
	}
	c->out->differing++;
	return report(c, symbol->name, &pair, at);
}

/* Reads as zero what is not mapped any more: then there is nothing to compare. */
static bool is_all_zero(const uint8_t *data, size_t len)
{
	return !len || (!data[0] && !memcmp(data, data + 1, len - 1));
}

/* Finds the memory of each section that is wanted. */
static int find_memory(struct comparison *c, struct rd_error *err)
{
	size_t n = 0;

	for (size_t i = 1; i < c->elf->n_sections; i++) {
		const struct rd_elf_section *section = &c->elf->sections[i];
		const struct rd_memory_section *memory;

		if (!c->mask->of[i])
			continue;
		memory = rd_memory_find(c->memory, section->name);
		if (!memory || !memory->data || memory->len < section->size ||
		    is_all_zero(memory->data, section->size))
			continue;
		c->memory_of[i] = (size_t)(memory - c->memory->items) + 1;
		n += !strcmp(section->name, ".text");
	}
	if (n)
		return 0;
	rd_error_set(err, ENODATA, "the memory of .text could not be read");
	return RD_RUNNING_CODE_UNKNOWN;
}

static int compare_all(struct comparison *c, struct rd_error *err)
{
	const struct rd_running_code *out = c->out;

	for (size_t i = 1; i < c->elf->n_symbols; i++) {
		if (is_meant(c, &c->elf->symbols[i]) && compare_symbol(c, &c->elf->symbols[i]))
			return rd_error_nomem(err);
	}
	if (!out->functions) {
		rd_error_set(err, ENODATA, "the file has no function symbols");
		return RD_RUNNING_CODE_UNKNOWN;
	}
	if (out->differing >= CODE_STRANGE_MIN &&
	    out->differing > (out->functions + out->objects) / CODE_STRANGE_SHARE) {
		rd_error_set(err, ENOTSUP,
			     "%zu of %zu functions and objects differ: this kernel rewrites code "
			     "in a way that is not known here",
			     out->differing, out->functions + out->objects);
		return RD_RUNNING_CODE_UNKNOWN;
	}
	return 0;
}

int rd_running_code_compare(struct rd_elf *elf, const struct rd_memory *memory,
			    struct rd_evidence *ev, struct rd_running_code *out,
			    struct rd_error *err)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence found = RD_EVIDENCE_INIT;
	RD_CLEANUP(running_mask_deinit) struct running_mask mask = RUNNING_MASK_INIT;
	RD_CLEANUP(rd_freep) size_t *memory_of = NULL;
	struct comparison c = {
		.elf = elf,
		.memory = memory,
		.mask = &mask,
		.ev = &found,
		.out = out,
	};
	int r;

	*out = (struct rd_running_code){ 0 };
	if (elf->machine != EM_X86_64) {
		rd_error_set(err, ENOTSUP, "what the kernel rewrites is known for x86-64 only");
		return RD_RUNNING_CODE_UNKNOWN;
	}
	r = running_mask_init(elf, rd_running_code_wants, &mask, err);
	if (r)
		return r < 0 ? r : RD_RUNNING_CODE_UNKNOWN;
	c.memory_of = memory_of = calloc(elf->n_sections, sizeof(*memory_of));
	if (!memory_of)
		return rd_error_nomem(err);
	r = find_memory(&c, err);
	if (!r)
		r = compare_all(&c, err);
	if (!r && rd_evidence_copy(ev, &found))
		r = rd_error_nomem(err);
	return r;
}
