/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A relocatable ELF file (a kernel module or an object file) as bounds-checked tables.
 * Format: elf(5), System V gABI chapter 4; kernel side: include/linux/module.h, scripts/mod/.
 */

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

struct rd_elf_reloc {
	uint64_t offset;
	int64_t addend;
	uint32_t type;
	uint32_t symbol; /* index into symbols, checked */
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
		struct rd_elf_reloc *items; /* ascending by offset */
		size_t n;
	} * relocs; /* one list per section that is relocated, n_sections entries */
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
 * rd_elf_init() - check and index an ELF file
 * @data: the uncompressed file, borrowed until rd_elf_deinit(); may be read-only mapped
 * @len: its length in bytes
 *
 * Return: 0, RD_ELF_BAD, RD_ELF_UNSUPPORTED, or -ENOMEM.
 */
int rd_elf_init(struct rd_elf *elf, const void *data, size_t len, struct rd_error *err);

void rd_elf_deinit(struct rd_elf *elf);

/* The first section of that name, or NULL; its index is the difference to elf->sections. */
const struct rd_elf_section *rd_elf_section(const struct rd_elf *elf, const char *name);

/* The relocations of @section in [from, to), as a slice of its ascending list. */
const struct rd_elf_reloc *rd_elf_relocs_in(const struct rd_elf *elf, size_t section, uint64_t from,
					    uint64_t to, size_t *np);

/* The NUL-terminated string at @offset of @section, or NULL if it leaves the section. */
const char *rd_elf_string(const struct rd_elf_section *section, uint64_t offset);
