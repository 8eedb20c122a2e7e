/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The id rule. A patch for RDNA1 cards has to ask which card it runs on, and the compiler turns
 *that into one of a few forms, all seen from gcc and clang on the spellings in tests/real/forms:
 *
 *	cmp, xor with the id or a bound			device == ID, device <= ID, masks
 *	sub ID; add or lea of -ID			ranges, switch with a jump table or bit test
 *	mov ID to a register that is then compared	16-bit immediates where they are slow
 *	the same with ID >> 4 after a shift by 4	device >> 4 == family
 *	vendor and device in one word, ids packed in one word, tables of ids
 *	vendor and device as the first two arguments	pci_get_device(ATI, ID, …)
 *
 * A false alarm is worse than a miss, for the function compare and the source check see what this
 * rule does not. So a number alone never counts. Not taken are: 64-bit add, sub and lea (offsets of
 * structures: amdgpu_device is large enough to hold any id), positive add and lea (the same), 8-bit
 * immediates and stores of single numbers (text), a mov of an id that nothing compares (sizes, line
 * numbers), a shifted id without the shift, relocated bytes and branches. 64-bit cmp counts for
 * exact ids only. What is left has no use in code that builds and reads tables of small numbers:
 * stock kfd_crat.c has no such instruction in any version tried, 4.19 to 7.3, gcc and clang.
 *
 * Code is read in the order of addresses: a number loaded on one path and compared on another
 *counts.
 */

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "code_private.h"
#include "crat_id.h"
#include "crat_table.h"
#include "inspect/crat_code.h"

#define CODE_MAX_PLACE 512
#define CODE_ID_SHIFT  4

/* Numbers of the general registers plus one, so that 0 is "none"; in the order of their encoding.
 */
enum {
	CODE_NO_REGISTER,
	CODE_RAX,
	CODE_RCX,
	CODE_RDX,
	CODE_RSI = 7,
	CODE_RDI,
	CODE_R8,
	CODE_R11 = 12
};

#define CODE_REGISTERS 17

static const uint8_t code_registers[X86_REG_ENDING] = {
	[X86_REG_AL] = 1,    [X86_REG_AX] = 1,	  [X86_REG_EAX] = 1,   [X86_REG_RAX] = 1,
	[X86_REG_CL] = 2,    [X86_REG_CX] = 2,	  [X86_REG_ECX] = 2,   [X86_REG_RCX] = 2,
	[X86_REG_DL] = 3,    [X86_REG_DX] = 3,	  [X86_REG_EDX] = 3,   [X86_REG_RDX] = 3,
	[X86_REG_BL] = 4,    [X86_REG_BX] = 4,	  [X86_REG_EBX] = 4,   [X86_REG_RBX] = 4,
	[X86_REG_SPL] = 5,   [X86_REG_SP] = 5,	  [X86_REG_ESP] = 5,   [X86_REG_RSP] = 5,
	[X86_REG_BPL] = 6,   [X86_REG_BP] = 6,	  [X86_REG_EBP] = 6,   [X86_REG_RBP] = 6,
	[X86_REG_SIL] = 7,   [X86_REG_SI] = 7,	  [X86_REG_ESI] = 7,   [X86_REG_RSI] = 7,
	[X86_REG_DIL] = 8,   [X86_REG_DI] = 8,	  [X86_REG_EDI] = 8,   [X86_REG_RDI] = 8,
	[X86_REG_R8B] = 9,   [X86_REG_R8W] = 9,	  [X86_REG_R8D] = 9,   [X86_REG_R8] = 9,
	[X86_REG_R9B] = 10,  [X86_REG_R9W] = 10,  [X86_REG_R9D] = 10,  [X86_REG_R9] = 10,
	[X86_REG_R10B] = 11, [X86_REG_R10W] = 11, [X86_REG_R10D] = 11, [X86_REG_R10] = 11,
	[X86_REG_R11B] = 12, [X86_REG_R11W] = 12, [X86_REG_R11D] = 12, [X86_REG_R11] = 12,
	[X86_REG_R12B] = 13, [X86_REG_R12W] = 13, [X86_REG_R12D] = 13, [X86_REG_R12] = 13,
	[X86_REG_R13B] = 14, [X86_REG_R13W] = 14, [X86_REG_R13D] = 14, [X86_REG_R13] = 14,
	[X86_REG_R14B] = 15, [X86_REG_R14W] = 15, [X86_REG_R14D] = 15, [X86_REG_R14] = 15,
	[X86_REG_R15B] = 16, [X86_REG_R15W] = 16, [X86_REG_R15D] = 16, [X86_REG_R15] = 16,
};

/* What is known of a register, reading on: an id that was put there, or that it was shifted. */
struct code_register {
	struct rd_crat_id id;
	bool is_vendor;
	bool is_shifted;
};

struct code_reader {
	const struct rd_elf *elf;
	const struct rd_scope_function *function;
	struct code_register registers[CODE_REGISTERS];
	struct rd_evidence *ev;
	struct rd_crat_code *out;
};

static int hit(struct code_reader *reader, const cs_insn *insn, const char *what)
{
	char where[CODE_MAX_PLACE];

	snprintf(where, sizeof(where), "%s+0x%llx", reader->function->name,
		 (unsigned long long)(insn->address - reader->function->base));
	reader->out->hits++;
	return rd_evidence_add(reader->ev, RD_EVIDENCE_INSTRUCTION, where, "%s%s%s: %s",
			       insn->mnemonic, *insn->op_str ? " " : "", insn->op_str, what);
}

static int hit_id(struct code_reader *reader, const cs_insn *insn, const struct rd_crat_id *id)
{
	char what[128];

	rd_crat_id_describe(id, what, sizeof(what));
	return hit(reader, insn, what);
}

static uint64_t mask_to(int64_t value, size_t size)
{
	return size >= sizeof(uint64_t) ? (uint64_t)value
					: (uint64_t)value & ((1ull << (8 * size)) - 1);
}

static bool is_relocated(const struct code_reader *reader, const cs_insn *insn, size_t offset,
			 size_t size)
{
	uint64_t from = insn->address + offset;
	size_t n;

	rd_elf_relocs_in(reader->elf, reader->function->section, from, from + size, &n);
	return n > 0;
}

static const cs_x86_op *find_operand(const cs_insn *insn, x86_op_type type)
{
	const cs_x86 *x86 = &insn->detail->x86;

	for (size_t i = 0; i < x86->op_count; i++) {
		if (x86->operands[i].type == type)
			return &x86->operands[i];
	}
	return NULL;
}

static uint8_t register_of(const cs_x86_op *op)
{
	return op->type == X86_OP_REG && op->reg < X86_REG_ENDING ? code_registers[op->reg]
								  : CODE_NO_REGISTER;
}

/* The operand that is written, the last one in AT&T order. */
static const cs_x86_op *destination(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	return x86->op_count ? &x86->operands[x86->op_count - 1] : NULL;
}

/* Which value at which width the rule lets count as an id. */
static struct rd_crat_id match(uint64_t value, size_t size)
{
	struct rd_crat_id id = rd_crat_id_match(value);

	if (size < sizeof(uint16_t) ||
	    (size > sizeof(uint32_t) && id.kind != RD_CRAT_ID_EXACT && id.kind != RD_CRAT_ID_WORD))
		id.kind = RD_CRAT_ID_NONE;
	return id;
}

static struct rd_crat_id match_either(const struct code_register *reg, uint64_t value, size_t size)
{
	struct rd_crat_id id = match(value, size);

	return id.kind || !reg->is_shifted ? id : rd_crat_id_match_shifted(value);
}

/* cmp, xor, sub, add with an immediate. */
static int read_immediate(struct code_reader *reader, const cs_insn *insn, const cs_x86_op *imm)
{
	const cs_x86_encoding *encoding = &insn->detail->x86.encoding;
	const cs_x86_op *other = destination(insn);
	const struct code_register *reg = &reader->registers[register_of(other)];
	size_t size = other->size;
	uint64_t value = mask_to(imm->imm, size), negative = mask_to(-imm->imm, size);
	struct rd_crat_id id = { 0 };

	if (encoding->imm_size < sizeof(uint16_t) ||
	    is_relocated(reader, insn, encoding->imm_offset, encoding->imm_size))
		return 0;
	if (insn->id == X86_INS_CMP || insn->id == X86_INS_XOR ||
	    (insn->id == X86_INS_SUB && size <= sizeof(uint32_t)))
		id = match_either(reg, value, size);
	if (!id.kind && (insn->id == X86_INS_CMP || insn->id == X86_INS_ADD) &&
	    size <= sizeof(uint32_t))
		id = match_either(reg, negative, size);
	return id.kind ? hit_id(reader, insn, &id) : 0;
}

/* cmp or xor without an immediate: with a register that holds an id? */
static int read_comparison(struct code_reader *reader, const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	/* xor with itself makes a zero. */
	if (register_of(&x86->operands[0]) == register_of(&x86->operands[1]))
		return 0;
	for (size_t i = 0; i < x86->op_count; i++) {
		const struct code_register *reg =
			&reader->registers[register_of(&x86->operands[i])];

		if (reg->id.kind && x86->operands[i].size >= sizeof(uint16_t))
			return hit_id(reader, insn, &reg->id);
	}
	return 0;
}

static int read_lea(struct code_reader *reader, const cs_insn *insn)
{
	const cs_x86_encoding *encoding = &insn->detail->x86.encoding;
	const cs_x86_op *mem = find_operand(insn, X86_OP_MEM);
	size_t size = destination(insn)->size;
	struct rd_crat_id id;

	if (!mem || size > sizeof(uint32_t) || mem->mem.disp >= 0 ||
	    encoding->disp_size < sizeof(uint32_t) || mem->mem.base == X86_REG_RIP ||
	    is_relocated(reader, insn, encoding->disp_offset, encoding->disp_size))
		return 0;
	id = match_either(
		&reader->registers[mem->mem.base < X86_REG_ENDING ? code_registers[mem->mem.base]
								  : CODE_NO_REGISTER],
		mask_to(-mem->mem.disp, size), size);
	return id.kind ? hit_id(reader, insn, &id) : 0;
}

/* The destination of a mov of an immediate learns the id. */
static int read_mov(struct code_reader *reader, const cs_insn *insn, const cs_x86_op *imm)
{
	const cs_x86_encoding *encoding = &insn->detail->x86.encoding;
	const cs_x86_op *to = destination(insn);
	struct code_register *reg = &reader->registers[register_of(to)];
	uint64_t value = mask_to(imm->imm, to->size);

	if (encoding->imm_size < sizeof(uint16_t) ||
	    is_relocated(reader, insn, encoding->imm_offset, encoding->imm_size))
		return 0;
	if (rd_crat_id_is_packed(value, to->size))
		return hit(reader, insn, "RDNA1 device ids, packed");
	if (reg != &reader->registers[CODE_NO_REGISTER]) {
		reg->id = match(value, to->size);
		reg->is_vendor = rd_crat_id_is_vendor(value);
	}
	return 0;
}

/* A call that asks for a card: its first argument is the vendor, its second an id. */
static int read_call(struct code_reader *reader, const cs_insn *insn)
{
	const struct code_register *device = &reader->registers[CODE_RSI];

	if (!reader->registers[CODE_RDI].is_vendor || device->id.kind != RD_CRAT_ID_EXACT)
		return 0;
	return hit_id(reader, insn, &device->id);
}

static void forget_calls(struct code_reader *reader)
{
	/* System V ABI: rax, rcx, rdx, rsi, rdi, r8 to r11 belong to the callee. */
	for (size_t i = CODE_RAX; i <= CODE_R11; i++) {
		if (i <= CODE_RDX || i >= CODE_RSI)
			reader->registers[i] = (struct code_register){ 0 };
	}
}

/* What an instruction leaves known of the registers that it writes. */
static void update_registers(struct code_reader *reader, const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *to = destination(insn), *imm = find_operand(insn, X86_OP_IMM);
	struct code_register after = { 0 };

	if (insn->id == X86_INS_CALL)
		forget_calls(reader);
	for (size_t i = 0; i < insn->detail->regs_write_count; i++) {
		uint16_t written = insn->detail->regs_write[i];

		if (written < X86_REG_ENDING)
			reader->registers[code_registers[written]] = after;
	}
	if (!to || !register_of(to) || insn->id == X86_INS_CMP || insn->id == X86_INS_TEST)
		return;

	if (insn->id == X86_INS_AND)
		after.is_shifted = reader->registers[register_of(to)].is_shifted;
	else if (insn->id == X86_INS_SHR)
		after.is_shifted = imm && imm->imm == CODE_ID_SHIFT;
	else if ((insn->id == X86_INS_MOV || insn->id == X86_INS_MOVZX) && !imm &&
		 x86->op_count == 2)
		after = reader->registers[register_of(&x86->operands[0])];
	reader->registers[register_of(to)] = after;
	reader->registers[CODE_NO_REGISTER] = (struct code_register){ 0 };
}

static int read_instruction(struct code_reader *reader, const cs_insn *insn)
{
	const cs_x86_op *imm = find_operand(insn, X86_OP_IMM);
	int r = 0;

	if (insn->detail->x86.op_count < 2) {
		if (insn->id == X86_INS_CALL)
			r = read_call(reader, insn);
		update_registers(reader, insn);
		return r;
	}
	switch (insn->id) {
	case X86_INS_CMP:
	case X86_INS_XOR:
	case X86_INS_SUB:
	case X86_INS_ADD:
		if (imm)
			r = read_immediate(reader, insn, imm);
		else if (insn->id == X86_INS_CMP || insn->id == X86_INS_XOR)
			r = read_comparison(reader, insn);
		break;
	case X86_INS_LEA:
		r = read_lea(reader, insn);
		break;
	default:
		break;
	}
	update_registers(reader, insn);
	if (!r && imm && (insn->id == X86_INS_MOV || insn->id == X86_INS_MOVABS))
		r = read_mov(reader, insn, imm);
	return r;
}

static int read_function(struct code_reader *reader, struct rd_code *code,
			 struct rd_crat_tables *tables)
{
	const struct rd_scope_function *function = reader->function;
	const uint8_t *data = reader->elf->sections[function->section].data;
	struct rd_code_walk walk;
	const cs_insn *insn;
	int r;

	memset(reader->registers, 0, sizeof(reader->registers));
	walk = rd_code_start(code, data + function->start, function->end - function->start,
			     function->start, true);
	while ((insn = rd_code_next(&walk))) {
		reader->out->instructions++;
		r = read_instruction(reader, insn);
		if (!r)
			r = rd_crat_tables_note(tables, reader->elf, function, insn->address,
						insn->address + insn->size);
		if (r)
			return r;
	}
	if (!walk.left && function->end > function->start)
		return 0;
	reader->out->is_complete = false;
	return rd_evidence_add(reader->ev, RD_EVIDENCE_LIMIT, function->name,
			       "could not be disassembled beyond offset 0x%llx of %llu bytes",
			       (unsigned long long)(walk.address - function->start),
			       (unsigned long long)(function->end - function->start));
}

int rd_crat_code_inspect(const struct rd_elf *elf, struct rd_code *code,
			 const struct rd_scope *scope, struct rd_evidence *ev,
			 struct rd_crat_code *out, struct rd_error *err)
{
	RD_CLEANUP(rd_crat_tables_deinit) struct rd_crat_tables tables = { 0 };
	struct code_reader reader = { .elf = elf, .ev = ev, .out = out };

	*out = (struct rd_crat_code){ .is_complete = true };
	for (size_t i = 0; i < scope->n; i++) {
		reader.function = &scope->items[i];
		out->functions++;
		if (read_function(&reader, code, &tables))
			return rd_error_nomem(err);
	}
	if (rd_crat_tables_inspect(&tables, elf, ev, &out->hits))
		return rd_error_nomem(err);
	out->tables = tables.inspected;
	out->is_complete &= !tables.is_exhausted;
	return 0;
}
