/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What of the backups may go. Asked for is the content, not the name: it must be found again, read
 * to its end, at its path or in another backup. The one exception has to be asked for: a driver
 * that is known to be patched, which nobody wants back.
 */

#include <errno.h>

#include "backup_store.h"
#include "base/cleanup.h"
#include "base/text.h"

static int is_in_part(const struct rd_backup *other, enum backup_part part,
		      const struct rd_node *node, bool *yesp, struct rd_error *err)
{
	RD_CLEANUP(backup_store_return) struct store store = STORE_INIT;
	int r;

	if (!backup_manifest(other, part)->n)
		return 0;
	r = backup_store(other, -1, part, &store, err);
	return r ? r : store_is_whole(&store, node, yesp, err);
}

/* Whether the content of a file is in the backup of another transaction. One that cannot be read
 * holds nothing that could be relied on. */
static int is_in_backup(const struct rd_state *state, unsigned int id, const struct rd_node *node,
			bool *yesp, struct rd_error *err)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup other = RD_BACKUP_INIT;
	int r;

	r = rd_backup_open(state, id, &other, err);
	if (r)
		return r > 0 || r == -EPROTO || r == -EBADMSG || r == -ENOENT ? 0 : r;
	for (enum backup_part part = 0; !r && !*yesp && part < _BACKUP_N; part++)
		r = is_in_part(&other, part, node, yesp, err);
	return r;
}

static int is_elsewhere(const struct rd_state *state, const struct rd_backup *backup,
			const struct rd_manifest *manifest, size_t i, bool *yesp,
			struct rd_error *err)
{
	RD_CLEANUP(rd_txn_ids_deinit) struct rd_txn_ids ids = { 0 };
	const struct store here = { .rootfd = state->rootfd, .manifest = *manifest };
	int r;

	r = store_is_there(&here, i, STORE_CONTENT, yesp, err);
	if (!r && !*yesp)
		r = rd_journal_list(state, &ids, err);
	for (size_t k = 0; !r && !*yesp && k < ids.n; k++) {
		if (ids.items[k] != backup->txn.id)
			r = is_in_backup(state, ids.items[k], &manifest->items[i], yesp, err);
	}
	return r;
}

static int refuse(const struct rd_backup *backup, const struct rd_node *node, const char *why,
		  struct rd_error *err)
{
	rd_error_set(err, EPERM, "/%s: nothing else has what it was before %04u%s", node->path,
		     backup->txn.id, why);
	return RD_BACKUP_ONLY_COPY;
}

static bool is_image(const struct rd_copy *copy)
{
	return copy->kind == RD_COPY_INITRAMFS;
}

/* A file that is nowhere else: whether it is one of those that may be lost on purpose. Images are
 * made from modules, and can be made again. */
static int check_patched(const struct rd_backup *backup, const struct rd_node *node,
			 struct rd_error *err)
{
	RD_CLEANUP(rd_copies_deinit) struct rd_copies copies = { 0 };
	int r;

	if (!backup->txn.has[RD_STEP_COMMITTED] || backup->txn.has[RD_STEP_UNDO])
		return refuse(backup, node, ", and no boot has confirmed what took its place", err);
	if (rd_text_has_prefix(node->path, "etc/"))
		return refuse(backup, node, ", and it is no driver", err);
	r = rd_backup_inspect(backup, node, &copies, err);
	for (size_t i = 0; !r && i < copies.n; i++) {
		if (!is_image(&copies.items[i]) && !rd_verdict_is_bad(copies.items[i].verdict))
			return refuse(backup, node, ", and it is not known to be patched", err);
	}
	return r;
}

/* What came into being after the transaction had begun never goes. */
static int check_later(const struct rd_backup *backup, enum backup_part part,
		       const struct rd_node *node, struct rd_error *err)
{
	rd_error_set(err, EPERM, "/%s: nothing else has what %04u %s", node->path, backup->txn.id,
		     part == BACKUP_ASIDE ? "kept of it when it was rolled back"
					  : "installed there");
	return RD_BACKUP_ONLY_COPY;
}

static int check_only_copy(const struct rd_state *state, const struct rd_backup *backup,
			   enum backup_part part, enum rd_prune how, struct rd_error *err)
{
	const struct rd_manifest *manifest = backup_manifest(backup, part);
	int r = 0;

	for (size_t i = 0; !r && i < manifest->n; i++) {
		const struct rd_node *node = &manifest->items[i];
		bool is_there = false;

		/* The log of a build is nothing that anybody could want back. */
		if (node->type != RD_NODE_FILE || rd_text_has_suffix(node->path, "/log/make.log"))
			continue;
		r = is_elsewhere(state, backup, manifest, i, &is_there, err);
		if (r || is_there)
			continue;
		if (part != BACKUP_OLD)
			r = check_later(backup, part, node, err);
		else
			r = how == RD_PRUNE_PATCHED ? check_patched(backup, node, err)
						    : refuse(backup, node, "", err);
	}
	return r;
}

int rd_backup_may_prune(const struct rd_state *state, const struct rd_backup *backup,
			enum rd_prune how, struct rd_error *err)
{
	const struct rd_txn *txn = &backup->txn;
	int r = 0;

	if (!txn->has[RD_STEP_ROLLED_BACK] &&
	    (!txn->has[RD_STEP_COMMITTED] || txn->has[RD_STEP_UNDO])) {
		rd_error_set(err, EBUSY,
			     "transaction %04u is not over yet: a boot confirms it (boot-report "
			     "--commit), or it is rolled back",
			     txn->id);
		return RD_BACKUP_IN_USE;
	}
	for (enum backup_part part = 0; !r && part < _BACKUP_N; part++)
		r = check_only_copy(state, backup, part, how, err);
	return r;
}

int rd_backup_prune(const struct rd_state *state, unsigned int id, enum rd_prune how,
		    struct rd_error *err)
{
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;
	int r;

	r = rd_backup_open(state, id, &backup, err);
	if (!r)
		r = rd_backup_may_prune(state, &backup, how, err);
	return r ? r : rd_journal_remove(state, id, err);
}
