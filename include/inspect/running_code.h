/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Code of the running module, as memory has it, against the file that was loaded, or against what
 * is known of patches. x86-64.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/dyndbg.h"
#include "inspect/elf.h"
#include "model/evidence.h"

/* One section of the running module. */
struct rd_memory_section {
	char *name;
	uint64_t address;
	uint8_t *data; /* NULL: not read */
	size_t len;
};

struct rd_memory {
	struct rd_memory_section *items;
	size_t n, cap;
	struct {
		uint64_t *items;
		size_t n, cap;
	} probes; /* addresses where kprobes stand: code there is not the module's own */
};

#define RD_MEMORY_INIT \
	{              \
		0      \
	}

void rd_memory_deinit(struct rd_memory *memory);

/* The section of that name, or NULL; borrowed. */
struct rd_memory_section *rd_memory_find(const struct rd_memory *memory, const char *name);

/* Whether rd_running_code_compare() looks at this section of a module. */
bool rd_running_code_wants(const struct rd_elf_section *section);

/* What was compared, and what came out. */
struct rd_running_code {
	size_t functions, objects;
	size_t left_out; /* of them: with a probe or a breakpoint inside */
	size_t differing;
	uint64_t bytes, masked; /* of code; masked: the kernel may have rewritten it */
};

enum {
	_RD_RUNNING_CODE_OK,
	RD_RUNNING_CODE_UNKNOWN, /* cannot be told; @err says why */
};

/**
 * rd_running_code_compare() - hold memory against the file with the same build-id
 * @elf: indexed; relocations are loaded as needed
 * @ev: an item for each function and object that differs
 *
 * Return: 0, RD_RUNNING_CODE_UNKNOWN (nothing added to @ev), or -ENOMEM.
 */
int rd_running_code_compare(struct rd_elf *elf, const struct rd_memory *memory,
			    struct rd_evidence *ev, struct rd_running_code *out,
			    struct rd_error *err);
