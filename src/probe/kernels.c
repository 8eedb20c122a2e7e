/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The copies of amdgpu below lib/modules: for each release the file that modprobe would load, and
 * every other amdgpu.ko in its tree, as depmod(8) would find it (links to folders followed inside
 * the root, `build` and `source` left out), and what recipes left beside them.
 *
 * Loadable is the file that the index names. The others are shadowed: they load only after another
 * depmod with the first one gone. Where no index names a file that exists, the next depmod picks
 * among all of them, and all count as loadable.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "depmod.h"
#include "examine.h"
#include "folder_set.h"
#include "inspect/inspect.h"
#include "probe/probe.h"

/* Debian's largest tree has 5,000 entries; a hostile one may have any number. */
#define TREE_ENTRIES_MAX ((size_t)1 << 19)
#define RELEASES_MAX	 256
#define MODULES_MAX	 64 /* per release */

struct module_file {
	char *path;
	bool is_backup;
};

/* One release under way. */
struct tree {
	struct rd_facts *facts;
	const char *resolved; /* borrowed; NULL if none is known */
	struct {
		struct module_file *items;
		size_t n, cap;
	} files;
	bool is_incomplete;
};

static void tree_deinit(struct tree *tree)
{
	for (size_t i = 0; i < tree->files.n; i++)
		free(tree->files.items[i].path);
	free(tree->files.items);
}

static int add_file(struct tree *tree, const char *path, bool is_backup)
{
	struct module_file file = { .path = strdup(path), .is_backup = is_backup };

	if (file.path && !rd_array_push(&tree->files, &file))
		return 0;
	free(file.path);
	return -ENOMEM;
}

/* amdgpu.ko.backup, amdgpu.ko.zst.old, amdgpu.ko~: whatever was made of a module's name. */
static bool is_left_behind(const char *name)
{
	static const char module[] = "amdgpu.ko";

	return rd_text_has_prefix(name, module) && name[strlen(module)] &&
	       !rd_depmod_is_module(name);
}

static int meet(void *userdata, enum rd_walk_event event, const char *path,
		const struct rd_error *why, struct rd_error *err)
{
	struct tree *tree = userdata;
	const char *name = strrchr(path, '/') + 1;
	bool is_module;

	if (event == RD_WALK_FOLDER)
		return !strcmp(name, "build") || !strcmp(name, "source") ? RD_WALK_SKIP : 0;
	if (event == RD_WALK_UNREADABLE) {
		tree->is_incomplete = true;
		return rd_attribute_unread(tree->facts, path, why, err);
	}

	is_module = rd_depmod_is_module(name);
	if (!is_module && !is_left_behind(name))
		return 0;
	if (tree->resolved && !strcmp(path, tree->resolved))
		return 0; /* listed first */
	if (tree->files.n >= MODULES_MAX) {
		struct rd_error many = RD_ERROR_INIT;

		tree->is_incomplete = true;
		rd_error_set(&many, EFBIG, "more than %d copies in one tree", MODULES_MAX);
		if (rd_attribute_unread(tree->facts, path, &many, err))
			return -ENOMEM;
		return -ECANCELED;
	}
	return add_file(tree, path, !is_module) ? rd_error_nomem(err) : 0;
}

/* The resolved file first, then the others by name, backups last. */
static int file_compare(const void *a, const void *b)
{
	const struct module_file *x = a, *y = b;

	return x->is_backup != y->is_backup ? x->is_backup - y->is_backup
					    : strcmp(x->path, y->path);
}

static int find_files(const struct rd_system *sys, const char *folder, struct tree *tree,
		      struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_walk(sys, folder, TREE_ENTRIES_MAX, meet, tree, &why);
	if (r == RD_SYSTEM_UNREADABLE || r == RD_SYSTEM_ABSENT) {
		tree->is_incomplete = true;
		return rd_attribute_unread(tree->facts, folder, &why, err);
	}
	if (r && r != -ECANCELED)
		return rd_error_set(err, -r, "%s", why.msg);
	if (tree->files.n)
		qsort(tree->files.items, tree->files.n, sizeof(*tree->files.items), file_compare);
	return 0;
}

/* Appends the copies of one release. */
static int examine_files(struct rd_examiner *examiner, const struct rd_kernel *kernel,
			 const struct tree *tree, struct rd_error *err)
{
	struct rd_copies *copies = &examiner->facts->copies;
	bool is_shadowed = false;
	int r;

	if (kernel->resolved) {
		r = rd_examine(examiner, RD_COPY_INSTALLED, kernel->release, kernel->resolved, err);
		if (r < 0)
			return r;
		copies->items[copies->n - 1].is_resolved = true;
		copies->items[copies->n - 1].is_loadable = true;
		is_shadowed = !r;
	}
	for (size_t i = 0; i < tree->files.n; i++) {
		const struct module_file *file = &tree->files.items[i];
		enum rd_copy_kind kind = file->is_backup ? RD_COPY_BACKUP : RD_COPY_INSTALLED;

		r = rd_examine(examiner, kind, kernel->release, file->path, err);
		if (r < 0)
			return r;
		copies->items[copies->n - 1].is_loadable = !file->is_backup && !is_shadowed;
	}
	return 0;
}

static enum rd_presence presence_of(const struct rd_kernel *kernel, const struct tree *tree)
{
	if (kernel->resolved || (tree->files.n && !tree->files.items[0].is_backup))
		return RD_PRESENCE_YES;
	return tree->is_incomplete ? RD_PRESENCE_UNKNOWN : RD_PRESENCE_NO;
}

/* Fills what depmod's indexes say; an unreadable one makes the tree incomplete. */
static int read_indexes(struct rd_examiner *examiner, const char *folder, struct rd_kernel *kernel,
			struct tree *tree, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_depmod_resolve(examiner->sys, folder, &kernel->resolved, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE) {
		RD_CLEANUP(rd_freep) char *path = rd_attribute_path(folder, "modules.dep");

		if (!path || rd_attribute_unread(examiner->facts, path, &why, err))
			return rd_error_nomem(err);
		tree->is_incomplete = true;
	}
	tree->resolved = kernel->resolved;
	return rd_depmod_has_builtin(examiner->sys, folder, &kernel->has_builtin, err);
}

static int read_kernel(struct rd_examiner *examiner, const char *folder, struct rd_kernel *kernel,
		       struct rd_error *err)
{
	RD_CLEANUP(tree_deinit) struct tree tree = { .facts = examiner->facts };
	int r;

	r = read_indexes(examiner, folder, kernel, &tree, err);
	if (!r)
		r = find_files(examiner->sys, folder, &tree, err);
	if (!r)
		r = examine_files(examiner, kernel, &tree, err);
	kernel->has_amdgpu = presence_of(kernel, &tree);
	return r;
}

static int add_kernel(struct rd_examiner *examiner, const char *folder, const char *release,
		      struct rd_error *err)
{
	struct rd_facts *facts = examiner->facts;
	const char *running = facts->running.kernel;
	struct rd_kernel kernel = {
		.release = strdup(release),
		.is_running = running && !strcmp(release, running),
	};
	int r;

	if (!kernel.release)
		return rd_error_nomem(err);
	r = read_kernel(examiner, folder, &kernel, err);
	if (!r && rd_array_push(&facts->kernels, &kernel))
		r = rd_error_nomem(err);
	if (!r)
		return 0;
	free(kernel.release);
	free(kernel.resolved);
	free(kernel.expected);
	return rd_error_prefix(err, r, "%s", folder);
}

/* @is_link: second names of releases wait until the releases themselves were met. */
static bool is_wanted(const struct rd_entry *entry, const char *only, bool is_link)
{
	return (entry->type == DT_LNK) == is_link && (!only || !strcmp(entry->name, only));
}

static int add_release(struct rd_examiner *examiner, const char *base, const char *release,
		       struct rd_folder_set *seen, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *folder = rd_attribute_path(base, release);
	struct rd_error why = RD_ERROR_INIT;
	bool is_new = false;
	struct stat st;
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = rd_system_stat(examiner->sys, folder, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_attribute_unread(examiner->facts, folder, &why, err);
	if (r || !S_ISDIR(st.st_mode))
		return 0;
	if (rd_folder_set_add(seen, &st, &is_new))
		return rd_error_nomem(err);
	return is_new ? add_kernel(examiner, folder, release, err) : 0;
}

static int add_releases(struct rd_examiner *examiner, const char *base, const char *only,
			struct rd_folder_set *seen, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_list(examiner->sys, base, &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (!r && entries.n > RELEASES_MAX) {
		rd_error_set(&why, EFBIG, "%s has %zu entries, more than any machine", base,
			     entries.n);
		r = RD_SYSTEM_UNREADABLE;
	}
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_attribute_unread(examiner->facts, base, &why, err);

	for (size_t i = 0; !r && i < 2 * entries.n; i++) {
		const struct rd_entry *entry = &entries.items[i % entries.n];

		if (is_wanted(entry, only, i >= entries.n))
			r = add_release(examiner, base, entry->name, seen, err);
	}
	return r < 0 ? r : 0;
}

int rd_probe_kernels(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_folder_set_deinit) struct rd_folder_set seen = { 0 };
	RD_CLEANUP(rd_examiner_deinit)
	struct rd_examiner examiner = {
		.sys = sys,
		.options = options,
		.facts = facts,
		.flags = options->want_sha256 ? RD_INSPECT_SHA256 : 0,
		.max = RD_CODEC_MAX_MODULE,
		.compares_content = true,
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(rd_depmod_folders); i++) {
		int r = add_releases(&examiner, rd_depmod_folders[i], options->kernel, &seen, err);

		if (r)
			return r;
	}
	if (options->kernel && !facts->kernels.n &&
	    rd_facts_add_unread(facts, options->kernel, "no kernel of that release is installed",
				false))
		return rd_error_nomem(err);
	return 0;
}
