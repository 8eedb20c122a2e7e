/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A finished transaction holds two things that are worth having again: what it found (old.manifest,
 * old/), and the modules that it installed (40-installed.manifest, new/), which are a build of an
 * hour on some machines. Nothing of it is believed but by its digest.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "inspect/digest.h"
#include "recovery/backup.h"
#include "recovery/transaction.h"
#include "recovery/write.h"
#include "run.h"
#include "saved.h"

#define CONTENT_MAX ((size_t)256 << 20)

/* The content of a node, from a store of contents. */
static int read_content(const struct store *store, const struct rd_node *node,
			struct rd_text *contentp, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_closep) int fd = -1;
	char hex[RD_DIGEST_MAX];
	int r;

	fd = openat(store->fd, node->sha256, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? SAVED_NOTHING
				       : rd_error_set(err, errno, "open the copy of %s: %s",
						      node->path, strerror(errno));
	r = rd_text_fill(&text, fd, CONTENT_MAX, err);
	if (!r)
		r = rd_digest_hex(RD_DIGEST_SHA256, text.data ? text.data : "", text.len, hex);
	if (r < 0)
		return r;
	if (r || strcmp(hex, node->sha256) != 0)
		return SAVED_NOTHING;
	*contentp = rd_text_take(&text);
	return 0;
}

static int read_old(const struct rd_state *state, unsigned int id, const char *path,
		    struct rd_text *contentp, struct rd_error *err)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;
	RD_CLEANUP(store_deinit) struct store store = STORE_INIT;
	const struct rd_node *node;
	int r;

	r = rd_backup_open(state, id, &backup, err);
	if (r)
		return r > 0 ? SAVED_NOTHING : r;
	node = rd_manifest_find(&backup.manifest, path);
	if (!node || node->type != RD_NODE_FILE)
		return SAVED_NOTHING;
	r = store_open(&store, -1, backup.txn.fd, RUN_OLD, false, err);
	return r ? r : read_content(&store, node, contentp, err);
}

int saved_file(const struct rd_state *state, const char *path, unsigned int *idp,
	       struct rd_text *contentp, struct rd_error *err)
{
	RD_CLEANUP(rd_txn_ids_deinit) struct rd_txn_ids ids = { 0 };
	int r;

	rd_text_deinit(contentp);
	r = rd_journal_list(state, &ids, err);
	for (size_t i = ids.n; !r && i-- > 0;) {
		if (*idp && ids.items[i] >= *idp)
			continue;
		r = read_old(state, ids.items[i], path, contentp, err);
		if (!r) {
			*idp = ids.items[i];
			return 0;
		}
		/* A damaged one has nothing that can be trusted, and is in nobody's way. */
		r = r == SAVED_NOTHING || r == -EBADMSG ? 0 : r;
	}
	return r ? r : SAVED_NOTHING;
}

bool saved_is_of_kernel(const char *path, const char *kernel)
{
	const char *place = strstr(path, kernel);
	size_t len = strlen(kernel);

	/* A folder of that name, or dkms' link kernel-KERNEL-ARCH. */
	return place && place != path &&
	       ((place[-1] == '/' && (!place[len] || place[len] == '/')) ||
		(place - path >= 8 && !strncmp(place - 8, "/kernel-", 8) && place[len] == '-'));
}

/* The manifest of what a transaction installed, and its contents. */
static int open_installed(const struct rd_state *state, struct rd_txn *txn, struct store *store,
			  struct rd_error *err)
{
	struct run run = { .state = state, .txn = txn };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	if (!txn->has[RD_STEP_ARMED] || !txn->has[RD_STEP_INSTALLED])
		return SAVED_NOTHING;
	r = store_open(store, state->rootfd, txn->fd, RUN_NEW, false, &why);
	if (!r)
		r = run_load(&run, rd_step_name(RD_STEP_INSTALLED), &store->manifest, &why);
	if (r == -ENOENT)
		return SAVED_NOTHING;
	return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
}

/* Whether every file of the set is there; it has at least one. */
static int is_set_whole(const struct store *store, const char *kernel, bool *yesp,
			struct rd_error *err)
{
	int r = 0;

	*yesp = false;
	for (size_t i = 0; !r && i < store->manifest.n; i++) {
		const struct rd_node *node = &store->manifest.items[i];

		if (node->type != RD_NODE_FILE || !saved_is_of_kernel(node->path, kernel))
			continue;
		r = store_is_whole(store, node, yesp, err);
		if (!*yesp)
			return r;
	}
	return r;
}

static int add_set(struct rd_means *means, const char *kernel, unsigned int id,
		   const char *build_id)
{
	struct rd_backup_means backup = {
		.kernel = strdup(kernel),
		.id = id,
		.build_id = strdup(build_id),
	};

	if (backup.kernel && backup.build_id && !rd_array_push(&means->backups, &backup))
		return 0;
	free(backup.kernel);
	free(backup.build_id);
	return -ENOMEM;
}

static int add_sets(const struct rd_state *state, struct rd_txn *txn, const struct rd_facts *facts,
		    struct rd_means *means, struct rd_error *err)
{
	RD_CLEANUP(store_deinit) struct store store = STORE_INIT;
	RD_CLEANUP(rd_notes_deinit) struct rd_notes notes = { 0 };
	int r;

	r = open_installed(state, txn, &store, err);
	if (!r)
		r = rd_transaction_armed(txn, &notes, err);
	for (size_t i = 0; !r && i < facts->kernels.n; i++) {
		const char *kernel = facts->kernels.items[i].release;
		char key[256];
		const char *build_id;
		bool is_whole = false;

		snprintf(key, sizeof(key), "build-id.%s", kernel);
		build_id = rd_notes_get(&notes, key);
		if (!build_id)
			continue;
		r = is_set_whole(&store, kernel, &is_whole, err);
		if (!r && is_whole && add_set(means, kernel, txn->id, build_id))
			r = rd_error_nomem(err);
	}
	return r > 0 ? 0 : r;
}

int saved_sets(const struct rd_state *state, const struct rd_facts *facts, struct rd_means *means,
	       struct rd_error *err)
{
	RD_CLEANUP(rd_txn_ids_deinit) struct rd_txn_ids ids = { 0 };
	int r;

	r = rd_journal_list(state, &ids, err);
	for (size_t i = 0; !r && i < ids.n; i++) {
		RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;

		r = rd_journal_open(state, ids.items[i], &txn, err);
		if (!r)
			r = add_sets(state, &txn, facts, means, err);
		r = r > 0 || r == -EBADMSG ? 0 : r;
	}
	return r;
}

int saved_unpack(const struct rd_state *state, const struct rd_backup_means *backup,
		 const char *folder, struct rd_error *err)
{
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	RD_CLEANUP(store_deinit) struct store store = STORE_INIT;
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	r = rd_journal_open(state, backup->id, &txn, err);
	if (!r)
		r = open_installed(state, &txn, &store, err);
	if (r)
		return r > 0 ? SAVED_NOTHING : r;
	fd = rd_write_folder(state->rootfd, folder, 0700, err);
	if (fd < 0)
		return fd;
	store.rootfd = fd;
	for (size_t i = 0; !r && i < store.manifest.n; i = rd_manifest_after(&store.manifest, i)) {
		const struct rd_node *node = &store.manifest.items[i];

		if (node->type != RD_NODE_ABSENT && saved_is_of_kernel(node->path, backup->kernel))
			r = store_put(&store, i, err);
	}
	store.rootfd = -1;
	return r;
}
