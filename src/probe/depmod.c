/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which file modprobe takes. On this machine libkmod is asked, as modprobe asks it, with no
 * configuration, so that what modules.dep.bin says is the answer. In a picture the text beside it
 * is read instead: depmod writes both from one table, and libkmod opens its files itself, past the
 * root; before version 31 it also ends the process, or writes out of bounds, on a broken index.
 *
 * Formats: src/inspect/modules_dep.c, src/inspect/depmod_conf.c.
 */

#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "conf.h"
#include "depmod.h"
#include "inspect/modules_dep.h"

#define MODULE	  "amdgpu"
#define INDEX_MAX ((size_t)16 << 20)

/* The largest tree of a kernel has 5,000 entries. */
#define EXTERNAL_ENTRIES_MAX ((size_t)1 << 18)

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
	return rd_modules_dep_is(name, MODULE);
}

struct conf_reader {
	struct rd_depmod *depmod;
	struct rd_facts *facts;
};

static int read_conf(void *userdata, const char *path, const struct rd_text *text)
{
	struct conf_reader *reader = userdata;
	int r;

	r = rd_depmod_conf_read(&reader->depmod->conf, text->data, text->len, path, MODULE,
				&reader->facts->modprobe);
	if (r != RD_DEPMOD_CONF_REFUSED)
		return r;
	reader->depmod->is_known = false;
	return rd_facts_add_unread(reader->facts, path, "more lines than any machine has", false);
}

int rd_depmod_init(struct rd_depmod *depmod, const struct rd_system *sys, struct rd_facts *facts,
		   struct rd_error *err)
{
	struct conf_reader reader = { .depmod = depmod, .facts = facts };
	bool is_complete;
	int r;

	depmod->is_known = true;
	depmod->externals_left = EXTERNAL_ENTRIES_MAX;
	r = rd_conf_read(sys, "depmod.d", read_conf, &reader, facts, &is_complete, err);
	depmod->is_known &= !r && is_complete;
	return r;
}

void rd_depmod_deinit(struct rd_depmod *depmod)
{
	rd_depmod_conf_deinit(&depmod->conf);
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
	if (rd_modules_dep_find(text.data, text.len, MODULE, &path))
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
	if (rd_modules_dep_find(text.data, text.len, MODULE, &path))
		return rd_error_nomem(err);
	*presencep = path ? RD_PRESENCE_YES : RD_PRESENCE_NO;
	return 0;
}
