/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * /proc/kcore is an ELF core file of the kernel's own memory, whose program headers say at which
 * offset which addresses are. It is read in pieces: its size is that of the address space. Under
 * lockdown=confidentiality it cannot be opened.
 *
 * Source: fs/proc/kcore.c; elf(5).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kcore.h"

#define KCORE		   "/proc/kcore"
#define KCORE_MAX_SEGMENTS 4096 /* of real ones: some ten, one for each range of memory */

static int check_header(const Elf64_Ehdr *header, struct rd_error *err)
{
	if (!memcmp(header->e_ident, ELFMAG, SELFMAG) && header->e_ident[EI_CLASS] == ELFCLASS64 &&
	    header->e_type == ET_CORE && header->e_phentsize == sizeof(Elf64_Phdr) &&
	    header->e_phnum && header->e_phnum <= KCORE_MAX_SEGMENTS)
		return 0;
	rd_error_set(err, EINVAL, KCORE " is no core file of 64 bits");
	return RD_SYSTEM_UNREADABLE;
}

int rd_kcore_open(const struct rd_system *sys, struct rd_kcore *kcore, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) Elf64_Phdr *segments = NULL;
	Elf64_Ehdr header;
	int r;

	r = rd_system_read_at(sys, KCORE, 0, &header, sizeof(header), err);
	if (!r)
		r = check_header(&header, err);
	if (r)
		return r;
	segments = calloc(header.e_phnum, sizeof(*segments));
	if (!segments)
		return rd_error_nomem(err);
	r = rd_system_read_at(sys, KCORE, header.e_phoff, segments,
			      header.e_phnum * sizeof(*segments), err);
	if (r)
		return r;
	*kcore = (struct rd_kcore){
		.sys = sys,
		.segments = RD_TAKE_PTR(segments),
		.n = header.e_phnum,
	};
	return 0;
}

/* The segment that has all of the range, or NULL. */
static const Elf64_Phdr *find_segment(const struct rd_kcore *kcore, uint64_t address, size_t len)
{
	for (size_t i = 0; i < kcore->n; i++) {
		const Elf64_Phdr *segment = &kcore->segments[i];

		if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
		    address - segment->p_vaddr <= segment->p_memsz &&
		    len <= segment->p_memsz - (address - segment->p_vaddr))
			return segment;
	}
	return NULL;
}

int rd_kcore_read(const struct rd_kcore *kcore, uint64_t address, size_t len, uint8_t **datap,
		  struct rd_error *err)
{
	const Elf64_Phdr *segment = find_segment(kcore, address, len);
	RD_CLEANUP(rd_freep) uint8_t *data = NULL;
	int r;

	if (!segment) {
		rd_error_set(err, ENOENT, KCORE " has no memory at %#llx",
			     (unsigned long long)address);
		return RD_SYSTEM_ABSENT;
	}
	data = malloc(len ? len : 1);
	if (!data)
		return rd_error_nomem(err);
	r = rd_system_read_at(kcore->sys, KCORE, segment->p_offset + (address - segment->p_vaddr),
			      data, len, err);
	if (!r)
		*datap = RD_TAKE_PTR(data);
	return r;
}

void rd_kcore_deinit(struct rd_kcore *kcore)
{
	free(kcore->segments);
	*kcore = (struct rd_kcore)RD_KCORE_INIT;
}
