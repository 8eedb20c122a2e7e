/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Looking a path up in dpkg's list of digests. MD5 is what dpkg has; it no longer resists somebody
 * who makes two files for it, but nobody knows how to make a second file for a digest that a
 * distribution published, which is the question here.
 */

#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/md5sums.h"

#define DIGEST_LEN ((size_t)RD_MD5SUMS_DIGEST - 1)

static void md_freep(EVP_MD_CTX **ctx)
{
	EVP_MD_CTX_free(*ctx);
}

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
	static const char digits[] = "0123456789abcdef";
	RD_CLEANUP(md_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (!ctx)
		return rd_error_nomem(err);
	if (!EVP_DigestInit_ex(ctx, EVP_md5(), NULL) || !EVP_DigestUpdate(ctx, data, len) ||
	    !EVP_DigestFinal_ex(ctx, raw, &n) || n != DIGEST_LEN / 2)
		return RD_MD5SUMS_REFUSED;
	for (size_t i = 0; i < n; i++) {
		digest[2 * i] = digits[raw[i] >> 4];
		digest[2 * i + 1] = digits[raw[i] & 15];
	}
	digest[DIGEST_LEN] = '\0';
	return 0;
}
