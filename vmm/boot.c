/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * boot.c - the 64-bit boot protocol, entered with paging on and an identity map of 4 GiB. The
 * kernel unpacks itself, so every compression works and KASLR stays.
 */
#include "vmm/boot.h"

#include <asm/bootparam.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/layout.h"

enum {
	SETUP_HEADER = 0x1f1,
	PROTOCOL_MIN = 0x020c, /* the first with xloadflags */
	SECTOR = 512,
	ENTRY_64 = 0x200, /* from the start of the protected-mode part */
	LOADER_UNDEFINED = 0xff,
	SEL_CODE = 0x10, /* __BOOT_CS and __BOOT_DS of the protocol */
	SEL_DATA = 0x18,
	PAGE = 4096,
};

#define PAGE_TABLE   0x3ull  /* present, writable */
#define PAGE_LARGE   0x83ull /* and 2 MiB */
#define CR0_PE_PG    0x80000011ull
#define CR4_PAE	     0x20ull
#define EFER_LME_LMA 0x500ull

static int refuse(struct err *e, const char *why)
{
	return err_set(e, -ENOEXEC, "the kernel image %s", why);
}

int boot_parse(const uint8_t *head, size_t len, uint64_t file_len, struct boot_image *img,
	       struct err *e)
{
	struct setup_header h;

	if (len < SETUP_HEADER + sizeof(h))
		return refuse(e, "is too short for a bzImage");
	memcpy(&h, head + SETUP_HEADER, sizeof(h));
	if (h.boot_flag != 0xaa55 || memcmp(&h.header, "HdrS", 4) != 0)
		return refuse(e, "is not a bzImage (no HdrS header)");
	if (h.version < PROTOCOL_MIN || !(h.xloadflags & XLF_KERNEL_64))
		return refuse(e, "has no 64-bit entry point");
	img->payload_off = (h.setup_sects ? h.setup_sects + 1u : 5u) * SECTOR;
	if (img->payload_off + ENTRY_64 >= file_len)
		return refuse(e, "is cut short");
	img->payload_len = file_len - img->payload_off;
	img->load = h.pref_address;
	img->init_size = MAX(h.init_size, img->payload_len);
	img->initrd_max = h.initrd_addr_max;
	img->cmdline_max = h.cmdline_size;
	/* The jump at 0x200 says where the header ends. */
	img->header_len = MIN(0x202u + head[0x201] - SETUP_HEADER, sizeof(h));
	if (img->load < LAYOUT_HIGH_RAM || img->load % PAGE || img->load >= MEMORY_HOLE_START)
		return refuse(e, "asks for an address that is no memory");
	return 0;
}

/* Read @len bytes at @off of @fd to @gpa. */
static int read_to(const struct memory *m, uint64_t gpa, int fd, uint64_t off, uint64_t len)
{
	uint8_t *to = memory_at(m, gpa, len);

	if (!to)
		return -ENOMEM;
	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		to += n;
		off += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

static int file_length(int fd, uint64_t *len)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return -errno;
	*len = (uint64_t)end;
	return 0;
}

static int load_kernel(const struct memory *m, int fd, uint8_t head[static BOOT_HEADER_READ],
		       struct boot_image *img, struct err *e)
{
	uint64_t file_len = 0;
	ssize_t n;
	int err;

	err = file_length(fd, &file_len);
	if (err)
		return err_sys(e, err, "the kernel is no file with a length");
	n = pread(fd, head, BOOT_HEADER_READ, 0);
	if (n < 0)
		return err_sys(e, -errno, "can't read the kernel");
	err = boot_parse(head, (size_t)n, file_len, img, e);
	if (err)
		return err;
	if (!memory_at(m, img->load, img->init_size))
		return err_set(e, -ENOMEM,
			       "the kernel needs %ju MiB of memory to start; give the guest more",
			       (uintmax_t)((img->load + img->init_size + 0xfffff) >> 20));
	err = read_to(m, img->load, fd, img->payload_off, img->payload_len);
	return err ? err_sys(e, err, "can't read the kernel") : 0;
}

/* As high as the kernel allows, so that it does not overlap the unpacked kernel. */
static int load_initrd(const struct memory *m, int fd, const struct boot_image *img,
		       struct boot_params *bp, struct err *e)
{
	uint64_t len = 0, at, top = MIN(m->low, (uint64_t)img->initrd_max + 1);
	int err;

	if (fd < 0)
		return 0;
	err = file_length(fd, &len);
	if (err)
		return err_sys(e, err, "the initrd is no file with a length");
	if (len > top || (at = (top - len) & ~(PAGE - 1ull)) < img->load + img->init_size)
		return err_set(e, -ENOMEM, "kernel and initrd do not fit into the guest's memory");
	err = read_to(m, at, fd, 0, len);
	if (err)
		return err_sys(e, err, "can't read the initrd");
	bp->hdr.ramdisk_image = (uint32_t)at;
	bp->hdr.ramdisk_size = (uint32_t)len;
	return 0;
}

static void add_e820(struct boot_params *bp, uint64_t addr, uint64_t end, uint32_t type)
{
	if (addr < end)
		bp->e820_table[bp->e820_entries++] =
			(struct boot_e820_entry){.addr = addr, .size = end - addr, .type = type};
}

static void fill_e820(struct boot_params *bp, const struct memory *m)
{
	enum { RAM = 1, RESERVED = 2 };

	add_e820(bp, 0, LAYOUT_EBDA, RAM);
	add_e820(bp, LAYOUT_EBDA, LAYOUT_HIGH_RAM, RESERVED);
	add_e820(bp, LAYOUT_HIGH_RAM, m->low, RAM);
	add_e820(bp, MEMORY_HOLE_END, MEMORY_HOLE_END + (m->size - m->low), RAM);
}

static int load_cmdline(const struct memory *m, const char *cmdline, const struct boot_image *img,
			struct boot_params *bp, struct err *e)
{
	size_t len = strlen(cmdline);

	if (len >= LAYOUT_CMDLINE_MAX || len > img->cmdline_max)
		return err_set(e, -E2BIG, "the kernel's command line is longer than %u bytes",
			       MIN(LAYOUT_CMDLINE_MAX - 1, img->cmdline_max));
	memcpy(memory_at(m, LAYOUT_CMDLINE, LAYOUT_CMDLINE_MAX), cmdline, len + 1);
	bp->hdr.cmd_line_ptr = LAYOUT_CMDLINE;
	return 0;
}

static void put_page_tables(const struct memory *m)
{
	uint64_t *pml4 = memory_at(m, LAYOUT_PAGES, 6 * PAGE);
	uint64_t *pdpt = pml4 + PAGE / 8, *pd = pdpt + PAGE / 8;
	uint64_t i;

	pml4[0] = (LAYOUT_PAGES + PAGE) | PAGE_TABLE;
	for (i = 0; i < 4; i++)
		pdpt[i] = (LAYOUT_PAGES + (2 + i) * PAGE) | PAGE_TABLE;
	for (i = 0; i < 4 * 512; i++)
		pd[i] = i << 21 | PAGE_LARGE;
}

static void put_gdt(const struct memory *m)
{
	uint64_t *gdt = memory_at(m, LAYOUT_GDT, 4 * sizeof(*gdt));

	gdt[SEL_CODE / 8] = 0x00af9b000000ffffull; /* 64-bit code, readable */
	gdt[SEL_DATA / 8] = 0x00cf93000000ffffull; /* flat data */
}

/*
 * A PC's way of last resort to reboot is a jump to the firmware's entry. There is no firmware, so
 * the entry asks for the reset itself: mov al, VALUE; mov dx, PORT; out dx, al; hlt.
 */
static void put_reset_stub(const struct memory *m)
{
	static const uint8_t stub[] = {0xb0,
				       LAYOUT_RESET_VALUE,
				       0xba,
				       LAYOUT_PORT_RESET & 0xff,
				       LAYOUT_PORT_RESET >> 8,
				       0xee,
				       0xf4};

	memcpy(memory_at(m, LAYOUT_RESET_STUB, sizeof(stub)), stub, sizeof(stub));
}

static int load_boot_params(const struct memory *m, const struct boot_source *src,
			    const uint8_t *head, const struct boot_image *img, struct err *e)
{
	struct boot_params *bp = memory_at(m, LAYOUT_BOOT_PARAMS, sizeof(*bp));
	int err;

	memset(bp, 0, sizeof(*bp));
	memcpy(&bp->hdr, head + SETUP_HEADER, img->header_len);
	bp->hdr.type_of_loader = LOADER_UNDEFINED;
	bp->hdr.code32_start = (uint32_t)img->load;
	bp->acpi_rsdp_addr = LAYOUT_ACPI;
	fill_e820(bp, m);
	err = load_cmdline(m, src->cmdline, img, bp, e);
	return err ? err : load_initrd(m, src->initrd_fd, img, bp, e);
}

int boot_load(const struct memory *m, const struct boot_source *src, uint64_t *entry, struct err *e)
{
	uint8_t head[BOOT_HEADER_READ];
	struct boot_image img;
	int err;

	err = load_kernel(m, src->kernel_fd, head, &img, e);
	if (!err)
		err = load_boot_params(m, src, head, &img, e);
	if (err)
		return err;
	put_page_tables(m);
	put_gdt(m);
	put_reset_stub(m);
	*entry = img.load + ENTRY_64;
	return 0;
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type, bool code)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.l = code,
		.db = !code,
	};
}

void boot_registers(uint64_t entry, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	*regs = (struct kvm_regs){.rip = entry, .rsi = LAYOUT_BOOT_PARAMS, .rflags = 2};
	sregs->cs = flat_segment(SEL_CODE, 11, true);
	sregs->ds = flat_segment(SEL_DATA, 3, false);
	sregs->es = sregs->fs = sregs->gs = sregs->ss = sregs->ds;
	sregs->gdt.base = LAYOUT_GDT;
	sregs->gdt.limit = 4 * 8 - 1;
	sregs->idt.base = 0;
	sregs->idt.limit = 0;
	sregs->cr3 = LAYOUT_PAGES;
	sregs->cr4 |= CR4_PAE;
	sregs->cr0 |= CR0_PE_PG;
	sregs->efer |= EFER_LME_LMA;
}
