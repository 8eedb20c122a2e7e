/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reads environments back, as far as they are plain: a line that assigns, in the words of its
 * language. All of these have words as the shell has them, quotes and all, near enough for values;
 * what only running the file would tell is said to be open. JSON is read for the names of our
 * variables alone.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "inspect/profile.h"
#include "shell_word.h"

void rd_profile_entries_deinit(struct rd_profile_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		free(entries->items[i].name);
		free(entries->items[i].value);
	}
	free(entries->items);
	*entries = (struct rd_profile_entries){ 0 };
}

const struct rd_profile_entry *rd_profile_entry_find(const struct rd_profile_entries *entries,
						     const char *name)
{
	for (size_t i = 0; i < entries->n; i++) {
		if (!strcmp(entries->items[i].name, name))
			return &entries->items[i];
	}
	return NULL;
}

static bool is_name(const char *name, size_t len)
{
	if (!len || isdigit((unsigned char)*name))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && name[i] != '_')
			return false;
	}
	return true;
}

/* The last one counts; @value NULL: taken away, or open. */
static int put(struct rd_profile_entries *entries, const char *name, size_t len, const char *value,
	       bool is_open)
{
	struct rd_profile_entry entry = { .name = strndup(name, len), .is_open = is_open };

	if (!entry.name || (value && !(entry.value = strdup(value)))) {
		free(entry.name);
		return -ENOMEM;
	}
	for (size_t i = 0; i < entries->n; i++) {
		struct rd_profile_entry *old = &entries->items[i];

		if (strcmp(old->name, entry.name) != 0)
			continue;
		free(entry.name);
		free(old->value);
		old->value = entry.value;
		old->is_open = is_open;
		return 0;
	}
	if (!rd_array_push(entries, &entry))
		return 0;
	free(entry.name);
	free(entry.value);
	return -ENOMEM;
}

static const char *look_up(void *userdata, const char *name, size_t len)
{
	(void)userdata;
	(void)name;
	(void)len;
	return NULL;
}

/* "NAME=VALUE", a word that was read. */
static int put_assignment(struct rd_profile_entries *entries, const struct shell_word *word)
{
	const char *equals = word->text.data ? strchr(word->text.data, '=') : NULL;
	size_t n = equals ? (size_t)(equals - word->text.data) : 0;

	if (!equals || !is_name(word->text.data, n))
		return 0;
	return put(entries, word->text.data, n, word->open ? NULL : equals + 1, word->open);
}

struct command {
	const char *word;
	enum { IS_ASSIGNING, IS_SETTING, IS_FISH, IS_UNSETTING } kind;
};

static const struct command commands[] = {
	{ .word = "export", .kind = IS_ASSIGNING }, { .word = "declare", .kind = IS_ASSIGNING },
	{ .word = "setenv", .kind = IS_SETTING },   { .word = "set", .kind = IS_FISH },
	{ .word = "unset", .kind = IS_UNSETTING },  { .word = "unsetenv", .kind = IS_UNSETTING },
};

static const struct command *find_command(const struct shell_word *word)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(commands); i++) {
		if (word->text.data && !strcmp(word->text.data, commands[i].word))
			return &commands[i];
	}
	return NULL;
}

/* Behind these a command begins. */
static bool is_reserved(const char *word)
{
	static const char *const words[] = {
		"if", "then", "else", "elif", "do", "while", "!", "{"
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(words); i++) {
		if (!strcmp(word, words[i]))
			return true;
	}
	return false;
}

/* What has been understood of a line. */
struct line {
	const struct command *command;
	struct rd_text name; /* of a variable, waiting for its value */
	bool is_erasing; /* set -e */
	bool is_other; /* a command that sets nothing */
	bool is_over; /* the rest is of no interest */
};

/* fish: set -e, in any company, or --erase. */
static bool is_erase(const char *option)
{
	return option[1] == '-' ? !strcmp(option, "--erase") : strchr(option, 'e') != NULL;
}

static int take_word(struct rd_profile_entries *entries, struct line *line,
		     const struct shell_word *word)
{
	const char *text = word->text.data ? word->text.data : "";
	int r;

	if (line->is_other)
		return 0;
	if (!line->command) {
		line->command = find_command(word);
		line->is_other = !line->command && !strchr(text, '=') && !is_reserved(text);
		return line->command ? 0 : put_assignment(entries, word);
	}
	if (*text == '-' && !word->is_quoted) {
		line->is_erasing |= line->command->kind == IS_FISH && is_erase(text);
		return 0;
	}
	if (line->command->kind == IS_ASSIGNING)
		return put_assignment(entries, word);
	if (line->command->kind == IS_UNSETTING || line->is_erasing)
		return is_name(text, strlen(text)) ? put(entries, text, strlen(text), NULL, false)
						   : 0;
	if (!line->name.data)
		return is_name(text, strlen(text)) ? rd_text_puts(&line->name, text)
						   : (int)(line->is_over = true, 0);
	r = put(entries, line->name.data, line->name.len, word->open ? NULL : text, word->open);
	line->is_over = true;
	return r;
}

static int read_line(struct shell_text *shell, struct rd_profile_entries *entries)
{
	struct line line = { 0 };
	int r = 0;

	while (!r && !line.is_over && shell_skip_blanks(shell)) {
		RD_CLEANUP(shell_word_deinit) struct shell_word word = { 0 };
		const char *start = shell->p;

		r = shell_word_read(shell, &word);
		if (shell->p == start) { /* an operator ends a command */
			shell->p++;
			rd_text_deinit(&line.name);
			line = (struct line){ 0 };
		} else if (!r) {
			r = take_word(entries, &line, &word);
		}
	}
	rd_text_deinit(&line.name);
	return r;
}

/* Lines of docker's --env-file: all behind the sign is the value, quotes too. */
static int read_raw(const char *text, size_t len, struct rd_profile_entries *entries)
{
	const char *end = text + len;
	int r = 0;

	while (text < end && !r) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		const char *equals;

		stop = stop ? stop : end;
		while (text < stop && isspace((unsigned char)*text))
			text++;
		equals = memchr(text, '=', (size_t)(stop - text));
		if (equals && is_name(text, (size_t)(equals - text))) {
			RD_CLEANUP(rd_freep)
			char *value = strndup(equals + 1, (size_t)(stop - equals - 1));

			r = value ? put(entries, text, (size_t)(equals - text), value, false)
				  : -ENOMEM;
		}
		text = stop + (stop < end);
	}
	return r;
}

static int read_shell(const char *text, size_t len, struct rd_profile_entries *entries)
{
	struct shell_text shell = { .p = text, .end = text + len, .lookup = look_up };
	int r = 0;

	while (!r && shell.p < shell.end) {
		r = read_line(&shell, entries);
		if (!r && shell.p < shell.end) /* the line's end */
			shell.p++;
	}
	return r;
}

/* The text between the quotes that @p stands behind; moves @p behind the second, or to @end. */
static const char *read_quoted(const char **pp, const char *end, size_t *lenp)
{
	const char *start = *pp, *stop = memchr(start, '"', (size_t)(end - start));

	*lenp = (size_t)((stop ? stop : end) - start);
	*pp = stop ? stop + 1 : end;
	return start;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	return p;
}

/* Whether it is one of ours, or that of one of its nodes. */
static bool is_ours(const char *name, size_t len)
{
	const struct rd_profile_variable *variables;
	size_t n;

	variables = rd_data_profile_variables(&n);
	for (size_t i = 0; i < n; i++) {
		size_t own = strlen(variables[i].name);

		if (len >= own && !memcmp(name, variables[i].name, own) && is_name(name, len))
			return true;
	}
	return false;
}

static int read_json(const char *text, size_t len, struct rd_profile_entries *entries)
{
	const char *p = text, *end = text + len;
	int r = 0;

	while (!r && p < end && (p = memchr(p, '"', (size_t)(end - p)))) {
		RD_CLEANUP(rd_freep) char *copy = NULL;
		size_t n, n_value;
		const char *name = (p++, read_quoted(&p, end, &n));
		const char *value = skip_space(p, end);

		if (!is_ours(name, n) || value == end || *value != ':')
			continue;
		value = skip_space(value + 1, end);
		if (value == end || *value != '"')
			continue;
		p = value + 1;
		value = read_quoted(&p, end, &n_value);
		copy = strndup(value, n_value);
		r = copy ? put(entries, name, n, copy, false) : -ENOMEM;
	}
	return r;
}

int rd_profile_read(const struct rd_profile_format *format, const char *text, size_t len,
		    struct rd_profile_entries *entriesp)
{
	RD_CLEANUP(rd_profile_entries_deinit) struct rd_profile_entries entries = { 0 };
	int r;

	if (format->is_json)
		r = read_json(text, len, &entries);
	else if (format->is_raw)
		r = read_raw(text, len, &entries);
	else
		r = read_shell(text, len, &entries);
	if (r)
		return r;
	*entriesp = entries;
	entries = (struct rd_profile_entries){ 0 };
	return 0;
}
