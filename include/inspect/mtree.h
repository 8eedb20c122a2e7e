/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The list that pacman keeps of a package's files: lines of "./PATH keyword=value ...", among the
 * keywords the digests. Format: mtree(5), as libarchive writes it (archive_write_set_format(3)).
 */

#include <stdbool.h>
#include <stddef.h>

#include "inspect/digest.h"

struct rd_mtree_entry {
	enum rd_digest kind;
	char digest[RD_DIGEST_MAX]; /* lower-case hex */
};

/**
 * rd_mtree_find() - the strongest digest that a list has for a path
 * @text: the list, decompressed, @len bytes
 * @path: absolute; /lib/x and /usr/lib/x are one path
 *
 * Return: whether the list has the path with a digest; @entry is untouched if not.
 */
bool rd_mtree_find(const char *text, size_t len, const char *path, struct rd_mtree_entry *entry);
