/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Backups are what transactions copied before they changed anything: there is no other kind, and no
 * list of them but the folders of the journal.
 *
 * Pruning asks for the content, not for the name: what is to go must be found again, read to its
 * end, at its path or in another backup.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "recovery/backup.h"
#include "run.h"

void rd_backup_deinit(struct rd_backup *backup)
{
	rd_txn_deinit(&backup->txn);
	rd_manifest_deinit(&backup->manifest);
	*backup = (struct rd_backup)RD_BACKUP_INIT;
}

static uint64_t count_size(const struct rd_manifest *manifest)
{
	uint64_t size = 0;

	for (size_t i = 0; i < manifest->n; i++)
		size += manifest->items[i].size;
	return size;
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
	if (r)
		return r;
	if (fstatat(backup.txn.fd, rd_step_name(RD_STEP_INTENT), &st, 0) < 0)
		return rd_error_set(err, errno, "stat: %s", strerror(errno));
	backup.begun = st.st_mtim.tv_sec;
	backup.size = count_size(&backup.manifest);
	*backupp = backup;
	backup = (struct rd_backup)RD_BACKUP_INIT;
	return 0;
}

/* Opens the contents of a backup; its manifest is lent to @store. */
static int open_store(const struct rd_backup *backup, int rootfd, struct store *store,
		      struct rd_error *err)
{
	int r = store_open(store, rootfd, backup->txn.fd, RUN_OLD, false, err);

	if (!r)
		store->manifest = backup->manifest;
	return r;
}

static void store_return(struct store *store)
{
	rd_closep(&store->fd);
}

int rd_backup_verify(const struct rd_backup *backup, struct rd_error *err)
{
	RD_CLEANUP(store_return) struct store store = STORE_INIT;
	int r;

	r = open_store(backup, -1, &store, err);
	for (size_t i = 0; !r && i < store.manifest.n; i++) {
		const struct rd_node *node = &store.manifest.items[i];
		bool is_whole = true;

		if (node->type == RD_NODE_FILE)
			r = store_is_whole(&store, node, &is_whole, err);
		if (!r && !is_whole) {
			rd_error_set(err, EIO, "the copy of %s is missing or damaged", node->path);
			return RD_BACKUP_DAMAGED;
		}
	}
	return r;
}

int rd_backup_restore(const struct rd_state *state, const struct rd_backup *backup,
		      const char *path, struct rd_error *err)
{
	RD_CLEANUP(store_return) struct store store = STORE_INIT;
	int r;

	r = open_store(backup, state->rootfd, &store, err);
	for (size_t i = 0; !r && i < store.manifest.n; i = rd_manifest_after(&store.manifest, i)) {
		const struct rd_node *node = &store.manifest.items[i];

		if (node->type <= RD_NODE_LINK && !strcmp(node->path, path))
			return store_put(&store, i, err);
	}
	return r ? r : RD_BACKUP_ABSENT;
}

/* Whether the content of a file is in the backup of another transaction. */
static int is_in_backup(const struct rd_state *state, unsigned int id, const struct rd_node *node,
			bool *yesp, struct rd_error *err)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup other = RD_BACKUP_INIT;
	RD_CLEANUP(store_return) struct store store = STORE_INIT;
	int r;

	r = rd_backup_open(state, id, &other, err);
	if (r)
		return r > 0 ? 0 : r;
	r = open_store(&other, state->rootfd, &store, err);
	return r ? r : store_is_whole(&store, node, yesp, err);
}

static int is_elsewhere(const struct rd_state *state, const struct rd_backup *backup, size_t i,
			bool *yesp, struct rd_error *err)
{
	RD_CLEANUP(rd_txn_ids_deinit) struct rd_txn_ids ids = { 0 };
	const struct store here = { .rootfd = state->rootfd, .manifest = backup->manifest };
	int r;

	r = store_is_there(&here, i, STORE_CONTENT, yesp, err);
	if (!r && !*yesp)
		r = rd_journal_list(state, &ids, err);
	for (size_t k = 0; !r && !*yesp && k < ids.n; k++) {
		if (ids.items[k] != backup->txn.id)
			r = is_in_backup(state, ids.items[k], &backup->manifest.items[i], yesp,
					 err);
	}
	return r;
}

static int check_only_copy(const struct rd_state *state, const struct rd_backup *backup,
			   struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < backup->manifest.n; i++) {
		bool is_there = false;

		if (backup->manifest.items[i].type != RD_NODE_FILE)
			continue;
		r = is_elsewhere(state, backup, i, &is_there, err);
		if (!r && !is_there) {
			rd_error_set(err, EPERM, "%s: nothing else has what it was before %04u",
				     backup->manifest.items[i].path, backup->txn.id);
			return RD_BACKUP_ONLY_COPY;
		}
	}
	return r;
}

int rd_backup_prune(const struct rd_state *state, unsigned int id, struct rd_error *err)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;
	int r;

	r = rd_backup_open(state, id, &backup, err);
	if (r)
		return r;
	if (!backup.txn.has[RD_STEP_COMMITTED] && !backup.txn.has[RD_STEP_ROLLED_BACK]) {
		rd_error_set(err, EBUSY, "transaction %04u is not over yet", id);
		return RD_BACKUP_IN_USE;
	}
	r = check_only_copy(state, &backup, err);
	return r ? r : rd_journal_remove(state, id, err);
}
