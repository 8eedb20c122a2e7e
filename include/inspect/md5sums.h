/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The digests that dpkg keeps of a package's files: lines of "MD5  PATH", PATH without its leading
 * slash. Format: dpkg-deb's DEBIAN/md5sums, deb-md5sums(5).
 */

#include <stdbool.h>
#include <stddef.h>

/* 32 lower-case hexadecimal digits and a NUL. */
#define RD_MD5SUMS_DIGEST 33

/* One line: @path is @path_len bytes of the list, without a leading slash. */
struct rd_md5sums_entry {
	char digest[RD_MD5SUMS_DIGEST];
	const char *path;
	size_t path_len;
};

/**
 * rd_md5sums_next() - the next entry of a list
 * @text: the list, @len bytes
 * @posp: where to go on, 0 at first
 *
 * Return: whether there is one; lines that are none are passed over.
 */
bool rd_md5sums_next(const char *text, size_t len, size_t *posp, struct rd_md5sums_entry *entry);

/**
 * rd_md5sums_find() - the digest that a list has for a path
 * @path: absolute; /lib/x and /usr/lib/x are one path, as merged systems have both
 *
 * Return: whether the list has one; @digest is untouched if not.
 */
bool rd_md5sums_find(const char *text, size_t len, const char *path,
		     char digest[RD_MD5SUMS_DIGEST]);

/* Whether two names, with or without a leading slash, ./ or usr/, are of one file. */
bool rd_md5sums_is_same_path(const char *a, size_t a_len, const char *b, size_t b_len);
