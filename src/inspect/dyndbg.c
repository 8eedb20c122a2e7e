/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reads __dyndbg. An entry starts with four pointers (module, function, file, format) and the line
 * in the lower 18 bits of the word after them; what follows has changed with versions and
 * configuration (class, flags, jump label key: 40 to 64 bytes). So entries are found by their
 * relocations, four in a row, and the size is never assumed.
 *
 * Source: struct _ddebug, include/linux/dynamic_debug.h, Linux 4.19 to 6.12.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "inspect/dyndbg.h"

#define DYNDBG_SECTION	 "__dyndbg"
#define DYNDBG_POINTER	 ((size_t)8)
#define DYNDBG_POINTERS	 ((size_t)4)
#define DYNDBG_LINE	 (DYNDBG_POINTERS * DYNDBG_POINTER)
#define DYNDBG_LINE_MASK 0x3ffffu
#define DYNDBG_MAX_SITES (1u << 16) /* amdgpu has 2,400 */

/* PATH_MAX, for the file. Else all sites may share one string of megabytes. */
#define DYNDBG_MAX_STRING 4096

static const char *pointed_string(const struct rd_elf *elf, const struct rd_elf_reloc *reloc)
{
	const struct rd_elf_symbol *symbol = &elf->symbols[reloc->symbol];
	uint64_t offset = symbol->value + (uint64_t)reloc->addend;
	struct rd_elf_section section;

	if (symbol->section == SHN_UNDEF || symbol->section >= elf->n_sections)
		return NULL;
	section = elf->sections[symbol->section];
	if (offset < section.size && section.size - offset > DYNDBG_MAX_STRING)
		section.size = offset + DYNDBG_MAX_STRING;
	return rd_elf_string(&section, offset);
}

static bool is_run(const struct rd_elf_reloc *relocs)
{
	for (size_t i = 1; i < DYNDBG_POINTERS; i++) {
		if (relocs[i].offset != relocs[0].offset + i * DYNDBG_POINTER)
			return false;
	}
	return true;
}

static int read_site(const struct rd_elf *elf, const struct rd_elf_section *section,
		     const struct rd_elf_reloc *relocs, struct rd_dyndbg_site *site)
{
	uint32_t line;

	if (!is_run(relocs) || section->size < DYNDBG_LINE + sizeof(line) ||
	    relocs[0].offset > section->size - DYNDBG_LINE - sizeof(line))
		return RD_DYNDBG_BAD;
	memcpy(&line, section->data + relocs[0].offset + DYNDBG_LINE, sizeof(line));
	*site = (struct rd_dyndbg_site){
		.function = pointed_string(elf, &relocs[1]),
		.file = pointed_string(elf, &relocs[2]),
		.format = pointed_string(elf, &relocs[3]),
		.line = line & DYNDBG_LINE_MASK,
		.offset = relocs[0].offset,
	};
	return site->function && site->file && site->format ? 0 : RD_DYNDBG_BAD;
}

int rd_dyndbg_read(struct rd_elf *elf, struct rd_dyndbg *out, struct rd_error *err)
{
	const struct rd_elf_section *section = rd_elf_section(elf, DYNDBG_SECTION);
	const struct rd_elf_relocs *list;
	int r;

	*out = (struct rd_dyndbg)RD_DYNDBG_INIT;
	if (!section || !section->data)
		return RD_DYNDBG_ABSENT;
	r = rd_elf_load_relocs(elf, section - elf->sections, err);
	if (r < 0)
		return r;
	if (r)
		return RD_DYNDBG_BAD;

	list = &elf->relocs[section - elf->sections];
	if (list->n / DYNDBG_POINTERS > DYNDBG_MAX_SITES) {
		rd_error_set(err, EFBIG, "%s: %zu entries (limit %u)", DYNDBG_SECTION,
			     list->n / DYNDBG_POINTERS, DYNDBG_MAX_SITES);
		return RD_DYNDBG_BAD;
	}
	if (rd_array_grow(&out->items, &out->cap, list->n / DYNDBG_POINTERS + 1,
			  sizeof(*out->items)))
		return rd_error_nomem(err);
	for (size_t i = 0; i < list->n; i += DYNDBG_POINTERS) {
		if (list->n - i < DYNDBG_POINTERS ||
		    read_site(elf, section, &list->items[i], &out->items[out->n])) {
			rd_error_set(err, EBADMSG, "%s: no entry can be read at offset %#llx",
				     DYNDBG_SECTION, (unsigned long long)list->items[i].offset);
			rd_dyndbg_deinit(out);
			return RD_DYNDBG_BAD;
		}
		out->n++;
	}
	return out->n ? 0 : RD_DYNDBG_ABSENT;
}

void rd_dyndbg_deinit(struct rd_dyndbg *dyndbg)
{
	free(dyndbg->items);
	*dyndbg = (struct rd_dyndbg)RD_DYNDBG_INIT;
}

const char *rd_dyndbg_file_name(const struct rd_dyndbg_site *site)
{
	const char *slash = strrchr(site->file, '/');

	return slash ? slash + 1 : site->file;
}
