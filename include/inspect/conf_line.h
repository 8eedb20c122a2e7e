/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Lines and words as all of kmod's configuration files have them. */

#include <stddef.h>

#include "base/text.h"

/* Where reading has come to; start with RD_CONF_LINES(). The text is borrowed. */
struct rd_conf_lines {
	const char *at, *end;
	unsigned int number; /* of physical lines that were read */
};

#define RD_CONF_LINES(text, len) ((struct rd_conf_lines){ .at = (text), .end = (text) + (len) })

/* One logical line; rd_conf_line_deinit() it. */
struct rd_conf_line {
	struct rd_text text; /* continuations joined */
	struct rd_text words; /* what rd_conf_line_word() cuts up */
	char *rest;
	unsigned int number; /* of its first physical line, from 1 */
};

#define RD_CONF_LINE_INIT \
	{                 \
		0         \
	}

enum {
	_RD_CONF_OK,
	RD_CONF_END, /* there is no further line */
};

void rd_conf_line_deinit(struct rd_conf_line *line);

/* The next line that is neither empty nor a comment. Return: 0, RD_CONF_END, or -ENOMEM. */
int rd_conf_lines_next(struct rd_conf_lines *lines, struct rd_conf_line *line);

/* The next word of the line, NULL after the last; valid until the next line is read. */
char *rd_conf_line_word(struct rd_conf_line *line);

/* All after the last word and the one blank that ends it; NULL if nothing is left. */
char *rd_conf_line_rest(struct rd_conf_line *line);

/* The whole line without white space at its ends; malloc()ed, NULL when out of memory. */
char *rd_conf_line_text(const struct rd_conf_line *line);

/* "PATH:LINE"; malloc()ed, NULL when out of memory. */
char *rd_conf_line_place(const struct rd_conf_line *line, const char *path);
