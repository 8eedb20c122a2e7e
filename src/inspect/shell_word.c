/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Words of shell text. Plain text, both kinds of quotes, backslashes, $NAME and ${NAME} are
 * resolved; substitutions of commands, arithmetic and the other forms of ${} are skipped to their
 * end and make the word "open". No recursion: the depth of brackets is counted.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "shell_word.h"

void shell_word_deinit(struct shell_word *word)
{
	rd_text_deinit(&word->text);
	*word = (struct shell_word){ 0 };
}

bool shell_is_break(char c)
{
	return strchr(" \t\r\n;&|()<>", c) != NULL; /* NUL too: no shell keeps it */
}

static bool is_joint(const struct shell_text *shell)
{
	return shell->end - shell->p >= 2 && shell->p[0] == '\\' && shell->p[1] == '\n';
}

bool shell_skip_blanks(struct shell_text *shell)
{
	while (shell->p < shell->end) {
		if (is_joint(shell))
			shell->p += 2;
		else if (strchr(" \t\r", *shell->p))
			shell->p++;
		else
			break;
	}
	if (shell->p < shell->end && *shell->p == '#') {
		const char *newline = memchr(shell->p, '\n', (size_t)(shell->end - shell->p));

		shell->p = newline ? newline : shell->end;
	}
	return shell->p < shell->end && *shell->p != '\n';
}

static void leave_open(struct shell_word *word, const char *why)
{
	if (!word->open)
		word->open = why;
}

static int append(struct shell_word *word, const char *s, size_t len)
{
	if (word->text.len + len > SHELL_WORD_MAX) {
		leave_open(word, "a value that is too long");
		return 0;
	}
	return rd_text_append(&word->text, s, len);
}

/* To behind the @quote that ends what started before @shell->p. */
static void skip_quoted(struct shell_text *shell, struct shell_word *word, char quote)
{
	for (; shell->p < shell->end; shell->p++) {
		if (*shell->p == quote) {
			shell->p++;
			return;
		}
		if (*shell->p == '\\' && quote != '\'' && shell->end - shell->p > 1)
			shell->p++;
	}
	word->is_unterminated = true;
}

/* To behind the bracket that closes the one before @shell->p; quotes may hold others. */
static void skip_brackets(struct shell_text *shell, struct shell_word *word, char opens,
			  char closes)
{
	size_t depth = 1;

	while (shell->p < shell->end && depth) {
		char c = *shell->p++;

		if (c == '\\' && shell->p < shell->end)
			shell->p++;
		else if (c == '\'' || c == '"' || c == '`')
			skip_quoted(shell, word, c);
		else if (c == opens)
			depth++;
		else if (c == closes)
			depth--;
	}
	if (depth)
		word->is_unterminated = true;
}

static size_t name_length(const char *p, const char *end)
{
	size_t n = 0;

	if (p == end || isdigit((unsigned char)*p))
		return 0;
	while (p + n < end && (isalnum((unsigned char)p[n]) || p[n] == '_'))
		n++;
	return n;
}

static int append_variable(struct shell_text *shell, struct shell_word *word, const char *name,
			   size_t len)
{
	const char *value = shell->lookup(shell->userdata, name, len);

	if (value)
		return append(word, value, strlen(value));
	leave_open(word, "a variable that is not set in the file");
	return 0;
}

/* @shell->p stands behind the dollar. */
static int read_dollar(struct shell_text *shell, struct shell_word *word)
{
	size_t n = name_length(shell->p, shell->end);
	const char *name = shell->p;

	if (n) {
		shell->p += n;
		return append_variable(shell, word, name, n);
	}
	if (shell->p < shell->end && *shell->p == '(') {
		shell->p++;
		leave_open(word, "the output of a command");
		skip_brackets(shell, word, '(', ')');
		return 0;
	}
	if (shell->p == shell->end || *shell->p != '{')
		return append(word, "$", 1);

	name = ++shell->p;
	n = name_length(name, shell->end);
	if (n && name + n < shell->end && name[n] == '}') {
		shell->p += n + 1;
		return append_variable(shell, word, name, n);
	}
	leave_open(word, "a part of a variable");
	skip_brackets(shell, word, '{', '}');
	return 0;
}

static int read_double_quoted(struct shell_text *shell, struct shell_word *word)
{
	int r = 0;

	while (shell->p < shell->end && !r) {
		char c = *shell->p++;

		if (c == '"')
			return 0;
		if (c == '$') {
			r = read_dollar(shell, word);
		} else if (c == '`') {
			leave_open(word, "the output of a command");
			skip_quoted(shell, word, '`');
		} else if (c == '\\' && shell->p < shell->end && strchr("$`\"\\\n", *shell->p)) {
			if (*shell->p != '\n')
				r = append(word, shell->p, 1);
			shell->p++;
		} else {
			r = append(word, &c, 1);
		}
	}
	word->is_unterminated = true;
	return r;
}

static int read_single_quoted(struct shell_text *shell, struct shell_word *word)
{
	const char *start = shell->p;

	skip_quoted(shell, word, '\'');
	return append(word, start, (size_t)(shell->p - start) - !word->is_unterminated);
}

/* What starts with @c, which was taken from @shell. */
static int read_part(struct shell_text *shell, struct shell_word *word, char c)
{
	switch (c) {
	case '"':
		word->is_quoted = true;
		return read_double_quoted(shell, word);
	case '\'':
		word->is_quoted = true;
		return read_single_quoted(shell, word);
	case '$':
		return read_dollar(shell, word);
	case '`':
		leave_open(word, "the output of a command");
		skip_quoted(shell, word, '`');
		return 0;
	case '\\':
		if (shell->p == shell->end || *shell->p++ == '\n')
			return 0;
		word->is_quoted = true;
		return append(word, shell->p - 1, 1);
	default:
		return append(word, &c, 1);
	}
}

int shell_word_read(struct shell_text *shell, struct shell_word *word)
{
	while (shell->p < shell->end && !shell_is_break(*shell->p)) {
		char c = *shell->p++;
		int r = read_part(shell, word, c);

		if (r)
			return r;
	}
	return 0;
}
