/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The rest of a packaged source tree. kfd_crat.c is a copy of its own and inspected; what else of
 * the driver was changed since the package was unpacked is built into the next module all the
 * same. So each file that the package has below amdkfd (the folder of kfd_crat.c) and amdgpu (the
 * one beside it) is held against the package's list: some 800 files of 15 MB, 35 ms. Headers that
 * only describe registers, 200 MB of them, are left alone.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "inspect/md5sums.h"
#include "package_private.h"
#include "probe/probe.h"

#define AMDGPU	    "amdgpu"
#define FILE_MAX    ((size_t)16 << 20)
#define FILES_MAX   4096
#define CHANGED_MAX 32 /* a tree that is another version altogether has thousands */

/* One tree under way. */
struct tree {
	const struct rd_system *sys;
	const char *crat; /* path of its kfd_crat.c */
	char *folders[2]; /* with a slash at the end */
	struct rd_package *package;
	size_t n_files;
	bool is_incomplete;
};

static void tree_deinit(struct tree *tree)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(tree->folders); i++)
		free(tree->folders[i]);
}

/* /usr/src/X/amd/amdkfd/kfd_crat.c: /usr/src/X/amd/amdkfd/ and /usr/src/X/amd/amdgpu/. */
static int find_folders(struct tree *tree)
{
	size_t own = (size_t)(strrchr(tree->crat, '/') - tree->crat);
	const char *slash = own ? memrchr(tree->crat, '/', own) : NULL;

	if (!slash)
		return 0;
	tree->folders[0] = strndup(tree->crat, own + 1);
	if (asprintf(&tree->folders[1], "%.*s/" AMDGPU "/", (int)(slash - tree->crat), tree->crat) <
	    0)
		tree->folders[1] = NULL;
	return tree->folders[0] && tree->folders[1] ? 0 : -ENOMEM;
}

static bool is_below(const struct tree *tree, const char *path)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(tree->folders); i++) {
		if (rd_text_has_prefix(path, tree->folders[i]))
			return true;
	}
	return false;
}

static int add_changed(struct tree *tree, const char *path, const char *how)
{
	struct rd_package *package = tree->package;
	char *item;

	if (package->changed.n >= CHANGED_MAX)
		return 0;
	if (asprintf(&item, "%s%s", path, how) < 0)
		return -ENOMEM;
	if (!rd_array_push(&package->changed, &item))
		return 0;
	free(item);
	return -ENOMEM;
}

static int check_file(struct tree *tree, const char *path, const char *digest, struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct rd_package_owner found = RD_PACKAGE_OWNER_INIT;
	struct rd_package_file file = { .path = path };
	int r;

	r = rd_system_map(tree->sys, path, FILE_MAX, &map, err);
	if (r == RD_SYSTEM_ABSENT)
		return add_changed(tree, path, " (missing)") ? rd_error_nomem(err) : 0;
	if (r < 0)
		return r;
	tree->is_incomplete |= r > 0;
	if (r)
		return 0;
	file.data = map.data;
	file.len = map.len;
	r = package_compare(&file, RD_DIGEST_MD5, digest, &found, err);
	if (r)
		return r;
	tree->is_incomplete |= found.is_equal == RD_PRESENCE_UNKNOWN || rd_map_is_torn(&map);
	return found.is_equal == RD_PRESENCE_NO && add_changed(tree, path, "") ? rd_error_nomem(err)
									       : 0;
}

static int check_entry(struct tree *tree, const struct rd_md5sums_entry *entry,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = NULL;

	if (asprintf(&path, "/%.*s", (int)entry->path_len, entry->path) < 0) {
		path = NULL;
		return rd_error_nomem(err);
	}
	if (!is_below(tree, path) || !strcmp(path, tree->crat))
		return 0;
	if (tree->n_files++ >= FILES_MAX) {
		tree->is_incomplete = true;
		return 0;
	}
	return check_file(tree, path, entry->digest, err);
}

static int check_tree(struct rd_package_db *db, struct tree *tree, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text list = RD_TEXT_INIT;
	struct rd_package *package = tree->package;
	struct rd_md5sums_entry entry;
	size_t pos = 0;
	int r;

	if (find_folders(tree))
		return rd_error_nomem(err);
	r = tree->folders[0] ? package_dpkg_list(db, package->name, &list, err) : 0;
	while (!r && package->changed.n < CHANGED_MAX &&
	       rd_md5sums_next(list.data, list.len, &pos, &entry))
		r = check_entry(tree, &entry, err);
	if (r)
		return r;
	if (package->changed.n)
		package->is_source_whole = RD_PRESENCE_NO;
	else if (list.len && !tree->is_incomplete)
		package->is_source_whole = RD_PRESENCE_YES;
	return 0;
}

/* The package that was noted with the copy, if its files can be told one by one. */
static struct rd_package *package_of(struct rd_facts *facts, const struct rd_copy *copy)
{
	struct rd_package *package;

	if (copy->kind != RD_COPY_SOURCE || !copy->is_loadable || !copy->package)
		return NULL;
	package = (struct rd_package *)rd_packages_find(&facts->packages, copy->package);
	return package && package->manager == RD_PACKAGE_DPKG ? package : NULL;
}

int rd_probe_packages(const struct rd_system *sys, const struct rd_probe_options *options,
		      struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_package_db_deinit) struct rd_package_db db = { .sys = sys };
	int r = 0;

	if (options->wants_packages)
		r = package_rpm_problem(sys, &facts->packages.problem, err);
	for (size_t i = 0; i < facts->copies.n && !r; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];
		RD_CLEANUP(tree_deinit)
		struct tree tree = {
			.sys = sys,
			.crat = copy->path,
			.package = package_of(facts, copy),
		};

		if (tree.package)
			r = check_tree(&db, &tree, err);
	}
	return r;
}
