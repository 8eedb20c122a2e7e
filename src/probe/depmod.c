/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which file modprobe takes. On this machine libkmod is asked, as modprobe asks it, with no
 * configuration, so that what modules.dep.bin says is the answer. In a picture the text beside it
 * is read instead: depmod writes both from one table, and libkmod opens its files itself, past the
 * root; before version 31 it also ends the process, or writes out of bounds, on a broken index.
 *
 * Formats: modules.dep(5), modules.builtin (Documentation/kbuild/kbuild.rst), one path a line.
 */

#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "depmod.h"

#define MODULE	  "amdgpu"
#define INDEX_MAX ((size_t)16 << 20)

const char *const rd_depmod_folders[2] = { "/lib/modules", "/usr/lib/modules" };

static void kmod_unrefp(struct kmod_ctx **ctxp)
{
	kmod_unref(*ctxp);
}

static void kmod_unref_listp(struct kmod_list **listp)
{
	kmod_module_unref_list(*listp);
}

bool rd_depmod_is_module(const char *name)
{
	static const char *const names[] = { MODULE ".ko", MODULE ".ko.gz", MODULE ".ko.xz",
					     MODULE ".ko.zst" };

	for (size_t i = 0; i < RD_N_ELEMENTS(names); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}

/* The line of @text whose path, up to @end, is that of amdgpu: copied, NULL if there is none. */
static int find_line(const char *text, const char *end, char **pathp)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		RD_CLEANUP(rd_freep) char *path = strndup(line, strcspn(line, end));
		const char *slash;

		if (!path)
			return -ENOMEM;
		slash = strrchr(path, '/');
		if (!rd_depmod_is_module(slash ? slash + 1 : path))
			continue;
		*pathp = RD_TAKE_PTR(path);
		return 0;
	}
	return 0;
}

static int read_index(const struct rd_system *sys, const char *folder, const char *name,
		      struct rd_text *text, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = rd_attribute_path(folder, name);
	int r;

	if (!path)
		return rd_error_nomem(err);
	r = rd_system_read(sys, path, INDEX_MAX, text, err);
	if (!r && !text->data && rd_text_puts(text, ""))
		return rd_error_nomem(err);
	return r;
}

static int resolve_text(const struct rd_system *sys, const char *folder, char **pathp,
			struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *path = NULL;
	int r;

	r = read_index(sys, folder, "modules.dep", &text, err);
	if (r)
		return r;
	if (find_line(text.data, ":\n", &path))
		return rd_error_nomem(err);
	if (!path)
		return 0;
	*pathp = *path == '/' ? RD_TAKE_PTR(path) : rd_attribute_path(folder, path);
	return *pathp ? 0 : rd_error_nomem(err);
}

static void log_nothing(void *data, int priority, const char *file, int line, const char *fn,
			const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

static int resolve_live(const char *folder, char **pathp, struct rd_error *err)
{
	static const char *const no_config[] = { NULL };
	RD_CLEANUP(kmod_unrefp) struct kmod_ctx *ctx = NULL;
	RD_CLEANUP(kmod_unref_listp) struct kmod_list *list = NULL;
	struct kmod_list *entry;

	ctx = kmod_new(folder, no_config);
	if (!ctx)
		return rd_error_nomem(err);
	kmod_set_log_fn(ctx, log_nothing, NULL);
	if (kmod_module_new_from_lookup(ctx, MODULE, &list) == -ENOMEM)
		return rd_error_nomem(err);

	kmod_list_foreach(entry, list)
	{
		struct kmod_module *module = kmod_module_get_module(entry);
		const char *path = kmod_module_get_path(module);

		if (path && !*pathp)
			*pathp = strdup(path);
		kmod_module_unref(module);
		if (path && !*pathp)
			return rd_error_nomem(err);
	}
	return 0;
}

int rd_depmod_resolve(const struct rd_system *sys, const char *folder, char **pathp,
		      struct rd_error *err)
{
	int r = sys->is_live ? resolve_live(folder, pathp, err) : 0;

	/* Where the binary index is missing, the next depmod makes it from the same table. */
	return r || *pathp ? r : resolve_text(sys, folder, pathp, err);
}

int rd_depmod_has_builtin(const struct rd_system *sys, const char *folder,
			  enum rd_presence *presencep, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *path = NULL;
	int r;

	r = read_index(sys, folder, "modules.builtin", &text, err);
	if (r)
		return r < 0 ? r : 0;
	if (find_line(text.data, "\n", &path))
		return rd_error_nomem(err);
	*presencep = path ? RD_PRESENCE_YES : RD_PRESENCE_NO;
	return 0;
}
