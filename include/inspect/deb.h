/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One file out of a binary package, without unpacking the rest: Debian's (deb(5): an ar archive
 * whose data.tar member holds the files) and pacman's (a compressed tar as a whole).
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

enum {
	_RD_DEB_OK,
	RD_DEB_BAD, /* no package, truncated, corrupt, or the file is a link; @err says what */
	RD_DEB_ABSENT, /* read to its end: it has no such file; @err says so */
	RD_DEB_TOO_LARGE, /* a limit was reached; @err says which */
};

/* Decoded bytes of one package: the largest kernel has 600 MiB. */
#define RD_DEB_MAX ((uint64_t)2 << 30)

/**
 * rd_deb_extract() - the content of one file of a .deb
 * @data: the package, @len bytes
 * @path: of the file as installed, absolute
 * @textp: its content; RD_CODEC_MAX_MODULE bytes at most
 *
 * Decodes up to the end of that file only: what a digest has to prove is the file, not the archive.
 * Return: 0, a positive code above, or -ENOMEM.
 */
int rd_deb_extract(const uint8_t *data, size_t len, const char *path, struct rd_text *textp,
		   struct rd_error *err);

/* As above, of a package that is a compressed tar. */
int rd_deb_extract_tar(const uint8_t *data, size_t len, const char *path, struct rd_text *textp,
		       struct rd_error *err);
