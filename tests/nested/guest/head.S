/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * head.S - a bzImage by its header only: the 64-bit boot protocol's entry, a stack, and the
 * interrupt stub. No compression, no relocation, a few kilobytes.
 */
	.section .setup, "a"
	.org	0x1f1
	.byte	1			/* setup_sects */
	.org	0x1fe
	.word	0xaa55			/* boot_flag */
	.byte	0xeb, 0x66		/* jump over the header */
	.ascii	"HdrS"
	.word	0x020f			/* protocol version */
	.org	0x22c
	.long	0x7fffffff		/* initrd_addr_max */
	.org	0x236
	.word	1			/* xloadflags: 64-bit entry */
	.long	255			/* cmdline_size */
	.org	0x258
	.quad	0x1000000		/* pref_address */
	.long	0x100000		/* init_size */
	.org	0x400

	.section .head, "ax"
	.code64
	.org	0x200
	leaq	stack_top(%rip), %rsp
	movq	%rsi, %rdi
	call	guest_main
1:	hlt
	jmp	1b

	.text
	.globl	interrupt_stub
interrupt_stub:
	pushq	%rax
	incl	interrupts(%rip)
	movl	$0xfee000b0, %eax	/* end of interrupt */
	movl	$0, (%rax)
	popq	%rax
	iretq

	.bss
	.balign	16
	.skip	16384
stack_top:
	.section .note.GNU-stack, "", @progbits
