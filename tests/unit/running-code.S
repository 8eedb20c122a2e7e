/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A function with every kind of place that the kernel rewrites, each listed in the table that a
 * module has for it; plain functions; a constant with a pointer in it. Offsets of the places stand
 * beside them: test-running-code.c has them as the truth. Linux 6.1's tables.
 */

	.text
	.globl masked
	.type masked, @function
masked:
1:	call __fentry__				/* 0: 5 bytes */
2:	.byte 0x0f, 0x1f, 0x44, 0, 0		/* 5: a static key, 5 */
3:	.byte 0x66, 0x90			/* 10: a static key, 2 */
4:	lock incl (%rax)			/* 12: the prefix, 1 */
5:	.fill 6, 1, 0x90			/* 15: an alternative, 6 */
6:	.fill 7, 1, 0x90			/* 21: a paravirtual call, 7 */
7:	.byte 0xe8, 0, 0, 0, 0			/* 28: a retpoline, 5 */
8:	.byte 0x2e, 0xe8, 0, 0, 0, 0		/* 33: one with a prefix, 6 */
9:	.byte 0xe9, 0, 0, 0, 0			/* 39: a return, 5 */
10:	.byte 0xe8, 0, 0, 0, 0			/* 44: a static call, 5 */
11:	endbr64					/* 49: a landing pad, 4 */
12:	.byte 0xe8, 0, 0, 0, 0			/* 53: a counted call, 5 */
13:	movl $1, %eax				/* 58: the function's own, 5 */
	.size masked, . - masked

	.macro plain name
	.balign 16, 0x90
	.globl \name
	.type \name, @function
\name:
	movl $2, %eax
	ret
	.size \name, . - \name
	.endm
	plain one
	plain two
	plain three
	plain four
	plain five

	.section .rodata, "a"
	.type constant, @object
constant:
	.quad masked
	.quad 0x1122334455667788
	.size constant, 16

	.section .data, "aw"
	.type variable, @object
variable:
	.quad 1
	.size variable, 8

	.section __mcount_loc, "a"
	.quad 1b
	.section __jump_table, "aw"
	.long 2b - ., 3b - .
	.quad 0
	.long 3b - ., 2b - .
	.quad 0
	.section .smp_locks, "a"
	.long 4b - .
	.section .altinstr_replacement, "ax"
14:	nop
	.section .altinstructions, "a"
	.long 5b - ., 14b - .
	.short 1
	.byte 6, 1
	.long 5b - ., 14b - .
	.short 2
	.byte 6, 1
	.section .parainstructions, "a"
	.balign 8
	.quad 6b
	.byte 1, 7
	.section .retpoline_sites, "a"
	.long 7b - ., 8b - .
	.section .return_sites, "a"
	.long 9b - .
	.section .static_call_sites, "aw"
	.long 10b - ., 0
	.section .ibt_endbr_seal, "a"
	.long 11b - .
	.section .call_sites, "a"
	.long 12b - .
	.section .note.GNU-stack, "", @progbits
