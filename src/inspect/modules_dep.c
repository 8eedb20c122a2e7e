/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A module's name is that of its file up to the first dot, with '-' turned into '_'
 * (path_to_modname() in kmod's shared/util.c); the file's name ends as one of a module does.
 *
 * Formats: modules.dep(5), "PATH: PATH..." with paths below the kernel's folder or absolute;
 * modules.order and modules.builtin, one path a line (Documentation/kbuild/kbuild.rst).
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/modules_dep.h"

static bool has_module_suffix(const char *name, size_t len)
{
	static const char *const suffixes[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };

	for (size_t i = 0; i < RD_N_ELEMENTS(suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (len > n && !memcmp(name + len - n, suffixes[i], n))
			return true;
	}
	return false;
}

static bool is_module(const char *name, size_t len, const char *module)
{
	size_t i;

	for (i = 0; i < len && module[i]; i++) {
		if (name[i] != module[i] && !(name[i] == '-' && module[i] == '_'))
			return false;
	}
	return i < len && !module[i] && name[i] == '.' && has_module_suffix(name, len);
}

bool rd_modules_dep_is(const char *name, const char *module)
{
	return is_module(name, strlen(name), module);
}

int rd_modules_dep_find(const char *text, size_t len, const char *module, char **pathp)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = (size_t)((newline ? newline : end) - text);
		const char *colon = memchr(text, ':', line);
		size_t path = colon ? (size_t)(colon - text) : line;
		const char *slash = memrchr(text, '/', path);
		const char *name = slash ? slash + 1 : text;

		if (is_module(name, path - (size_t)(name - text), module)) {
			*pathp = strndup(text, path);
			return *pathp ? 0 : -ENOMEM;
		}
		text += newline ? line + 1 : line;
	}
	return 0;
}
