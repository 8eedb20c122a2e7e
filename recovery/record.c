/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A record is lines of fields that one space parts:
 *
 *	rdna1-doctor: KIND VERSION
 *	FIELD FIELD ...
 *	end LINES SHA256
 *
 * LINES counts those between the first and the last, SHA256 is of all that is above the last one.
 * In a field each byte but letters, digits and /._-+:=,@~ is %XX; an empty field is "%". So any
 * file name passes, no field holds a space, and a person can read it.
 *
 * The parser takes this and nothing else: a text that was cut, edited or written by a later version
 * is refused, for a journal that is guessed at is worse than none.
 */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/digest.h"
#include "record.h"

#define PROGRAM "rdna1-doctor:"
#define VERSION "1"

static bool is_plain(unsigned char c)
{
	return c && ((c < 0x80 && isalnum(c)) || strchr("/._-+:=,@~", c));
}

int record_begin(struct rd_text *text, const char *kind)
{
	return rd_text_printf(text, PROGRAM " %s " VERSION "\n", kind);
}

static int put_field(struct rd_text *text, const char *field)
{
	int r = *field ? 0 : rd_text_puts(text, "%");

	for (; !r && *field; field++) {
		unsigned char c = (unsigned char)*field;

		r = is_plain(c) ? rd_text_append(text, field, 1)
				: rd_text_printf(text, "%%%02x", c);
	}
	return r;
}

int record_fields(struct rd_text *text, const char *const *fields)
{
	int r = 0;

	for (size_t i = 0; !r && fields[i]; i++) {
		r = i ? rd_text_puts(text, " ") : 0;
		if (!r)
			r = put_field(text, fields[i]);
	}
	return r ? r : rd_text_puts(text, "\n");
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static int digest(const char *text, size_t len, char hex[RD_DIGEST_MAX], struct rd_error *err)
{
	int r = rd_digest_hex(RD_DIGEST_SHA256, text, len, hex);

	return r == RD_DIGEST_REFUSED ? rd_error_set(err, ENOTSUP, "libcrypto has no SHA-256")
	       : r		      ? rd_error_nomem(err)
				      : 0;
}

int record_end(struct rd_text *text, struct rd_error *err)
{
	char hex[RD_DIGEST_MAX];
	int r;

	r = digest(text->data, text->len, hex, err);
	if (r)
		return r;
	if (rd_text_printf(text, "end %zu %s\n", count_lines(text->data, text->len) - 1, hex))
		return rd_error_nomem(err);
	return 0;
}

bool record_number(const char *field, unsigned long long max, unsigned long long *valuep)
{
	unsigned long long v;
	char *end;

	if (!isdigit((unsigned char)*field) || (*field == '0' && field[1]))
		return false;
	errno = 0;
	v = strtoull(field, &end, 10);
	if (errno || *end || v > max)
		return false;
	*valuep = v;
	return true;
}

static int hex_value(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; false if put_field() would have written it in another way. */
static bool unescape(char *field)
{
	char *out = field;

	if (!strcmp(field, "%")) {
		*field = '\0';
		return true;
	}
	for (const char *in = field; *in; in++) {
		int high, low;

		if (is_plain((unsigned char)*in)) {
			*out++ = *in;
			continue;
		}
		high = *in == '%' ? hex_value(in[1]) : -1;
		low = high < 0 ? -1 : hex_value(in[2]);
		if (low < 0 || is_plain((unsigned char)(high << 4 | low)) || !(high << 4 | low))
			return false;
		*out++ = (char)(high << 4 | low);
		in += 2;
	}
	*out = '\0';
	return out != field;
}

/* Parts @line into fields; 0 if one of them is malformed, or there are too many. */
static size_t split(char *line, char *fields[RECORD_FIELDS_MAX])
{
	size_t n = 0;

	for (char *next = line; next;) {
		char *field = strsep(&next, " ");

		if (n == RECORD_FIELDS_MAX || !unescape(field))
			return 0;
		fields[n++] = field;
	}
	return n;
}

/* The first line; -EPROTO for a later version, before anything else of it is judged. */
static int check_head(const struct rd_text *text, const char *kind, struct rd_error *err)
{
	char head[64];
	int n = snprintf(head, sizeof(head), PROGRAM " %s ", kind);

	if (!text->data || strncmp(text->data, head, (size_t)n))
		return rd_error_set(err, EBADMSG, "line 1: this is no %s of rdna1-doctor", kind);
	if (strncmp(text->data + n, VERSION "\n", strlen(VERSION "\n")))
		return rd_error_set(err, EPROTO,
				    "line 1: version %.*s of the format is unknown here, another "
				    "version of the tool wrote it",
				    (int)strspn(text->data + n, "0123456789."), text->data + n);
	return 0;
}

/* The closing line, found at *@endp. */
static int check_end(const struct rd_text *text, size_t *endp, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *expected = NULL;
	char hex[RD_DIGEST_MAX];
	size_t lines, end;
	int r;

	lines = count_lines(text->data, text->len);
	if (strlen(text->data) != text->len || text->data[text->len - 1] != '\n' || lines < 2)
		return rd_error_set(err, EBADMSG, "line %zu: cut off", lines);
	for (end = text->len - 1; text->data[end - 1] != '\n';)
		end--;
	r = digest(text->data, end, hex, err);
	if (r)
		return r;
	if (asprintf(&expected, "end %zu %s\n", lines - 2, hex) < 0) {
		expected = NULL;
		return rd_error_nomem(err);
	}
	if (strcmp(text->data + end, expected))
		return rd_error_set(err, EBADMSG,
				    "line %zu: cut off or changed, the digest does not fit", lines);
	*endp = end;
	return 0;
}

int record_parse(struct rd_text *text, const char *kind, record_fn fn, void *userdata,
		 struct rd_error *err)
{
	char *fields[RECORD_FIELDS_MAX];
	char *line, *next;
	size_t end = 0;
	int r;

	r = check_head(text, kind, err);
	if (!r)
		r = check_end(text, &end, err);
	if (r)
		return r;

	text->data[end - 1] = '\0';
	next = strchr(text->data, '\n');
	next = next ? next + 1 : NULL;
	for (size_t number = 2; (line = strsep(&next, "\n")); number++) {
		size_t n = split(line, fields);

		r = n ? fn(userdata, fields, n, err)
		      : rd_error_set(err, EBADMSG, "no fields as they should be");
		if (r)
			return rd_error_prefix(err, r, "line %zu", number);
	}
	return 0;
}
