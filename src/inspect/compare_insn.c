/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Level 2: two x86-64 functions of equal size, instruction by instruction. Bytes may differ where a
 * branch or a RIP-relative operand without relocation reaches another unit that moved: then the two
 * targets must be the same place. Where the bytes are equal and a target moved, or a relocated
 * displacement is followed by an immediate, the places are compared with the true end of the
 * instruction. Other bytes may not differ; if only immediates do, that is said.
 *
 * What capstone cannot decode is passed byte by byte: bytes must be equal there.
 * Encoding: Intel SDM vol. 2A chapter 2, vol. 2D appendix A.
 */

#include <capstone/capstone.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "compare_private.h"

#define INSN_MAX 15
/* From the end of a displacement to the farthest end of its instruction. */
#define INSN_MAX_IMMEDIATE 4

/* One instruction of each side, at the same distance from the start of its function. */
struct insn {
	uint64_t at; /* from the start of the function */
	size_t len;
	size_t relative, relative_len; /* the field that counts from the end, if any */
	size_t immediate, immediate_len;
};

struct walk {
	struct compare *c;
	const struct compare_unit *a, *b;
	const uint8_t *x, *y;
	uint64_t size;
	const struct rd_elf_reloc *relocs_a, *relocs_b;
	size_t n_relocs, reloc; /* equal on both sides, level 1 saw to that; the next one */
};

static size_t count_prefixes(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n < len &&
	       (p[n] == 0x66 || p[n] == 0x67 || p[n] == 0xf2 || p[n] == 0xf3 || p[n] == 0x2e ||
		p[n] == 0x3e || p[n] == 0x36 || p[n] == 0x26 || p[n] == 0x64 || p[n] == 0x65))
		n++;
	if (n < len && (p[n] & 0xf0) == 0x40)
		n++;
	return n;
}

/* The length of the relative field that ends a branch, 0 for other instructions. */
static size_t branch_field(const uint8_t *p, size_t len)
{
	size_t n = count_prefixes(p, len);

	if (n >= len)
		return 0;
	if (p[n] == 0xe8 || p[n] == 0xe9)
		return 4;
	if (p[n] == 0xeb || (p[n] & 0xf0) == 0x70 || (p[n] & 0xfc) == 0xe0)
		return 1;
	if (n + 1 < len && p[n] == 0x0f && (p[n + 1] & 0xf0) == 0x80)
		return 4;
	return n + 1 < len && p[n] == 0xc7 && p[n + 1] == 0xf8 ? 4 : 0; /* xbegin */
}

static int64_t field_value(const uint8_t *p, size_t len)
{
	int32_t value;

	if (len == 1)
		return (int8_t)*p;
	memcpy(&value, p, sizeof(value));
	return value;
}

/* Whether a branch or operand of two equal fields leads to the same place, fuzzy by @slack. */
static bool is_settled_field(struct compare *c, const struct compare_unit *a,
			     const struct compare_unit *b, uint64_t end, int64_t value)
{
	uint64_t target = end + (uint64_t)value, size = a->end - a->start;
	struct compare_place x = { a->section, a->start + target };
	struct compare_place y = { b->section, b->start + target };

	if (target < size || x.offset >= c->a.elf->sections[a->section].size)
		return true;
	return rd_compare_places(c, x, y, 0);
}

/* Whether the 4 bytes at @p + @i may be a relative field that leads elsewhere now. */
static bool is_moved_field(struct compare *c, const struct compare_unit *a,
			   const struct compare_unit *b, const uint8_t *p, uint64_t i)
{
	uint8_t before = p[i - 1];
	bool is_operand = (before & 0xc7) == 0x05;
	int64_t value;

	if (before != 0xe8 && before != 0xe9 && !is_operand &&
	    (i < 2 || !((p[i - 2] == 0x0f && (before & 0xf0) == 0x80) ||
			(p[i - 2] == 0xc7 && before == 0xf8))))
		return false;
	value = field_value(p + i, 4);
	if (!is_settled_field(c, a, b, i + 4, value))
		return true;
	return is_operand && !is_settled_field(c, a, b, i + 4 + INSN_MAX_IMMEDIATE, value);
}

bool rd_compare_insn_moved(struct compare *c, const struct compare_unit *a,
			   const struct compare_unit *b)
{
	const uint8_t *p = c->a.elf->sections[a->section].data + a->start;
	uint64_t size = a->end - a->start;

	for (uint64_t i = 1; i < size; i++) {
		uint8_t before = p[i - 1];

		if (i + 4 <= size && is_moved_field(c, a, b, p, i))
			return true;
		if ((before == 0xeb || (before & 0xf0) == 0x70 || (before & 0xfc) == 0xe0) &&
		    !is_settled_field(c, a, b, i + 1, field_value(p + i, 1)))
			return true;
	}
	return false;
}

static int open_disassembler(struct compare *c)
{
	csh handle;

	if (c->has_disassembler)
		return 0;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) != CS_ERR_OK)
		return -ENOMEM;
	cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
	c->disassembler = handle;
	c->has_disassembler = true;
	return 0;
}

void rd_compare_insn_deinit(struct compare *c)
{
	if (c->has_disassembler)
		cs_close(&c->disassembler);
	c->has_disassembler = false;
}

/* Where in the instruction what counts from its end, or is an immediate, lies. */
static void find_fields(const cs_insn *decoded, struct insn *insn)
{
	const cs_x86 *x86 = &decoded->detail->x86;
	size_t branch = branch_field(decoded->bytes, decoded->size);

	if (branch && branch <= insn->len) {
		insn->relative = insn->len - branch;
		insn->relative_len = branch;
		return;
	}
	for (size_t i = 0; i < x86->op_count; i++) {
		if (x86->operands[i].type == X86_OP_MEM &&
		    x86->operands[i].mem.base == X86_REG_RIP && x86->encoding.modrm_offset &&
		    x86->encoding.modrm_offset + 5u <= insn->len) {
			insn->relative = x86->encoding.modrm_offset + 1u;
			insn->relative_len = 4;
		}
	}
	if (x86->encoding.imm_offset &&
	    x86->encoding.imm_offset + (size_t)x86->encoding.imm_size <= insn->len) {
		insn->immediate = x86->encoding.imm_offset;
		insn->immediate_len = x86->encoding.imm_size;
	}
}

static bool decode(struct compare *c, cs_insn *decoded, const uint8_t *p, uint64_t size,
		   struct insn *insn)
{
	size_t room = size < INSN_MAX ? (size_t)size : INSN_MAX;
	uint64_t address = 0;

	if (!cs_disasm_iter(c->disassembler, &p, &room, &address, decoded))
		return false;
	insn->len = decoded->size;
	find_fields(decoded, insn);
	return true;
}

static bool is_inside(size_t i, size_t start, size_t len)
{
	return i >= start && i < start + len;
}

/* Whether a relocation fills the @len bytes at @offset of the function. */
static bool is_relocated(const struct walk *w, uint64_t offset)
{
	for (size_t i = w->reloc; i < w->n_relocs; i++) {
		uint64_t at = w->relocs_a[i].offset - w->a->start;

		if (at >= offset)
			return at == offset;
	}
	return false;
}

static int say_places(const struct walk *w, uint64_t at, struct compare_place x,
		      struct compare_place y, struct compare_finding *finding)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text from = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text to = RD_TEXT_INIT;

	if (rd_compare_say_place(&from, &w->c->a, x) || rd_compare_say_place(&to, &w->c->b, y))
		return -ENOMEM;
	return rd_compare_say(finding, COMPARE_DIFFERS, "+0x%" PRIx64 ": refers to %s, not %s", at,
			      from.data, to.data);
}

static int check_relative(const struct walk *w, const struct insn *insn,
			  struct compare_finding *finding)
{
	uint64_t end = insn->at + insn->len;
	size_t field = insn->at + insn->relative;
	uint64_t x, y;
	struct compare_place from, to;

	if (!insn->relative_len || is_relocated(w, field))
		return 0;
	x = end + (uint64_t)field_value(w->x + field, insn->relative_len);
	y = end + (uint64_t)field_value(w->y + field, insn->relative_len);
	if (x < w->size && x == y)
		return 0;
	from = (struct compare_place){ w->a->section, w->a->start + x };
	to = (struct compare_place){ w->b->section, w->b->start + y };
	if ((x < w->size) == (y < w->size) && x >= w->size && rd_compare_places(w->c, from, to, 0))
		return 0;
	return say_places(w, insn->at, from, to, finding);
}

/* Bytes of equal instructions that are neither a relative field nor an immediate. */
static int check_insn_bytes(const struct walk *w, const struct insn *insn,
			    struct compare_finding *finding)
{
	const uint8_t *x = w->x + insn->at, *y = w->y + insn->at;

	for (size_t i = 0; i < insn->len; i++) {
		if (x[i] == y[i])
			continue;
		if (is_inside(i, insn->relative, insn->relative_len) &&
		    !is_relocated(w, insn->at + insn->relative))
			continue;
		if (!is_inside(i, insn->immediate, insn->immediate_len) ||
		    is_relocated(w, insn->at + insn->immediate))
			return rd_compare_say(finding, COMPARE_DIFFERS,
					      "+0x%" PRIx64 ": another instruction", insn->at);
		return rd_compare_say(finding, COMPARE_IMMEDIATES,
				      "+0x%" PRIx64 ": another immediate", insn->at);
	}
	return 0;
}

/* The relocations in the instruction, now that its end is known. */
static int check_insn_relocs(struct walk *w, const struct insn *insn,
			     struct compare_finding *finding)
{
	uint64_t end = w->a->start + insn->at + insn->len;

	for (; w->reloc < w->n_relocs && w->relocs_a[w->reloc].offset < end; w->reloc++) {
		const struct rd_elf_reloc *x = &w->relocs_a[w->reloc];
		const struct rd_elf_reloc *y = &w->relocs_b[w->reloc];
		int64_t adjust = (int64_t)(end - x->offset);
		RD_CLEANUP(rd_text_deinit) struct rd_text from = RD_TEXT_INIT;
		RD_CLEANUP(rd_text_deinit) struct rd_text to = RD_TEXT_INIT;

		if (!rd_compare_is_pc_relative(w->c->a.elf, x) ||
		    rd_compare_relocs(w->c, x, y, adjust, 0))
			continue;
		if (rd_compare_say_reloc(&from, &w->c->a, x, adjust) ||
		    rd_compare_say_reloc(&to, &w->c->b, y, adjust))
			return -ENOMEM;
		return rd_compare_say(finding, COMPARE_DIFFERS,
				      "+0x%" PRIx64 ": refers to %s, not %s", insn->at, from.data,
				      to.data);
	}
	return 0;
}

static int check_insn(struct walk *w, cs_insn *decoded, struct insn *insn,
		      struct compare_finding *finding)
{
	const uint8_t *x = w->x + insn->at, *y = w->y + insn->at;
	uint64_t rest = w->size - insn->at;
	struct insn other = { .at = insn->at };
	bool is_a = decode(w->c, decoded, x, rest, insn), is_b = is_a;
	int r;

	if (memcmp(x, y, rest < INSN_MAX ? (size_t)rest : INSN_MAX))
		is_b = decode(w->c, decoded, y, rest, &other);
	else
		other = *insn;
	if (is_a != is_b || insn->len != other.len || insn->relative != other.relative ||
	    insn->relative_len != other.relative_len || insn->immediate != other.immediate)
		return rd_compare_say(finding, COMPARE_DIFFERS,
				      "+0x%" PRIx64 ": another instruction", insn->at);
	if (!is_a) {
		insn->len = 1;
		insn->relative_len = insn->immediate_len = 0;
	}
	r = check_insn_bytes(w, insn, finding);
	if (!r && finding->outcome != COMPARE_DIFFERS)
		r = check_relative(w, insn, finding);
	if (!r && finding->outcome != COMPARE_DIFFERS)
		r = check_insn_relocs(w, insn, finding);
	return r;
}

int rd_compare_insn(struct compare *c, const struct compare_unit *a, const struct compare_unit *b,
		    struct compare_finding *finding)
{
	struct walk w = {
		.c = c,
		.a = a,
		.b = b,
		.x = c->a.elf->sections[a->section].data + a->start,
		.y = c->b.elf->sections[b->section].data + b->start,
		.size = a->end - a->start,
	};
	cs_insn *decoded;
	int r;

	w.relocs_a = rd_elf_relocs_in(c->a.elf, a->section, a->start, a->end, &w.n_relocs);
	w.relocs_b = rd_elf_relocs_in(c->b.elf, b->section, b->start, b->end, &w.n_relocs);
	r = open_disassembler(c);
	if (r)
		return r;
	decoded = cs_malloc(c->disassembler);
	if (!decoded)
		return -ENOMEM;

	for (uint64_t at = 0; !r && at < w.size && finding->outcome != COMPARE_DIFFERS;) {
		struct insn insn = { .at = at };

		if (!rd_compare_spend(c, 16))
			break;
		r = check_insn(&w, decoded, &insn, finding);
		at += insn.len ? insn.len : 1;
	}
	cs_free(decoded, 1);
	return r;
}
