/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Machine code for test-crat-code: each function holds one form. What the rule has to say about it
 * stands in its name: kfd_parse_crat_hit_*, kfd_parse_crat_miss_*. The assembler makes the bytes.
 */

	.macro	function name
	.text
	.balign	16
	.type	\name, @function
\name:
	.endm

	.macro	end name
	ret
	.size	\name, . - \name
	.endm

	/* Comparisons, as gcc and clang write `device == 0x731f`. */
	function kfd_parse_crat_hit_cmp_memory
	cmpw	$0x731f, 0x3e(%rax)
	end	kfd_parse_crat_hit_cmp_memory

	function kfd_parse_crat_hit_cmp_register
	movzwl	0x3e(%rax), %ecx
	cmpl	$29471, %ecx
	end	kfd_parse_crat_hit_cmp_register

	function kfd_parse_crat_hit_cmp_r13
	cmpw	$0x7362, 0x3e(%r13)
	end	kfd_parse_crat_hit_cmp_r13

	function kfd_parse_crat_hit_cmp_64
	cmpq	$0x731f, %rax
	end	kfd_parse_crat_hit_cmp_64

	function kfd_parse_crat_hit_xor
	xorw	$0x731f, %ax
	end	kfd_parse_crat_hit_xor

	/* Ranges: a bound, one beside a bound, a subtraction, an addition of the negative. */
	function kfd_parse_crat_hit_edge_below
	cmpw	$0x733f, 0x3e(%rax)
	end	kfd_parse_crat_hit_edge_below

	function kfd_parse_crat_hit_edge_above
	cmpl	$0x7320, %eax
	end	kfd_parse_crat_hit_edge_above

	function kfd_parse_crat_hit_range_of_chip
	cmpl	$0x736f, %eax
	end	kfd_parse_crat_hit_range_of_chip

	function kfd_parse_crat_hit_sub
	subw	$0x7310, %ax
	cmpw	$0x0f, %ax
	end	kfd_parse_crat_hit_sub

	function kfd_parse_crat_hit_add_negative
	addl	$0xffff8cf0, %ecx
	cmpl	$0x0f, %ecx
	end	kfd_parse_crat_hit_add_negative

	function kfd_parse_crat_hit_lea_negative
	leal	-0x7340(%rcx), %edx
	cmpl	$0x10, %edx
	end	kfd_parse_crat_hit_lea_negative

	/* Masks and shifts. */
	function kfd_parse_crat_hit_mask
	andl	$0xff00, %eax
	cmpl	$0x7300, %eax
	end	kfd_parse_crat_hit_mask

	function kfd_parse_crat_hit_mask_of_chip
	andl	$0xfff0, %ecx
	cmpl	$0x7360, %ecx
	end	kfd_parse_crat_hit_mask_of_chip

	function kfd_parse_crat_hit_shift
	movzwl	0x3e(%rax), %eax
	shrw	$4, %ax
	cmpw	$0x731, %ax
	end	kfd_parse_crat_hit_shift

	function kfd_parse_crat_hit_shift_copied
	movzwl	0x3e(%rax), %eax
	shrl	$4, %eax
	movl	%eax, %r9d
	andl	$0xfff, %r9d
	cmpl	$0x736, %r9d
	end	kfd_parse_crat_hit_shift_copied

	/* Vendor and device in one word; several ids in one word. */
	function kfd_parse_crat_hit_word
	cmpl	$0x731f1002, 0x3c(%rax)
	end	kfd_parse_crat_hit_word

	function kfd_parse_crat_hit_word_swapped
	cmpl	$0x10027340, %eax
	end	kfd_parse_crat_hit_word_swapped

	function kfd_parse_crat_hit_packed
	movabsq	$0x731a731973187310, %rax
	movq	%rax, -8(%rsp)
	end	kfd_parse_crat_hit_packed

	/* A 16-bit immediate is slow on some processors: gcc loads it first. */
	function kfd_parse_crat_hit_mov_cmp
	movl	$0x731f, %ecx
	cmpw	%cx, 0x3e(%rax)
	end	kfd_parse_crat_hit_mov_cmp

	function kfd_parse_crat_hit_mov_saved
	movl	$0x7312, %ebx
	call	outside
	cmpl	%ebx, %eax
	end	kfd_parse_crat_hit_mov_saved

	/* Tables. */
	function kfd_parse_crat_hit_table_16
	cmpw	%dx, ids_16(, %rax, 2)
	end	kfd_parse_crat_hit_table_16

	function kfd_parse_crat_hit_table_wide
	cmpw	%dx, ids_wide(, %rax, 2)
	end	kfd_parse_crat_hit_table_wide

	function kfd_parse_crat_hit_table_32
	leaq	ids_32(%rip), %rdi
	end	kfd_parse_crat_hit_table_32

	function kfd_parse_crat_hit_table_pci
	movq	$ids_pci, %rdi
	end	kfd_parse_crat_hit_table_pci

	function kfd_parse_crat_hit_table_immediate
	cmpl	$1, ids_immediate(%rip)
	end	kfd_parse_crat_hit_table_immediate

	/* Offsets of structures, stack frames: 64-bit arithmetic, or positive. */
	function kfd_parse_crat_miss_add_64
	addq	$0x7310, %rdi
	end	kfd_parse_crat_miss_add_64

	function kfd_parse_crat_miss_add_64_negative
	addq	$-0x7310, %rdi
	end	kfd_parse_crat_miss_add_64_negative

	function kfd_parse_crat_miss_sub_64
	subq	$0x7340, %rsp
	end	kfd_parse_crat_miss_sub_64

	function kfd_parse_crat_miss_lea_64
	leaq	-0x7310(%rdi), %rax
	leaq	0x7318(%rdi), %rsi
	end	kfd_parse_crat_miss_lea_64

	function kfd_parse_crat_miss_lea_positive
	leal	0x7310(%rax), %edx
	end	kfd_parse_crat_miss_lea_positive

	function kfd_parse_crat_miss_add_positive
	addl	$0x7310, %eax
	end	kfd_parse_crat_miss_add_positive

	function kfd_parse_crat_miss_displacement
	cmpl	$1, 0x731f(%rdi)
	movl	0x7310(%rdi), %eax
	end	kfd_parse_crat_miss_displacement

	/* Numbers that nothing compares. */
	function kfd_parse_crat_miss_mov
	movl	$0x7318, %edx
	call	outside
	end	kfd_parse_crat_miss_mov

	function kfd_parse_crat_miss_mov_overwritten
	movl	$0x731f, %ecx
	movl	(%rax), %ecx
	cmpl	%ecx, %edx
	end	kfd_parse_crat_miss_mov_overwritten

	function kfd_parse_crat_miss_mov_clobbered
	movl	$0x731f, %ecx
	call	outside
	cmpl	%ecx, %eax
	end	kfd_parse_crat_miss_mov_clobbered

	function kfd_parse_crat_miss_xor_self
	movl	$0x731f, %eax
	xorl	%eax, %eax
	end	kfd_parse_crat_miss_xor_self

	function kfd_parse_crat_miss_store
	movw	$0x7362, (%rax)
	movl	$0x73626f6b, (%rdx)
	end	kfd_parse_crat_miss_store

	function kfd_parse_crat_miss_test
	testl	$0x731f, %eax
	orl	$0x7310, %eax
	andl	$0x7310, %eax
	end	kfd_parse_crat_miss_test

	/* Other numbers. */
	function kfd_parse_crat_miss_shift_without
	cmpw	$0x731, %ax
	end	kfd_parse_crat_miss_shift_without

	function kfd_parse_crat_miss_shift_overwritten
	shrw	$4, %ax
	movl	(%rdx), %eax
	cmpw	$0x731, %ax
	end	kfd_parse_crat_miss_shift_overwritten

	function kfd_parse_crat_miss_shift_by_5
	shrw	$5, %ax
	cmpw	$0x731, %ax
	end	kfd_parse_crat_miss_shift_by_5

	function kfd_parse_crat_miss_between
	cmpw	$0x7325, %ax
	cmpl	$0x7352, %eax
	end	kfd_parse_crat_miss_between

	function kfd_parse_crat_miss_byte
	cmpb	$0x73, 0x3f(%rax)
	cmpb	$0x1f, %al
	end	kfd_parse_crat_miss_byte

	function kfd_parse_crat_miss_rdna2
	cmpl	$0x73bf, %eax
	subl	$0x73a0, %eax
	end	kfd_parse_crat_miss_rdna2

	function kfd_parse_crat_miss_gfx_version
	cmpl	$0xa010a, %eax
	end	kfd_parse_crat_miss_gfx_version

	function kfd_parse_crat_miss_vendor
	cmpw	$0x1002, 0x3c(%rax)
	cmpl	$0x73bf1002, 0x3c(%rax)
	end	kfd_parse_crat_miss_vendor

	function kfd_parse_crat_miss_relocated
	cmpl	$0x731f, %ecx
	.reloc	. - 4, R_X86_64_32S, outside
	end	kfd_parse_crat_miss_relocated

	function kfd_parse_crat_miss_branch
	.byte	0xe9
	.long	0x731f
	end	kfd_parse_crat_miss_branch

	/* Text, and tables that hold something else. */
	function kfd_parse_crat_miss_table_text
	leaq	text(%rip), %rdi
	end	kfd_parse_crat_miss_table_text

	function kfd_parse_crat_miss_table_sizes
	leaq	sizes(%rip), %rdi
	leaq	one_long(%rip), %rsi
	end	kfd_parse_crat_miss_table_sizes

	function kfd_parse_crat_miss_table_global
	leaq	pciidlist(%rip), %rdi
	end	kfd_parse_crat_miss_table_global

	function kfd_parse_crat_hit_call
	xorl	%edx, %edx
	movl	$0x731f, %esi
	movl	$0x1002, %edi
	call	outside
	end	kfd_parse_crat_hit_call

	/* One of the two alone is a size, or says nothing of the card. */
	function kfd_parse_crat_miss_call
	movl	$0x7340, %esi
	movl	$64, %edi
	call	outside
	movl	$0x731e, %esi
	call	outside
	movl	$128, %esi
	movl	$0x1002, %edi
	call	outside
	end	kfd_parse_crat_miss_call

	function kfd_parse_crat_table
	call	outside
	end	kfd_parse_crat_table

	.macro	object name
	.section .rodata
	.balign	8
	.type	\name, @object
\name:
	.endm

	.macro	end_object name
	.size	\name, . - \name
	.endm

	object	ids_16
	.short	0x7310, 0x7312, 0x731f
	end_object ids_16

	/* LLVM takes 16 bits that a zero ends for a string of such. */
	.section .rodata.str2.2, "aMS", @progbits, 2
	.type	ids_wide, @object
ids_wide:
	.short	0x7310, 0x7312, 0x731f, 0
	end_object ids_wide

	object	ids_32
	.long	0x7340, 0x7341, 0x7347, 0x734f
	end_object ids_32

	object	ids_pci
	.long	0x1002, 0x7340, -1, -1, 0, 0, 0, 0
	.long	0, 0, 0, 0, 0, 0, 0, 0
	end_object ids_pci

	object	text
	.ascii	"jobs, As and Os of the @s"
	end_object text

	object	sizes
	.long	16, 128, 4096, 29440, 65536
	end_object sizes

	object	one_long
	.long	0x7340, 0
	end_object one_long

	/* amdgpu's own list of cards is another unit's, and global objects may be. */
	.globl	pciidlist
	object	pciidlist
	.long	0x1002, 0x731f, -1, -1, 0, 0, 0, 0
	end_object pciidlist

	.data
	.balign	4
	.type	ids_immediate, @object
ids_immediate:
	.short	0x731f, 0
	.size	ids_immediate, . - ids_immediate

	.section .note.GNU-stack, "", @progbits
