/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Copies of all that a plan may change: what stands at its paths, what a tool may write over, the
 * times of the folders in which names will change, and which folders and names are not there yet.
 * The manifest is written when all of that is on the disk.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attribute.h"
#include "base/array.h"
#include "recovery/write.h"
#include "run.h"

int run_list(int rootfd, const char *prefix, struct names *pathsp, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names names = { 0 };
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	int r;

	r = rd_write_place(rootfd, prefix, &place, err);
	if (r)
		return r == RD_WRITE_ABSENT ? 0 : r;
	r = names_read(place.dirfd, &names, err);
	for (size_t i = 0; !r && i < names.n; i++) {
		char *path = NULL;

		if (!rd_text_has_prefix(names.items[i], place.name))
			continue;
		if (asprintf(&path, "%.*s%s", (int)(strrchr(prefix, '/') + 1 - prefix), prefix,
			     names.items[i]) < 0)
			return rd_error_nomem(err);
		if (rd_array_push(pathsp, &path)) {
			free(path);
			return rd_error_nomem(err);
		}
	}
	return r;
}

static bool has_folder(const struct rd_manifest *manifest, const char *path)
{
	for (size_t i = 0; i < manifest->n; i++) {
		enum rd_node_type type = manifest->items[i].type;

		if ((type == RD_NODE_PARENT || type == RD_NODE_MADE) &&
		    !strcmp(manifest->items[i].path, path))
			return true;
	}
	return false;
}

/* The folders above a path: times of the one that is there, names of those that are not, the
 * uppermost first. */
static int keep_above(struct store *old, const char *path, struct rd_error *err)
{
	RD_CLEANUP(rd_node_deinit) struct rd_node node = { .type = RD_NODE_MADE };
	RD_CLEANUP(rd_closep) int fd = -1;
	struct stat st;
	int r = 0;

	node.path = strndup(path, (size_t)(strrchr(path, '/') - path));
	if (!node.path)
		return rd_error_nomem(err);
	if (has_folder(&old->manifest, node.path))
		return 0;
	fd = rd_write_open(old->rootfd, node.path, O_RDONLY | O_DIRECTORY);
	if (fd == -ENOENT) {
		if (!strchr(node.path, '/'))
			return rd_error_set(err, ENOENT, "%s: this is no system", node.path);
		r = keep_above(old, node.path, err);
	} else if (fd < 0 || fstat(fd, &st) < 0) {
		r = fd < 0 ? -fd : errno;
		return rd_error_set(err, r, "open %s: %s", node.path, strerror(r));
	} else {
		r = attribute_from_stat(&node, &st, err);
		node.type = RD_NODE_PARENT;
	}
	return r ? r : rd_manifest_push(&old->manifest, &node) ? rd_error_nomem(err) : 0;
}

/* All files that a tool may write, and the fact that there are no others. */
static int keep_names(struct store *old, const char *prefix, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names paths = { 0 };
	RD_CLEANUP(rd_node_deinit) struct rd_node node = { .type = RD_NODE_NAMES };
	int r;

	r = run_list(old->rootfd, prefix, &paths, err);
	for (size_t i = 0; !r && i < paths.n; i++)
		r = store_keep(old, paths.items[i], paths.items[i], err);
	node.path = r ? NULL : strdup(prefix);
	if (r)
		return r;
	return !node.path || rd_manifest_push(&old->manifest, &node) ? rd_error_nomem(err) : 0;
}

static int keep_phase(struct store *old, const struct rd_phase *phase, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < phase->n; i++) {
		const struct rd_change *change = &phase->items[i];

		r = keep_above(old, change->path, err);
		if (!r && change->kind == RD_CHANGE_WRITES)
			r = keep_names(old, change->path, err);
		else if (!r)
			r = store_keep(old, change->path, change->path, err);
	}
	return r;
}

int run_seal(const struct run *run, struct store *store, const char *name, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	char file[64];
	int r;

	snprintf(file, sizeof(file), "%s.manifest", name);
	r = store_sync(store, err);
	if (!r)
		r = rd_manifest_format(&store->manifest, &text, err);
	return r ? r : rd_journal_write_text(run->txn, file, &text, err);
}

int run_back_up(const struct run *run, struct rd_error *err)
{
	RD_CLEANUP(store_deinit) struct store old = STORE_INIT;
	const struct rd_plan *plan = &run->txn->plan;
	int r;

	r = store_open(&old, run->state->rootfd, run->txn->fd, RUN_OLD, true, err);
	for (size_t i = 0; !r && i < plan->n; i++)
		r = keep_phase(&old, &plan->items[i], err);
	if (!r)
		r = run_seal(run, &old, RUN_OLD, err);
	if (!r)
		r = rd_journal_mark(run->txn, RD_STEP_BACKUP, err);
	return r ? rd_error_prefix(err, r, "back up") : 0;
}
