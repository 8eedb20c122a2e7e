/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * MD5 and SHA-1 no longer resist somebody who makes two files for one digest, but nobody knows how
 * to make a second file for a digest that a distribution published, which is the question here.
 */

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/digest.h"

static const struct {
	const char *name;
	const EVP_MD *(*md)(void);
} digests[] = {
	[RD_DIGEST_MD5] = { .name = "MD5", .md = EVP_md5 },
	[RD_DIGEST_SHA1] = { .name = "SHA-1", .md = EVP_sha1 },
	[RD_DIGEST_SHA256] = { .name = "SHA-256", .md = EVP_sha256 },
	[RD_DIGEST_SHA384] = { .name = "SHA-384", .md = EVP_sha384 },
	[RD_DIGEST_SHA512] = { .name = "SHA-512", .md = EVP_sha512 },
};

const char *rd_digest_name(enum rd_digest digest)
{
	return digests[digest].name;
}

int rd_digest_hex(enum rd_digest digest, const void *data, size_t len, char hex[RD_DIGEST_MAX])
{
	RD_CLEANUP(rd_freep) char *text = NULL;
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (!EVP_Digest(data, len, raw, &n, digests[digest].md(), NULL))
		return RD_DIGEST_REFUSED;
	text = rd_text_hex(raw, n);
	if (!text)
		return -ENOMEM;
	memcpy(hex, text, 2 * (size_t)n + 1);
	return 0;
}
