/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Looking paths up in dpkg's lists of digests. A list names its files as the package does, with or
 * without usr/ in front; on a merged system both are one file, and which of them stands in a list
 * tells nothing.
 */

#include <ctype.h>
#include <string.h>

#include "inspect/md5sums.h"

#define DIGEST_LEN ((size_t)RD_MD5SUMS_DIGEST - 1)

/* Without ./, the leading slash and usr/, so that all names of a merged folder's file are equal. */
static const char *strip(const char *path, size_t *lenp)
{
	static const char usr[] = "usr/";

	if (*lenp > 1 && path[0] == '.' && path[1] == '/') {
		path++;
		--*lenp;
	}
	if (*lenp && *path == '/') {
		path++;
		--*lenp;
	}
	if (*lenp > strlen(usr) && !memcmp(path, usr, strlen(usr))) {
		path += strlen(usr);
		*lenp -= strlen(usr);
	}
	return path;
}

bool rd_md5sums_is_same_path(const char *a, size_t a_len, const char *b, size_t b_len)
{
	a = strip(a, &a_len);
	b = strip(b, &b_len);
	return a_len == b_len && !memcmp(a, b, a_len);
}

static bool is_digest(const char *p)
{
	for (size_t i = 0; i < DIGEST_LEN; i++) {
		if (!isdigit((unsigned char)p[i]) && (p[i] < 'a' || p[i] > 'f'))
			return false;
	}
	return true;
}

bool rd_md5sums_next(const char *text, size_t len, size_t *posp, struct rd_md5sums_entry *entry)
{
	while (*posp < len) {
		const char *start = text + *posp;
		const char *newline = memchr(start, '\n', len - *posp);
		size_t line = newline ? (size_t)(newline - start) : len - *posp;

		*posp += newline ? line + 1 : line;
		if (line <= DIGEST_LEN + 2 || memcmp(start + DIGEST_LEN, "  ", 2) ||
		    !is_digest(start))
			continue;
		memcpy(entry->digest, start, DIGEST_LEN);
		entry->digest[DIGEST_LEN] = '\0';
		entry->path = start + DIGEST_LEN + 2;
		entry->path_len = line - DIGEST_LEN - 2;
		return true;
	}
	return false;
}

bool rd_md5sums_find(const char *text, size_t len, const char *path, char digest[RD_MD5SUMS_DIGEST])
{
	struct rd_md5sums_entry entry;
	size_t pos = 0;

	while (rd_md5sums_next(text, len, &pos, &entry)) {
		if (!rd_md5sums_is_same_path(entry.path, entry.path_len, path, strlen(path)))
			continue;
		memcpy(digest, entry.digest, RD_MD5SUMS_DIGEST);
		return true;
	}
	return false;
}
