/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Puts kfd_crat.c together again from a linked module:
 *
 * 1. Anchors: functions whose name, without what compilers append, is one that kfd_crat.c defines
 *    (data/scope.data) or that a pr_debug site of kfd_crat.c names.
 * 2. Closure: a branch that the assembler could resolve by itself, and a relocation against a local
 *    or section symbol, stay inside one object file; so the functions they lead to belong to it.
 * 3. Gaps: the linker lays an object's part of a section down in one piece, so functions between
 * two of the unit are of the unit.
 *
 * Where the symbols of local functions were stripped, the code that 2 leads to is taken without a
 * name, and 3 finds nothing: less is covered.
 *
 * LTO breaks 2 and 3. It is recognised by what they lead to: a symbol that bears the mark of LTO, a
 * function that the pr_debug sites place in another file, or more functions than a unit has; then
 * the anchors alone are the scope. Taking a function too many is harmless, the rules that look at
 * it are narrow.
 */

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "code_private.h"
#include "inspect/scope.h"
#include "model/data.h"

/* Global in every version since 4.19: without it nothing is known of the unit. */
#define SCOPE_PARSER "kfd_parse_crat_table"

/* The real unit has some 20 functions and 10 KiB of code, some 50 KiB under KASAN. */
#define SCOPE_MAX_FUNCTIONS 200
#define SCOPE_MAX_CODE	    (512u << 10)

/* Else two pieces of the unit are no neighbours: .text of a module may also hold what was
 * .text.unlikely of its objects. */
#define SCOPE_MAX_GAP (64u << 10)

/* Functions of a module (the full amdgpu has 25,000 with their pads), and places that those of the
 * unit lead to (a thousand): each function of the unit may have all of them looked at again. */
#define SCOPE_MAX_CANDIDATES (1u << 17)
#define SCOPE_MAX_TARGETS    (1u << 17)

struct scope_target {
	uint32_t section;
	uint64_t offset;
};

struct scope_names {
	const char **items;
	size_t n, cap;
};

/* Work in progress. */
struct scope_search {
	struct rd_elf *elf;
	struct rd_code *code;
	const struct rd_dyndbg *dyndbg;
	struct rd_scope *scope;
	struct rd_error *err;
	uint32_t *candidates; /* symbols of functions that are not in the scope yet */
	size_t n_candidates;
	struct scope_targets {
		struct scope_target *items;
		size_t n, cap;
	} targets; /* where functions of the scope lead to */
	size_t followed; /* functions of the scope whose targets are known */
	uint64_t code_size;
};

static void search_deinit(struct scope_search *search)
{
	free(search->candidates);
	free(search->targets.items);
}

static void names_deinit(struct scope_names *names)
{
	free(names->items);
}

/* Pads before functions, which carry symbols of their own. */
static bool is_pad(const char *name)
{
	return rd_text_has_prefix(name, "__pfx_") || rd_text_has_prefix(name, "__cfi_");
}

static bool is_function(const struct rd_elf *elf, const struct rd_elf_symbol *symbol)
{
	const struct rd_elf_section *section;

	if (symbol->type != STT_FUNC || symbol->section == SHN_UNDEF ||
	    symbol->section >= elf->n_sections)
		return false;
	section = &elf->sections[symbol->section];
	return section->data && section->flags & SHF_EXECINSTR && symbol->value < section->size;
}

/* Lists all functions of the module, and sees whether any of them is local. */
static int list_candidates(struct scope_search *search)
{
	const struct rd_elf *elf = search->elf;
	bool has_local = false;

	search->candidates = calloc(elf->n_symbols + 1, sizeof(*search->candidates));
	if (!search->candidates)
		return rd_error_nomem(search->err);
	for (size_t i = 1; i < elf->n_symbols; i++) {
		if (!is_function(elf, &elf->symbols[i]))
			continue;
		if (search->n_candidates == SCOPE_MAX_CANDIDATES) {
			rd_error_set(search->err, EFBIG, "more than %u functions",
				     SCOPE_MAX_CANDIDATES);
			return RD_SCOPE_BAD;
		}
		has_local |= elf->symbols[i].bind == STB_LOCAL;
		search->candidates[search->n_candidates++] = (uint32_t)i;
	}
	search->scope->is_reduced = !has_local;
	return 0;
}

/* The code of a candidate. */
static struct rd_scope_function candidate(const struct scope_search *search, size_t i)
{
	const struct rd_elf_symbol *symbol = &search->elf->symbols[search->candidates[i]];
	uint64_t size = search->elf->sections[symbol->section].size;

	return (struct rd_scope_function){
		.name = symbol->name,
		.section = symbol->section,
		.start = symbol->value,
		.base = symbol->value,
		.end = symbol->size > size - symbol->value ? size : symbol->value + symbol->size,
	};
}

static int take(struct scope_search *search, const struct rd_scope_function *function)
{
	search->code_size += function->end - function->start;
	if (search->scope->n >= SCOPE_MAX_FUNCTIONS || search->code_size > SCOPE_MAX_CODE) {
		rd_error_set(search->err, EFBIG,
			     "the functions of " RD_SCOPE_FILE
			     " are more than %d or larger than %u bytes",
			     SCOPE_MAX_FUNCTIONS, SCOPE_MAX_CODE);
		return RD_SCOPE_BAD;
	}
	if (rd_array_push(search->scope, function))
		return rd_error_nomem(search->err);
	return 0;
}

/* Takes all candidates that @is_wanted says belong to the unit; the rest stay candidates. */
static int take_all(struct scope_search *search,
		    bool (*is_wanted)(const struct scope_search *, const struct rd_scope_function *,
				      const void *),
		    const void *arg)
{
	size_t kept = 0, i;
	int r = 0;

	for (i = 0; !r && i < search->n_candidates; i++) {
		struct rd_scope_function function = candidate(search, i);

		if (is_wanted(search, &function, arg))
			r = take(search, &function);
		else
			search->candidates[kept++] = search->candidates[i];
	}
	if (!r)
		search->n_candidates = kept;
	return r;
}

static size_t stem_length(const char *name)
{
	return strchrnul(name, '.') - name;
}

static bool is_stem(const char *pattern, const char *name)
{
	size_t len = strlen(pattern);

	if (*pattern != *name)
		return false;
	if (len && pattern[len - 1] == '*')
		return !strncmp(name, pattern, len - 1);
	return !strncmp(name, pattern, len) && stem_length(name) == len;
}

bool rd_scope_is_known_name(const char *name)
{
	size_t n;
	const char *const *stems = rd_data_crat_functions(&n);

	for (size_t i = 0; i < n; i++) {
		if (is_stem(stems[i], name))
			return true;
	}
	return false;
}

bool rd_scope_is_parser(const char *name)
{
	return is_stem(SCOPE_PARSER, name);
}

static bool is_own_file(const struct rd_dyndbg_site *site)
{
	return !strcmp(rd_dyndbg_file_name(site), RD_SCOPE_FILE);
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names of functions that have a pr_debug site in kfd_crat.c, sorted. */
static int list_own_sites(const struct rd_dyndbg *dyndbg, struct scope_names *names)
{
	for (size_t i = 0; i < dyndbg->n; i++) {
		if (is_own_file(&dyndbg->items[i]) &&
		    rd_array_push(names, &dyndbg->items[i].function))
			return -ENOMEM;
	}
	if (names->n)
		qsort(names->items, names->n, sizeof(*names->items), name_compare);
	return 0;
}

static bool has_name(const struct scope_names *names, const char *name)
{
	size_t from = 0, to = names->n, len = stem_length(name);

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = strncmp(names->items[middle], name, len);

		if (!order && !names->items[middle][len])
			return true;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

/* The first letters that an anchor can have: most functions of a module end here. */
struct scope_anchors {
	struct scope_names own;
	bool is_first[UCHAR_MAX + 1];
};

static bool is_anchor(const struct scope_search *search, const struct rd_scope_function *function,
		      const void *arg)
{
	const struct scope_anchors *anchors = arg;

	(void)search;
	return anchors->is_first[(unsigned char)*function->name] &&
	       (rd_scope_is_known_name(function->name) || has_name(&anchors->own, function->name));
}

static int take_anchors(struct scope_search *search)
{
	struct scope_anchors anchors = { 0 };
	size_t n;
	const char *const *stems = rd_data_crat_functions(&n);
	int r;

	r = list_own_sites(search->dyndbg, &anchors.own);
	for (size_t i = 0; i < n; i++)
		anchors.is_first[(unsigned char)*stems[i]] = true;
	for (size_t i = 0; i < anchors.own.n; i++)
		anchors.is_first[(unsigned char)*anchors.own.items[i]] = true;
	r = r ? rd_error_nomem(search->err) : take_all(search, is_anchor, &anchors);
	names_deinit(&anchors.own);
	return r;
}

static int add_target(struct scope_search *search, uint32_t section, uint64_t offset)
{
	struct scope_target target = { .section = section, .offset = offset };

	if (search->targets.n >= SCOPE_MAX_TARGETS)
		return RD_SCOPE_BAD;
	return rd_array_push(&search->targets, &target) ? rd_error_nomem(search->err) : 0;
}

static int follow_relocs(struct scope_search *search, const struct rd_scope_function *function)
{
	const struct rd_elf *elf = search->elf;
	const struct rd_elf_reloc *relocs;
	size_t n;
	int r;

	relocs = rd_elf_relocs_in(elf, function->section, function->start, function->end, &n);
	for (size_t i = 0; i < n; i++) {
		const struct rd_elf_symbol *symbol = &elf->symbols[relocs[i].symbol];
		uint64_t offset = symbol->value + (uint64_t)relocs[i].addend;

		if (symbol->bind != STB_LOCAL || symbol->section == SHN_UNDEF ||
		    symbol->section >= elf->n_sections ||
		    !(elf->sections[symbol->section].flags & SHF_EXECINSTR))
			continue;
		if (rd_code_reloc_is_relative(relocs[i].type))
			offset += sizeof(uint32_t);
		r = add_target(search, symbol->section, offset);
		if (r)
			return r;
	}
	return 0;
}

static int follow_branches(struct scope_search *search, const struct rd_scope_function *function)
{
	const uint8_t *data = search->elf->sections[function->section].data;
	struct rd_code_walk walk;
	const cs_insn *insn;
	int r;

	walk = rd_code_start(search->code, data + function->start, function->end - function->start,
			     function->start, false);
	while ((insn = rd_code_next(&walk))) {
		uint64_t target;
		size_t n;

		if (!rd_code_branch(insn, &target) ||
		    (target >= function->start && target < function->end))
			continue;
		rd_elf_relocs_in(search->elf, function->section, insn->address,
				 insn->address + insn->size, &n);
		if (n)
			continue;
		r = add_target(search, function->section, target);
		if (r)
			return r;
	}
	return 0;
}

static int target_compare(const void *a, const void *b)
{
	const struct scope_target *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool is_targeted(const struct scope_search *search, const struct rd_scope_function *function,
			const void *arg)
{
	const struct scope_targets *targets = &search->targets;
	size_t from = 0, to = targets->n;

	(void)arg;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct scope_target *target = &targets->items[middle];

		if (target->section < function->section ||
		    (target->section == function->section && target->offset < function->start))
			from = middle + 1;
		else
			to = middle;
	}
	return from < targets->n && targets->items[from].section == function->section &&
	       targets->items[from].offset < function->end;
}

/* Where the functions that were not followed yet lead to, sorted. */
static int find_targets(struct scope_search *search)
{
	int r = 0;

	search->targets.n = 0;
	while (!r && search->followed < search->scope->n) {
		const struct rd_scope_function *function =
			&search->scope->items[search->followed++];

		r = rd_elf_load_relocs(search->elf, function->section, search->err);
		if (r > 0)
			return RD_SCOPE_BAD;
		if (!r)
			r = follow_relocs(search, function);
		if (!r)
			r = follow_branches(search, function);
	}
	if (search->targets.n)
		qsort(search->targets.items, search->targets.n, sizeof(*search->targets.items),
		      target_compare);
	return r;
}

/* Marks that clang's ThinLTO and gcc's LTO leave on promoted and privatised symbols. */
static bool is_lto_name(const char *name)
{
	return strstr(name, ".llvm.") || strstr(name, ".lto_priv.");
}

/* Whether the pr_debug sites place a function of that name in another file alone. */
static bool is_alien(const struct rd_dyndbg *dyndbg, const char *name)
{
	size_t len = stem_length(name);
	bool is_elsewhere = false;

	for (size_t i = 0; i < dyndbg->n; i++) {
		const struct rd_dyndbg_site *site = &dyndbg->items[i];

		if (strncmp(site->function, name, len) || site->function[len])
			continue;
		if (is_own_file(site))
			return false;
		is_elsewhere |= rd_text_has_suffix(site->file, ".c");
	}
	return is_elsewhere;
}

/* Whether what was taken since there were @n functions can be of the unit. */
static bool is_plausible(const struct scope_search *search, size_t n)
{
	for (size_t i = n; i < search->scope->n; i++) {
		const char *name = search->scope->items[i].name;

		if (is_lto_name(name) || is_alien(search->dyndbg, name))
			return false;
	}
	return true;
}

/* Whether a target lies in a function of the scope. */
static bool is_covered(const struct rd_scope *scope, const struct scope_target *target)
{
	for (size_t i = 0; i < scope->n; i++) {
		const struct rd_scope_function *function = &scope->items[i];

		if (function->section == target->section && target->offset >= function->start &&
		    target->offset < function->end)
			return true;
	}
	return false;
}

/* The bytes from a target to the next function that is known, or as many as a function may have. */
static size_t room_after(const struct scope_search *search, const struct scope_target *target)
{
	uint64_t end = search->elf->sections[target->section].size;

	if (end - target->offset > SCOPE_MAX_GAP)
		end = target->offset + SCOPE_MAX_GAP;
	for (size_t i = 0; i < search->scope->n + search->n_candidates; i++) {
		struct rd_scope_function function =
			i < search->scope->n ? search->scope->items[i]
					     : candidate(search, i - search->scope->n);

		if (function.section == target->section && function.start > target->offset &&
		    function.start < end)
			end = function.start;
	}
	return end - target->offset;
}

/* Takes the code that targets lead to and that no symbol covers. */
static int take_unnamed(struct scope_search *search)
{
	int r = 0;

	for (size_t i = 0; !r && i < search->targets.n; i++) {
		const struct scope_target *target = &search->targets.items[i];
		const struct rd_elf_section *section = &search->elf->sections[target->section];
		struct rd_scope_function function = {
			.name = section->name,
			.section = target->section,
			.start = target->offset,
		};

		if (!section->data || target->offset >= section->size ||
		    is_covered(search->scope, target))
			continue;
		function.end = target->offset + rd_code_extent(search->code,
							       section->data + target->offset,
							       room_after(search, target));
		r = take(search, &function);
	}
	return r;
}

/* Follows what was not followed yet, and takes what it leads to. */
static int close_over(struct scope_search *search)
{
	while (search->followed < search->scope->n) {
		size_t n = search->scope->n;
		int r;

		r = find_targets(search);
		if (!r)
			r = take_all(search, is_targeted, NULL);
		if (!r && search->scope->is_reduced)
			r = take_unnamed(search);
		if (r)
			return r;
		if (!is_plausible(search, n))
			return RD_SCOPE_BAD;
	}
	return 0;
}

static int function_compare(const void *a, const void *b)
{
	const struct rd_scope_function *x = a, *y = b;

	if (x->section != y->section)
		return x->section < y->section ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

/* The functions of the scope by address. */
struct scope_sorted {
	struct rd_scope_function *items;
	size_t n;
};

static bool is_in_gap(const struct scope_search *search, const struct rd_scope_function *function,
		      const void *arg)
{
	const struct scope_sorted *sorted = arg;
	size_t from = 0, to = sorted->n;

	(void)search;
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (function_compare(&sorted->items[middle], function) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from > 0 && from < sorted->n &&
	       sorted->items[from - 1].section == function->section &&
	       sorted->items[from].section == function->section &&
	       sorted->items[from].start - sorted->items[from - 1].start <= SCOPE_MAX_GAP &&
	       !is_pad(function->name);
}

static int fill_gaps(struct scope_search *search)
{
	RD_CLEANUP(rd_freep) struct rd_scope_function *items = NULL;
	struct scope_sorted sorted = { .n = search->scope->n };
	int r;

	if (!sorted.n)
		return 0;
	items = calloc(sorted.n, sizeof(*items));
	if (!items)
		return rd_error_nomem(search->err);
	memcpy(items, search->scope->items, sorted.n * sizeof(*items));
	qsort(items, sorted.n, sizeof(*items), function_compare);
	sorted.items = items;
	r = take_all(search, is_in_gap, &sorted);
	if (r)
		return r;
	return is_plausible(search, sorted.n) ? 0 : RD_SCOPE_BAD;
}

/* Grows the scope from its anchors; where that leads into other units, they stay alone. */
static int grow(struct scope_search *search)
{
	size_t anchors = search->scope->n;
	int r;

	do {
		r = close_over(search);
		if (!r)
			r = fill_gaps(search);
	} while (!r && search->followed < search->scope->n);

	if (r != RD_SCOPE_BAD)
		return r;
	search->scope->n = anchors;
	search->scope->is_by_names = true;
	return 0;
}

/* Sorts, and keeps one of several names for the same code. */
static void finish(struct rd_scope *scope)
{
	size_t n = 0;

	for (size_t i = 0; i < scope->n; i++)
		scope->has_parser |= rd_scope_is_parser(scope->items[i].name) &&
				     !strstr(scope->items[i].name, ".cold");
	if (scope->n)
		qsort(scope->items, scope->n, sizeof(*scope->items), function_compare);
	for (size_t i = 0; i < scope->n; i++) {
		if (!n || function_compare(&scope->items[n - 1], &scope->items[i]))
			scope->items[n++] = scope->items[i];
	}
	scope->n = n;
}

/* What the rules read with the functions. */
static int load_relocs(struct scope_search *search)
{
	for (size_t i = 0; i < search->scope->n; i++) {
		int r = rd_elf_load_relocs(search->elf, search->scope->items[i].section,
					   search->err);

		if (r)
			return r < 0 ? r : RD_SCOPE_BAD;
	}
	return 0;
}

int rd_scope_find(struct rd_elf *elf, struct rd_code *code, const struct rd_dyndbg *dyndbg,
		  struct rd_scope *out, struct rd_error *err)
{
	RD_CLEANUP(search_deinit)
	struct scope_search search = {
		.elf = elf,
		.code = code,
		.dyndbg = dyndbg,
		.scope = out,
		.err = err,
	};
	int r;

	*out = (struct rd_scope)RD_SCOPE_INIT;
	r = list_candidates(&search);
	if (!r)
		r = take_anchors(&search);
	if (!r)
		r = load_relocs(&search);
	if (!r)
		r = grow(&search);
	if (!r)
		r = load_relocs(&search);
	if (r) {
		rd_scope_deinit(out);
		return r;
	}
	finish(out);
	return 0;
}

void rd_scope_deinit(struct rd_scope *scope)
{
	free(scope->items);
	*scope = (struct rd_scope)RD_SCOPE_INIT;
}
