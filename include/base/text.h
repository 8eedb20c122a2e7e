/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Owned byte buffers that are always terminated, and the escaping of what others wrote. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

/* @data holds @len bytes and a terminating NUL that does not count; NULL while empty. */
struct rd_text {
	char *data;
	size_t len;
	size_t cap;
};

#define RD_TEXT_INIT \
	{            \
		0    \
	}

enum {
	_RD_TEXT_OK,
	RD_TEXT_REFUSED, /* the driver behind the file answered EIO, EBUSY, ENODEV, ... */
	RD_TEXT_TOO_LARGE, /* more than the cap; nothing is kept */
};

void rd_text_deinit(struct rd_text *text);

/* The buffer moves to the caller; @text is empty after it. */
struct rd_text rd_text_take(struct rd_text *text);

/* As above, as a malloc()ed string that is never NULL but on -ENOMEM (returned as NULL). */
char *rd_text_take_string(struct rd_text *text);

/* Each returns 0 or -ENOMEM. */
int rd_text_append(struct rd_text *text, const void *data, size_t len);
int rd_text_puts(struct rd_text *text, const char *s);
int rd_text_printf(struct rd_text *text, const char *fmt, ...) RD_PRINTF(2, 3);

/* An argument as a shell would have to be given it. */
int rd_text_puts_quoted(struct rd_text *text, const char *s);

/* What printf() would print, malloc()ed; NULL when out of memory. */
char *rd_text_format(const char *fmt, ...) RD_PRINTF(1, 2);
char *rd_text_vformat(const char *fmt, va_list ap) RD_PRINTF(1, 0);

/**
 * rd_text_fill() - append all that a descriptor has, up to a cap
 * @max: cap in bytes
 *
 * Return: 0, RD_TEXT_REFUSED or RD_TEXT_TOO_LARGE (@err filled for both), or a negative errno.
 */
int rd_text_fill(struct rd_text *text, int fd, size_t max, struct rd_error *err);

/**
 * rd_text_puts_escaped() - append foreign bytes so that no terminal interprets them
 *
 * Printable ASCII and well-formed UTF-8 above U+009F stay; controls, DEL, C1, bidirectional
 * overrides and stray bytes become \xHH.
 *
 * Return: 0 or -ENOMEM.
 */
int rd_text_puts_escaped(struct rd_text *text, const char *s, size_t len);

/* A malloc()ed escaped copy of @s, or NULL when out of memory. */
char *rd_text_escape(const char *s);

/* Lower-case hex of @len bytes; malloc()ed, NULL when out of memory. */
char *rd_text_hex(const void *data, size_t len);

/* Removes white space at the end, in place. */
void rd_text_rstrip(struct rd_text *text);

/**
 * rd_text_parse_u64() - a whole string as a number
 * @s: digits in base @base, surrounded by white space at most
 * @base: 10, 16 (with or without 0x) or 0 for C notation
 *
 * Return: whether it is one that fits.
 */
bool rd_text_parse_u64(const char *s, int base, uint64_t *valuep);

static inline bool rd_text_has_prefix(const char *s, const char *prefix)
{
	return !__builtin_strncmp(s, prefix, __builtin_strlen(prefix));
}

bool rd_text_has_suffix(const char *s, const char *suffix);
