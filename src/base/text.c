/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Text and bytes. Nothing read from a disk, a log or a device reaches the output without passing
 * rd_text_puts_escaped(): a file name may hold terminal control sequences.
 */

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define TEXT_CHUNK 4096

void rd_text_deinit(struct rd_text *text)
{
	free(text->data);
	*text = (struct rd_text)RD_TEXT_INIT;
}

struct rd_text rd_text_take(struct rd_text *text)
{
	struct rd_text taken = *text;

	*text = (struct rd_text)RD_TEXT_INIT;
	return taken;
}

char *rd_text_take_string(struct rd_text *text)
{
	if (!text->data && rd_text_append(text, "", 0))
		return NULL;
	return rd_text_take(text).data;
}

static int text_reserve(struct rd_text *text, size_t extra)
{
	size_t need, cap;
	char *data;

	if (extra >= SIZE_MAX - text->len)
		return -ENOMEM;
	need = text->len + extra + 1;
	if (need <= text->cap)
		return 0;

	cap = text->cap ? text->cap : 64;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;

	data = realloc(text->data, cap);
	if (!data)
		return -ENOMEM;
	text->data = data;
	text->cap = cap;
	return 0;
}

int rd_text_append(struct rd_text *text, const void *data, size_t len)
{
	int r = text_reserve(text, len);

	if (r)
		return r;
	if (len)
		memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
	return 0;
}

int rd_text_puts(struct rd_text *text, const char *s)
{
	return rd_text_append(text, s, strlen(s));
}

int rd_text_puts_quoted(struct rd_text *text, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-+,:=@%";
	int r;

	if (*s && !s[strspn(s, plain)])
		return rd_text_puts(text, s);
	r = rd_text_puts(text, "'");
	for (; *s && !r; s++)
		r = *s == '\'' ? rd_text_puts(text, "'\\''") : rd_text_append(text, s, 1);
	return r ? r : rd_text_puts(text, "'");
}

char *rd_text_vformat(const char *fmt, va_list ap)
{
	char *s;

	return vasprintf(&s, fmt, ap) < 0 ? NULL : s;
}

char *rd_text_format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = rd_text_vformat(fmt, ap);
	va_end(ap);
	return s;
}

int rd_text_printf(struct rd_text *text, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!s)
		return -ENOMEM;
	return rd_text_puts(text, s);
}

/* What a driver answers for an attribute that it cannot give now: a fact, not a failure. */
static bool is_refusal(int errnum)
{
	return errnum == EIO || errnum == EBUSY || errnum == ENODEV || errnum == ENXIO ||
	       errnum == EINVAL || errnum == EPERM || errnum == EACCES || errnum == EOPNOTSUPP;
}

int rd_text_fill(struct rd_text *text, int fd, size_t max, struct rd_error *err)
{
	size_t start = text->len;

	for (;;) {
		ssize_t n;
		int r;

		r = text_reserve(text, TEXT_CHUNK);
		if (r)
			return rd_error_nomem(err);

		n = read(fd, text->data + text->len, text->cap - text->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int errnum = errno;

			text->len = start;
			text->data[start] = '\0';
			rd_error_set(err, errnum, "%s", strerror(errnum));
			return is_refusal(errnum) ? RD_TEXT_REFUSED : -errnum;
		}
		text->len += (size_t)n;
		text->data[text->len] = '\0';
		if (text->len - start > max) {
			text->len = start;
			text->data[start] = '\0';
			rd_error_set(err, EFBIG, "larger than the limit of %zu bytes", max);
			return RD_TEXT_TOO_LARGE;
		}
		if (!n)
			return 0;
	}
}

/* The length of the well-formed UTF-8 sequence at @s (RFC 3629), 0 if there is none. */
static size_t utf8_sequence(const unsigned char *s, size_t len, uint32_t *codep)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
	uint32_t code;

	if (!n || n > len || s[0] > 0xf4)
		return 0;
	code = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*codep = code;
	return n;
}

/* C1 controls, zero-width and bidirectional controls, line separators, BOM, tags. */
static bool is_deceptive(uint32_t code)
{
	return code < 0xa0 || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
	       code == 0xfeff || (code >= 0xe0000 && code <= 0xe007f);
}

int rd_text_puts_escaped(struct rd_text *text, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	for (size_t i = 0; i < len;) {
		uint32_t code = 0;
		size_t n;
		int r;

		if (p[i] >= 0x20 && p[i] < 0x7f) {
			r = rd_text_append(text, s + i, 1);
			n = 1;
		} else {
			n = p[i] >= 0x80 ? utf8_sequence(p + i, len - i, &code) : 0;
			if (n && !is_deceptive(code)) {
				r = rd_text_append(text, s + i, n);
			} else {
				r = rd_text_printf(text, "\\x%02x", p[i]);
				n = 1;
			}
		}
		if (r)
			return r;
		i += n;
	}
	return 0;
}

char *rd_text_escape(const char *s)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	if (rd_text_puts_escaped(&text, s, strlen(s)))
		return NULL;
	return rd_text_take_string(&text);
}

char *rd_text_hex(const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = data;
	char *hex;

	if (len > SIZE_MAX / 2 - 1)
		return NULL;
	hex = malloc(len * 2 + 1);
	if (!hex)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		hex[2 * i] = digits[p[i] >> 4];
		hex[2 * i + 1] = digits[p[i] & 15];
	}
	hex[len * 2] = '\0';
	return hex;
}

void rd_text_rstrip(struct rd_text *text)
{
	while (text->len && isspace((unsigned char)text->data[text->len - 1]))
		text->data[--text->len] = '\0';
}

bool rd_text_parse_u64(const char *s, int base, uint64_t *valuep)
{
	unsigned long long v;
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	if (!isxdigit((unsigned char)*s))
		return false;
	errno = 0;
	v = strtoull(s, &end, base);
	if (errno || end == s)
		return false;
	while (isspace((unsigned char)*end))
		end++;
	if (*end)
		return false;
	*valuep = v;
	return true;
}

bool rd_text_has_suffix(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && !memcmp(s + len - n, suffix, n);
}
