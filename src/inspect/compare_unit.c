/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Level 1: a pair of units is equal if its bytes are, and each relocation has a partner at the same
 * offset, of the same type, to the same place. Bytes include the holes of relocations, which are
 * zero in a module: the kernel refuses one where they are not.
 *
 * A PC-relative address counts from the end of its instruction, which level 1 does not know: four
 * bytes further, or more if an immediate follows. If the answer depends on that, if the bytes
 * differ, or if the code around moved (a branch inside a section has no relocation), level 2 in
 * compare_insn.c decides.
 */

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compare_private.h"

/* From a relocated displacement to the end of its instruction: the immediates that may follow. */
static const int64_t adjustments[] = { 4, 5, 6, 8 };

/* A difference is kept, sorted and printed: dear, so that a million of them are refused. */
#define REPORT_WORK 512

bool rd_compare_spend(struct compare *c, uint64_t work)
{
	if (work > c->work) {
		c->work = 0;
		c->is_exhausted = true;
		return false;
	}
	c->work -= work;
	return true;
}

int rd_compare_report(struct compare *c, enum rd_difference_kind kind, const char *name,
		      bool is_function, struct compare_finding *finding)
{
	struct rd_difference difference = { .kind = kind, .is_function = is_function };
	int r = -ENOMEM;

	if (!rd_compare_spend(c, REPORT_WORK + strlen(name))) {
		if (finding)
			rd_text_deinit(&finding->detail);
		return 0;
	}
	difference.name = strdup(name);
	difference.detail = finding ? rd_text_take_string(&finding->detail) : strdup("");
	if (difference.name && difference.detail)
		r = rd_array_push(&c->out->differences, &difference);
	if (r) {
		free(difference.name);
		free(difference.detail);
	}
	return r;
}

int rd_compare_report_owner(struct compare *c, struct compare_side *side, uint32_t i,
			    struct compare_finding *finding)
{
	struct compare_unit *unit = &side->units.items[i];

	if (side == &c->b && unit->pair != COMPARE_NONE) {
		side = &c->a;
		unit = &side->units.items[unit->pair];
	}
	if (unit->is_reported)
		return 0;
	unit->is_reported = true;
	return rd_compare_report(c, RD_DIFFERENCE_DIFFERS, rd_compare_unit_name(side, unit),
				 unit->is_function, finding);
}

static int say_targets(struct compare *c, const struct compare_unit *a,
		       const struct rd_elf_reloc *x, const struct rd_elf_reloc *y, int64_t adjust,
		       struct compare_finding *finding)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text from = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text to = RD_TEXT_INIT;

	if (rd_compare_say_reloc(&from, &c->a, x, adjust) ||
	    rd_compare_say_reloc(&to, &c->b, y, adjust))
		return -ENOMEM;
	return rd_compare_say(finding, COMPARE_DIFFERS, "+0x%" PRIx64 ": refers to %s, not %s",
			      x->offset - a->start, from.data, to.data);
}

/* Code in which the end of the instruction is not known yet. */
static int check_pc_relative(struct compare *c, const struct compare_unit *a,
			     const struct rd_elf_reloc *x, const struct rd_elf_reloc *y,
			     struct compare_finding *finding, bool *is_openp)
{
	size_t n = 0;

	for (size_t i = 0; i < RD_N_ELEMENTS(adjustments); i++)
		n += rd_compare_relocs(c, x, y, adjustments[i], 0);
	if (!n)
		return say_targets(c, a, x, y, adjustments[0], finding);
	*is_openp |= n < RD_N_ELEMENTS(adjustments);
	return 0;
}

static int check_reloc(struct compare *c, const struct compare_unit *a,
		       const struct compare_unit *b, const struct rd_elf_reloc *x,
		       const struct rd_elf_reloc *y, struct compare_finding *finding,
		       bool *is_openp)
{
	if (x->offset - a->start != y->offset - b->start || x->type != y->type)
		return rd_compare_say(finding, COMPARE_DIFFERS,
				      "+0x%" PRIx64 ": relocated differently",
				      x->offset - a->start);
	if (c->a.sections[a->section].is_code && rd_compare_is_pc_relative(c->a.elf, x))
		return check_pc_relative(c, a, x, y, finding, is_openp);
	if (!rd_compare_relocs(c, x, y, 0, 0))
		return say_targets(c, a, x, y, 0, finding);
	return 0;
}

static int check_relocs(struct compare *c, const struct compare_unit *a,
			const struct compare_unit *b, struct compare_finding *finding,
			bool *is_openp)
{
	const struct rd_elf_relocs *x = &c->a.elf->relocs[a->section];
	const struct rd_elf_relocs *y = &c->b.elf->relocs[b->section];

	for (size_t i = a->reloc, k = b->reloc; finding->outcome != COMPARE_DIFFERS; i++, k++) {
		bool has_x = i < x->n && x->items[i].offset < a->end;
		bool has_y = k < y->n && y->items[k].offset < b->end;
		int r;

		if (!has_x && !has_y)
			return 0;
		if (!has_x || !has_y)
			return rd_compare_say(finding, COMPARE_DIFFERS,
					      "+0x%" PRIx64 ": relocated in one of the two only",
					      has_x ? x->items[i].offset - a->start
						    : y->items[k].offset - b->start);
		if (!rd_compare_spend(c, 1))
			return 0;
		r = check_reloc(c, a, b, &x->items[i], &y->items[k], finding, is_openp);
		if (r)
			return r;
	}
	return 0;
}

static int say_bytes(const struct compare_unit *a, const uint8_t *x, const uint8_t *y,
		     const char *note, struct compare_finding *finding)
{
	uint64_t i = 0;

	while (i < a->end - a->start && x[i] == y[i])
		i++;
	return rd_compare_say(finding, COMPARE_DIFFERS, "+0x%" PRIx64 ": byte %02x, not %02x%s", i,
			      x[i], y[i], note);
}

static int check_bytes(struct compare *c, const struct compare_unit *a,
		       const struct compare_unit *b, struct compare_finding *finding,
		       bool *is_openp)
{
	const uint8_t *x = c->a.elf->sections[a->section].data;
	const uint8_t *y = c->b.elf->sections[b->section].data;

	if (!x && !y)
		return 0;
	if (!x || !y)
		return rd_compare_say(finding, COMPARE_DIFFERS,
				      "has content in one of the two only");
	x += a->start;
	y += b->start;
	if (!rd_compare_spend(c, 1 + (a->end - a->start) / 16) || !memcmp(x, y, a->end - a->start))
		return 0;
	if (!a->is_function)
		return say_bytes(a, x, y, "", finding);
	if (c->a.elf->machine != EM_X86_64)
		return say_bytes(a, x, y, " (machine code of this kind is not decoded)", finding);
	*is_openp = true;
	return 0;
}

static int compare_pair(struct compare *c, const struct compare_unit *a,
			const struct compare_unit *b, struct compare_finding *finding)
{
	const char *from = c->a.elf->sections[a->section].name;
	const char *to = c->b.elf->sections[b->section].name;
	bool is_open = false;
	int r;

	if (strcmp(from, to))
		return rd_compare_say(finding, COMPARE_DIFFERS, "lies in %s, not %s", from, to);
	if (a->is_function != b->is_function)
		return rd_compare_say(finding, COMPARE_DIFFERS, "code in one of the two only");
	if (a->end - a->start != b->end - b->start)
		return rd_compare_say(finding, COMPARE_DIFFERS,
				      "size 0x%" PRIx64 ", not 0x%" PRIx64, a->end - a->start,
				      b->end - b->start);
	r = check_bytes(c, a, b, finding, &is_open);
	if (!r)
		r = check_relocs(c, a, b, finding, &is_open);
	if (r || finding->outcome == COMPARE_DIFFERS || !a->is_function ||
	    !c->a.elf->sections[a->section].data || c->a.elf->machine != EM_X86_64)
		return r;
	if (!is_open && !c->a.sections[a->section].is_settled)
		is_open = rd_compare_insn_moved(c, a, b);
	return is_open ? rd_compare_insn(c, a, b, finding) : 0;
}

/* A second name for what the unit before it already stands for. */
static bool is_alias(const struct compare *c, uint32_t i)
{
	const struct compare_unit *a = &c->a.units.items[i], *before, *b, *other;

	if (!i)
		return false;
	before = a - 1;
	if (before->section != a->section || before->start != a->start || before->end != a->end ||
	    before->pair == COMPARE_NONE || a->end == a->start)
		return false;
	b = &c->b.units.items[a->pair];
	other = &c->b.units.items[before->pair];
	return b->section == other->section && b->start == other->start && b->end == other->end;
}

static int visit_pair(struct compare *c, uint32_t i)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct compare_finding finding = COMPARE_FINDING_INIT;
	struct compare_unit *a = &c->a.units.items[i];
	int r;

	if (a->is_function)
		c->out->functions++;
	else
		c->out->objects++;
	if (is_alias(c, i)) {
		a->is_reported = a[-1].is_reported;
		return 0;
	}

	c->user = a;
	r = compare_pair(c, a, &c->b.units.items[a->pair], &finding);
	c->user = NULL;
	text = finding.detail;
	if (r || finding.outcome == COMPARE_EQUAL)
		return r;
	a->is_reported = true;
	finding.detail = rd_text_take(&text);
	return rd_compare_report(c,
				 finding.outcome == COMPARE_DIFFERS ? RD_DIFFERENCE_DIFFERS
								    : RD_DIFFERENCE_IMMEDIATES,
				 rd_compare_unit_name(&c->a, a), a->is_function, &finding);
}

/* What only one module has. Helpers count by the references to them alone. */
static int visit_single(struct compare *c, struct compare_side *side, uint32_t i)
{
	struct compare_unit *unit = &side->units.items[i];

	if (unit->is_content || unit->is_helper)
		return 0;
	unit->is_reported = true;
	return rd_compare_report(c, side == &c->a ? RD_DIFFERENCE_ONLY_A : RD_DIFFERENCE_ONLY_B,
				 rd_compare_unit_name(side, unit), unit->is_function, NULL);
}

int rd_compare_units(struct compare *c)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < c->a.units.n && !c->is_exhausted; i++) {
		if (c->a.units.items[i].pair != COMPARE_NONE)
			r = visit_pair(c, i);
		else
			r = visit_single(c, &c->a, i);
	}
	for (uint32_t i = 0; !r && i < c->b.units.n && !c->is_exhausted; i++) {
		if (c->b.units.items[i].pair == COMPARE_NONE)
			r = visit_single(c, &c->b, i);
	}
	return r;
}
