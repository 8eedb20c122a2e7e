/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which lines decide whether, and how, a driver is loaded. Nothing is run or expanded here.
 *
 * Format: modprobe.d(5); what it leaves open is as kmod 30 does it (libkmod-config.c,
 * libkmod-module.c): '-' in names becomes '_' outside of brackets, a bracket without its partner
 * makes the line void, blacklist and options want the exact name, install and softdep are
 * fnmatch(3) patterns of module names and alias one of any name. The command line: the kernel's
 * Documentation/admin-guide/kernel-parameters.txt (module_blacklist, nomodeset), dracut.cmdline(7)
 * (rd.driver.blacklist), and MODULE.PARAMETER as kmod takes it from there.
 */

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/conf_line.h"
#include "inspect/modprobe_conf.h"

struct reader {
	const char *path;
	const struct rd_modprobe_subject *subject;
	struct rd_modprobe_lines *lines;
};

/* A name as libkmod compares it, in place; false if its brackets make the line void. */
static bool normalise(char *name)
{
	for (; name && *name; name++) {
		if (*name == '-')
			*name = '_';
		else if (*name == ']')
			return false;
		else if (*name == '[') {
			name += strcspn(name, "]");
			if (!*name)
				return false;
		}
	}
	return name != NULL;
}

static const char *find_exact(const struct rd_modprobe_subject *subject, const char *name)
{
	for (size_t i = 0; i < subject->n_modules; i++) {
		if (!strcmp(subject->modules[i], name))
			return subject->modules[i];
	}
	return NULL;
}

static const char *find_matched(const struct rd_modprobe_subject *subject, const char *pattern)
{
	for (size_t i = 0; i < subject->n_modules; i++) {
		if (!fnmatch(pattern, subject->modules[i], 0))
			return subject->modules[i];
	}
	return NULL;
}

/* An alias matters if it leads to the driver, or takes a name or the devices from the subject. */
static bool is_alias_of(const struct rd_modprobe_subject *subject, const char *alias,
			const char *module)
{
	if (!strcmp(subject->modules[0], module) || find_matched(subject, alias))
		return true;
	for (size_t i = 0; i < subject->n_modaliases; i++) {
		if (!fnmatch(alias, subject->modaliases[i], 0))
			return true;
	}
	return false;
}

static int add(const struct reader *reader, const struct rd_conf_line *line,
	       enum rd_modprobe_kind kind, const char *module)
{
	RD_CLEANUP(rd_freep) char *place = rd_conf_line_place(line, reader->path);
	RD_CLEANUP(rd_freep) char *text = rd_conf_line_text(line);

	if (!place || !text)
		return -ENOMEM;
	return rd_modprobe_lines_add(reader->lines, kind, module, place, text);
}

static int read_alias(const struct reader *reader, struct rd_conf_line *line)
{
	char *alias = rd_conf_line_word(line);
	char *module = rd_conf_line_word(line);

	if (!normalise(alias) || !normalise(module) || !is_alias_of(reader->subject, alias, module))
		return 0;
	return add(reader, line, RD_MODPROBE_ALIAS, module);
}

/* COMMAND MODULE, or COMMAND MODULE MORE where @wants_more. */
static const struct command {
	const char *name;
	enum rd_modprobe_kind kind;
	const char *(*find)(const struct rd_modprobe_subject *subject, const char *name);
	bool wants_more;
} commands[] = {
	{ .name = "blacklist", .kind = RD_MODPROBE_BLACKLIST, .find = find_exact },
	{
		.name = "install",
		.kind = RD_MODPROBE_INSTALL,
		.find = find_matched,
		.wants_more = true,
	},
	{
		.name = "options",
		.kind = RD_MODPROBE_OPTIONS,
		.find = find_exact,
		.wants_more = true,
	},
	{
		.name = "softdep",
		.kind = RD_MODPROBE_SOFTDEP,
		.find = find_matched,
		.wants_more = true,
	},
};

static int read_line(const struct reader *reader, struct rd_conf_line *line)
{
	const char *name = rd_conf_line_word(line);

	if (name && !strcmp(name, "alias"))
		return read_alias(reader, line);
	for (size_t i = 0; name && i < RD_N_ELEMENTS(commands); i++) {
		const struct command *command = &commands[i];
		const char *module;
		char *word;

		if (strcmp(name, command->name) != 0)
			continue;
		word = rd_conf_line_word(line);
		if (!normalise(word) || (command->wants_more && !rd_conf_line_rest(line)))
			return 0;
		module = command->find(reader->subject, word);
		return module ? add(reader, line, command->kind, module) : 0;
	}
	return 0;
}

int rd_modprobe_conf_read(const char *text, size_t len, const char *path,
			  const struct rd_modprobe_subject *subject,
			  struct rd_modprobe_lines *lines)
{
	RD_CLEANUP(rd_conf_line_deinit) struct rd_conf_line line = RD_CONF_LINE_INIT;
	struct rd_conf_lines at = RD_CONF_LINES(text, len);
	struct reader reader = { .path = path, .subject = subject, .lines = lines };
	int r;

	while (!(r = rd_conf_lines_next(&at, &line))) {
		r = read_line(&reader, &line);
		if (r)
			return r;
	}
	return r < 0 ? r : 0;
}

/* The first module of a comma-separated list that is one of the subject's. */
static const char *find_listed(const struct rd_modprobe_subject *subject, const char *list)
{
	for (size_t i = 0; i < subject->n_modules; i++) {
		const char *module = subject->modules[i];
		size_t n = strlen(module);

		for (const char *at = list;; at++) {
			size_t word = strcspn(at, ",");

			if (word == n && !memcmp(at, module, n))
				return module;
			at += word;
			if (!*at)
				break;
		}
	}
	return NULL;
}

/* The kernel takes '-' and '_' in the name of a parameter for the same (kernel/params.c). */
static bool is_parameter(const char *word, const char *name)
{
	for (; *name; word++, name++) {
		if (*word != *name && !(*word == '-' && *name == '_'))
			return false;
	}
	return !*word || *word == '=';
}

static int add_word(const struct reader *reader, enum rd_modprobe_kind kind, const char *module,
		    const char *word)
{
	return module ? rd_modprobe_lines_add(reader->lines, kind, module, reader->path, word) : 0;
}

static int read_blacklist(const struct reader *reader, const char *word)
{
	static const char *const names[] = { "modprobe.blacklist", "module_blacklist",
					     "rd.driver.blacklist" };
	const char *value = strchr(word, '=');

	for (size_t i = 0; value && i < RD_N_ELEMENTS(names); i++) {
		if (is_parameter(word, names[i]))
			return add_word(reader, RD_MODPROBE_BLACKLIST,
					find_listed(reader->subject, value + 1), word);
	}
	return 0;
}

/*
 * MODULE.PARAMETER or MODULE.PARAMETER=VALUE, with one dot and no quote in front of the value, or a
 * quote in front of all: "MODULE.PARAMETER=a value".
 */
static int read_option(const struct reader *reader, const char *word)
{
	const char *start = word + (*word == '"');
	RD_CLEANUP(rd_freep) char *module = strndup(start, strcspn(start, "."));
	const char *dot = strchr(start, '.');

	if (!module)
		return -ENOMEM;
	if (!dot || dot > start + strcspn(start, "=\"") || !normalise(module))
		return 0;
	dot += 1 + strcspn(dot + 1, ".=\"");
	if (*dot == '.' || *dot == '"')
		return 0;
	return add_word(reader, RD_MODPROBE_OPTIONS, find_exact(reader->subject, module), word);
}

static int read_word(const struct reader *reader, const char *word)
{
	int r;

	if (!strcmp(word, "nomodeset"))
		return add_word(reader, RD_MODPROBE_BLACKLIST, reader->subject->modules[0], word);
	r = read_blacklist(reader, word);
	return r ? r : read_option(reader, word);
}

/* The end of a word: white space inside quotes is part of it. */
static char *word_end(char *word)
{
	bool is_quoted = false;

	for (; *word && (is_quoted || !isspace((unsigned char)*word)); word++)
		is_quoted ^= *word == '"';
	return word;
}

int rd_modprobe_cmdline_read(const char *text, size_t len,
			     const struct rd_modprobe_subject *subject,
			     struct rd_modprobe_lines *lines)
{
	struct reader reader = {
		.path = RD_MODPROBE_CMDLINE,
		.subject = subject,
		.lines = lines,
	};
	RD_CLEANUP(rd_freep) char *copy = strndup(text, len);
	char *end;

	if (!copy)
		return -ENOMEM;
	for (char *word = copy; *word; word = end) {
		int r;

		end = word_end(word);
		if (*end)
			*end++ = '\0';
		r = read_word(&reader, word);
		if (r)
			return r;
	}
	return 0;
}
