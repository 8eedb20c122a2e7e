/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The digests by which package managers know their files. */

#include <stddef.h>

#include "base/error.h"

enum rd_digest {
	RD_DIGEST_MD5,
	RD_DIGEST_SHA1,
	RD_DIGEST_SHA256,
	RD_DIGEST_SHA384,
	RD_DIGEST_SHA512,
};

/* The hexadecimal digits of the longest and a NUL. */
#define RD_DIGEST_MAX 129

enum {
	_RD_DIGEST_OK,
	RD_DIGEST_REFUSED, /* libcrypto does not do it here: MD5 in FIPS mode */
};

/* "MD5", "SHA-256", ...; static. */
const char *rd_digest_name(enum rd_digest digest);

/* Lower-case hex of the digest of @len bytes. Return: 0, RD_DIGEST_REFUSED, or -ENOMEM. */
int rd_digest_hex(enum rd_digest digest, const void *data, size_t len, char hex[RD_DIGEST_MAX]);
