/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A relocatable ELF file (a kernel module or an object file) as bounds-checked tables.
 * Format: elf(5), System V gABI chapter 4; kernel side: include/linux/module.h, scripts/mod/.
 */

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rd_elf_section {
	const char *name;
	uint32_t type; /* SHT_* */
	uint64_t flags; /* SHF_* */
	uint64_t size;
	uint64_t entsize;
	uint32_t link, info;
	const uint8_t *data; /* @size bytes inside the file; NULL for SHT_NOBITS or @size 0 */
};

struct rd_elf_symbol {
	const char *name; /* "" if it has none */
	uint64_t value, size;
	uint32_t
		section; /* index into sections (SHN_XINDEX resolved), or SHN_UNDEF, SHN_ABS, ... */
	uint8_t type, bind;
};

/* Laid out as Elf64_Rela, so that a sorted list of the file can be used in place. */
struct rd_elf_reloc {
	uint64_t offset;
#if __BYTE_ORDER == __LITTLE_ENDIAN
	uint32_t type;
	uint32_t symbol; /* index into symbols, checked */
#else
	uint32_t symbol;
	uint32_t type;
#endif
	int64_t addend; /* 0 for SHT_REL */
};

/* Borrows the bytes it was made from. */
struct rd_elf {
	const uint8_t *data;
	size_t len;
	uint16_t machine; /* EM_* */
	struct rd_elf_section *sections;
	size_t n_sections;
	struct rd_elf_symbol *symbols; /* empty if stripped */
	size_t n_symbols;
	struct rd_elf_relocs {
		const struct rd_elf_reloc *items; /* ascending by offset */
		size_t n;
		struct rd_elf_reloc *owned; /* items, when they could not be used in place */
		uint32_t first; /* the section that holds them, 0 for none */
		uint32_t next; /* of such a section: the next one with the same target */
		bool is_loaded;
	} * relocs; /* one list per section, n_sections entries */
};

#define RD_ELF_INIT \
	{           \
		0   \
	}

enum {
	_RD_ELF_OK,
	RD_ELF_BAD, /* not an ELF file, truncated, inconsistent; @err says what and where */
	RD_ELF_UNSUPPORTED, /* 32-bit, other byte order than ours, not ET_REL; @err says what */
};

/**
 * rd_elf_init() - check and index an ELF file, with all its relocations
 * @data: the uncompressed file, borrowed until rd_elf_deinit(); may be read-only mapped
 * @len: its length in bytes
 *
 * Return: 0, RD_ELF_BAD, RD_ELF_UNSUPPORTED, or -ENOMEM.
 */
int rd_elf_init(struct rd_elf *elf, const void *data, size_t len, struct rd_error *err);

/**
 * rd_elf_index() - as rd_elf_init(), with sections and symbols alone
 *
 * The relocations of a section are there after rd_elf_load_relocs(). In a module of 19 MB they
 * are half the file, and a reader of a few functions needs few of them.
 */
int rd_elf_index(struct rd_elf *elf, const void *data, size_t len, struct rd_error *err);

/**
 * rd_elf_load_relocs() - check and sort the relocations of one section
 * @section: index of the section that is relocated
 *
 * A second call for the same section does nothing. Return: 0, RD_ELF_BAD, or -ENOMEM.
 */
int rd_elf_load_relocs(struct rd_elf *elf, size_t section, struct rd_error *err);

void rd_elf_deinit(struct rd_elf *elf);

/* The first section of that name, or NULL; its index is the difference to elf->sections. */
const struct rd_elf_section *rd_elf_section(const struct rd_elf *elf, const char *name);

/* The relocations of @section in [from, to), as a slice of its ascending list; none if they
 * were not loaded. */
const struct rd_elf_reloc *rd_elf_relocs_in(const struct rd_elf *elf, size_t section, uint64_t from,
					    uint64_t to, size_t *np);

/* The NUL-terminated string at @offset of @section, or NULL if it leaves the section. */
const char *rd_elf_string(const struct rd_elf_section *section, uint64_t offset);
