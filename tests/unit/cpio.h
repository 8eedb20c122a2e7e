/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Archives in the newc format, by its definition (linux buffer-format.rst). */

#include <check.h>
#include <string.h>

#include "base/text.h"

static void cpio_pad(struct rd_text *text, size_t to)
{
	while (text->len % to)
		ck_assert_int_eq(rd_text_append(text, "", 1), 0);
}

static void cpio_put(struct rd_text *text, const char *path, unsigned int mode, const void *data,
		     size_t len)
{
	cpio_pad(text, 4);
	ck_assert_int_eq(rd_text_printf(text,
					"070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X"
					"%08zX%08X%s",
					1u, mode, 0u, 0u, 1u, 0u, len, 8u, 1u, 0u, 0u,
					strlen(path) + 1, 0u, path),
			 0);
	ck_assert_int_eq(rd_text_append(text, "", 1), 0);
	cpio_pad(text, 4);
	ck_assert_int_eq(rd_text_append(text, data, len), 0);
	cpio_pad(text, 4);
}

static __attribute__((unused)) void cpio_file(struct rd_text *text, const char *path,
					      const char *content)
{
	cpio_put(text, path, 0100644, content, strlen(content));
}

static __attribute__((unused)) void cpio_link(struct rd_text *text, const char *path,
					      const char *target)
{
	cpio_put(text, path, 0120777, target, strlen(target));
}

static __attribute__((unused)) void cpio_end(struct rd_text *text)
{
	cpio_put(text, "TRAILER!!!", 0, "", 0);
}

/* A PE file of sections, by the PE Format page: no more of it than a section needs. */
struct pe_section {
	const char *name;
	const char *data;
	size_t len;
};

static void pe_u32(struct rd_text *text, size_t at, size_t value)
{
	for (size_t i = 0; i < 4; i++)
		text->data[at + i] = (char)(value >> 8 * i);
}

static __attribute__((unused)) void pe_put(struct rd_text *text, const struct pe_section *sections,
					   size_t n)
{
	const size_t header = 64, coff = header + 4, table = coff + 20 + 16;

	while (text->len < table + 40 * n)
		ck_assert_int_eq(rd_text_append(text, "", 1), 0);
	memcpy(text->data, "MZ", 2);
	pe_u32(text, 0x3c, header);
	memcpy(text->data + header, "PE\0\0", 4);
	text->data[coff + 2] = (char)n;
	text->data[coff + 16] = 16; /* an optional header, whose size is what counts */
	for (size_t i = 0; i < n; i++) {
		const size_t at = table + 40 * i;

		cpio_pad(text, 512);
		memcpy(text->data + at, sections[i].name, strnlen(sections[i].name, 8));
		pe_u32(text, at + 8, sections[i].len);
		pe_u32(text, at + 16, (sections[i].len + 511) / 512 * 512);
		pe_u32(text, at + 20, text->len);
		ck_assert_int_eq(rd_text_append(text, sections[i].data, sections[i].len), 0);
	}
	cpio_pad(text, 512);
}
