/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * deb(5): "!<arch>", then members behind headers of 60 bytes, each at an even position:
 * debian-binary with the version of the format, control.tar, data.tar, the last two with the name
 * of their compression behind them. Members whose name starts with _ may stand before data.tar.
 * ar(5) is the common form, without the long names that the other dialects add.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "deb_tar.h"
#include "inspect/deb.h"

#define AR_HEADER   60
#define AR_NAME	    16
#define AR_SIZE_AT  48 /* behind name, time, owner, group, mode */
#define AR_SIZE_LEN 10
#define AR_END_AT   58

static const char ar_magic[] = "!<arch>\n";

struct ar_member {
	char name[AR_NAME + 1];
	const uint8_t *data;
	size_t len;
};

/* deb(5): the compressions of data.tar. */
static const struct {
	const char *name;
	enum rd_codec codec;
} data_names[] = {
	{ .name = "data.tar", .codec = RD_CODEC_NONE },
	{ .name = "data.tar.gz", .codec = RD_CODEC_GZIP },
	{ .name = "data.tar.xz", .codec = RD_CODEC_XZ },
	{ .name = "data.tar.zst", .codec = RD_CODEC_ZSTD },
	{ .name = "data.tar.bz2", .codec = RD_CODEC_BZIP2 },
	{ .name = "data.tar.lzma", .codec = RD_CODEC_LZMA },
};

static int bad(struct rd_error *err, const char *what)
{
	rd_error_set(err, EBADMSG, "%s", what);
	return RD_DEB_BAD;
}

/* Decimal, left-justified, padded with spaces. */
static bool parse_size(const uint8_t *field, size_t *sizep)
{
	size_t size = 0, i = 0;

	for (; i < AR_SIZE_LEN && field[i] >= '0' && field[i] <= '9'; i++)
		size = size * 10 + (size_t)(field[i] - '0');
	*sizep = size;
	for (size_t k = i; k < AR_SIZE_LEN; k++) {
		if (field[k] != ' ')
			return false;
	}
	return i > 0;
}

/* Reads the member at *@posp and moves on behind it. */
static int next_member(const uint8_t *data, size_t len, size_t *posp, struct ar_member *member,
		       struct rd_error *err)
{
	const uint8_t *header = data + *posp;
	size_t n = AR_NAME;

	if (len - *posp < AR_HEADER)
		return bad(err, "the ar archive is truncated");
	if (memcmp(header + AR_END_AT, "`\n", 2) || !parse_size(header + AR_SIZE_AT, &member->len))
		return bad(err, "bad ar header");
	if (member->len > len - *posp - AR_HEADER)
		return bad(err, "the ar archive is truncated");

	/* GNU ar ends names with a slash. */
	while (n && (header[n - 1] == ' ' || header[n - 1] == '/'))
		n--;
	memcpy(member->name, header, n);
	member->name[n] = '\0';
	member->data = header + AR_HEADER;
	*posp += AR_HEADER + member->len;
	*posp += *posp < len && member->len % 2;
	return 0;
}

/* Format 2.x; a new major number is a new format. */
static int check_version(const uint8_t *data, size_t len, size_t *posp, struct rd_error *err)
{
	struct ar_member member;
	int r;

	r = next_member(data, len, posp, &member, err);
	if (r)
		return r;
	if (strcmp(member.name, "debian-binary") != 0 || member.len < 2 ||
	    memcmp(member.data, "2.", 2))
		return bad(err, "not a Debian package of format 2");
	return 0;
}

int rd_deb_extract(const uint8_t *data, size_t len, const char *path, struct rd_text *textp,
		   struct rd_error *err)
{
	size_t pos = sizeof(ar_magic) - 1;
	struct ar_member member;
	int r;

	if (len < pos || memcmp(data, ar_magic, pos))
		return bad(err, "not an ar archive");
	r = check_version(data, len, &pos, err);
	while (!r && pos < len) {
		r = next_member(data, len, &pos, &member, err);
		for (size_t i = 0; !r && i < RD_N_ELEMENTS(data_names); i++) {
			const struct deb_tar tar = {
				.codec = data_names[i].codec,
				.data = member.data,
				.len = member.len,
				.path = path,
			};

			if (strcmp(member.name, data_names[i].name) != 0)
				continue;
			r = deb_tar_extract(&tar, textp, err);
			return r ? rd_error_prefix(err, r, "%s", member.name) : 0;
		}
	}
	return r ? r : bad(err, "no data.tar in a known compression");
}

int rd_deb_extract_tar(const uint8_t *data, size_t len, const char *path, struct rd_text *textp,
		       struct rd_error *err)
{
	const struct deb_tar tar = {
		.codec = rd_codec_detect(data, len),
		.data = data,
		.len = len,
		.path = path,
	};

	return deb_tar_extract(&tar, textp, err);
}
