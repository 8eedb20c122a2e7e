/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What depmod would choose. Format: depmod.d(5); what it leaves open is as kmod 30 does it
 * (tools/depmod.c): the first word of all search lines together is the highest; a folder on the
 * list stands for all below it; `built-in` is where everything not on the list stands, and if it is
 * not there, that is the lowest; without any search line the list is "updates". Of overrides the
 * last line that fits the kernel wins, and wins over all searching. Patterns of kernels are "*" or
 * POSIX extended regular expressions, not anchored.
 *
 * depmod goes through the tree and compares each file with the one it has. Two files of one search
 * folder: the later wins, unless that folder ranks below built-in; two files not on the list: the
 * earlier one stays. Both are luck, and told apart by asking in both directions.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/conf_line.h"
#include "inspect/depmod_conf.h"
#include "inspect/pattern.h"

/* Distributions have one search line of four words, and an override a package. */
#define WORDS_MAX 64

void rd_depmod_conf_deinit(struct rd_depmod_conf *conf)
{
	for (size_t i = 0; i < conf->searches.n; i++)
		free(conf->searches.items[i]);
	for (size_t i = 0; i < conf->excludes.n; i++)
		free(conf->excludes.items[i]);
	for (size_t i = 0; i < conf->overrides.n; i++) {
		free(conf->overrides.items[i].path);
		free(conf->overrides.items[i].pattern);
	}
	for (size_t i = 0; i < conf->externals.n; i++) {
		free(conf->externals.items[i].folder);
		free(conf->externals.items[i].pattern);
	}
	free(conf->searches.items);
	free(conf->excludes.items);
	free(conf->overrides.items);
	free(conf->externals.items);
	*conf = (struct rd_depmod_conf)RD_DEPMOD_CONF_INIT;
}

struct reader {
	struct rd_depmod_conf *conf;
	const char *path, *module;
	struct rd_modprobe_lines *lines;
};

static int note(const struct reader *reader, const struct rd_conf_line *line,
		enum rd_modprobe_kind kind, const char *module)
{
	RD_CLEANUP(rd_freep) char *place = rd_conf_line_place(line, reader->path);
	RD_CLEANUP(rd_freep) char *text = rd_conf_line_text(line);
	int r;

	if (!place || !text)
		return -ENOMEM;
	r = rd_modprobe_lines_add(reader->lines, kind, module, place, text);
	return r == RD_MODPROBE_LINES_FULL ? RD_DEPMOD_CONF_REFUSED : r;
}

/* Takes @word. */
static int push_word(char ***itemsp, size_t *np, size_t *capp, char *word)
{
	if (!word || rd_array_grow(itemsp, capp, *np + 1, sizeof(**itemsp))) {
		free(word);
		return -ENOMEM;
	}
	(*itemsp)[(*np)++] = word;
	return 0;
}

static int read_search(const struct reader *reader, struct rd_conf_line *line)
{
	struct rd_depmod_conf *conf = reader->conf;
	const char *word;

	while ((word = rd_conf_line_word(line))) {
		if (conf->searches.n >= WORDS_MAX)
			return RD_DEPMOD_CONF_REFUSED;
		if (push_word(&conf->searches.items, &conf->searches.n, &conf->searches.cap,
			      strdup(word)))
			return -ENOMEM;
	}
	return note(reader, line, RD_MODPROBE_SEARCH, NULL);
}

static int read_exclude(const struct reader *reader, struct rd_conf_line *line)
{
	struct rd_depmod_conf *conf = reader->conf;
	const char *word;

	while ((word = rd_conf_line_word(line))) {
		if (conf->excludes.n >= WORDS_MAX)
			return RD_DEPMOD_CONF_REFUSED;
		if (push_word(&conf->excludes.items, &conf->excludes.n, &conf->excludes.cap,
			      strdup(word)))
			return -ENOMEM;
	}
	return 0;
}

/* override MODULE KERNEL FOLDER; MODULE may have folders of its own, as it is joined to FOLDER. */
static int read_override(const struct reader *reader, struct rd_conf_line *line)
{
	struct rd_depmod_conf *conf = reader->conf;
	const char *module = rd_conf_line_word(line);
	const char *pattern = rd_conf_line_word(line);
	const char *folder = rd_conf_line_word(line);
	struct rd_depmod_override override = { 0 };
	const char *slash;

	if (!folder)
		return 0;
	slash = strrchr(module, '/');
	if (strcmp(slash ? slash + 1 : module, reader->module) != 0)
		return 0;
	if (conf->overrides.n >= WORDS_MAX)
		return RD_DEPMOD_CONF_REFUSED;
	override.pattern = strdup(pattern);
	if (asprintf(&override.path, "%s/%s", folder, module) < 0)
		override.path = NULL;
	if (override.pattern && override.path && !rd_array_push(&conf->overrides, &override))
		return note(reader, line, RD_MODPROBE_OVERRIDE, reader->module);
	free(override.pattern);
	free(override.path);
	return -ENOMEM;
}

/* A copy without the slashes at its end. */
static char *without_slashes(const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	return strndup(folder, n);
}

static int read_external(const struct reader *reader, struct rd_conf_line *line)
{
	struct rd_depmod_conf *conf = reader->conf;
	const char *pattern = rd_conf_line_word(line);
	const char *folder = rd_conf_line_word(line);
	struct rd_depmod_external external = { 0 };

	if (!folder || *folder != '/')
		return 0;
	if (conf->externals.n >= WORDS_MAX)
		return RD_DEPMOD_CONF_REFUSED;
	external.pattern = strdup(pattern);
	external.folder = without_slashes(folder);
	if (external.pattern && external.folder && !rd_array_push(&conf->externals, &external))
		return note(reader, line, RD_MODPROBE_EXTERNAL, NULL);
	free(external.pattern);
	free(external.folder);
	return -ENOMEM;
}

static const struct command {
	const char *name;
	int (*read)(const struct reader *reader, struct rd_conf_line *line);
} commands[] = {
	{ .name = "search", .read = read_search },
	{ .name = "override", .read = read_override },
	{ .name = "external", .read = read_external },
	{ .name = "exclude", .read = read_exclude },
};

static int read_line(const struct reader *reader, struct rd_conf_line *line)
{
	const char *name = rd_conf_line_word(line);

	for (size_t i = 0; name && i < RD_N_ELEMENTS(commands); i++) {
		if (!strcmp(name, commands[i].name))
			return commands[i].read(reader, line);
	}
	return 0;
}

int rd_depmod_conf_read(struct rd_depmod_conf *conf, const char *text, size_t len, const char *path,
			const char *module, struct rd_modprobe_lines *lines)
{
	RD_CLEANUP(rd_conf_line_deinit) struct rd_conf_line line = RD_CONF_LINE_INIT;
	struct rd_conf_lines at = RD_CONF_LINES(text, len);
	struct reader reader = {
		.conf = conf,
		.path = path,
		.module = module,
		.lines = lines,
	};
	int r;

	while (!(r = rd_conf_lines_next(&at, &line))) {
		r = read_line(&reader, &line);
		if (r)
			return r;
	}
	return r < 0 ? r : 0;
}

/* Whether a line with that pattern is about the release; a pattern that is none is about none. */
static int match(const char *pattern, const char *release, bool *matchesp)
{
	int r;

	*matchesp = !strcmp(pattern, "*");
	if (*matchesp)
		return 0;
	r = rd_pattern_match(pattern, release, matchesp);
	if (r == RD_PATTERN_REFUSED)
		return RD_DEPMOD_CONF_REFUSED;
	return r == RD_PATTERN_BAD ? 0 : r;
}

void rd_depmod_order_deinit(struct rd_depmod_order *order)
{
	free(order->overrides.items);
	free(order->externals.items);
	*order = (struct rd_depmod_order)RD_DEPMOD_ORDER_INIT;
}

int rd_depmod_order_init(struct rd_depmod_order *order, const struct rd_depmod_conf *conf,
			 const char *folder)
{
	RD_CLEANUP(rd_depmod_order_deinit)
	struct rd_depmod_order made = { .conf = conf, .folder = folder };
	const char *release = strrchr(folder, '/') + 1;
	bool matches;
	int r;

	for (size_t i = conf->overrides.n; i-- > 0;) {
		const struct rd_depmod_override *override = &conf->overrides.items[i];

		r = match(override->pattern, release, &matches);
		if (!r && matches)
			r = rd_array_push(&made.overrides, (const char **)&override->path);
		if (r)
			return r;
	}
	for (size_t i = conf->externals.n; i-- > 0;) {
		const struct rd_depmod_external *external = &conf->externals.items[i];

		r = match(external->pattern, release, &matches);
		if (!r && matches)
			r = rd_array_push(&made.externals, (const char **)&external->folder);
		if (r)
			return r;
	}
	*order = made;
	made = (struct rd_depmod_order)RD_DEPMOD_ORDER_INIT;
	return 0;
}

/* Whether @path lies below @folder, which has no slash at its end. */
static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && path[n] == '/';
}

/* The path below the kernel's folder, NULL if it lies elsewhere. */
static const char *relative(const struct rd_depmod_order *order, const char *path)
{
	return is_below(path, order->folder) ? path + strlen(order->folder) + 1 : NULL;
}

/* The path below the folder in which depmod meets it. */
static const char *met_path(const struct rd_depmod_order *order, const char *path)
{
	for (size_t i = 0; i < order->externals.n; i++) {
		if (is_below(path, order->externals.items[i]))
			return path + strlen(order->externals.items[i]) + 1;
	}
	return relative(order, path);
}

bool rd_depmod_order_sees(const struct rd_depmod_order *order, const char *path)
{
	const char *part = met_path(order, path);

	if (!part)
		return false;
	while (part) {
		size_t n = strcspn(part, "/");

		for (size_t i = 0; i < order->conf->excludes.n; i++) {
			const char *name = order->conf->excludes.items[i];

			if (strlen(name) == n && !memcmp(part, name, n))
				return false;
		}
		part = part[n] ? part + n + 1 : NULL;
	}
	return true;
}

/* Whether an override names the file: its path without what follows the first dot of its name. */
static bool is_named(const char *override, const char *below)
{
	size_t n = strlen(override);

	return below && !strncmp(below, override, n) && below[n] == '.' && !strchr(below + n, '/');
}

/*
 * Ranks count from 1 for the last word of the search lines. depmod asks for the file it has only
 * where the new one is not in the same folder: @rival, NULL for the new one itself.
 */
static int find_rank(const struct rd_depmod_order *order, const char *path, const char *rival)
{
	static const char updates[] = "updates";
	size_t n = order->conf->searches.n ? order->conf->searches.n : 1;
	const char *below = relative(order, path);
	const char *rival_below = rival ? relative(order, rival) : NULL;
	int rank = 0, at = 0, builtin = 0;

	for (size_t i = n; i-- > 0;) {
		const char *word = order->conf->searches.n ? order->conf->searches.items[i]
							   : updates;

		at++;
		if (!strcmp(word, "built-in")) {
			builtin = at;
			continue;
		}
		if (!strcmp(word, "external")) {
			for (size_t k = 0; k < order->externals.n; k++, at++)
				rank = is_below(path, order->externals.items[k]) ? at : rank;
			continue;
		}
		if (below && is_below(below, word) && !(rival_below && is_below(rival_below, word)))
			rank = at;
	}
	return rank ? rank : builtin;
}

bool rd_depmod_order_replaces(const struct rd_depmod_order *order, const char *old, const char *new)
{
	for (size_t i = 0; i < order->overrides.n; i++) {
		if (is_named(order->overrides.items[i], relative(order, new)))
			return true;
		if (is_named(order->overrides.items[i], relative(order, old)))
			return false;
	}
	return find_rank(order, new, NULL) > find_rank(order, old, new);
}
