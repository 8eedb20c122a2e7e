/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A header starts with the number of its tags and the number of bytes of their values, then has 16
 * bytes for each tag: tag, type, offset among the values, count; all big-endian, 32 bits. A path is
 * in two parts: entry i of BASENAMES, in the folder that DIRNAMES has at DIRINDEXES[i]. FILEDIGESTS
 * is parallel to BASENAMES, and FILESTATES says which files were left out or taken over by another
 * package.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "inspect/md5sums.h"
#include "inspect/rpm_header.h"

#define INTRO_LEN 8
#define ENTRY_LEN 16

/* rpm's include/rpm/rpmtag.h. */
enum {
	TAG_NAME = 1000,
	TAG_VERSION = 1001,
	TAG_RELEASE = 1002,
	TAG_FILESTATES = 1029,
	TAG_FILEDIGESTS = 1035,
	TAG_DIRINDEXES = 1116,
	TAG_BASENAMES = 1117,
	TAG_DIRNAMES = 1118,
	TAG_FILEDIGESTALGO = 5011,
};

enum {
	TYPE_CHAR = 1,
	TYPE_INT32 = 4,
	TYPE_STRING = 6,
	TYPE_STRING_ARRAY = 8,
};

/* include/rpm/rpmfiles.h: the file is there, and this package's. */
#define STATE_NORMAL 0

struct header {
	const uint8_t *index, *values;
	size_t n_tags, values_len;
};

/* The value of one tag: @left bytes up to the end of all values. */
struct value {
	const uint8_t *data;
	size_t left, n;
};

/* Where DIRNAMES has a folder: twice, if it is named with usr/ and without. */
#define FOLDERS_MAX 4

struct folders {
	uint32_t numbers[FOLDERS_MAX];
	size_t n;
};

/* RFC 4880, 9.4: how rpm numbers digests; one without a number is MD5. */
static const struct {
	uint32_t number;
	enum rd_digest kind;
	size_t len;
} algorithms[] = {
	{ .number = 1, .kind = RD_DIGEST_MD5, .len = 32 },
	{ .number = 2, .kind = RD_DIGEST_SHA1, .len = 40 },
	{ .number = 8, .kind = RD_DIGEST_SHA256, .len = 64 },
	{ .number = 9, .kind = RD_DIGEST_SHA384, .len = 96 },
	{ .number = 10, .kind = RD_DIGEST_SHA512, .len = 128 },
};

void rd_rpm_file_deinit(struct rd_rpm_file *file)
{
	free(file->name);
	free(file->version);
	*file = (struct rd_rpm_file)RD_RPM_FILE_INIT;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

static bool read_header(const uint8_t *data, size_t len, struct header *header)
{
	size_t n_tags, values_len;

	if (len < INTRO_LEN)
		return false;
	n_tags = be32(data);
	values_len = be32(data + 4);
	if (n_tags > (len - INTRO_LEN) / ENTRY_LEN ||
	    values_len > len - INTRO_LEN - n_tags * ENTRY_LEN)
		return false;
	*header = (struct header){
		.index = data + INTRO_LEN,
		.n_tags = n_tags,
		.values = data + INTRO_LEN + n_tags * ENTRY_LEN,
		.values_len = values_len,
	};
	return true;
}

/* Whether the header has that tag in that type; @value stays empty if not. */
static bool get(const struct header *header, uint32_t tag, uint32_t type, struct value *value)
{
	for (size_t i = 0; i < header->n_tags; i++) {
		const uint8_t *entry = header->index + i * ENTRY_LEN;
		uint32_t offset = be32(entry + 8);

		if (be32(entry) != tag || be32(entry + 4) != type || offset > header->values_len)
			continue;
		value->data = header->values + offset;
		value->left = header->values_len - offset;
		value->n = be32(entry + 12);
		return true;
	}
	return false;
}

static bool get_number(const struct value *value, size_t i, uint32_t *numberp)
{
	if (i >= value->n || i >= value->left / 4)
		return false;
	*numberp = be32(value->data + 4 * i);
	return true;
}

/* String @i of an array, or NULL: strings stand one behind the other. */
static const char *get_string(const struct value *value, size_t i)
{
	const uint8_t *p = value->data;
	size_t left = value->left;

	if (i >= value->n)
		return NULL;
	for (;; i--) {
		const uint8_t *end = left ? memchr(p, '\0', left) : NULL;

		if (!end)
			return NULL;
		if (!i)
			return (const char *)p;
		left -= (size_t)(end + 1 - p);
		p = end + 1;
	}
}

/* Finds the numbers of @path's folder, once for all files of that name. */
static void find_folders(const struct header *header, const char *path, struct folders *found)
{
	const char *slash = strrchr(path, '/');
	struct value names = { 0 };
	const char *name;
	size_t left;

	if (!slash || !get(header, TAG_DIRNAMES, TYPE_STRING_ARRAY, &names))
		return;
	name = (const char *)names.data;
	left = names.left;
	for (size_t i = 0; i < names.n && found->n < FOLDERS_MAX; i++) {
		size_t n = strnlen(name, left);

		if (n == left)
			return;
		if (rd_md5sums_is_same_path(name, n, path, (size_t)(slash + 1 - path)))
			found->numbers[found->n++] = (uint32_t)i;
		name += n + 1;
		left -= n + 1;
	}
}

/* Whether file @i lies in one of the folders. */
static bool is_inside(const struct value *indexes, size_t i, const struct folders *folders)
{
	uint32_t number;

	if (!get_number(indexes, i, &number))
		return false;
	for (size_t k = 0; k < folders->n; k++) {
		if (folders->numbers[k] == number)
			return true;
	}
	return false;
}

/* Finds the file's number. */
static int find_file(const struct header *header, const char *path, size_t *ip)
{
	struct value bases = { 0 }, states = { 0 }, indexes = { 0 };
	const char *slash = strrchr(path, '/');
	struct folders folders = { 0 };
	const char *base;
	size_t left;

	if (!get(header, TAG_BASENAMES, TYPE_STRING_ARRAY, &bases))
		return RD_RPM_HEADER_ABSENT; /* a package without files */
	find_folders(header, path, &folders);
	if (!folders.n || !get(header, TAG_DIRINDEXES, TYPE_INT32, &indexes))
		return RD_RPM_HEADER_ABSENT;
	base = (const char *)bases.data;
	left = bases.left;
	for (size_t i = 0; i < bases.n; i++) {
		size_t n = strnlen(base, left);

		if (n == left)
			return RD_RPM_HEADER_BAD;
		if (!strcmp(slash + 1, base) && is_inside(&indexes, i, &folders)) {
			*ip = i;
			if (get(header, TAG_FILESTATES, TYPE_CHAR, &states) && i < states.n &&
			    i < states.left && states.data[i] != STATE_NORMAL)
				return RD_RPM_HEADER_ABSENT;
			return 0;
		}
		base += n + 1;
		left -= n + 1;
	}
	return RD_RPM_HEADER_ABSENT;
}

static int read_digest(const struct header *header, size_t i, struct rd_rpm_file *file)
{
	struct value digests = { 0 }, number = { 0 };
	uint32_t algorithm = algorithms[0].number;
	const char *digest;

	if (get(header, TAG_FILEDIGESTALGO, TYPE_INT32, &number) &&
	    !get_number(&number, 0, &algorithm))
		return RD_RPM_HEADER_BAD;
	if (!get(header, TAG_FILEDIGESTS, TYPE_STRING_ARRAY, &digests))
		return RD_RPM_HEADER_ABSENT;
	digest = get_string(&digests, i);
	for (size_t k = 0; digest && k < RD_N_ELEMENTS(algorithms); k++) {
		if (algorithms[k].number != algorithm || strlen(digest) != algorithms[k].len)
			continue;
		file->kind = algorithms[k].kind;
		memcpy(file->digest, digest, algorithms[k].len + 1);
		return 0;
	}
	return digest ? RD_RPM_HEADER_ABSENT : RD_RPM_HEADER_BAD;
}

static const char *get_word(const struct header *header, uint32_t tag)
{
	struct value value = { 0 };

	return get(header, tag, TYPE_STRING, &value) ? get_string(&value, 0) : NULL;
}

static int read_names(const struct header *header, struct rd_rpm_file *file)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	const char *name = get_word(header, TAG_NAME);
	const char *version = get_word(header, TAG_VERSION);
	const char *release = get_word(header, TAG_RELEASE);

	if (!name || !version || !release)
		return RD_RPM_HEADER_BAD;
	if (rd_text_printf(&text, "%s-%s", version, release))
		return -ENOMEM;
	file->name = strdup(name);
	file->version = rd_text_take_string(&text);
	return file->name && file->version ? 0 : -ENOMEM;
}

int rd_rpm_header_find(const uint8_t *data, size_t len, const char *path, struct rd_rpm_file *filep)
{
	RD_CLEANUP(rd_rpm_file_deinit) struct rd_rpm_file file = RD_RPM_FILE_INIT;
	struct header header;
	size_t i = 0;
	int r;

	if (!read_header(data, len, &header))
		return RD_RPM_HEADER_BAD;
	r = find_file(&header, path, &i);
	if (!r)
		r = read_digest(&header, i, &file);
	if (!r)
		r = read_names(&header, &file);
	if (r)
		return r;
	*filep = file;
	file = (struct rd_rpm_file)RD_RPM_FILE_INIT;
	return 0;
}
