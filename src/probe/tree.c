/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Every amdgpu.ko of a release as depmod(8) would find it: links to folders followed inside the
 * root, `build` and `source` left out, folders that depmod.d calls external included, and besides
 * what recipes left there. Then depmod's choice among them, in the order in which they were met,
 * which is the folder's own and depmod's too. Where that order alone decides, the choice is luck:
 * another depmod may choose otherwise, so that all of these count, and the index is not outdated
 * for naming any of them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "tree.h"

/* Debian's largest tree has 5,000 entries; a hostile one may have any number. */
#define TREE_ENTRIES_MAX ((size_t)1 << 19)
#define MODULES_MAX	 64 /* per release */

void rd_tree_deinit(struct rd_tree *tree)
{
	for (size_t i = 0; i < tree->files.n; i++)
		free(tree->files.items[i].path);
	free(tree->files.items);
	tree->files.items = NULL;
	tree->files.n = tree->files.cap = 0;
}

static struct rd_tree_file *find_file(const struct rd_tree *tree, const char *path)
{
	for (size_t i = 0; i < tree->files.n; i++) {
		if (!strcmp(tree->files.items[i].path, path))
			return &tree->files.items[i];
	}
	return NULL;
}

static int add_file(struct rd_tree *tree, const char *path, bool is_backup)
{
	struct rd_tree_file file = { .path = strdup(path), .is_backup = is_backup };

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
	struct rd_tree *tree = userdata;
	const char *name = strrchr(path, '/') + 1;
	bool is_module;

	tree->met++;
	if (event == RD_WALK_FOLDER)
		return !strcmp(name, "build") || !strcmp(name, "source") ? RD_WALK_SKIP : 0;
	if (event == RD_WALK_UNREADABLE) {
		tree->is_incomplete = true;
		return rd_attribute_unread(tree->facts, path, why, err);
	}

	is_module = rd_depmod_is_module(name);
	if ((!is_module && !is_left_behind(name)) || find_file(tree, path))
		return 0;
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

static int walk(struct rd_tree *tree, const char *folder, size_t max, bool is_needed,
		struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_walk(tree->sys, folder, max, meet, tree, &why);
	if (r == RD_SYSTEM_ABSENT && !is_needed)
		return 0;
	if (r == RD_SYSTEM_UNREADABLE || r == RD_SYSTEM_ABSENT) {
		tree->is_incomplete = true;
		return rd_attribute_unread(tree->facts, folder, &why, err);
	}
	return r && r != -ECANCELED ? rd_error_set(err, -r, "%s", why.msg) : 0;
}

/* depmod passes over what is no regular file, and a link to none. */
static int is_candidate(const struct rd_tree *tree, const struct rd_depmod_order *order,
			const struct rd_tree_file *file, struct rd_error *err)
{
	struct stat st;
	int r;

	if (file->is_backup || !rd_depmod_order_sees(order, file->path))
		return false;
	r = rd_system_stat(tree->sys, file->path, &st, err);
	if (r)
		return r < 0 ? r : r == RD_SYSTEM_UNREADABLE;
	return S_ISREG(st.st_mode);
}

/* Whether it is luck which of the two depmod has at the end. */
static bool is_luck(const struct rd_depmod_order *order, const char *a, const char *b)
{
	return rd_depmod_order_replaces(order, a, b) == rd_depmod_order_replaces(order, b, a);
}

static int choose(struct rd_tree *tree, const struct rd_depmod_order *order, struct rd_error *err)
{
	struct rd_tree_file *best = NULL, *expected;

	for (size_t i = 0; i < tree->files.n; i++) {
		struct rd_tree_file *file = &tree->files.items[i];
		int r = is_candidate(tree, order, file, err);

		if (r < 0)
			return r;
		file->is_next = r;
		if (r && (!best || rd_depmod_order_replaces(order, best->path, file->path)))
			best = file;
	}
	if (!best)
		return 0;

	expected = best;
	for (size_t i = 0; i < tree->files.n; i++) {
		struct rd_tree_file *file = &tree->files.items[i];

		if (file->is_next && file != best)
			file->is_next = is_luck(order, best->path, file->path);
		if (file->is_next && file->is_resolved)
			expected = file;
	}
	expected->is_expected = true;
	return 0;
}

/* All kernels share the entries that may be looked at: each line may name a folder again. */
static int walk_externals(struct rd_tree *tree, const struct rd_depmod_order *order,
			  struct rd_depmod *depmod, struct rd_error *err)
{
	for (size_t i = 0; i < order->externals.n; i++) {
		size_t before = tree->met;
		int r = walk(tree, order->externals.items[i], depmod->externals_left, false, err);

		if (r)
			return r;
		before = tree->met - before;
		depmod->externals_left -= before < depmod->externals_left ? before
									  : depmod->externals_left;
	}
	return 0;
}

/* An index may name what is gone, or lies where depmod no longer looks. */
static int mark_resolved(struct rd_tree *tree, const char *resolved)
{
	struct rd_tree_file *file;

	if (!resolved)
		return 0;
	if (!find_file(tree, resolved) && add_file(tree, resolved, false))
		return -ENOMEM;
	file = find_file(tree, resolved);
	file->is_resolved = true;
	file->is_backup = false;
	return 0;
}

static int file_rank(const struct rd_tree_file *file)
{
	return file->is_resolved ? 0 : 1 + file->is_backup;
}

static int file_compare(const void *a, const void *b)
{
	const struct rd_tree_file *x = a, *y = b;
	int r = file_rank(x) - file_rank(y);

	return r ? r : strcmp(x->path, y->path);
}

const char *rd_tree_expected(const struct rd_tree *tree)
{
	for (size_t i = 0; i < tree->files.n; i++) {
		if (tree->files.items[i].is_expected)
			return tree->files.items[i].path;
	}
	return NULL;
}

int rd_tree_find(struct rd_tree *tree, const char *folder, struct rd_depmod *depmod,
		 const char *resolved, struct rd_error *err)
{
	RD_CLEANUP(rd_depmod_order_deinit) struct rd_depmod_order order = RD_DEPMOD_ORDER_INIT;
	int refused, r;

	refused = rd_depmod_order_init(&order, &depmod->conf, folder);
	if (refused < 0)
		return rd_error_nomem(err);
	r = walk(tree, folder, TREE_ENTRIES_MAX, true, err);
	if (!r)
		r = walk_externals(tree, &order, depmod, err);
	if (!r && mark_resolved(tree, resolved))
		r = rd_error_nomem(err);
	if (r)
		return r;

	if (refused && rd_facts_add_unread(tree->facts, "/etc/depmod.d",
					   "a pattern of kernels is too complicated", false))
		return rd_error_nomem(err);
	tree->is_choice_known = depmod->is_known && !refused && !tree->is_incomplete;
	if (tree->is_choice_known)
		r = choose(tree, &order, err);
	if (tree->files.n)
		qsort(tree->files.items, tree->files.n, sizeof(*tree->files.items), file_compare);
	return r;
}
