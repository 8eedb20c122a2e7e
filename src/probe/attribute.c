/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What all probes need around rd_system_read(): paths, numbers, KEY=value lines, and the rule that
 * an unreadable file is written down as unread instead of taken for an absent one.
 * Formats: Documentation/ABI/testing/sysfs-bus-pci, Documentation/core-api/kobject.rst (uevent).
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"

/* A hostile tree must not fill the report. */
#define UNREADS_MAX 100

char *rd_attribute_path(const char *folder, const char *name)
{
	return rd_text_format("%s/%s", folder, name);
}

int rd_attribute_read(const struct rd_system *sys, const char *folder, const char *name,
		      char **linep, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = rd_attribute_path(folder, name);

	if (!path)
		return rd_error_nomem(err);
	return rd_system_read_line(sys, path, linep, err);
}

int rd_attribute_get(const struct rd_system *sys, const char *folder, const char *name,
		     char **linep, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *line = NULL;
	int r;

	r = rd_attribute_read(sys, folder, name, &line, err);
	if (r < 0)
		return r;
	if (!r && *line)
		*linep = RD_TAKE_PTR(line);
	return 0;
}

int rd_attribute_get_hex(const struct rd_system *sys, const char *folder, const char *name,
			 struct rd_num *nump, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *line = NULL;
	uint64_t v;
	int r;

	r = rd_attribute_get(sys, folder, name, &line, err);
	if (!r && line && rd_text_parse_u64(line, 16, &v))
		*nump = RD_NUM(v);
	return r;
}

int rd_attribute_link(const struct rd_system *sys, const char *folder, const char *name,
		      char **basep, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = rd_attribute_path(folder, name);
	RD_CLEANUP(rd_freep) char *target = NULL;
	const char *slash;
	int r;

	if (!path)
		return rd_error_nomem(err);
	r = rd_system_readlink(sys, path, &target, err);
	if (r)
		return r;
	slash = strrchr(target, '/');
	*basep = strdup(slash ? slash + 1 : target);
	return *basep ? 0 : rd_error_nomem(err);
}

int rd_attribute_assignment(const char *text, const char *key, char **valuep)
{
	size_t n = strlen(key);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, key, n) || line[n] != '=')
			continue;
		*valuep = strndup(line + n + 1, strcspn(line + n + 1, "\r\n"));
		return *valuep ? 0 : -ENOMEM;
	}
	return 0;
}

int rd_attribute_copy(char **top, const char *from)
{
	if (from)
		*top = strdup(from);
	return from && !*top ? -ENOMEM : 0;
}

int rd_attribute_unread(struct rd_facts *facts, const char *path, const struct rd_error *why,
			struct rd_error *err)
{
	bool is_permission = why->errnum == EACCES || why->errnum == EPERM;
	const char *reason = is_permission ? strerror(why->errnum) : why->msg;

	if (facts->unreads.n > UNREADS_MAX)
		return 0;
	if (facts->unreads.n == UNREADS_MAX)
		reason = "and more could not be read; the list ends here";
	return rd_facts_add_unread(facts, path, reason, is_permission) ? rd_error_nomem(err) : 0;
}
