/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Finds the functions of kfd_crat.c in /proc/kallsyms and looks at what they do.
 *
 *	ADDRESS TYPE NAME\t[MODULE]
 *
 * Only names count here: once relocated, a branch within the unit and one out of it look alike, and
 * a scope too wide would meet the places in other units where amdgpu rightly asks for a card.
 * Sizes are not listed, so a function reaches to the next symbol.
 *
 * Source: s_show(), kernel/kallsyms.c.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "inspect/code.h"
#include "inspect/crat_code.h"
#include "inspect/running_scope.h"
#include "inspect/scope.h"

/* amdgpu has 40,000 with its data and pads; the unit 20 functions, the largest of 8 KiB. */
#define SCOPE_MAX_SYMBOLS   (1u << 18)
#define SCOPE_MAX_FUNCTIONS 200
#define SCOPE_MAX_SIZE	    ((size_t)64 << 10)

/* Cuts a line of the module; false if it is none, or hides the address. */
static bool parse_line(char *line, const char *tag, struct rd_running_symbol *symbol, char *typep)
{
	char *end = strchr(line, '\t');

	if (!end || strcmp(end + 1, tag))
		return false;
	*end = '\0';
	symbol->address = strtoull(line, &end, 16);
	if (!symbol->address || end[0] != ' ' || !end[1] || end[2] != ' ' || !end[3])
		return false;
	*typep = end[1];
	symbol->name = end + 3;
	return true;
}

/* The sites of kfd_crat.c alone: every symbol is looked up among them. */
static int list_own(const struct rd_dyndbg *sites, struct rd_dyndbg *own)
{
	for (size_t i = 0; i < sites->n; i++) {
		if (!strcmp(rd_dyndbg_file_name(&sites->items[i]), RD_SCOPE_FILE) &&
		    rd_array_push(own, &sites->items[i]))
			return -ENOMEM;
	}
	return 0;
}

static bool has_site(const struct rd_dyndbg *own, const char *name)
{
	size_t len = strchrnul(name, '.') - name;

	for (size_t i = 0; i < own->n; i++) {
		if (!strncmp(own->items[i].function, name, len) && !own->items[i].function[len])
			return true;
	}
	return false;
}

static int add_symbol(struct rd_running_scope *scope, const struct rd_dyndbg *own,
		      const struct rd_running_symbol *symbol, char type)
{
	struct rd_running_function function = { .name = symbol->name, .address = symbol->address };

	if (scope->symbols.n < SCOPE_MAX_SYMBOLS && rd_array_push(&scope->symbols, symbol))
		return -ENOMEM;
	if ((type != 't' && type != 'T') || scope->n == SCOPE_MAX_FUNCTIONS ||
	    (!rd_scope_is_known_name(symbol->name) && !has_site(own, symbol->name)))
		return 0;
	return rd_array_push(scope, &function);
}

static int compare_symbol(const void *a, const void *b)
{
	const struct rd_running_symbol *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static void measure(struct rd_running_scope *scope)
{
	for (size_t i = 0; i < scope->n; i++) {
		struct rd_running_function *function = &scope->items[i];
		const struct rd_running_symbol *symbol = scope->symbols.items;
		const struct rd_running_symbol *end = symbol + scope->symbols.n;

		while (symbol < end && symbol->address <= function->address)
			symbol++;
		if (symbol < end && symbol->address - function->address < SCOPE_MAX_SIZE)
			function->size = symbol->address - function->address;
	}
}

int rd_running_scope_parse(struct rd_text *kallsyms, const char *module,
			   const struct rd_dyndbg *sites, struct rd_running_scope *out)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text tag = RD_TEXT_INIT;
	RD_CLEANUP(rd_dyndbg_deinit) struct rd_dyndbg own = RD_DYNDBG_INIT;
	char *line = kallsyms->data, *end;
	int r;

	*out = (struct rd_running_scope)RD_RUNNING_SCOPE_INIT;
	r = rd_text_printf(&tag, "[%s]", module);
	if (!r)
		r = list_own(sites, &own);
	for (; !r && line && (end = strchr(line, '\n')); line = end + 1) {
		struct rd_running_symbol symbol;
		char type;

		*end = '\0';
		if (parse_line(line, tag.data, &symbol, &type))
			r = add_symbol(out, &own, &symbol, type);
	}
	if (r) {
		rd_running_scope_deinit(out);
		return r;
	}
	if (out->symbols.n)
		qsort(out->symbols.items, out->symbols.n, sizeof(*out->symbols.items),
		      compare_symbol);
	measure(out);
	return 0;
}

void rd_running_scope_deinit(struct rd_running_scope *scope)
{
	for (size_t i = 0; i < scope->n; i++)
		free(scope->items[i].data);
	free(scope->items);
	free(scope->symbols.items);
	*scope = (struct rd_running_scope)RD_RUNNING_SCOPE_INIT;
}

/* The functions as a module of one section each, in the form that the reader of code wants. */
struct picture {
	struct rd_elf elf;
	struct rd_scope scope;
};

static void picture_deinit(struct picture *picture)
{
	rd_elf_deinit(&picture->elf);
	rd_scope_deinit(&picture->scope);
}

static int draw(const struct rd_running_scope *scope, struct picture *picture)
{
	struct rd_elf *elf = &picture->elf;

	elf->machine = EM_X86_64;
	elf->n_sections = scope->n + 1; /* 0 is none */
	elf->sections = calloc(elf->n_sections, sizeof(*elf->sections));
	elf->relocs = calloc(elf->n_sections, sizeof(*elf->relocs));
	if (!elf->sections || !elf->relocs)
		return -ENOMEM;
	elf->sections[0].name = "";
	for (size_t i = 0; i < scope->n; i++) {
		const struct rd_running_function *function = &scope->items[i];
		struct rd_scope_function drawn = {
			.name = function->name,
			.section = (uint32_t)(i + 1),
			.end = function->size,
		};

		elf->sections[i + 1] = (struct rd_elf_section){
			.name = function->name,
			.type = SHT_PROGBITS,
			.flags = SHF_ALLOC | SHF_EXECINSTR,
			.size = function->size,
			.data = function->data,
		};
		elf->relocs[i + 1].is_loaded = true;
		if (function->data && rd_array_push(&picture->scope, &drawn))
			return -ENOMEM;
	}
	return 0;
}

int rd_running_scope_inspect(const struct rd_running_scope *scope, struct rd_evidence *ev,
			     struct rd_error *err)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence found = RD_EVIDENCE_INIT;
	RD_CLEANUP(picture_deinit) struct picture picture = { 0 };
	RD_CLEANUP(rd_code_freep) struct rd_code *code = NULL;
	struct rd_crat_code out;
	int r;

	r = rd_code_new(&code, err);
	if (r)
		return r == -ENOTSUP ? RD_RUNNING_SCOPE_UNKNOWN : r;
	if (draw(scope, &picture))
		return rd_error_nomem(err);
	r = rd_crat_code_inspect(&picture.elf, code, &picture.scope, &found, &out, err);
	for (size_t i = 0; !r && i < found.n; i++) {
		const struct rd_evidence_item *item = &found.items[i];

		if (item->kind != RD_EVIDENCE_LIMIT &&
		    rd_evidence_add(ev, item->kind, item->where, "in memory: %s", item->detail))
			r = rd_error_nomem(err);
	}
	return r;
}
