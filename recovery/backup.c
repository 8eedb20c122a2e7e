/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Backups are what transactions copied before they changed anything, what their rollback found in
 * its way, and the modules that they installed: there is no other kind, and no list of them but the
 * folders of the journal.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "backup_store.h"
#include "base/cleanup.h"

void rd_backup_deinit(struct rd_backup *backup)
{
	rd_txn_deinit(&backup->txn);
	rd_manifest_deinit(&backup->manifest);
	rd_manifest_deinit(&backup->aside);
	rd_manifest_deinit(&backup->set);
	*backup = (struct rd_backup)RD_BACKUP_INIT;
}

static uint64_t count_size(const struct rd_manifest *manifest)
{
	uint64_t size = 0;

	for (size_t i = 0; i < manifest->n; i++)
		size += manifest->items[i].size;
	return size;
}

/* Before the way back was taken, all that is kept aside still stands in its place. */
static int load_aside(const struct run *run, struct rd_manifest *asidep, struct rd_error *err)
{
	int r = 0;

	if (run->txn->has[RD_STEP_UNDO])
		r = run_load(run, RUN_ASIDE, asidep, err);
	return r == -ENOENT ? 0 : r;
}

/* As run_tidy() leaves it. */
static int load_set(const struct run *run, struct rd_manifest *setp, struct rd_error *err)
{
	struct stat st;
	int r = 0;

	if (run->txn->has[RD_STEP_ARMED] && !fstatat(run->txn->fd, RUN_NEW, &st, 0))
		r = run_load(run, rd_step_name(RD_STEP_INSTALLED), setp, err);
	return r == -ENOENT ? 0 : r;
}

int rd_backup_open(const struct rd_state *state, unsigned int id, struct rd_backup *backupp,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;
	struct run run = { .state = state, .txn = &backup.txn };
	struct stat st;
	int r;

	r = rd_journal_open(state, id, &backup.txn, err);
	if (r)
		return r < 0 ? r : RD_BACKUP_ABSENT;
	if (!backup.txn.has[RD_STEP_BACKUP])
		return RD_BACKUP_ABSENT;
	r = run_load(&run, RUN_OLD, &backup.manifest, err);
	if (!r)
		r = load_aside(&run, &backup.aside, err);
	if (!r)
		r = load_set(&run, &backup.set, err);
	if (r)
		return r;
	if (fstatat(backup.txn.fd, rd_step_name(RD_STEP_INTENT), &st, 0) < 0)
		return rd_error_set(err, errno, "stat: %s", strerror(errno));
	backup.begun = st.st_mtim.tv_sec;
	for (enum backup_part part = 0; part < _BACKUP_N; part++)
		backup.size += count_size(backup_manifest(&backup, part));
	*backupp = backup;
	backup = (struct rd_backup)RD_BACKUP_INIT;
	return 0;
}

const struct rd_manifest *backup_manifest(const struct rd_backup *backup, enum backup_part part)
{
	const struct rd_manifest *const manifests[] = {
		[BACKUP_OLD] = &backup->manifest,
		[BACKUP_ASIDE] = &backup->aside,
		[BACKUP_SET] = &backup->set,
	};

	return manifests[part];
}

int backup_store(const struct rd_backup *backup, int rootfd, enum backup_part part,
		 struct store *store, struct rd_error *err)
{
	static const char *const folders[] = {
		[BACKUP_OLD] = RUN_OLD,
		[BACKUP_ASIDE] = RUN_ASIDE,
		[BACKUP_SET] = RUN_NEW,
	};
	const struct rd_manifest *manifest = backup_manifest(backup, part);
	int r = 0;

	if (part == BACKUP_OLD || manifest->n)
		r = store_open(store, rootfd, backup->txn.fd, folders[part], false, err);
	if (!r)
		store->manifest = *manifest;
	return r;
}

void backup_store_return(struct store *store)
{
	rd_closep(&store->fd);
}

static int find_damaged(const struct rd_backup *backup, enum backup_part part, rd_backup_fn fn,
			void *userdata, struct rd_error *err)
{
	RD_CLEANUP(backup_store_return) struct store store = STORE_INIT;
	int r;

	r = backup_store(backup, -1, part, &store, err);
	for (size_t i = 0; !r && i < store.manifest.n; i++) {
		const struct rd_node *node = &store.manifest.items[i];
		bool is_whole = true;

		if (node->type == RD_NODE_FILE)
			r = store_is_whole(&store, node, &is_whole, err);
		if (!r && !is_whole)
			r = fn(userdata, node, err);
	}
	return r;
}

int rd_backup_damaged(const struct rd_backup *backup, rd_backup_fn fn, void *userdata,
		      struct rd_error *err)
{
	int r = 0;

	for (enum backup_part part = 0; !r && part < _BACKUP_N; part++)
		r = find_damaged(backup, part, fn, userdata, err);
	return r;
}

static int refuse_damaged(void *userdata, const struct rd_node *node, struct rd_error *err)
{
	(void)userdata;
	rd_error_set(err, EIO, "the copy of /%s is missing or damaged", node->path);
	return RD_BACKUP_DAMAGED;
}

int rd_backup_verify(const struct rd_backup *backup, struct rd_error *err)
{
	return rd_backup_damaged(backup, refuse_damaged, NULL, err);
}

int rd_backup_restore(const struct rd_state *state, const struct rd_backup *backup,
		      const char *path, struct rd_error *err)
{
	RD_CLEANUP(backup_store_return) struct store store = STORE_INIT;
	int r;

	r = backup_store(backup, state->rootfd, BACKUP_OLD, &store, err);
	for (size_t i = 0; !r && i < store.manifest.n; i = rd_manifest_after(&store.manifest, i)) {
		const struct rd_node *node = &store.manifest.items[i];

		if (node->type <= RD_NODE_LINK && !strcmp(node->path, path))
			return store_put(&store, i, err);
	}
	return r ? r : RD_BACKUP_ABSENT;
}
