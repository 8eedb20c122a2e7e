/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The way back: everything that the backup holds is put in place again, the last change first, so
 * that what loads is always there; then the folders that had been made go, and the times of those
 * in which names changed become what they were.
 *
 * Whether a change had happened at all is not asked of the journal: what is right already is left
 * alone. So the way back is the same from any point, and the same the second time.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recovery/write.h"
#include "run.h"

int run_load(const struct run *run, const char *name, struct rd_manifest *manifestp,
	     struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	char file[64];
	int r;

	snprintf(file, sizeof(file), "%s.manifest", name);
	r = rd_journal_read_text(run->txn, file, &text, err);
	if (r)
		return r > 0 ? -ENOENT : r;
	r = rd_manifest_parse(&text, manifestp, err);
	return r ? rd_error_prefix(err, r, RD_STATE_TXN "/%04u/%s", run->txn->id, file) : 0;
}

/* Whether a content is of a module that was installed: worth keeping, for a build takes long. */
static bool is_of_set(const struct rd_manifest *installed, const char *sha256)
{
	for (size_t i = 0; i < installed->n; i++) {
		if (installed->items[i].sha256 && !strcmp(installed->items[i].sha256, sha256))
			return true;
	}
	return false;
}

void run_tidy(const struct run *run, bool keeps_set)
{
	RD_CLEANUP(rd_manifest_deinit) struct rd_manifest installed = RD_MANIFEST_INIT;
	RD_CLEANUP(names_deinit) struct names names = { 0 };
	RD_CLEANUP(rd_closep) int fd = -1;

	rd_write_remove(run->txn->fd, "stage", NULL);
	if (!keeps_set || run_load(run, rd_step_name(RD_STEP_INSTALLED), &installed, NULL)) {
		rd_write_remove(run->txn->fd, RUN_NEW, NULL);
		return;
	}
	fd = openat(run->txn->fd, RUN_NEW, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || names_read(fd, &names, NULL))
		return;
	for (size_t i = 0; i < names.n; i++) {
		if (!is_of_set(&installed, names.items[i]))
			rd_write_remove(fd, names.items[i], NULL);
	}
}

static void tell(const struct run *run, const char *path)
{
	if (run->tools && run->tools->tell)
		run->tools->tell(run->tools->userdata, path);
}

static int put_units(const struct run *run, const struct store *old, struct rd_error *err)
{
	const struct rd_manifest *manifest = &old->manifest;
	RD_CLEANUP(rd_freep) size_t *units = calloc(manifest->n + 1, sizeof(*units));
	size_t n = 0;
	int r = 0;

	if (!units)
		return rd_error_nomem(err);
	for (size_t i = 0; i < manifest->n; i = rd_manifest_after(manifest, i)) {
		if (manifest->items[i].type <= RD_NODE_LINK)
			units[n++] = i;
	}
	while (!r && n) {
		tell(run, manifest->items[units[--n]].path);
		r = store_put(old, units[n], err);
	}
	return r;
}

static int unlink_path(int rootfd, const char *path, struct rd_error *err)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	int r = rd_write_place(rootfd, path, &place, err);

	if (!r)
		r = rd_write_unlink(place.dirfd, place.name, err);
	return r > 0 ? 0 : r;
}

/* Takes away the names that a tool made and that were not there. */
static int remove_names(const struct store *old, const struct rd_node *node, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names paths = { 0 };
	int r;

	r = run_list(old->rootfd, node->path, &paths, err);
	for (size_t i = 0; !r && i < paths.n; i++) {
		if (!rd_manifest_find(&old->manifest, paths.items[i]))
			r = unlink_path(old->rootfd, paths.items[i], err);
	}
	return r;
}

/* A folder that recovery made, unless others have put something into it. */
static int remove_made(const struct store *old, const struct rd_node *node, struct rd_error *err)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	int r;

	r = rd_write_place(old->rootfd, node->path, &place, err);
	if (r)
		return r == RD_WRITE_ABSENT ? 0 : r;
	if (unlinkat(place.dirfd, place.name, AT_REMOVEDIR) < 0)
		return errno == ENOENT || errno == ENOTEMPTY || errno == ENOTDIR
			       ? 0
			       : rd_error_set(err, errno, "remove %s: %s", node->path,
					      strerror(errno));
	return rd_write_sync(place.dirfd, node->path, err);
}

static int set_times(const struct rd_node *node, int fd, struct rd_error *err)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, node->mtime };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return rd_error_set(err, errno, "stat %s: %s", node->path, strerror(errno));
	if (st.st_mtim.tv_sec == node->mtime.tv_sec && st.st_mtim.tv_nsec == node->mtime.tv_nsec)
		return 0;
	if (futimens(fd, times) < 0)
		return rd_error_set(err, errno, "set the times of %s: %s", node->path,
				    strerror(errno));
	return rd_write_sync(fd, node->path, err);
}

int run_sweep(const struct run *run, const struct rd_manifest *old, bool has_times,
	      struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < old->n; i++) {
		const struct rd_node *node = &old->items[i];
		RD_CLEANUP(rd_closep) int fd = -1;

		if (node->type != RD_NODE_PARENT && node->type != RD_NODE_MADE)
			continue;
		fd = rd_write_open(run->state->rootfd, node->path, O_RDONLY | O_DIRECTORY);
		if (fd == -ENOENT || fd == -ENOTDIR)
			continue;
		if (fd < 0)
			return rd_error_set(err, -fd, "open %s: %s", node->path, strerror(-fd));
		r = rd_write_remove(fd, RD_WRITE_NEW, err);
		if (!r)
			r = rd_write_remove(fd, RD_WRITE_OLD, err);
		if (!r && has_times && node->type == RD_NODE_PARENT)
			r = set_times(node, fd, err);
	}
	return r;
}

static int put_back(const struct run *run, const struct store *old, struct rd_error *err)
{
	const struct rd_manifest *manifest = &old->manifest;
	int r;

	r = put_units(run, old, err);
	for (size_t i = 0; !r && i < manifest->n; i++) {
		if (manifest->items[i].type == RD_NODE_NAMES)
			r = remove_names(old, &manifest->items[i], err);
	}
	if (!r)
		r = run_sweep(run, manifest, false, err);
	/* The uppermost was written first. */
	for (size_t i = manifest->n; !r && i-- > 0;) {
		if (manifest->items[i].type == RD_NODE_MADE)
			r = remove_made(old, &manifest->items[i], err);
	}
	return r ? r : run_sweep(run, manifest, true, err);
}

int run_back(const struct run *run, struct rd_error *err)
{
	RD_CLEANUP(store_deinit) struct store old = STORE_INIT;
	int r;

	if (!run->txn->has[RD_STEP_BACKUP])
		return rd_journal_remove(run->state, run->txn->id, err);

	r = store_open(&old, run->state->rootfd, run->txn->fd, RUN_OLD, false, err);
	if (!r)
		r = run_load(run, RUN_OLD, &old.manifest, err);
	if (!r)
		r = run_keep_aside(run, &old, err);
	if (!r)
		r = rd_journal_mark(run->txn, RD_STEP_UNDO, err);
	if (r)
		return r;
	/* First, for a full disk: what is put back is made beside what is there. */
	run_tidy(run, run->txn->has[RD_STEP_ARMED]);
	r = put_back(run, &old, err);
	if (!r && run->tools && run->tools->check)
		r = run->tools->check(run->tools->userdata, RD_STEP_UNDO, err);
	return r ? r : rd_journal_mark(run->txn, RD_STEP_ROLLED_BACK, err);
}
