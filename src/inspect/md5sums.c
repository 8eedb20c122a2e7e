/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Looking a path up in dpkg's list of digests. MD5 is what dpkg has; it no longer resists somebody
 * who makes two files for it, but nobody knows how to make a second file for a digest that a
 * distribution published, which is the question here.
 */

#include <ctype.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/md5sums.h"

#define DIGEST_LEN ((size_t)RD_MD5SUMS_DIGEST - 1)

/* Without the leading slash and without usr/, so that both names of a merged folder are equal. */
static const char *strip(const char *path, size_t *lenp)
{
	static const char usr[] = "usr/";

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

static bool is_digest(const char *p)
{
	for (size_t i = 0; i < DIGEST_LEN; i++) {
		if (!isdigit((unsigned char)p[i]) && (p[i] < 'a' || p[i] > 'f'))
			return false;
	}
	return true;
}

bool rd_md5sums_find(const char *text, size_t len, const char *path, char digest[RD_MD5SUMS_DIGEST])
{
	size_t wanted_len = strlen(path);
	const char *wanted = strip(path, &wanted_len);
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((newline ? newline : end) - text);

		if (line > DIGEST_LEN + 2 && !memcmp(text + DIGEST_LEN, "  ", 2)) {
			size_t name_len = line - DIGEST_LEN - 2;
			const char *name = strip(text + DIGEST_LEN + 2, &name_len);

			if (name_len == wanted_len && !memcmp(name, wanted, name_len) &&
			    is_digest(text)) {
				memcpy(digest, text, DIGEST_LEN);
				digest[DIGEST_LEN] = '\0';
				return true;
			}
		}
		text += newline ? line + 1 : line;
	}
	return false;
}

int rd_md5sums_digest(const uint8_t *data, size_t len, char digest[RD_MD5SUMS_DIGEST],
		      struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *hex = NULL;
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (!EVP_Digest(data, len, raw, &n, EVP_md5(), NULL) || n != DIGEST_LEN / 2)
		return RD_MD5SUMS_REFUSED;
	hex = rd_text_hex(raw, n);
	if (!hex)
		return rd_error_nomem(err);
	memcpy(digest, hex, RD_MD5SUMS_DIGEST);
	return 0;
}
