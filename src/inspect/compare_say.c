/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Places of a module in words, for the one line that tells what differs. */

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compare_private.h"

/* How much of a text is quoted. */
#define SAY_MAX_TEXT 48

int rd_compare_say(struct compare_finding *finding, int outcome, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *s = NULL;
	va_list ap;

	if ((int)finding->outcome >= outcome)
		return 0;
	finding->outcome = outcome;
	va_start(ap, fmt);
	s = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!s)
		return -ENOMEM;
	rd_text_deinit(&finding->detail);
	return rd_text_puts(&finding->detail, s);
}

static int say_offset(struct rd_text *text, int64_t offset)
{
	if (!offset)
		return 0;
	return rd_text_printf(text, "%c0x%" PRIx64, offset < 0 ? '-' : '+',
			      offset < 0 ? -(uint64_t)offset : (uint64_t)offset);
}

static int say_string(struct rd_text *text, const struct rd_elf_section *section, uint64_t offset)
{
	const char *s = (const char *)section->data + offset;
	uint64_t room = section->size - offset;
	size_t len = strnlen(s, room < SAY_MAX_TEXT ? (size_t)room : SAY_MAX_TEXT);
	int r;

	r = rd_text_puts(text, "\"");
	if (!r)
		r = rd_text_puts_escaped(text, s, len);
	return r ? r : rd_text_puts(text, len == SAY_MAX_TEXT ? "…\"" : "\"");
}

static int say_constant(struct rd_text *text, const struct rd_elf_section *section, uint64_t offset)
{
	RD_CLEANUP(rd_freep) char *hex = NULL;
	uint64_t n = section->size - offset;

	if (n > section->entsize)
		n = section->entsize;
	hex = rd_text_hex(section->data + offset, n < SAY_MAX_TEXT ? (size_t)n : SAY_MAX_TEXT);
	return hex ? rd_text_printf(text, "constant %s", hex) : -ENOMEM;
}

const char *rd_compare_unit_name(const struct compare_side *side, const struct compare_unit *unit)
{
	return unit->symbol == COMPARE_NONE ? side->elf->sections[unit->section].name
					    : side->elf->symbols[unit->symbol].name;
}

int rd_compare_say_place(struct rd_text *text, const struct compare_side *side,
			 struct compare_place place)
{
	const struct rd_elf_section *section = &side->elf->sections[place.section];
	const struct compare_unit *unit;
	uint32_t i;
	int r;

	if (side->sections[place.section].class == COMPARE_STRINGS && place.offset < section->size)
		return say_string(text, section, place.offset);
	if (side->sections[place.section].class == COMPARE_CONSTANTS &&
	    place.offset < section->size)
		return say_constant(text, section, place.offset);

	i = rd_compare_floor(side, place.section, place.offset);
	unit = i == COMPARE_NONE ? NULL : &side->units.items[i];
	if (!unit || unit->symbol == COMPARE_NONE) {
		r = rd_text_puts_escaped(text, section->name, strlen(section->name));
		return r ? r : say_offset(text, (int64_t)place.offset);
	}
	r = rd_text_puts_escaped(text, rd_compare_unit_name(side, unit),
				 strlen(rd_compare_unit_name(side, unit)));
	return r ? r : say_offset(text, (int64_t)(place.offset - unit->start));
}

int rd_compare_say_reloc(struct rd_text *text, const struct compare_side *side,
			 const struct rd_elf_reloc *reloc, int64_t adjust)
{
	const struct rd_elf_symbol *symbol = &side->elf->symbols[reloc->symbol];
	struct compare_place place;
	int r;

	if (!rd_compare_is_defined(side->elf, symbol)) {
		r = rd_text_puts_escaped(text, symbol->name, strlen(symbol->name));
		return r ? r : say_offset(text, reloc->addend + adjust);
	}
	place.section = symbol->section;
	place.offset = symbol->value + (uint64_t)(reloc->addend + adjust);
	return rd_compare_say_place(text, side, place);
}
