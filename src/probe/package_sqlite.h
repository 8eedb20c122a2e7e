/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* rpm's data base in SQLite. Private to src/probe. */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	_PACKAGE_SQLITE_OK,
	PACKAGE_SQLITE_BAD, /* no such data base, corrupt, or it asks for too much; @err filled */
};

/* Told of one header. Anything but 0 ends the search and is returned. */
typedef int (*package_header_fn)(void *userdata, const uint8_t *data, size_t len,
				 struct rd_error *err);

#ifndef WITHOUT_SQLITE
/**
 * package_sqlite_headers() - the headers of all packages with a file of some name
 * @fd: the data base; nothing is written, locked or made beside it
 * @name: without folders
 *
 * Return: 0, PACKAGE_SQLITE_BAD, what @fn returned, or -ENOMEM.
 */
int package_sqlite_headers(int fd, const char *name, package_header_fn fn, void *userdata,
			   struct rd_error *err);
#else
static inline int package_sqlite_headers(int fd, const char *name, package_header_fn fn,
					 void *userdata, struct rd_error *err)
{
	(void)fd;
	(void)name;
	(void)fn;
	(void)userdata;
	rd_error_set(err, ENOTSUP, "this program was built without SQLite");
	return PACKAGE_SQLITE_BAD;
}
#endif
