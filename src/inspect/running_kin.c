/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Functions in memory against those of another build. Unlike with the file that was loaded
 * (running_code.c) addresses say nothing: what one build has changed moves all that follows. So a
 * branch that the assembler could resolve by itself is followed on both sides, and must lead to the
 * same place of a function of the same name; all other bytes are the same or masked.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "code_private.h"
#include "inspect/running_code.h"
#include "inspect/running_scope.h"
#include "inspect/scope.h"
#include "running_mask.h"

struct kin {
	const struct rd_elf *elf;
	const struct rd_running_scope *scope;
	struct running_mask mask;
	struct rd_code *code;
};

static void kin_deinit(struct kin *kin)
{
	running_mask_deinit(&kin->mask);
	rd_code_free(kin->code);
}

/* The last symbol at or before an address, or NULL. */
static const struct rd_running_symbol *find_symbol(const struct rd_running_scope *scope,
						   uint64_t address)
{
	size_t from = 0, to = scope->symbols.n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (scope->symbols.items[middle].address <= address)
			from = middle + 1;
		else
			to = middle;
	}
	return from ? &scope->symbols.items[from - 1] : NULL;
}

/* Whether a place of the file is a function of that name at its @offset. */
static bool is_place(const struct rd_elf *elf, uint32_t section, uint64_t place,
		     const struct rd_running_symbol *symbol, uint64_t offset)
{
	for (size_t i = 1; i < elf->n_symbols; i++) {
		const struct rd_elf_symbol *own = &elf->symbols[i];

		if (own->type == STT_FUNC && own->section == section &&
		    own->value + offset == place && !strcmp(own->name, symbol->name))
			return true;
	}
	return false;
}

/* Whether a branch of the file leads to @target, and the one in memory to the same place. */
static bool is_same_branch(const struct kin *kin, const struct rd_scope_function *function,
			   const struct rd_running_function *running, const cs_insn *insn,
			   uint64_t target)
{
	uint64_t end = insn->address + insn->size - function->start, to;
	const struct rd_running_symbol *symbol;
	int32_t rel;

	memcpy(&rel, running->data + end - sizeof(rel), sizeof(rel));
	to = running->address + end + (uint64_t)(int64_t)rel;
	symbol = find_symbol(kin->scope, to);
	return symbol &&
	       is_place(kin->elf, function->section, target, symbol, to - symbol->address);
}

/* Whether the instruction is the same in both places. */
static bool is_same(const struct kin *kin, const struct rd_scope_function *function,
		    const struct rd_running_function *running, const cs_insn *insn)
{
	const uint8_t *mask = kin->mask.of[function->section] + insn->address;
	const uint8_t *memory = running->data + (insn->address - function->start);
	uint64_t target;
	size_t len = insn->size;

	if (rd_code_branch(insn, &target) && len > sizeof(uint32_t) && !mask[len - 1] &&
	    (target < function->start || target >= function->end)) {
		if (!is_same_branch(kin, function, running, insn, target))
			return false;
		len -= sizeof(uint32_t);
	}
	for (size_t i = 0; i < len; i++) {
		if (memory[i] != insn->bytes[i] && !mask[i])
			return false;
	}
	return true;
}

/* Offset of the first instruction that differs, the function's size if none does. */
static uint64_t find_difference(const struct kin *kin, const struct rd_scope_function *function,
				const struct rd_running_function *running)
{
	uint64_t size = function->end - function->start;
	struct rd_code_walk walk;
	const cs_insn *insn;

	if (running->size < size)
		return running->size;
	walk = rd_code_start(kin->code,
			     kin->elf->sections[function->section].data + function->start, size,
			     function->start, false);
	while ((insn = rd_code_next(&walk))) {
		if (!is_same(kin, function, running, insn))
			return insn->address - function->start;
	}
	return size;
}

static const struct rd_running_function *find_running(const struct rd_running_scope *scope,
						      const char *name)
{
	for (size_t i = 0; i < scope->n; i++) {
		if (scope->items[i].data && !strcmp(scope->items[i].name, name))
			return &scope->items[i];
	}
	return NULL;
}

static int compare_scope(const struct kin *kin, const struct rd_scope *own, struct rd_evidence *ev,
			 struct rd_running_kin *out)
{
	for (size_t i = 0; i < own->n; i++) {
		const struct rd_scope_function *function = &own->items[i];
		const struct rd_running_function *running =
			find_running(kin->scope, function->name);
		uint64_t at;

		if (!running || !kin->mask.of[function->section])
			continue;
		out->functions++;
		at = find_difference(kin, function, running);
		if (at == function->end - function->start)
			continue;
		out->differing++;
		out->parsers += rd_scope_is_parser(function->name);
		if (rd_evidence_add(ev, RD_EVIDENCE_FUNCTION, function->name,
				    "runs otherwise than the file has it, from +%#llx on",
				    (unsigned long long)at))
			return -ENOMEM;
	}
	return 0;
}

/* The reference's own functions of the unit. */
static int find_own(struct rd_elf *elf, struct rd_code *code, struct rd_scope *own,
		    struct rd_error *err)
{
	RD_CLEANUP(rd_dyndbg_deinit) struct rd_dyndbg sites = RD_DYNDBG_INIT;
	int r;

	r = rd_dyndbg_read(elf, &sites, err);
	if (r >= 0)
		r = rd_scope_find(elf, code, &sites, own, err);
	return r;
}

int rd_running_scope_compare(const struct rd_running_scope *scope, struct rd_elf *elf,
			     struct rd_evidence *ev, struct rd_running_kin *out,
			     struct rd_error *err)
{
	RD_CLEANUP(kin_deinit) struct kin kin = { .elf = elf, .scope = scope };
	RD_CLEANUP(rd_scope_deinit) struct rd_scope own = RD_SCOPE_INIT;
	int r;

	*out = (struct rd_running_kin){ 0 };
	if (elf->machine != EM_X86_64) {
		rd_error_set(err, ENOTSUP, "the machine code is not for x86-64");
		return RD_RUNNING_SCOPE_UNKNOWN;
	}
	r = rd_code_new(&kin.code, err);
	if (!r)
		r = find_own(elf, kin.code, &own, err);
	if (!r)
		r = running_mask_init(elf, rd_running_code_wants, &kin.mask, err);
	if (r)
		return r > 0 || r == -ENOTSUP ? RD_RUNNING_SCOPE_UNKNOWN : r;
	return compare_scope(&kin, &own, ev, out) ? rd_error_nomem(err) : 0;
}
