/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The digests that dpkg keeps of a package's files: lines of "MD5  PATH", PATH without its leading
 * slash. Format: dpkg-deb's DEBIAN/md5sums, deb-md5sums(5).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* 32 lower-case hexadecimal digits and a NUL. */
#define RD_MD5SUMS_DIGEST 33

/**
 * rd_md5sums_find() - the digest that a list has for a path
 * @text: the list, @len bytes
 * @path: absolute; /lib/x and /usr/lib/x are one path, as merged systems have both
 *
 * Return: whether the list has one; @digest is untouched if not.
 */
bool rd_md5sums_find(const char *text, size_t len, const char *path,
		     char digest[RD_MD5SUMS_DIGEST]);

enum {
	_RD_MD5SUMS_OK,
	RD_MD5SUMS_REFUSED, /* libcrypto does no MD5 here (FIPS mode) */
};

/* The digest of @len bytes. Return: 0, RD_MD5SUMS_REFUSED, or -ENOMEM. */
int rd_md5sums_digest(const uint8_t *data, size_t len, char digest[RD_MD5SUMS_DIGEST],
		      struct rd_error *err);
