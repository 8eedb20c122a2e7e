/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What modprobe.d(5) and depmod.d(5) have in common, as kmod reads it (freadline_wrapped() in
 * shared/util.c): a backslash at the end of a line joins it with the next, before any other
 * character it is dropped; a line is a comment if its very first character is '#'; words are
 * separated by blanks and tabs. A NUL ends the line for everyone who looks at it.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inspect/conf_line.h"

#define BLANKS	  "\t "
#define SHOWN_MAX 1000 /* of a line: a file of one line must not fill the report */

void rd_conf_line_deinit(struct rd_conf_line *line)
{
	rd_text_deinit(&line->text);
	rd_text_deinit(&line->words);
	*line = (struct rd_conf_line)RD_CONF_LINE_INIT;
}

static size_t plain_length(const char *at, const char *end)
{
	const char *p = at;

	while (p < end && *p != '\n' && *p != '\\')
		p++;
	return (size_t)(p - at);
}

/* One logical line into @text, which is emptied first. */
static int join(struct rd_conf_lines *lines, struct rd_text *text)
{
	text->len = 0;
	while (lines->at < lines->end) {
		size_t n = plain_length(lines->at, lines->end);

		if (rd_text_append(text, lines->at, n))
			return -ENOMEM;
		lines->at += n;
		if (lines->at == lines->end)
			break;
		if (*lines->at++ == '\n') {
			lines->number++;
			break;
		}
		if (lines->at == lines->end)
			break;
		if (*lines->at == '\n')
			lines->number++;
		else if (rd_text_append(text, lines->at, 1))
			return -ENOMEM;
		lines->at++;
	}
	return rd_text_append(text, "", 0);
}

int rd_conf_lines_next(struct rd_conf_lines *lines, struct rd_conf_line *line)
{
	while (lines->at < lines->end) {
		line->number = lines->number + 1;
		if (join(lines, &line->text))
			return -ENOMEM;
		if (!*line->text.data || *line->text.data == '#')
			continue;

		line->words.len = 0;
		if (rd_text_puts(&line->words, line->text.data))
			return -ENOMEM;
		line->rest = line->words.data;
		return 0;
	}
	return RD_CONF_END;
}

char *rd_conf_line_word(struct rd_conf_line *line)
{
	char *word = line->rest + strspn(line->rest, BLANKS);
	size_t n = strcspn(word, BLANKS);

	line->rest = word + n + (word[n] != '\0');
	word[n] = '\0';
	return n ? word : NULL;
}

char *rd_conf_line_rest(struct rd_conf_line *line)
{
	return *line->rest ? line->rest : NULL;
}

char *rd_conf_line_text(const struct rd_conf_line *line)
{
	const char *start = line->text.data;
	size_t n;

	while (isspace((unsigned char)*start))
		start++;
	n = strlen(start);
	while (n && isspace((unsigned char)start[n - 1]))
		n--;
	return strndup(start, n < SHOWN_MAX ? n : SHOWN_MAX);
}

char *rd_conf_line_place(const struct rd_conf_line *line, const char *path)
{
	return rd_text_format("%s:%u", path, line->number);
}
