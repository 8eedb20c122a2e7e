/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The one error type of the program: a number and one line of text in fixed storage. Each level
 * that knows a name puts it in front; only src/cli prints.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

int rd_error_set(struct rd_error *err, int errnum, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return -errnum;

	err->errnum = errnum;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return -errnum;
}

int rd_error_prefix(struct rd_error *err, int r, const char *fmt, ...)
{
	static const char colon[] = ": ";
	char name[sizeof(err->msg) / 2];
	size_t len, room, kept;
	va_list ap;

	if (!err)
		return r;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);

	/* The end of the old text gives way: the names in front say where to look. */
	len = strlen(name);
	room = sizeof(err->msg) - len - sizeof(colon);
	kept = strnlen(err->msg, room);
	memmove(err->msg + len + strlen(colon), err->msg, kept);
	memcpy(err->msg, name, len);
	memcpy(err->msg + len, colon, strlen(colon));
	err->msg[len + strlen(colon) + kept] = '\0';
	return r;
}

int rd_error_nomem(struct rd_error *err)
{
	return rd_error_set(err, ENOMEM, "out of memory");
}
