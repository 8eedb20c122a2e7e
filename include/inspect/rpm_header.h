/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A package's header as rpm's data base stores it: an index of tags, and their values behind it.
 * Format: rpm's docs/manual/format_header.md and tags.md; the data base leaves the magic out.
 */

#include <stddef.h>
#include <stdint.h>

#include "inspect/digest.h"

/* What a package has of one file. */
struct rd_rpm_file {
	char *name, *version; /* of the package; the version is VERSION-RELEASE */
	enum rd_digest kind;
	char digest[RD_DIGEST_MAX];
};

#define RD_RPM_FILE_INIT \
	{                \
		0        \
	}

enum {
	_RD_RPM_HEADER_OK,
	RD_RPM_HEADER_BAD, /* no header, or one that contradicts itself */
	RD_RPM_HEADER_ABSENT, /* the package has not installed such a file, or has no digest of it
			       */
};

/**
 * rd_rpm_header_find() - look a file up in a header
 * @path: absolute; /lib/x and /usr/lib/x are one path
 * @filep: the caller's, to be released by rd_rpm_file_deinit()
 *
 * Return: 0, a positive code above, or -ENOMEM.
 */
int rd_rpm_header_find(const uint8_t *data, size_t len, const char *path,
		       struct rd_rpm_file *filep);
void rd_rpm_file_deinit(struct rd_rpm_file *file);
