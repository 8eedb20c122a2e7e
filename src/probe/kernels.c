/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The copies of amdgpu of each release: the file that modprobe would load, every other one in its
 * tree, and what recipes left beside them (tree.c).
 *
 * Loadable is the file that the index names, and what the next depmod would choose: packages, dkms
 * and kernel updates run it unasked. The others are shadowed: they load only after somebody took
 * the chosen one away. Where the choice is not known and no index names a file that exists, all
 * count as loadable. A folder that a removed kernel has left is no kernel.
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
#include "tree.h"

#define RELEASES_MAX 256

/* The releases under way. */
struct kernels {
	struct rd_examiner examiner;
	struct rd_depmod depmod;
	struct rd_folder_set seen;
};

static void kernels_deinit(struct kernels *kernels)
{
	rd_examiner_deinit(&kernels->examiner);
	rd_depmod_deinit(&kernels->depmod);
	rd_folder_set_deinit(&kernels->seen);
}

static void kernel_deinit(struct rd_kernel *kernel)
{
	free(kernel->release);
	free(kernel->resolved);
	free(kernel->expected);
}

/* Appends the copies of one release. */
static int examine_files(struct rd_examiner *examiner, const char *release,
			 const struct rd_tree *tree, struct rd_error *err)
{
	struct rd_copies *copies = &examiner->facts->copies;
	bool is_shadowed = false;

	for (size_t i = 0; i < tree->files.n; i++) {
		const struct rd_tree_file *file = &tree->files.items[i];
		enum rd_copy_kind kind = file->is_backup ? RD_COPY_BACKUP : RD_COPY_INSTALLED;
		struct rd_copy *copy;
		int r;

		r = rd_examine(examiner, kind, release, file->path, err);
		if (r < 0)
			return r;
		copy = &copies->items[copies->n - 1];
		copy->is_resolved = file->is_resolved;
		copy->is_loadable = file->is_resolved || file->is_next ||
				    (!tree->is_choice_known && !file->is_backup && !is_shadowed);
		is_shadowed |= file->is_resolved && !r;
	}
	return 0;
}

static enum rd_presence presence_of(const struct rd_tree *tree)
{
	if (tree->files.n && !tree->files.items[0].is_backup)
		return RD_PRESENCE_YES;
	return tree->is_incomplete ? RD_PRESENCE_UNKNOWN : RD_PRESENCE_NO;
}

/* Fills what depmod's indexes say; an unreadable one makes the tree incomplete. */
static int read_indexes(struct rd_tree *tree, const char *folder, struct rd_kernel *kernel,
			struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_depmod_resolve(tree->sys, folder, &kernel->resolved, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE) {
		RD_CLEANUP(rd_freep) char *path = rd_attribute_path(folder, "modules.dep");

		if (!path || rd_attribute_unread(tree->facts, path, &why, err))
			return rd_error_nomem(err);
		tree->is_incomplete = true;
	}
	return rd_depmod_has_builtin(tree->sys, folder, &kernel->has_builtin, err);
}

/* Whether nothing is at @path; what cannot be told may be there. */
static int is_absent(const struct rd_system *sys, const char *path, bool *absentp,
		     struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	struct stat st;
	int r;

	r = rd_system_stat(sys, path, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	*absentp = r == RD_SYSTEM_ABSENT;
	return 0;
}

/*
 * A package that is removed takes its modules and its lists of them along; what depmod made of them
 * stays (Debian: until apt purge), and names files of a kernel that is gone.
 */
static int find_removed(const struct rd_system *sys, const char *folder, const char *resolved,
			bool *removedp, struct rd_error *err)
{
	static const char *const brought[] = { "kernel", "modules.order", "modules.builtin" };
	bool is_gone = false;
	int r = 0;

	if (resolved)
		r = is_absent(sys, resolved, &is_gone, err);
	for (size_t i = 0; i < RD_N_ELEMENTS(brought) && is_gone && !r; i++) {
		RD_CLEANUP(rd_freep) char *path = rd_attribute_path(folder, brought[i]);

		r = path ? is_absent(sys, path, &is_gone, err) : rd_error_nomem(err);
	}
	if (!r)
		*removedp = is_gone;
	return r;
}

/* @removedp: the kernel is gone, and what is left has no amdgpu. */
static int read_kernel(struct kernels *kernels, const char *folder, struct rd_kernel *kernel,
		       bool *removedp, struct rd_error *err)
{
	struct rd_examiner *examiner = &kernels->examiner;
	RD_CLEANUP(rd_tree_deinit)
	struct rd_tree tree = { .sys = examiner->sys, .facts = examiner->facts };
	bool is_removed = false;
	int r;

	r = read_indexes(&tree, folder, kernel, err);
	if (!r)
		r = find_removed(tree.sys, folder, kernel->resolved, &is_removed, err);
	if (is_removed) {
		free(kernel->resolved);
		kernel->resolved = NULL;
	}
	if (!r)
		r = rd_tree_find(&tree, folder, &kernels->depmod, kernel->resolved, err);
	if (!r && rd_attribute_copy(&kernel->expected, rd_tree_expected(&tree)))
		r = rd_error_nomem(err);
	if (!r)
		r = examine_files(examiner, kernel->release, &tree, err);
	kernel->has_amdgpu = presence_of(&tree);
	*removedp = is_removed && kernel->has_amdgpu == RD_PRESENCE_NO;
	return r;
}

static int add_kernel(struct kernels *kernels, const char *folder, const char *release,
		      struct rd_error *err)
{
	struct rd_facts *facts = kernels->examiner.facts;
	const char *running = facts->running.kernel;
	RD_CLEANUP(kernel_deinit)
	struct rd_kernel kernel = {
		.release = strdup(release),
		.is_running = running && !strcmp(release, running),
	};
	bool is_removed = false;
	int r;

	if (!kernel.release)
		return rd_error_nomem(err);
	r = read_kernel(kernels, folder, &kernel, &is_removed, err);
	if (!r && is_removed)
		return 0;
	if (!r && rd_array_push(&facts->kernels, &kernel))
		r = rd_error_nomem(err);
	if (r)
		return rd_error_prefix(err, r, "%s", folder);
	kernel = (struct rd_kernel){ 0 };
	return 0;
}

/* @is_link: second names of releases wait until the releases themselves were met. */
static bool is_wanted(const struct rd_entry *entry, const char *only, bool is_link)
{
	return (entry->type == DT_LNK) == is_link && (!only || !strcmp(entry->name, only));
}

static int add_release(struct kernels *kernels, const char *base, const char *release,
		       struct rd_error *err)
{
	const struct rd_examiner *examiner = &kernels->examiner;
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
	if (rd_folder_set_add(&kernels->seen, &st, &is_new))
		return rd_error_nomem(err);
	return is_new ? add_kernel(kernels, folder, release, err) : 0;
}

static int add_releases(struct kernels *kernels, const char *base, const char *only,
			struct rd_error *err)
{
	const struct rd_examiner *examiner = &kernels->examiner;
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
			r = add_release(kernels, base, entry->name, err);
	}
	return r < 0 ? r : 0;
}

int rd_probe_kernels(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(kernels_deinit)
	struct kernels kernels = {
		.examiner = {
			.sys = sys,
			.options = options,
			.facts = facts,
			.flags = options->want_sha256 ? RD_INSPECT_SHA256 : 0,
			.max = RD_CODEC_MAX_MODULE,
			.compares_content = true,
		},
	};
	int r;

	r = rd_depmod_init(&kernels.depmod, sys, facts, err);
	for (size_t i = 0; i < RD_N_ELEMENTS(rd_depmod_folders) && !r; i++)
		r = add_releases(&kernels, rd_depmod_folders[i], options->kernel, err);
	if (r)
		return r;
	if (options->kernel && !facts->kernels.n &&
	    rd_facts_add_unread(facts, options->kernel, "no kernel of that release is installed",
				false))
		return rd_error_nomem(err);
	return 0;
}
