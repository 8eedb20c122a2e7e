/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The text form of what recovery keeps for later runs. Private to recovery. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

#define RECORD_FIELDS_MAX 16

/* Starts a text: @kind says what it is, such as "manifest". Each of these: 0 or -ENOMEM. */
int record_begin(struct rd_text *text, const char *kind);

/* A line of fields, up to the first NULL; any bytes may be in them. */
int record_fields(struct rd_text *text, const char *const *fields);
#define record_line(text, ...) record_fields(text, (const char *const[]){ __VA_ARGS__, NULL })

/* The closing line, without which nobody believes the rest. */
int record_end(struct rd_text *text, struct rd_error *err);

/* One line, its fields as they were given to record_line(); non-zero ends the parse. */
typedef int (*record_fn)(void *userdata, char **fields, size_t n, struct rd_error *err);

/**
 * record_parse() - read such a text
 * @text: changed, its pieces are what @fn gets
 *
 * Return: 0, -EPROTO for a version of another program (said so), -EBADMSG for anything else that
 * record_*() did not write, or what @fn returned; @err names the line.
 */
int record_parse(struct rd_text *text, const char *kind, record_fn fn, void *userdata,
		 struct rd_error *err);

/* A decimal number and nothing else; false if it is none or more than @max. */
bool record_number(const char *field, unsigned long long max, unsigned long long *valuep);
