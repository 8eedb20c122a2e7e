/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Chunks that nothing refers to: no user of them would show a difference, so they are compared as
 * what their section contains, in any order. One that is left over is told by the unit before it.
 */

#include <inttypes.h>

#include "compare_private.h"

static bool is_loose(const struct compare_unit *unit)
{
	return unit->symbol == COMPARE_NONE && !unit->is_referenced && !unit->is_reported;
}

/* Marks a chunk and the first one like it; a section has few. */
static void match_chunk(struct compare *c, struct compare_unit *a)
{
	uint32_t pair = c->a.sections[a->section].pair;
	const struct compare_section *section;

	if (pair == COMPARE_NONE)
		return;
	section = &c->b.sections[pair];
	for (uint32_t i = 0; i < section->n && rd_compare_spend(c, 1); i++) {
		struct compare_unit *b = &c->b.units.items[section->first + i];

		if (is_loose(b) && rd_compare_contents(c, a, b, 0)) {
			a->is_reported = b->is_reported = true;
			return;
		}
	}
}

static int report_chunk(struct compare *c, struct compare_side *side, uint32_t i)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct compare_finding finding = COMPARE_FINDING_INIT;
	const struct compare_unit *chunk = &side->units.items[i];
	uint32_t owner = i;
	int r;

	r = rd_compare_say(
		&finding, COMPARE_DIFFERS, "%s+0x%" PRIx64 ": bytes of no symbol, in %s only",
		side->elf->sections[chunk->section].name, chunk->start, side == &c->a ? "A" : "B");
	if (!r) {
		while (owner > side->sections[chunk->section].first &&
		       side->units.items[owner].symbol == COMPARE_NONE)
			owner--;
		r = rd_compare_report_owner(c, side, owner, &finding);
	}
	text = finding.detail;
	return r;
}

int rd_compare_chunks(struct compare *c)
{
	int r = 0;

	for (uint32_t i = 0; i < c->a.units.n && !c->is_exhausted; i++) {
		if (is_loose(&c->a.units.items[i]))
			match_chunk(c, &c->a.units.items[i]);
	}
	for (uint32_t i = 0; !r && i < c->a.units.n; i++) {
		if (is_loose(&c->a.units.items[i]))
			r = report_chunk(c, &c->a, i);
	}
	for (uint32_t i = 0; !r && i < c->b.units.n; i++) {
		if (is_loose(&c->b.units.items[i]))
			r = report_chunk(c, &c->b, i);
	}
	return r;
}
