/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The one door to capstone. Text is AT&T syntax, as the kernel's own tools print it; the order of
 * operands follows it: source first.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "code_private.h"

struct rd_code {
	csh handle;
	cs_insn *insn;
	bool has_detail;
};

int rd_code_new(struct rd_code **codep, struct rd_error *err)
{
	RD_CLEANUP(rd_code_freep) struct rd_code *code = NULL;

	code = calloc(1, sizeof(*code));
	if (!code)
		return rd_error_nomem(err);
	switch (cs_open(CS_ARCH_X86, CS_MODE_64, &code->handle)) {
	case CS_ERR_OK:
		break;
	case CS_ERR_MEM:
		return rd_error_nomem(err);
	default:
		return rd_error_set(err, ENOTSUP, "capstone cannot read x86-64 code");
	}
	cs_option(code->handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	/* Allocated with room for operands, whether a walk wants them or not. */
	cs_option(code->handle, CS_OPT_DETAIL, CS_OPT_ON);
	code->has_detail = true;
	code->insn = cs_malloc(code->handle);
	if (!code->insn)
		return rd_error_nomem(err);
	*codep = RD_TAKE_PTR(code);
	return 0;
}

struct rd_code *rd_code_free(struct rd_code *code)
{
	if (!code)
		return NULL;
	if (code->insn)
		cs_free(code->insn, 1);
	if (code->handle)
		cs_close(&code->handle);
	free(code);
	return NULL;
}

bool rd_code_reloc_is_relative(uint32_t type)
{
	return type == R_X86_64_PC32 || type == R_X86_64_PLT32;
}

struct rd_code_walk rd_code_start(struct rd_code *code, const uint8_t *data, size_t len,
				  uint64_t address, bool want_detail)
{
	if (code->has_detail != want_detail) {
		cs_option(code->handle, CS_OPT_DETAIL, want_detail ? CS_OPT_ON : CS_OPT_OFF);
		code->has_detail = want_detail;
	}
	return (struct rd_code_walk){ .code = code, .p = data, .left = len, .address = address };
}

const cs_insn *rd_code_next(struct rd_code_walk *walk)
{
	if (!walk->left || !cs_disasm_iter(walk->code->handle, &walk->p, &walk->left,
					   &walk->address, walk->code->insn))
		return NULL;
	return walk->code->insn;
}

/* Prefixes that compilers and the kernel's macros put before branches. */
static bool is_branch_prefix(uint8_t byte)
{
	return byte == 0x2e || byte == 0x3e || byte == 0x66 || byte == 0xf2 || byte == 0xf3 ||
	       (byte & 0xf0) == 0x40;
}

static const uint8_t *skip_prefixes(const cs_insn *insn)
{
	const uint8_t *p = insn->bytes;

	while (p < insn->bytes + insn->size - 1 && is_branch_prefix(*p))
		p++;
	return p;
}

bool rd_code_branch(const cs_insn *insn, uint64_t *targetp)
{
	const uint8_t *p = skip_prefixes(insn), *end = insn->bytes + insn->size;
	int64_t distance;
	int32_t rel32;

	if (end - p == 2 && (p[0] == 0xeb || (p[0] & 0xf0) == 0x70 || (p[0] & 0xfc) == 0xe0)) {
		distance = (int8_t)p[1];
	} else if ((end - p == 5 && (p[0] == 0xe8 || p[0] == 0xe9)) ||
		   (end - p == 6 && p[0] == 0x0f && (p[1] & 0xf0) == 0x80)) {
		memcpy(&rel32, end - sizeof(rel32), sizeof(rel32));
		distance = rel32;
	} else {
		return false;
	}
	*targetp = insn->address + insn->size + (uint64_t)distance;
	return true;
}

/* Whether nothing after @insn is reached from it: ret, a direct jump, ud2. */
static bool is_last(const cs_insn *insn)
{
	const uint8_t *p = skip_prefixes(insn);

	return *p == 0xe9 || *p == 0xeb || *p == 0xc3 || *p == 0xc2 ||
	       (p[0] == 0x0f && p[1] == 0x0b);
}

size_t rd_code_extent(struct rd_code *code, const uint8_t *data, size_t len)
{
	struct rd_code_walk walk = rd_code_start(code, data, len, 0, false);
	uint64_t furthest = 0, target;
	const cs_insn *insn;

	while ((insn = rd_code_next(&walk))) {
		if (insn->id != X86_INS_CALL && rd_code_branch(insn, &target) && target < len &&
		    target > furthest)
			furthest = target;
		if (is_last(insn) && furthest < walk.address)
			break;
	}
	return len - walk.left;
}
