/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What going back changes, and what of it must not be lost. A rollback may come long after its
 * transaction: an upgrade, a tool, a person may have put something else at the same paths. It is
 * told from the transaction's own work by content, since each phase has a manifest of what it put
 * in place, and one of what its tool wrote.
 *
 * Such a file is copied into a store of its own, aside/, before the way back is taken, which is
 * before RD_STEP_UNDO is marked. So one that is overwritten is always whole somewhere.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "recovery/undo.h"
#include "run.h"

struct list {
	const struct run *run;
	const struct store *old;
	struct rd_manifest *left; /* what the phases left: two for each of the plan */
	size_t n;
	rd_undo_fn fn;
	void *userdata;
};

static void list_deinit(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		rd_manifest_deinit(&list->left[i]);
	free(list->left);
}

/* A phase that was not reached left nothing. */
static int load_left(struct list *list, const char *name, struct rd_error *err)
{
	int r = run_load(list->run, name, &list->left[list->n], err);

	if (!r)
		list->n++;
	return r == -ENOENT ? 0 : r;
}

static int load_all(struct list *list, struct rd_error *err)
{
	const struct rd_plan *plan = &list->run->txn->plan;
	int r = 0;

	list->left = calloc(2 * plan->n + 1, sizeof(*list->left));
	if (!list->left)
		return rd_error_nomem(err);
	for (size_t i = 0; !r && i < plan->n; i++) {
		const char *step = rd_step_name(plan->items[i].step);
		char name[64];

		snprintf(name, sizeof(name), "%s" RUN_WRITTEN, step);
		r = load_left(list, step, err);
		if (!r)
			r = load_left(list, name, err);
	}
	return r;
}

/* The unit of exactly that path; the number of nodes if there is none. */
static size_t find_unit(const struct rd_manifest *manifest, const char *path)
{
	size_t i = 0;

	while (i < manifest->n && (manifest->items[i].type > RD_NODE_LINK ||
				   strcmp(manifest->items[i].path, path) != 0))
		i = rd_manifest_after(manifest, i);
	return i;
}

static int is_left(const struct list *list, const char *path, bool *yesp, struct rd_error *err)
{
	int r = 0;

	for (size_t k = 0; !r && !*yesp && k < list->n; k++) {
		const struct store store = { .rootfd = list->old->rootfd,
					     .manifest = list->left[k] };
		size_t i = find_unit(&store.manifest, path);

		if (i < store.manifest.n)
			r = store_is_there(&store, i, STORE_CONTENT, yesp, err);
	}
	return r;
}

/* What a tool had in hand when it was cut off is its own, whatever it looks like. */
static bool is_half_written(const struct list *list, const char *path)
{
	const struct rd_txn *txn = list->run->txn;

	for (size_t i = 0; i < txn->plan.n; i++) {
		const struct rd_phase *phase = &txn->plan.items[i];

		for (size_t k = 0; !txn->has[phase->step] && k < phase->n; k++) {
			const struct rd_change *change = &phase->items[k];

			if (change->kind == RD_CHANGE_WRITES &&
			    rd_text_has_prefix(path, change->path) &&
			    !strchr(path + strlen(change->path), '/'))
				return true;
		}
	}
	return false;
}

static int is_absent(const struct list *list, const char *path, bool *yesp, struct rd_error *err)
{
	RD_CLEANUP(rd_node_deinit) struct rd_node node = { .type = RD_NODE_ABSENT };
	const struct store store = { .rootfd = list->old->rootfd,
				     .manifest = { .items = &node, .n = 1 } };

	node.path = strdup(path);
	return node.path ? store_is_there(&store, 0, STORE_CONTENT, yesp, err)
			 : rd_error_nomem(err);
}

static int tell(const struct list *list, struct rd_undo *undo, struct rd_error *err)
{
	bool is_ours = is_half_written(list, undo->path);
	int r = 0;

	if (!is_ours)
		r = is_left(list, undo->path, &is_ours, err);
	if (!r && !is_ours)
		r = is_absent(list, undo->path, &is_ours, err);
	undo->is_foreign = !is_ours;
	return r ? r : list->fn(list->userdata, undo, err);
}

static int tell_unit(const struct list *list, size_t i, struct rd_error *err)
{
	const struct rd_node *node = &list->old->manifest.items[i];
	struct rd_undo undo = {
		.path = node->path,
		.first = i,
		.after = rd_manifest_after(&list->old->manifest, i),
		.is_removed = node->type == RD_NODE_ABSENT,
	};
	bool is_back = false;
	int r;

	r = store_is_there(list->old, i, STORE_CONTENT, &is_back, err);
	return r || is_back ? r : tell(list, &undo, err);
}

/* Names that were not there. */
static int tell_names(const struct list *list, const char *prefix, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names paths = { 0 };
	int r;

	r = run_list(list->old->rootfd, prefix, &paths, err);
	for (size_t i = 0; !r && i < paths.n; i++) {
		struct rd_undo undo = { .path = paths.items[i], .is_removed = true };

		if (!rd_manifest_find(&list->old->manifest, undo.path))
			r = tell(list, &undo, err);
	}
	return r;
}

static int list_undo(const struct run *run, const struct store *old, rd_undo_fn fn, void *userdata,
		     struct rd_error *err)
{
	RD_CLEANUP(list_deinit)
	struct list list = { .run = run, .old = old, .fn = fn, .userdata = userdata };
	const struct rd_manifest *manifest = &old->manifest;
	int r;

	r = load_all(&list, err);
	for (size_t i = 0; !r && i < manifest->n; i = rd_manifest_after(manifest, i)) {
		if (manifest->items[i].type <= RD_NODE_LINK)
			r = tell_unit(&list, i, err);
		else if (manifest->items[i].type == RD_NODE_NAMES)
			r = tell_names(&list, manifest->items[i].path, err);
	}
	return r;
}

int rd_undo_list(const struct rd_state *state, struct rd_backup *backup, rd_undo_fn fn,
		 void *userdata, struct rd_error *err)
{
	const struct run run = { .state = state, .txn = &backup->txn };
	const struct store old = { .rootfd = state->rootfd, .manifest = backup->manifest };

	return list_undo(&run, &old, fn, userdata, err);
}

struct aside {
	const struct run *run;
	struct store store;
	bool is_new; /* something was added */
};

static void aside_deinit(struct aside *aside)
{
	store_deinit(&aside->store);
}

/* Opened for the first file that needs it. */
static int open_aside(struct aside *aside, struct rd_error *err)
{
	const struct run *run = aside->run;
	int r;

	if (aside->store.fd >= 0)
		return 0;
	r = store_open(&aside->store, run->state->rootfd, run->txn->fd, RUN_ASIDE, true, err);
	/* One from before the way back was taken tells of files that still stand in their place. */
	if (r || !run->txn->has[RD_STEP_UNDO])
		return r;
	r = run_load(run, RUN_ASIDE, &aside->store.manifest, err);
	return r == -ENOENT ? 0 : r;
}

static int keep_aside(void *userdata, const struct rd_undo *undo, struct rd_error *err)
{
	struct aside *aside = userdata;
	bool is_kept = false;
	size_t i;
	int r;

	if (!undo->is_foreign)
		return 0;
	r = open_aside(aside, err);
	if (r)
		return r;
	i = find_unit(&aside->store.manifest, undo->path);
	if (i == aside->store.manifest.n) {
		aside->is_new = true;
		return store_keep(&aside->store, undo->path, undo->path, err);
	}
	r = store_is_there(&aside->store, i, STORE_CONTENT, &is_kept, err);
	if (!r && !is_kept)
		return rd_error_set(
			err, EBUSY,
			"/%s was changed again while a rollback was interrupted: move it "
			"to another place first",
			undo->path);
	return r;
}

int run_keep_aside(const struct run *run, const struct store *old, struct rd_error *err)
{
	RD_CLEANUP(aside_deinit) struct aside aside = { .run = run, .store = STORE_INIT };
	int r;

	r = list_undo(run, old, keep_aside, &aside, err);
	if (!r && aside.is_new)
		r = run_seal(run, &aside.store, RUN_ASIDE, err);
	return r ? rd_error_prefix(err, r, "keep aside what others put there") : 0;
}
