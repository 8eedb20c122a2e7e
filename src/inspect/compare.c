/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Function compare: does one module do what the other does? Addresses say nothing about that, as
 * one changed function moves all that follow; names and contents do. compare_index.c cuts each
 * module into units, compare_pair.c pairs them by name, compare_canon.c says when two places are
 * the same. On that ground compare_unit.c compares pairs (level 1: bytes and relocations), and
 * compare_insn.c those where bytes alone cannot tell (level 2: x86-64 instructions).
 *
 * Invariant: "no difference" is a statement about everything that the kernel executes or reads as
 * data of the driver. Compared are:
 *   - functions, in all sections of code, and data objects, also the init and exit ones;
 *   - texts and constants that the linker merges, where something refers to them;
 *   - bytes without a symbol, .altinstr_replacement among them (compare_gap.c, compare_chunk.c);
 *   - tables of entries: bugs, exceptions, jump labels, alternatives, ... (compare_table.c);
 *   - dynamic debug descriptors: function, format, base name of the file;
 *   - .modinfo but for the lines that name the build, and checksums of imports (compare_meta.c).
 * Not compared, because the driver does the same whatever they say:
 *   - line numbers in __bug_table and __dyndbg, folders of source files (a rebuild elsewhere);
 *   - .orc_* (stack unwinder), .BTF and debug information, notes (identity, not content), .comment
 *     and vermagic (they decide whether to compare at all), signatures, padding;
 *   - texts and constants that nothing refers to, the order of units, addresses.
 *
 * A function may be smaller or larger for one reason only: other code. So unequal size differs.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compare_private.h"
#include "inspect/codec.h"
#include "inspect/compare.h"

/* Work is one unit for a relocation or 16 bytes; real pairs need a fifth of this. */
#define COMPARE_WORK_BASE (1u << 22)

/* Above this share (1/n) of unnamed code, functions have lost their symbols. */
#define COMPARE_UNNAMED_SHARE 8

static int refuse(struct rd_comparison *out, const char *fmt, ...) RD_PRINTF(2, 3);

static int refuse(struct rd_comparison *out, const char *fmt, ...)
{
	char *reason;
	va_list ap;

	va_start(ap, fmt);
	reason = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!reason)
		return -ENOMEM;
	rd_comparison_deinit(out);
	out->reason = reason;
	return 0;
}

static const char *machine_name(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_AARCH64:
		return "aarch64";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_LOONGARCH:
		return "loongarch";
	default:
		return "unknown";
	}
}

/* Why a module cannot be compared with any other, or NULL. */
static const char *find_lack(const struct compare_side *side)
{
	if (side->elf->n_symbols <= 1)
		return "has no symbol table (stripped)";
	if (!side->has_functions)
		return "has no function symbols";
	if (!side->has_local_functions &&
	    side->unnamed_code_bytes > side->code_bytes / COMPARE_UNNAMED_SHARE)
		return "has lost the symbols of its static functions (strip --strip-unneeded)";
	if (side->units.n > COMPARE_MAX_UNITS)
		return "has more symbols than any module";
	return NULL;
}

static int compare_symbol(const void *a, const void *b)
{
	const struct rd_difference *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : strcmp(x->detail, y->detail);
}

/* Branches without relocation can be followed on x86-64 only: elsewhere code must not have moved.
 */
static int check_moved(struct compare *c, struct rd_text *reason)
{
	if (c->a.elf->machine == EM_X86_64)
		return 0;
	for (size_t i = 0; i < c->a.elf->n_sections; i++) {
		const struct compare_section *section = &c->a.sections[i];

		if (section->is_code && section->n && !section->is_settled)
			return rd_text_printf(reason,
					      "%sfunctions in %s moved, and branches of %s machine "
					      "code (ELF machine %u) cannot be followed",
					      reason->len ? "; " : "", c->a.elf->sections[i].name,
					      machine_name(c->a.elf->machine), c->a.elf->machine);
	}
	return 0;
}

static int compare_all(struct compare *c)
{
	int r;

	r = rd_compare_units(c);
	if (!r)
		r = rd_compare_chunks(c);
	if (!r)
		r = rd_compare_tables(c);
	if (!r)
		r = rd_compare_meta(c);
	if (!r && c->out->differences.n)
		qsort(c->out->differences.items, c->out->differences.n,
		      sizeof(*c->out->differences.items), compare_symbol);
	return r;
}

static int compare_indexed(struct compare *c, unsigned int flags)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text reason = RD_TEXT_INIT;
	const char *lack;
	int r;

	lack = find_lack(&c->a);
	if (lack)
		return refuse(c->out, "A %s", lack);
	lack = find_lack(&c->b);
	if (lack)
		return refuse(c->out, "B %s", lack);

	r = rd_compare_builds(c, &reason);
	if (!r && reason.len && !(flags & RD_COMPARE_FORCE))
		return refuse(c->out, "%s", reason.data);
	if (!r)
		r = rd_compare_pair(c);
	if (r)
		return r;
	rd_compare_index_pairs(c);
	r = check_moved(c, &reason);
	if (r)
		return r;
	if (reason.len) {
		c->out->reason = rd_text_take_string(&reason);
		if (!(flags & RD_COMPARE_FORCE))
			return 0;
	}
	c->out->is_comparable = true;
	return compare_all(c);
}

static int compare_modules(struct compare *c, const struct rd_elf *a, const struct rd_elf *b,
			   unsigned int flags)
{
	int r;

	r = rd_compare_names_init(&c->names, a->n_symbols + b->n_symbols);
	if (!r)
		r = rd_compare_index(c, &c->a, a);
	if (!r)
		r = rd_compare_index(c, &c->b, b);
	if (!r && !c->is_exhausted)
		r = compare_indexed(c, flags);
	if (!r && c->is_exhausted)
		r = refuse(c->out, "more work than such files are worth: symbols or relocations "
				   "overlap without end");
	return r;
}

int rd_compare_modules(const struct rd_elf *a, const struct rd_elf *b, unsigned int flags,
		       struct rd_comparison *out, struct rd_error *err)
{
	struct compare c = { .work = COMPARE_WORK_BASE + a->len + b->len, .out = out };
	int r;

	*out = (struct rd_comparison)RD_COMPARISON_INIT;
	if (a->machine != b->machine)
		r = refuse(out, "machine: A %s (%u), B %s (%u)", machine_name(a->machine),
			   a->machine, machine_name(b->machine), b->machine);
	else
		r = compare_modules(&c, a, b, flags);
	rd_compare_insn_deinit(&c);
	rd_compare_side_deinit(&c.a);
	rd_compare_side_deinit(&c.b);
	rd_compare_names_deinit(&c.names);
	if (r) {
		rd_comparison_deinit(out);
		return rd_error_nomem(err);
	}
	return 0;
}

/* One of the two files of rd_compare_bytes(). */
struct input {
	struct rd_blob blob;
	struct rd_elf elf;
};

static void input_deinit(struct input *input)
{
	rd_elf_deinit(&input->elf);
	rd_blob_deinit(&input->blob);
}

/* Relocations of what is not compared are half of all, and not read. */
static int load_input(struct input *input, const uint8_t *data, size_t len, struct rd_error *err)
{
	enum rd_codec codec = rd_codec_detect(data, len);
	int r;

	if (codec != RD_CODEC_NONE) {
		r = rd_codec_decode(codec, data, len, RD_CODEC_MAX_MODULE, &input->blob, err);
		if (r)
			return r;
		data = input->blob.data;
		len = input->blob.len;
	}
	r = rd_elf_index(&input->elf, data, len, err);
	for (size_t i = 0; !r && i < input->elf.n_sections; i++) {
		if (rd_compare_classify(&input->elf.sections[i]) != COMPARE_IGNORED)
			r = rd_elf_load_relocs(&input->elf, i, err);
	}
	return r;
}

static int load_or_refuse(struct input *input, const char *name, const uint8_t *data, size_t len,
			  struct rd_comparison *out)
{
	struct rd_error err = RD_ERROR_INIT;
	int r = load_input(input, data, len, &err);

	if (!r || r == -ENOMEM)
		return r;
	r = refuse(out, "%s: %s", name, err.msg);
	return r ? r : 1;
}

int rd_compare_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
		     unsigned int flags, struct rd_comparison *out, struct rd_error *err)
{
	RD_CLEANUP(input_deinit) struct input x = { 0 };
	RD_CLEANUP(input_deinit) struct input y = { 0 };
	int r;

	*out = (struct rd_comparison)RD_COMPARISON_INIT;
	r = load_or_refuse(&x, "A", a, a_len, out);
	if (!r)
		r = load_or_refuse(&y, "B", b, b_len, out);
	if (!r)
		return rd_compare_modules(&x.elf, &y.elf, flags, out, err);
	return r < 0 ? rd_error_nomem(err) : 0;
}
