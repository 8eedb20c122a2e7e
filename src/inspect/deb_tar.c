/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A tar archive is headers of 512 bytes, each followed by the content, filled up to 512; a header
 * of zeroes ends it. A name is the header's own 100 bytes, with a prefix of 155 in ustar; or it
 * came in front, as the content of a member of type L (GNU) or as "path" in one of type x (pax),
 * which may carry a "size" too. Members that nobody wants are decoded and dropped: a stream has no
 * way round them.
 *
 * The sum of each header is checked: it is all that tells a header from content where a size lied.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "deb_tar.h"
#include "inspect/deb.h"
#include "inspect/md5sums.h"
#include "reader.h"

#define BLOCK	     512
#define NAME_LEN     100
#define PREFIX_LEN   155
#define EXTENDED_MAX ((uint64_t)64 << 10) /* a name has 4 KiB at most */

/* Offsets of pax(1), "ustar Header Block". */
enum {
	AT_SIZE = 124,
	AT_CHECKSUM = 148,
	AT_TYPE = 156,
	AT_MAGIC = 257,
	AT_PREFIX = 345,
};

#define SIZE_LEN     12
#define CHECKSUM_LEN 8

struct tar {
	struct reader reader;
	struct reader_budget budget;
	struct rd_text name; /* of the next member, if it came in front */
	uint64_t size; /* of the next member, likewise */
	bool has_size;
	struct rd_error *err;
};

static void tar_deinit(struct tar *tar)
{
	reader_deinit(&tar->reader);
	rd_text_deinit(&tar->name);
}

static int bad(struct tar *tar, const char *what)
{
	rd_error_set(tar->err, EBADMSG, "tar: %s", what);
	return RD_DEB_BAD;
}

static int result_of(struct tar *tar, int r)
{
	switch (r) {
	case READER_BAD:
		return RD_DEB_BAD;
	case READER_TOO_LARGE:
		return RD_DEB_TOO_LARGE;
	case READER_OVER:
		return bad(tar, "truncated");
	default:
		return r;
	}
}

static int skip(struct tar *tar, uint64_t n)
{
	return result_of(tar, reader_take(&tar->reader, NULL, n, tar->err));
}

static uint64_t padding(uint64_t size)
{
	return -size % BLOCK;
}

/* Octal digits that spaces or NULs may surround; or, GNU, a first bit set and a binary number. */
static bool parse_number(const uint8_t *field, size_t len, uint64_t *valuep)
{
	uint64_t value = 0;
	size_t i = 0;

	if (field[0] & 0x80) {
		for (i = 1; i < len; i++) {
			if (value >> 55)
				return false;
			value = value << 8 | field[i];
		}
		*valuep = value;
		return field[0] == 0x80;
	}
	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(field[i] - '0');
	*valuep = value;
	return i == len || !field[i] || field[i] == ' ';
}

static bool has_good_checksum(const uint8_t *header)
{
	uint64_t sum = 0, wanted;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= AT_CHECKSUM && i < AT_CHECKSUM + CHECKSUM_LEN ? ' ' : header[i];
	return parse_number(header + AT_CHECKSUM, CHECKSUM_LEN, &wanted) && sum == wanted;
}

static bool is_end(const uint8_t *header)
{
	return !header[0] && !memcmp(header, header + 1, BLOCK - 1);
}

/* Completes tar->name from the header, unless a name came in front. */
static int read_name(struct tar *tar, const uint8_t *header)
{
	const char *name = (const char *)header, *prefix = name + AT_PREFIX;
	/* GNU's magic is "ustar  " and has times where ustar has the prefix. */
	bool has_prefix = !memcmp(header + AT_MAGIC, "ustar", 6) && *prefix;

	if (tar->name.len)
		return 0;
	if (has_prefix && (rd_text_append(&tar->name, prefix, strnlen(prefix, PREFIX_LEN)) ||
			   rd_text_puts(&tar->name, "/")))
		return rd_error_nomem(tar->err);
	return rd_text_append(&tar->name, name, strnlen(name, NAME_LEN)) ? rd_error_nomem(tar->err)
									 : 0;
}

static int set_name(struct tar *tar, const char *name, size_t len)
{
	tar->name.len = 0;
	return rd_text_append(&tar->name, name, strnlen(name, len)) ? rd_error_nomem(tar->err) : 0;
}

static int set_size(struct tar *tar, const char *digits, size_t len)
{
	char number[24];

	if (len >= sizeof(number))
		return bad(tar, "bad size in a pax header");
	memcpy(number, digits, len);
	number[len] = '\0';
	tar->has_size = rd_text_parse_u64(number, 10, &tar->size);
	return tar->has_size ? 0 : bad(tar, "bad size in a pax header");
}

/* pax(1): "LENGTH KEY=VALUE\n", the length counting all of it. */
static int read_record(struct tar *tar, const char *text, size_t len, size_t *usedp)
{
	static const char path[] = "path=", size[] = "size=";
	size_t n = 0, at = 0;

	for (; at < len && at < 8 && text[at] >= '0' && text[at] <= '9'; at++)
		n = n * 10 + (size_t)(text[at] - '0');
	if (at >= len || text[at] != ' ' || n > len || n < at + 2 || text[n - 1] != '\n')
		return bad(tar, "bad pax header");
	at++;
	*usedp = n--;
	if (n - at > strlen(path) && !memcmp(text + at, path, strlen(path)))
		return set_name(tar, text + at + strlen(path), n - at - strlen(path));
	if (n - at > strlen(size) && !memcmp(text + at, size, strlen(size)))
		return set_size(tar, text + at + strlen(size), n - at - strlen(size));
	return 0;
}

/* Types of members that are about the one after them: GNU's L and K, pax's x and g. */
static bool is_extended(char type)
{
	return type == 'L' || type == 'K' || type == 'x' || type == 'g';
}

static int read_extended(struct tar *tar, char type, uint64_t size)
{
	RD_CLEANUP(rd_freep) uint8_t *owned = NULL;
	const uint8_t *data;
	size_t pos = 0, used = 0;
	const char *text;
	int r;

	if (size > EXTENDED_MAX)
		return bad(tar, "a name of more than 64 KiB");
	r = result_of(tar, reader_hold(&tar->reader, (size_t)size, &owned, &data, tar->err));
	if (r)
		return r;
	text = (const char *)data;
	if (type == 'L')
		r = set_name(tar, text, (size_t)size);
	/* K is the target of a link, g holds for the whole archive: no name in either. */
	for (; type == 'x' && !r && pos < size; pos += used)
		r = read_record(tar, text + pos, (size_t)size - pos, &used);
	return r ? r : skip(tar, padding(size));
}

static bool is_wanted(const struct tar *tar, const char *path)
{
	return tar->name.len &&
	       rd_md5sums_is_same_path(tar->name.data, tar->name.len, path, strlen(path));
}

static int read_wanted(struct tar *tar, char type, uint64_t size, struct rd_text *textp)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) uint8_t *owned = NULL;
	const uint8_t *data;
	int r;

	/* Regular files: pax(1), and 7 is one on every system that has no contiguous files. */
	if (type != '0' && type != '\0' && type != '7')
		return bad(tar, "the file is a link or no file");
	if (size > RD_CODEC_MAX_MODULE) {
		rd_error_set(tar->err, EFBIG, "the file has %llu bytes, more than the limit",
			     (unsigned long long)size);
		return RD_DEB_TOO_LARGE;
	}
	r = result_of(tar, reader_hold(&tar->reader, (size_t)size, &owned, &data, tar->err));
	if (r)
		return r;
	if (rd_text_append(&text, data, (size_t)size))
		return rd_error_nomem(tar->err);
	*textp = rd_text_take(&text);
	return 0;
}

/* One member. *@is_donep: it was the wanted one, or the end. */
static int read_member(struct tar *tar, const char *path, struct rd_text *textp, bool *is_donep)
{
	uint8_t header[BLOCK];
	uint64_t size;
	char type;
	int r;

	r = result_of(tar, reader_take(&tar->reader, header, sizeof(header), tar->err));
	if (r)
		return r;
	if (is_end(header)) {
		*is_donep = true;
		rd_error_set(tar->err, ENOENT, "the package has no file %s", path);
		return RD_DEB_ABSENT;
	}
	if (!has_good_checksum(header) || !parse_number(header + AT_SIZE, SIZE_LEN, &size))
		return bad(tar, "bad header");
	type = (char)header[AT_TYPE];
	if (is_extended(type))
		return read_extended(tar, type, size);

	if (tar->has_size)
		size = tar->size;
	r = read_name(tar, header);
	if (!r && is_wanted(tar, path)) {
		*is_donep = true;
		return read_wanted(tar, type, size, textp);
	}
	rd_text_deinit(&tar->name);
	tar->has_size = false;
	/* Links and folders have no content, whatever their size says (pax(1), "typeflag"). */
	if (!r && (type < '1' || type > '6'))
		r = skip(tar, size + padding(size));
	return r;
}

static uint64_t decoded_limit(size_t len)
{
	uint64_t max = (uint64_t)len * RD_CODEC_MAX_RATIO;

	if (max < RD_CODEC_FREE)
		return RD_CODEC_FREE;
	return max < RD_DEB_MAX ? max : RD_DEB_MAX;
}

int deb_tar_extract(const struct deb_tar *tar, struct rd_text *textp, struct rd_error *err)
{
	RD_CLEANUP(tar_deinit)
	struct tar state = { .budget.max = decoded_limit(tar->len), .err = err };
	bool is_done = false;
	int r;

	r = reader_init(&state.reader, tar->codec, tar->data, tar->len, &state.budget);
	if (r)
		return rd_error_nomem(err);
	while (!r && !is_done)
		r = read_member(&state, tar->path, textp, &is_done);
	return r;
}
