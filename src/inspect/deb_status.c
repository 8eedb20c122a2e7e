/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A stanza is found by its first line, which dpkg always writes as "Package: NAME" (lib/dpkg/dump.c
 * puts that field first); no other line of the file can start so, since continued lines start
 * with a space. The text has some megabytes and 2,500 stanzas, of which one or two are wanted.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/deb_status.h"

static const char first_field[] = "Package: ";

void rd_deb_status_deinit(struct rd_deb_status *status)
{
	free(status->version);
	free(status->architecture);
	*status = (struct rd_deb_status)RD_DEB_STATUS_INIT;
}

static struct rd_deb_word next_line(const char *text, size_t len, size_t *posp)
{
	const char *start = text + *posp;
	const char *newline = memchr(start, '\n', len - *posp);
	struct rd_deb_word line = { .s = start };

	line.len = newline ? (size_t)(newline - start) : len - *posp;
	*posp += line.len + (newline != NULL);
	return line;
}

static bool is_word(struct rd_deb_word word, const char *s, size_t len)
{
	return word.len == len && !memcmp(word.s, s, len);
}

/* The value of "FIELD: value", or one with a NULL string. */
static struct rd_deb_word value_of(struct rd_deb_word line, const char *field)
{
	size_t n = strlen(field);

	if (line.len <= n + 1 || strncasecmp(line.s, field, n) || line.s[n] != ':')
		return (struct rd_deb_word){ 0 };
	line.s += n + 1;
	line.len -= n + 1;
	while (line.len && *line.s == ' ') {
		line.s++;
		line.len--;
	}
	return line;
}

/* "install ok installed": the states in which the files are there are those after unpacking. */
static bool is_state_unpacked(struct rd_deb_word value)
{
	static const char *const states[] = { "unpacked", "half-configured", "triggers-awaited",
					      "triggers-pending", "installed" };
	const char *space = memrchr(value.s, ' ', value.len);
	size_t skip = space ? (size_t)(space + 1 - value.s) : 0;
	struct rd_deb_word state = { .s = value.s + skip, .len = value.len - skip };

	for (size_t i = 0; i < RD_N_ELEMENTS(states); i++) {
		if (is_word(state, states[i], strlen(states[i])))
			return true;
	}
	return false;
}

static int keep(char **top, struct rd_deb_word value)
{
	if (!value.s || *top)
		return 0;
	*top = strndup(value.s, value.len);
	return *top ? 0 : -ENOMEM;
}

/* @pos: of the line after the one that names the package. */
static int read_stanza(const char *text, size_t len, size_t pos, struct rd_deb_status *status)
{
	while (pos < len) {
		struct rd_deb_word line = next_line(text, len, &pos), value;

		if (!line.len)
			break;
		if (keep(&status->version, value_of(line, "Version")) ||
		    keep(&status->architecture, value_of(line, "Architecture")))
			return -ENOMEM;
		value = value_of(line, "Status");
		if (value.s)
			status->is_unpacked = is_state_unpacked(value);
	}
	return 0;
}

/* The position after the next first line of a stanza of that name, or 0. */
static size_t find_stanza(const char *text, size_t len, size_t pos, struct rd_deb_word name)
{
	while (pos < len) {
		const char *found =
			memmem(text + pos, len - pos, first_field, sizeof(first_field) - 1);
		bool is_first = found && (found == text || found[-1] == '\n');
		struct rd_deb_word line;

		if (!found)
			return 0;
		pos = (size_t)(found - text);
		line = next_line(text, len, &pos);
		if (is_first && is_word(value_of(line, "Package"), name.s, name.len))
			return pos;
	}
	return 0;
}

int rd_deb_status_find(const char *text, size_t len, const char *package,
		       struct rd_deb_status *statusp)
{
	const char *colon = strchr(package, ':');
	struct rd_deb_word name = {
		.s = package,
		.len = colon ? (size_t)(colon - package) : strlen(package),
	};
	size_t pos = 0;

	while ((pos = find_stanza(text, len, pos, name))) {
		RD_CLEANUP(rd_deb_status_deinit) struct rd_deb_status status = RD_DEB_STATUS_INIT;

		if (read_stanza(text, len, pos, &status))
			return -ENOMEM;
		if (colon && (!status.architecture || strcmp(status.architecture, colon + 1) != 0))
			continue;
		*statusp = status;
		status = (struct rd_deb_status)RD_DEB_STATUS_INIT;
		return 0;
	}
	return RD_DEB_STATUS_ABSENT;
}

/* The rest of a line " PATH DIGEST" of the field Conffiles, from its digest on. */
static bool read_conffile(struct rd_deb_word line, struct rd_deb_word *digest)
{
	const size_t n = 32;

	*digest = (struct rd_deb_word){ .s = line.s, .len = n };
	if (line.len != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!strchr("0123456789abcdef", line.s[i]))
			return false;
	}
	return true;
}

/* The name in the first line of the stanza that @pos is in. */
static struct rd_deb_word package_at(const char *text, size_t pos)
{
	struct rd_deb_word none = { 0 };

	while (pos) {
		size_t start = pos;
		struct rd_deb_word line;

		while (start && text[start - 1] != '\n')
			start--;
		line = (struct rd_deb_word){ .s = text + start, .len = pos - start };
		if (!line.len)
			return none;
		if (*line.s == 'P' && value_of(line, "Package").s)
			return value_of(line, "Package");
		pos = start ? start - 1 : 0;
	}
	return none;
}

bool rd_deb_conffile_find(const char *text, size_t len, const char *path,
			  struct rd_deb_conffile *conffile)
{
	size_t n = strlen(path), pos = 0;

	while (pos < len) {
		const char *found = memmem(text + pos, len - pos, path, n);
		struct rd_deb_conffile file;

		if (!found)
			return false;
		pos = (size_t)(found - text) + n;
		if (found < text + 2 || found[-1] != ' ' || found[-2] != '\n' || pos >= len ||
		    text[pos] != ' ')
			continue;
		pos++;
		if (!read_conffile(next_line(text, len, &pos), &file.digest))
			continue;
		/* Looked for once: of thousands of such lines in one stanza none has another. */
		file.package = package_at(text, (size_t)(found - text) - 2);
		if (!file.package.s)
			return false;
		*conffile = file;
		return true;
	}
	return false;
}

bool rd_deb_diversion_next(const char *text, size_t len, size_t *posp,
			   struct rd_deb_diversion *diversion)
{
	struct rd_deb_diversion next;

	if (*posp < len)
		next.from = next_line(text, len, posp);
	if (*posp < len)
		next.to = next_line(text, len, posp);
	if (*posp >= len)
		return false;
	next.package = next_line(text, len, posp);
	*diversion = next;
	return true;
}
