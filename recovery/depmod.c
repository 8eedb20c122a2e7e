/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * depmod(8) writes ten files in place, without a sync, and on a full disk puts a cut one over a
 * good one. So it never sees the real folder: it indexes a shadow of it, a tree of links to the
 * modules, from which what will be removed later is left out. What it made is looked at before
 * anything of it is put in place.
 *
 * Where depmod looks below its base folder was settled when it was built: lib/modules or
 * usr/lib/modules. The shadow has both.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "depmod.h"
#include "inspect/modules_dep.h"
#include "model/data.h"
#include "recovery/changes.h"
#include "recovery/write.h"
#include "tool.h"

#define MODULES	    "/lib/modules"
#define SHADOW	    "shadow"
#define INDEX_MAX   ((size_t)64 << 20)
#define ENTRIES_MAX ((size_t)1 << 18)
#define SECONDS	    600

/* What depmod(8) writes. The first ones it has always written, the others by version. */
static const struct output {
	const char *name;
	bool is_sure;
} outputs[] = {
	{ .name = "modules.dep", .is_sure = true },
	{ .name = "modules.dep.bin", .is_sure = true },
	{ .name = "modules.alias", .is_sure = true },
	{ .name = "modules.alias.bin", .is_sure = true },
	{ .name = "modules.softdep", .is_sure = true },
	{ .name = "modules.symbols", .is_sure = true },
	{ .name = "modules.symbols.bin", .is_sure = true },
	{ .name = "modules.weakdep" },
	{ .name = "modules.devname" },
	{ .name = "modules.builtin.bin" },
	{ .name = "modules.builtin.alias.bin" },
};

/* What it reads beside the modules. */
static const char *const inputs[] = { "modules.order", "modules.builtin",
				      "modules.builtin.modinfo" };

static int has_file(const struct rd_system *sys, const char *path, bool *yesp, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	struct stat st;
	int r = rd_system_stat(sys, path, &st, &why);

	*yesp = !r;
	return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
}

int depmod_plan(const struct rd_system *sys, const char *kernel, struct rd_plan *plan,
		struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < RD_N_ELEMENTS(outputs); i++) {
		char path[PATH_MAX], source[PATH_MAX];
		bool is_there = outputs[i].is_sure;

		snprintf(path, sizeof(path), MODULES "/%s/%s", kernel, outputs[i].name);
		snprintf(source, sizeof(source), "%s/%s/%s", rd_step_name(RD_STEP_DEPMOD), kernel,
			 outputs[i].name);
		if (!is_there)
			r = has_file(sys, path, &is_there, err);
		if (!r && is_there && rd_plan_put(plan, path + 1, source))
			r = rd_error_nomem(err);
	}
	return r;
}

/* One kernel's index under way. */
struct index {
	const struct depmod_order *order;
	const char *kernel;
	const char *module; /* as seen from the root, that amdgpu must be resolved to */
	char folder[PATH_MAX]; /* the real one, as seen from the root */
	char shadow[PATH_MAX]; /* its shadow, from the root */
};

static bool is_left_out(const struct rd_notes *notes, const char *path)
{
	for (size_t i = 0; i < notes->n; i++) {
		if (rd_text_has_prefix(notes->items[i].key, RD_NOTE_WITHOUT) &&
		    !strcmp(notes->items[i].value, path + 1))
			return true;
	}
	return false;
}

/* A link below the shadow to a file of the real folder. */
static int link_file(const struct index *index, const char *path, struct rd_error *err)
{
	const struct rd_system *sys = index->order->sys;
	RD_CLEANUP(rd_closep) int fd = -1;
	char folder[PATH_MAX];
	const char *name = strrchr(path, '/') + 1;
	int n;

	n = snprintf(folder, sizeof(folder), "%s%.*s", index->shadow,
		     (int)(name - 1 - path - (ptrdiff_t)strlen(index->folder)),
		     path + strlen(index->folder));
	if (n >= (int)sizeof(folder))
		return rd_error_set(err, ENAMETOOLONG, "%s: too long", path);
	fd = rd_write_open(sys->rootfd, folder, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		fd = rd_write_folder(sys->rootfd, folder, 0755, err);
	if (fd < 0)
		return fd;
	return symlinkat(path, fd, name) < 0
		       ? rd_error_set(err, errno, "link %s: %s", path, strerror(errno))
		       : 0;
}

static int visit(void *userdata, enum rd_walk_event event, const char *path,
		 const struct rd_error *why, struct rd_error *err)
{
	const struct index *index = userdata;
	const char *place = path + strlen(index->folder);

	switch (event) {
	case RD_WALK_UNREADABLE:
		return rd_error_set(err, EIO, "%s", why->msg);
	case RD_WALK_FOLDER:
		/* Links to headers, which have no modules and many files. */
		return !strcmp(place, "/build") || !strcmp(place, "/source") ? RD_WALK_SKIP : 0;
	case RD_WALK_FILE:
		break;
	}
	if (!strstr(strrchr(path, '/'), ".ko") || is_left_out(index->order->notes, path))
		return 0;
	return link_file(index, path, err);
}

static int make_shadow(const struct index *index, struct rd_error *err)
{
	const struct rd_system *sys = index->order->sys;
	RD_CLEANUP(rd_closep) int fd = -1;
	char base[PATH_MAX];
	int r;

	fd = rd_write_folder(sys->rootfd, index->shadow, 0755, err);
	if (fd < 0)
		return fd;
	rd_closep(&fd);
	snprintf(base, sizeof(base), "%.2000s/" SHADOW, index->order->stage);
	fd = rd_write_open(sys->rootfd, base, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return rd_error_set(err, -fd, "open %s: %s", base, strerror(-fd));
	if (symlinkat("usr/lib", fd, "lib") < 0 && errno != EEXIST)
		return rd_error_set(err, errno, "link %s/lib: %s", base, strerror(errno));
	r = rd_system_walk(sys, index->folder, ENTRIES_MAX, visit, (void *)(uintptr_t)index, err);
	for (size_t i = 0; !r && i < RD_N_ELEMENTS(inputs); i++) {
		char path[PATH_MAX];
		bool is_there = false;

		snprintf(path, sizeof(path), MODULES "/%s/%s", index->kernel, inputs[i]);
		r = has_file(sys, path, &is_there, err);
		if (!r && is_there)
			r = link_file(index, path, err);
	}
	return r > 0 ? -EIO : r;
}

/* The file that was made goes to the stage; where an older depmod left one, that one. */
static int take_output(const struct index *index, const char *name, int to, struct rd_error *err)
{
	const struct rd_system *sys = index->order->sys;
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_closep) int fd = -1;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%.3800s/%.255s", index->shadow, name);
	r = rd_write_place(sys->rootfd, path, &place, err);
	if (r)
		return r > 0 ? -EIO : r;
	if (!renameat(place.dirfd, name, to, name))
		return 0;
	if (errno != ENOENT)
		return rd_error_set(err, errno, "take %s: %s", path, strerror(errno));
	snprintf(path, sizeof(path), "%.3800s/%.255s", index->folder, name);
	r = rd_system_read(sys, path, INDEX_MAX, &text, err);
	if (r)
		return r < 0 ? r : 0; /* neither made nor there: no file of this depmod */
	fd = rd_write_temporary(to, name, err);
	return fd < 0 ? fd : rd_write_all(fd, text.data, text.len, err);
}

/* The distribution's driver does not fit to modules of AMD's set, which depmod prefers. */
static int check_needs(struct rd_text *text, const char *path, const char *place,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *head = rd_text_format("%s:", place);
	char *line, *state = NULL;

	if (!head)
		return rd_error_nomem(err);
	if (!rd_text_has_prefix(place, "kernel/"))
		return 0;
	line = strstr(text->data, head);
	if (!line)
		return 0;
	line[strcspn(line, "\n")] = '\0';
	for (char *need = strtok_r(line + strlen(head), " ", &state); need;
	     need = strtok_r(NULL, " ", &state)) {
		const char *name = strrchr(need, '/');

		if (!rd_text_has_prefix(need, "kernel/") && name &&
		    rd_data_is_of_dkms_set(name + 1))
			return rd_error_set(err, EBADMSG, "%s: %s would need %s, of another set",
					    path, place, need);
	}
	return 0;
}

/* Whether an index leads to the right module. */
static int check_index(const struct rd_system *sys, const char *path, const char *kernel,
		       const char *module, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *found = NULL;
	const char *place = module + strlen(MODULES "/") + strlen(kernel) + 1;
	int r;

	r = rd_system_read(sys, path, INDEX_MAX, &text, err);
	if (r)
		return r < 0 ? r : -EIO;
	r = rd_modules_dep_find(text.data ? text.data : "", text.len, "amdgpu", &found);
	if (r)
		return rd_error_nomem(err);
	if (found && !strcmp(found, place))
		return check_needs(&text, path, place, err);
	return rd_error_set(err, EBADMSG, "%s: amdgpu would be loaded from %s, and not from %s",
			    path, found ? found : "nowhere", place);
}

static int run_kernel(const struct index *index, struct rd_error *err)
{
	const struct rd_system *sys = index->order->sys;
	char base[PATH_MAX], made[PATH_MAX];
	const char *arguments[] = { "-b", base, index->kernel, NULL };
	const struct tool tool = {
		.sys = sys,
		.name = "depmod",
		.arguments = arguments,
		.seconds = SECONDS,
		.logfd = -1,
	};
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	snprintf(base, sizeof(base), "/%.2000s/" SHADOW, index->order->stage);
	snprintf(made, sizeof(made), "%.2000s/%.255s", index->order->stage, index->kernel);
	r = make_shadow(index, err);
	if (!r)
		r = tool_run(&tool, err);
	if (r)
		return r < 0 ? r : -EIO;
	fd = rd_write_folder(sys->rootfd, made, 0755, err);
	if (fd < 0)
		return fd;
	for (size_t i = 0; !r && i < RD_N_ELEMENTS(outputs); i++)
		r = take_output(index, outputs[i].name, fd, err);
	if (r)
		return r;
	snprintf(base, sizeof(base), "/%.2500s/modules.dep", made);
	return check_index(sys, base, index->kernel, index->module, err);
}

/* The kernel of a note, if it is about where amdgpu is loaded from; else NULL. */
static const char *kernel_of(const struct rd_note *note)
{
	return rd_text_has_prefix(note->key, RD_NOTE_MODULE) ? note->key + strlen(RD_NOTE_MODULE)
							     : NULL;
}

int depmod_run(const struct depmod_order *order, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < order->notes->n; i++) {
		struct index index = {
			.order = order,
			.kernel = kernel_of(&order->notes->items[i]),
			.module = order->notes->items[i].value,
		};

		if (!index.kernel)
			continue;
		snprintf(index.folder, sizeof(index.folder), MODULES "/%.255s", index.kernel);
		snprintf(index.shadow, sizeof(index.shadow),
			 "%.2000s/" SHADOW "/usr/lib/modules/%.255s", order->stage, index.kernel);
		r = run_kernel(&index, err);
		if (r)
			rd_error_prefix(err, r, "%s", index.kernel);
	}
	return r;
}

int depmod_check(const struct rd_system *sys, const struct rd_notes *notes, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < notes->n; i++) {
		const char *kernel = kernel_of(&notes->items[i]);
		char path[PATH_MAX];

		if (!kernel)
			continue;
		snprintf(path, sizeof(path), MODULES "/%s/modules.dep", kernel);
		r = check_index(sys, path, kernel, notes->items[i].value, err);
	}
	return r;
}
