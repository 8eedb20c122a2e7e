/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the files of the function compare share. compare.c tells the whole story; in short: a module
 * is cut into units (functions, data objects, and chunks of bytes that no symbol names), units of
 * both modules are paired by name, and a place in one module is the same as a place in the other
 * if it has the same distance from units that are a pair, or shows the same string or constant.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "inspect/elf.h"
#include "model/comparison.h"

#define COMPARE_NONE UINT32_MAX

/* A module has 30,000 units; more than this is no module. */
#define COMPARE_MAX_UNITS (1u << 20)

enum compare_class {
	COMPARE_IGNORED, /* not loaded, or compared elsewhere, or no content: see compare.c */
	COMPARE_UNITS,
	COMPARE_TABLE, /* entries that belong to the functions they point at */
	COMPARE_STRINGS, /* merged by the linker: compared where they are referred to */
	COMPARE_CONSTANTS,
};

struct compare_section {
	enum compare_class class;
	bool is_code;
	bool is_dyndbg;
	bool is_settled; /* the units lie where their partners lie */
	bool is_same; /* and equal offsets are equal places */
	bool has_chunks;
	uint32_t pair; /* the section of that name in the other module */
	uint32_t first, n; /* units, ascending by start */
	uint32_t *buckets; /* first unit at or after each 1 << shift bytes */
	unsigned int shift;
};

struct compare_unit {
	uint64_t start, end; /* in its section; a unit may be empty, and units may overlap */
	uint32_t section;
	uint32_t symbol; /* COMPARE_NONE: a chunk without a name */
	uint32_t name; /* the same number for the same name in both modules */
	uint32_t pair; /* unit of the other module */
	uint32_t reloc; /* first relocation at or after start */
	bool is_function;
	bool is_helper; /* named by the compiler or a macro: matters where it is referred to */
	bool is_content; /* is what it contains: never paired */
	bool is_referenced;
	bool is_certain; /* the pair rests on more than order or likeness */
	bool is_reported;
};

struct compare_side {
	const struct rd_elf *elf;
	struct compare_section *sections; /* as elf->sections */
	struct compare_units {
		struct compare_unit *items;
		size_t n, cap;
	} units;
	uint32_t *unit_of; /* by symbol */
	uint32_t *name_of; /* by symbol: units and what the module imports */
	uint64_t code_bytes, unnamed_code_bytes;
	bool has_functions, has_local_functions, has_lto;
};

struct compare_name {
	const char *s;
	size_t len;
	uint64_t hash;
};

struct compare {
	struct compare_side a, b;
	struct compare_names {
		struct compare_name *items;
		size_t n, cap;
		uint32_t *slots;
		size_t n_slots;
	} names;
	uint64_t work; /* what is left of the work that this pair of files is worth */
	bool is_exhausted;
	const struct compare_unit *user; /* of A: whose references are being compared */
	bool has_disassembler;
	size_t disassembler;
	struct rd_comparison *out;
};

/* A place in a module. */
struct compare_place {
	uint32_t section;
	uint64_t offset;
};

/* What a pair of units turned out to be; the first difference speaks for all. */
struct compare_finding {
	enum { COMPARE_EQUAL, COMPARE_IMMEDIATES, COMPARE_DIFFERS } outcome;
	struct rd_text detail;
};

#define COMPARE_FINDING_INIT \
	{                    \
		0            \
	}

/*
 * compare_index.c: units, sections, names. Unless said otherwise an int is 0 or -ENOMEM.
 */
int rd_compare_index(struct compare *c, struct compare_side *side, const struct rd_elf *elf);
/* What may be said of whole sections once units are paired. */
void rd_compare_index_pairs(struct compare *c);
void rd_compare_side_deinit(struct compare_side *side);

/* The last unit that starts at or before @offset, as an index; COMPARE_NONE if none does. */
uint32_t rd_compare_floor(const struct compare_side *side, uint32_t section, uint64_t offset);

/* What a section is; for those who load relocations before there is an index. */
enum compare_class rd_compare_classify(const struct rd_elf_section *section);

/* compare_name.c: one number for one name in both modules. */
int rd_compare_names_init(struct compare_names *names, size_t n);
int rd_compare_names_add(struct compare *c, const char *s, size_t len, uint32_t *idp);
void rd_compare_names_deinit(struct compare_names *names);
/* How much of a unit's name counts, without the number that the compiler appended. */
size_t rd_compare_name_len(const char *name, bool is_function);

/* compare_gap.c: chunks, the units of bytes that no symbol covers. */
int rd_compare_gaps(struct compare_side *side, struct compare_units *chunks);

/* compare_pair.c: units of one name in both modules. */
int rd_compare_pair(struct compare *c);
void rd_compare_pair_set(struct compare *c, uint32_t a, uint32_t b, bool is_certain);
bool rd_compare_is_pairable(const struct compare_unit *unit);

/* compare_kin.c: namesakes by those who refer to them and those beside them. */
int rd_compare_kin(struct compare *c);

/* compare_canon.c: whether two places, two relocations are the same. */
bool rd_compare_places(struct compare *c, struct compare_place a, struct compare_place b,
		       unsigned int depth);
bool rd_compare_relocs(struct compare *c, const struct rd_elf_reloc *a,
		       const struct rd_elf_reloc *b, int64_t adjust, unsigned int depth);
bool rd_compare_contents(struct compare *c, const struct compare_unit *a,
			 const struct compare_unit *b, unsigned int depth);
/* Whether @reloc is relative to its own place in machine code. */
bool rd_compare_is_pc_relative(const struct rd_elf *elf, const struct rd_elf_reloc *reloc);
/* Whether a symbol of the module is in a section of it. */
bool rd_compare_is_defined(const struct rd_elf *elf, const struct rd_elf_symbol *symbol);

/* compare_string.c: texts that the build path or a line number gets into. */
bool rd_compare_strings(struct compare *c, struct compare_place a, struct compare_place b);

/* compare_unit.c: pairs of functions and of data objects. */
int rd_compare_units(struct compare *c);
/* Takes @finding's text. */
int rd_compare_report(struct compare *c, enum rd_difference_kind kind, const char *name,
		      bool is_function, struct compare_finding *finding);
/* As above, for unit @i of @side, unless it is reported already. */
int rd_compare_report_owner(struct compare *c, struct compare_side *side, uint32_t i,
			    struct compare_finding *finding);
const char *rd_compare_unit_name(const struct compare_side *side, const struct compare_unit *unit);
bool rd_compare_spend(struct compare *c, uint64_t work);

/* compare_chunk.c: chunks that nothing refers to. */
int rd_compare_chunks(struct compare *c);

/* compare_insn.c: x86-64 machine code of equal size, instruction by instruction. */
bool rd_compare_insn_moved(struct compare *c, const struct compare_unit *a,
			   const struct compare_unit *b);
int rd_compare_insn(struct compare *c, const struct compare_unit *a, const struct compare_unit *b,
		    struct compare_finding *finding);
void rd_compare_insn_deinit(struct compare *c);

/* compare_table.c: what belongs to functions but lies in tables. */
int rd_compare_tables(struct compare *c);

/* compare_meta.c: identity of the builds, .modinfo, __versions. */
int rd_compare_builds(struct compare *c, struct rd_text *reason);
int rd_compare_meta(struct compare *c);

/* compare_say.c: places in words. */
int rd_compare_say(struct compare_finding *finding, int outcome, const char *fmt, ...)
	RD_PRINTF(3, 4);
int rd_compare_say_place(struct rd_text *text, const struct compare_side *side,
			 struct compare_place place);
int rd_compare_say_reloc(struct rd_text *text, const struct compare_side *side,
			 const struct rd_elf_reloc *reloc, int64_t adjust);
