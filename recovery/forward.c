/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The way forward: first copies of all that may change (save.c), then phase by phase the tool, the
 * new files taken into the store with their digests, put in place, checked, marked.
 *
 * What a tool made is copied into the store before it is installed, so that what is put in place is
 * what was hashed, and a crash in between finds the content again. Nothing of the machine changes
 * before RD_STEP_BACKUP is marked.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "recovery/write.h"
#include "run.h"

/* The stage of a phase, emptied of what an earlier run left there. */
static int make_stage(const struct run *run, const char *step, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int stage = -1;
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	stage = rd_write_folder(run->txn->fd, "stage", 0700, err);
	r = stage < 0 ? stage : rd_write_remove(stage, step, err);
	if (r)
		return r;
	fd = rd_write_folder(stage, step, 0700, err);
	return fd < 0 ? fd : 0;
}

static int run_tool(const struct run *run, const struct rd_phase *phase, struct rd_error *err)
{
	const char *step = rd_step_name(phase->step);
	char stage[PATH_MAX];
	int r;

	snprintf(stage, sizeof(stage), RD_STATE_TXN "/%04u/stage/%s", run->txn->id, step);
	r = make_stage(run, step, err);
	return r ? r : run->tools->run(run->tools->userdata, phase->step, stage, err);
}

/* A new file takes mode, owner and label of the one it replaces; the stage's own labels mean
 * nothing there. */
static int inherit(struct rd_node *node, const struct rd_manifest *old)
{
	const struct rd_node *was = rd_manifest_find(old, node->path);
	size_t n = 0;

	if (was && was->type == RD_NODE_FILE && node->type == RD_NODE_FILE) {
		node->mode = was->mode;
		node->uid = was->uid;
		node->gid = was->gid;
	}

	for (size_t i = 0; i < node->xattrs.n; i++) {
		struct rd_xattr *xattr = &node->xattrs.items[i];

		if (!rd_text_has_prefix(xattr->name, "security.")) {
			node->xattrs.items[n++] = *xattr;
			continue;
		}
		free(xattr->name);
		free(xattr->value);
	}
	node->xattrs.n = n;
	for (size_t i = 0; was && i < was->xattrs.n; i++) {
		const struct rd_xattr *label = &was->xattrs.items[i];
		struct rd_xattr copy = { .len = label->len };

		if (strcmp(label->name, "security.selinux") != 0)
			continue;
		copy.name = strdup(label->name);
		copy.value = malloc(label->len + 1);
		if (!copy.name || !copy.value || rd_array_push(&node->xattrs, &copy)) {
			free(copy.name);
			free(copy.value);
			return -ENOMEM;
		}
		memcpy(node->xattrs.items[n].value, label->value, label->len);
	}
	return 0;
}

/* What the tool left at @source, a path from the root, as the unit of @path. */
static int take(struct store *new, const struct rd_manifest *old, const char *source,
		const char *path, struct rd_error *err)
{
	size_t first = new->manifest.n;
	int r;

	r = store_keep(new, source, path, err);
	if (!r && new->manifest.items[first].type == RD_NODE_ABSENT)
		return rd_error_set(err, ENOENT, "%s was not made", source);
	for (size_t i = first; !r && i < new->manifest.n; i++)
		r = inherit(&new->manifest.items[i], old);
	return r;
}

static int take_put(const struct run *run, struct store *new, const struct rd_manifest *old,
		    const struct rd_change *change, struct rd_error *err)
{
	char source[PATH_MAX];
	int n;

	if (rd_text_has_prefix(change->source, RD_PLAN_WORK))
		n = snprintf(source, sizeof(source), RD_STATE_WORK "/%s",
			     change->source + strlen(RD_PLAN_WORK));
	else
		n = snprintf(source, sizeof(source), RD_STATE_TXN "/%04u/stage/%s", run->txn->id,
			     change->source);
	if (n >= (int)sizeof(source))
		return rd_error_set(err, ENAMETOOLONG, "%s: too long", change->source);
	return take(new, old, source, change->path, err);
}

/* The names that the tool has made in its stage, at the path where they belong. */
static int take_names(const struct run *run, struct store *new, const struct rd_manifest *old,
		      const struct rd_change *change, enum rd_step step, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names paths = { 0 };
	char stage[64], prefix[PATH_MAX];
	int r, n;

	snprintf(stage, sizeof(stage), RD_STATE_TXN "/%04u/stage/%s/", run->txn->id,
		 rd_step_name(step));
	n = snprintf(prefix, sizeof(prefix), "%s%s", stage, change->path);
	if (n >= (int)sizeof(prefix))
		return rd_error_set(err, ENAMETOOLONG, "%s: too long", change->path);
	r = run_list(run->state->rootfd, prefix, &paths, err);
	for (size_t i = 0; !r && i < paths.n; i++)
		r = take(new, old, paths.items[i], paths.items[i] + strlen(stage), err);
	return r;
}

static int take_remove(struct store *new, const struct rd_change *change, struct rd_error *err)
{
	RD_CLEANUP(rd_node_deinit) struct rd_node node = { .type = RD_NODE_ABSENT };

	node.path = strdup(change->path);
	return !node.path || rd_manifest_push(&new->manifest, &node) ? rd_error_nomem(err) : 0;
}

/* Everything that the phase puts in place, into the store. */
static int take_changes(const struct run *run, const struct rd_phase *phase, struct store *new,
			const struct rd_manifest *old, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < phase->n; i++) {
		const struct rd_change *change = &phase->items[i];

		if (change->kind == RD_CHANGE_PUT)
			r = take_put(run, new, old, change, err);
		else if (change->kind == RD_CHANGE_REMOVE)
			r = take_remove(new, change, err);
		else
			r = take_names(run, new, old, change, phase->step, err);
	}
	return r ? r : run_seal(run, new, rd_step_name(phase->step), err);
}

static int check_phase(const struct run *run, enum rd_step step, struct rd_error *err)
{
	return run->tools->check ? run->tools->check(run->tools->userdata, step, err) : 0;
}

/* So that a rollback, later, knows the tool's work from what came after it. */
static int note_writes(const struct run *run, const struct rd_phase *phase, struct rd_error *err)
{
	RD_CLEANUP(store_deinit) struct store list = STORE_INIT;
	RD_CLEANUP(names_deinit) struct names paths = { 0 };
	char name[64];
	int r = 0;

	list.rootfd = run->state->rootfd;
	list.is_list = true;
	for (size_t i = 0; !r && i < phase->n; i++) {
		if (phase->items[i].kind == RD_CHANGE_WRITES)
			r = run_list(list.rootfd, phase->items[i].path, &paths, err);
	}
	for (size_t i = 0; !r && i < paths.n; i++)
		r = store_keep(&list, paths.items[i], paths.items[i], err);
	if (r || !paths.n)
		return r;
	snprintf(name, sizeof(name), "%s" RUN_WRITTEN, rd_step_name(phase->step));
	return run_seal(run, &list, name, err);
}

static int do_phase(const struct run *run, const struct rd_phase *phase,
		    const struct rd_manifest *old, struct rd_error *err)
{
	RD_CLEANUP(store_deinit) struct store new = STORE_INIT;
	int r = 0;

	if (phase->has_tool)
		r = run_tool(run, phase, err);
	if (!r)
		r = store_open(&new, run->state->rootfd, run->txn->fd, RUN_NEW, true, err);
	if (!r)
		r = take_changes(run, phase, &new, old, err);
	for (size_t i = 0; !r && i < new.manifest.n; i = rd_manifest_after(&new.manifest, i))
		r = store_put(&new, i, err);
	if (!r)
		r = check_phase(run, phase->step, err);
	if (!r)
		r = note_writes(run, phase, err);
	return r ? r : rd_journal_mark(run->txn, phase->step, err);
}

/* A phase that was done before a crash: whether everything is as it left it. */
static int redo_phase(const struct run *run, const struct rd_phase *phase, struct rd_error *err)
{
	RD_CLEANUP(store_deinit) struct store new = STORE_INIT;
	int r;

	new.rootfd = run->state->rootfd;
	r = run_load(run, rd_step_name(phase->step), &new.manifest, err);
	for (size_t i = 0; !r && i < new.manifest.n; i = rd_manifest_after(&new.manifest, i)) {
		bool is_there = false;

		r = store_is_there(&new, i, STORE_CONTENT, &is_there, err);
		if (!r && !is_there)
			return rd_error_set(err, EIO, "%s is not what was put there",
					    new.manifest.items[i].path);
	}
	return r ? r : check_phase(run, phase->step, err);
}

static int arm(const struct run *run, struct rd_error *err)
{
	RD_CLEANUP(rd_notes_deinit) struct rd_notes notes = { 0 };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r = 0;

	if (run->tools->arm)
		r = run->tools->arm(run->tools->userdata, &notes, err);
	if (!r)
		r = rd_notes_format(&notes, &text, err);
	if (!r)
		r = rd_journal_write_text(run->txn, "armed", &text, err);
	return r ? r : rd_journal_mark(run->txn, RD_STEP_ARMED, err);
}

int run_forward(const struct run *run, struct rd_error *err)
{
	RD_CLEANUP(rd_manifest_deinit) struct rd_manifest old = RD_MANIFEST_INIT;
	const struct rd_plan *plan = &run->txn->plan;
	int r = 0;

	if (!run->txn->has[RD_STEP_BACKUP])
		r = run_back_up(run, err);
	if (!r)
		r = run_load(run, RUN_OLD, &old, err);
	for (size_t i = 0; !r && i < plan->n; i++) {
		const struct rd_phase *phase = &plan->items[i];

		r = run->txn->has[phase->step] ? redo_phase(run, phase, err)
					       : do_phase(run, phase, &old, err);
		if (r)
			rd_error_prefix(err, r, "%s", rd_step_name(phase->step));
	}
	if (!r)
		r = run_sweep(run, &old, false, err);
	if (r)
		return r;
	run_tidy(run, true);
	return arm(run, err);
}
