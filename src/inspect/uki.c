/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The section table of a PE file, and nothing else of it:
 *
 *	0x00  "MZ" ... 0x3c offset of the header
 *	"PE\0\0", COFF header of 20 bytes (+2 number of sections, +16 size of the optional header),
 *	the optional header, then 40 bytes a section: name[8], size in memory, address, size in the
 *	file, offset in the file, ...
 *
 * A section is padded in the file and not in memory, so the smaller of both sizes is its content.
 * The kernel gets .ucode and .initrd one after the other; an image with profiles has several of
 * them, and which is booted is chosen in the menu: all are looked at.
 */

#include <errno.h>
#include <string.h>

#include "inspect/uki.h"

#define PE_OFFSET    0x3c
#define COFF_LEN     20
#define COFF_N	     2
#define COFF_OPT_LEN 16
#define SECTION_LEN  40
#define NAME_LEN     8

struct section {
	char name[NAME_LEN + 1]; /* in the file NUL ends it only if it is shorter */
	struct rd_uki_part part;
};

static uint32_t le16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | le16(p + 2) << 16;
}

/* The COFF header, or NULL. */
static const uint8_t *find_coff(const uint8_t *data, size_t len)
{
	static const uint8_t magic[] = { 'P', 'E', 0, 0 };
	size_t at;

	if (len < PE_OFFSET + 4 || data[0] != 'M' || data[1] != 'Z')
		return NULL;
	at = le32(data + PE_OFFSET);
	if (len < sizeof(magic) + COFF_LEN || at > len - sizeof(magic) - COFF_LEN ||
	    memcmp(data + at, magic, sizeof(magic)) != 0)
		return NULL;
	return data + at + sizeof(magic);
}

bool rd_uki_is(const uint8_t *data, size_t len)
{
	return find_coff(data, len) != NULL;
}

static int read_section(const uint8_t *data, size_t len, const uint8_t *header,
			struct section *section, struct rd_error *err)
{
	uint32_t in_memory = le32(header + 8);
	uint32_t in_file = le32(header + 16), offset = le32(header + 20);
	size_t n = in_memory && in_memory < in_file ? in_memory : in_file;

	memcpy(section->name, header, NAME_LEN);
	section->name[NAME_LEN] = '\0';
	section->part = (struct rd_uki_part){ .data = data, .len = 0 };
	if (!n)
		return 0; /* .bss and its like lie nowhere in the file */
	if (offset > len || n > len - offset) {
		rd_error_set(err, EBADMSG, "PE section %s ends beyond the file", section->name);
		return RD_UKI_BAD;
	}
	section->part = (struct rd_uki_part){ .data = data + offset, .len = n };
	return 0;
}

static bool overlap(const struct rd_uki_part *a, const struct rd_uki_part *b)
{
	return a->data < b->data + b->len && b->data < a->data + a->len;
}

/* Sections on top of each other would be read as often as they are named. */
static int take_section(struct rd_uki *uki, const struct section *section, struct rd_error *err)
{
	if (!strcmp(section->name, ".uname") && !uki->uname.data)
		uki->uname = section->part;
	if (strcmp(section->name, ".initrd") != 0 && strcmp(section->name, ".ucode") != 0)
		return 0;
	if (!section->part.len)
		return 0;
	for (size_t i = 0; i < uki->n; i++) {
		if (overlap(&uki->initrds[i], &section->part)) {
			rd_error_set(err, EBADMSG, "PE sections %s lie on each other",
				     section->name);
			return RD_UKI_BAD;
		}
	}
	if (uki->n >= RD_UKI_PARTS_MAX) {
		rd_error_set(err, EFBIG, "more than %d initramfs sections", RD_UKI_PARTS_MAX);
		return RD_UKI_BAD;
	}
	uki->initrds[uki->n++] = section->part;
	return 0;
}

int rd_uki_read(const uint8_t *data, size_t len, struct rd_uki *ukip, struct rd_error *err)
{
	const uint8_t *coff = find_coff(data, len);
	struct rd_uki uki = { 0 };
	const uint8_t *table;
	size_t n;

	if (!coff) {
		rd_error_set(err, EBADMSG, "no PE header");
		return RD_UKI_BAD;
	}
	table = coff + COFF_LEN;
	n = le16(coff + COFF_N);
	if (le16(coff + COFF_OPT_LEN) + SECTION_LEN * n > (size_t)(data + len - table)) {
		rd_error_set(err, EBADMSG, "the PE section table ends beyond the file");
		return RD_UKI_BAD;
	}
	table += le16(coff + COFF_OPT_LEN);

	for (size_t i = 0; i < n; i++) {
		struct section section;
		int r;

		r = read_section(data, len, table + SECTION_LEN * i, &section, err);
		if (!r)
			r = take_section(&uki, &section, err);
		if (r)
			return r;
	}
	*ukip = uki;
	return 0;
}
