/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Messages are searched for where compilers put them: in sections of strings and in plain data. The
 * tables of the kernel and of the linker are most of a module and stay untouched on the disk.
 */

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/dyndbg_control.h"
#include "model/data.h"
#include "patch_string.h"

#define STRING_MAX_PLACE 512

static int find_in(const char *name, const uint8_t *data, size_t len, struct rd_evidence *ev)
{
	size_t n;
	const struct rd_patch_string *strings = rd_data_patch_strings(&n);

	for (size_t i = 0; i < n; i++) {
		const uint8_t *found = memmem(data, len, strings[i].text, strlen(strings[i].text));
		char where[STRING_MAX_PLACE];
		int r;

		if (!found)
			continue;
		snprintf(where, sizeof(where), "%s+0x%zx", name, (size_t)(found - data));
		r = rd_evidence_add(ev, RD_EVIDENCE_STRING, where, "\"%s\": %s", strings[i].text,
				    strings[i].title);
		if (r)
			return r;
	}
	return 0;
}

static bool may_hold_text(const struct rd_elf_section *section)
{
	if (!section->data || !(section->flags & SHF_ALLOC))
		return false;
	return section->flags & SHF_STRINGS || rd_text_has_prefix(section->name, ".rodata") ||
	       rd_text_has_prefix(section->name, ".data") ||
	       rd_text_has_prefix(section->name, ".init.");
}

int rd_patch_string_find(const struct rd_elf *elf, const struct rd_dyndbg *dyndbg,
			 struct rd_evidence *ev)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence data = RD_EVIDENCE_INIT;
	int r = 0;

	for (size_t i = 1; !r && i < elf->n_sections; i++) {
		const struct rd_elf_section *section = &elf->sections[i];

		if (may_hold_text(section))
			r = find_in(section->name, section->data, section->size, &data);
	}
	/* A site's format is one of the strings just found, and says more than they do. */
	if (!r && data.n)
		r = rd_dyndbg_find_patches(dyndbg, ev);
	return r ? r : rd_evidence_copy(ev, &data);
}

int rd_patch_string_find_raw(const uint8_t *data, size_t len, struct rd_evidence *ev)
{
	return find_in("file", data, len, ev);
}
