/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A module in small for test-elf, test-identity, test-scope and test-inspect: every part that a
 * reader of modules looks at, with values that the tests know. STRIDE is the size of a __dyndbg
 * entry; PATCHED adds the code of the patch, PATCHED_HELPER to a local function; SCATTERED says that a function between those of
 * kfd_crat.c is another file's.
 */

#ifndef STRIDE
#define STRIDE 56
#endif

	.section .note.gnu.build-id, "a", @note
	.balign	4
	.long	4, 20, 3
	.asciz	"GNU"
	.byte	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09
	.byte	0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9

	.section .modinfo, "a"
	.asciz	"license=GPL and additional rights"
	.asciz	"version=1.2.3"
	.asciz	"srcversion=0123456789ABCDEF0123456"
	.asciz	"name=amdgpu"
	.asciz	"vermagic=6.1.0-test SMP preempt mod_unload "

	.ident	"GCC: (Test) 12.2.0"
	.ident	"another compiler 1.0"
	.ident	"GCC: (Test) 12.2.0"

	.macro	function name
	.balign	16
	.type	__pfx_\name, @function
__pfx_\name:
	.skip	16, 0x90
	.size	__pfx_\name, 16
	.type	\name, @function
\name:
	.endm

	.macro	end name
	ret
	.size	\name, . - \name
	.endm

	.text
	/* Another unit: neither called nor between. */
	function foreign_before
	nop
	end	foreign_before

	/* Only called by a branch that needs no relocation; before the anchors. */
	function helper
#ifdef PATCHED_HELPER
	testl	%eax, %eax
	je	1f
	ret
1:	cmpw	$0x731f, 0x3e(%rax)
#endif
	nop
	end	helper

	.globl	kfd_parse_crat_table
	function kfd_parse_crat_table
	call	helper
	call	outside
	movq	$callback, %rdi
#ifdef PATCHED
	cmpw	$0x731f, 0x3e(%rax)
#endif
	jne	kfd_parse_crat_table.cold
	end	kfd_parse_crat_table

	/* Nothing names it: between two functions of the unit. */
	function between
	nop
	end	between

	function kfd_fill_mem_info.isra.0
	nop
	end	kfd_fill_mem_info.isra.0

	/* A pr_debug site of kfd_crat.c names it. */
	function named_by_site.constprop.0
	nop
	end	named_by_site.constprop.0

	/* Known by a relocation against a local symbol alone. */
	function callback
	nop
	end	callback

	function foreign_after
	nop
	end	foreign_after

	.section .text.unlikely, "ax", @progbits
	.type	kfd_parse_crat_table.cold, @function
kfd_parse_crat_table.cold:
	ud2
	.size	kfd_parse_crat_table.cold, . - kfd_parse_crat_table.cold

	.section .rodata.str1.1, "aMS", @progbits, 1
modname:
	.asciz	"amdgpu"
file:
	.asciz	"drivers/gpu/drm/amd/amdgpu/../amdkfd/kfd_crat.c"
other_file:
	.asciz	"drivers/gpu/drm/amd/amdgpu/other.c"
name_1:
	.asciz	"named_by_site"
name_2:
#ifdef SCATTERED
	.asciz	"between"
#else
	.asciz	"foreign_after"
#endif
format_1:
	.asciz	"Parsing %d\n"
format_2:
#ifdef PATCHED
	.asciz	"KFD: Enabling fine-grained for RDNA1 0x%x\n"
#else
	.asciz	"Something else\n"
#endif

	.macro	site function, file, format, line
	.quad	modname, \function, \file, \format
	.long	\line | 0xfffc0000
	.skip	STRIDE - 36
	.endm

	.section __dyndbg, "aw"
	.balign	8
	site	name_1, file, format_1, 1122
	site	name_2, other_file, format_2, 7

	.section .note.GNU-stack, "", @progbits
