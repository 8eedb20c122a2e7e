/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What rollback and backups read before they do anything. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "recovery/transaction.h"
#include "saved.h"

#define METHOD_NOTE "method."

/* The folder is root's alone, so that for a user everything fails in the same way. */
static int explain(int r, struct rd_error *err)
{
	struct rd_error first = *err;

	if ((r != -EACCES && r != -EPERM) || !geteuid())
		return r;
	rd_error_set(err, EPERM, "only root can do that: run it as root (%.300s)", first.msg);
	return CLI_REFUSED;
}

int cli_state_open(const struct rd_system *sys, bool is_locked, struct rd_state *statep,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_state_deinit) struct rd_state state = RD_STATE_INIT;
	int r;

	r = rd_state_open(&state, sys->rootfd, err);
	if (r == RD_STATE_ABSENT)
		return CLI_SAVED_ABSENT;
	if (!r && is_locked) {
		rd_state_deinit(&state);
		r = rd_state_lock(&state, sys->rootfd, err);
	}
	if (r == -EBUSY)
		return CLI_REFUSED;
	if (r)
		return explain(r, err);
	*statep = state;
	state = (struct rd_state)RD_STATE_INIT;
	return 0;
}

bool cli_saved_parse_id(const char *word, unsigned int *idp)
{
	uint64_t id;

	if (!*word || word[strspn(word, "0123456789")] || !rd_text_parse_u64(word, 10, &id) ||
	    !id || id > RD_TXN_ID_MAX)
		return false;
	*idp = (unsigned int)id;
	return true;
}

static enum rd_saved_state state_of(const struct rd_txn *txn)
{
	if (txn->has[RD_STEP_ROLLED_BACK])
		return RD_SAVED_ROLLED_BACK;
	if (txn->has[RD_STEP_UNDO])
		return RD_SAVED_HALF_UNDONE;
	if (txn->has[RD_STEP_COMMITTED])
		return RD_SAVED_COMMITTED;
	return txn->has[RD_STEP_ARMED] ? RD_SAVED_ARMED : RD_SAVED_UNFINISHED;
}

static int add_once(struct rd_paths *paths, const char *text)
{
	for (size_t i = 0; i < paths->n; i++) {
		if (!strcmp(paths->items[i], text))
			return 0;
	}
	return rd_paths_add(paths, text);
}

/* The release in lib/modules/RELEASE, also below usr/. */
static int add_kernel(struct rd_saved *saved, const char *path)
{
	static const char place[] = "lib/modules/";
	RD_CLEANUP(rd_freep) char *release = NULL;

	path += rd_text_has_prefix(path, "usr/") ? strlen("usr/") : 0;
	if (!rd_text_has_prefix(path, place))
		return 0;
	path += strlen(place);
	release = strndup(path, strcspn(path, "/"));
	return release ? add_once(&saved->kernels, release) : -ENOMEM;
}

static int add_files(struct rd_saved *saved, const struct rd_backup *backup)
{
	int r = 0;

	saved->size = backup->size;
	saved->begun = RD_NUM((uint64_t)backup->begun);
	for (size_t i = 0; !r && i < backup->manifest.n; i++) {
		saved->files += backup->manifest.items[i].type == RD_NODE_FILE;
		r = add_kernel(saved, backup->manifest.items[i].path);
	}
	for (size_t i = 0; !r && i < backup->aside.n; i = rd_manifest_after(&backup->aside, i)) {
		RD_CLEANUP(rd_freep)
		char *path = rd_text_format("/%s", backup->aside.items[i].path);

		r = path ? rd_paths_add(&saved->aside, path) : -ENOMEM;
	}
	for (size_t i = 0; !r && i < backup->aside.n; i++)
		saved->files += backup->aside.items[i].type == RD_NODE_FILE;
	for (size_t i = 0; !r && i < backup->set.n; i++)
		saved->files += backup->set.items[i].type == RD_NODE_FILE;
	return r;
}

static int set_string(char **stringp, const char *value)
{
	if (!value || *stringp)
		return 0;
	*stringp = strdup(value);
	return *stringp ? 0 : -ENOMEM;
}

/* What was asked for, until it is known what was done. */
static int add_notes(struct rd_saved *saved, const struct rd_txn *txn)
{
	RD_CLEANUP(rd_notes_deinit) struct rd_notes armed = { 0 };
	int r = 0;

	if (rd_transaction_armed(txn, &armed, NULL) == -ENOMEM)
		return -ENOMEM;
	for (size_t i = 0; !r && i < armed.n; i++) {
		const struct rd_note *note = &armed.items[i];

		if (!rd_text_has_prefix(note->key, METHOD_NOTE))
			continue;
		r = set_string(&saved->method, note->value);
		if (!r)
			r = add_once(&saved->kernels, note->key + strlen(METHOD_NOTE));
	}
	if (!r)
		r = set_string(&saved->method, rd_notes_get(&txn->plan.notes, "method"));
	return r ? r : set_string(&saved->begun_by, rd_notes_get(&txn->plan.notes, "begun-by"));
}

static int add_all(struct rd_saved *saved, const struct rd_txn *txn, const struct rd_backup *backup,
		   struct rd_error *err)
{
	saved->state = state_of(txn);
	if (add_notes(saved, txn) || (backup && add_files(saved, backup)))
		return rd_error_nomem(err);
	return 0;
}

static int set_unreadable(struct rd_saved *saved, const struct rd_error *why, struct rd_error *err)
{
	saved->state = RD_SAVED_UNREADABLE;
	return set_string(&saved->reason, why->msg) ? rd_error_nomem(err) : 0;
}

int cli_saved_read(const struct rd_state *state, unsigned int id, struct rd_saved *savedp,
		   struct rd_backup *backupp, struct rd_error *err)
{
	RD_CLEANUP(rd_saved_deinit) struct rd_saved saved = { .id = id };
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_journal_open(state, id, &txn, &why);
	if (r == RD_JOURNAL_ABSENT)
		return CLI_SAVED_ABSENT;
	if (!r && txn.has[RD_STEP_BACKUP])
		r = rd_backup_open(state, id, &backup, &why);
	if (r == -ENOMEM)
		return rd_error_nomem(err);
	r = r ? set_unreadable(&saved, &why, err)
	      : add_all(&saved, &txn, txn.has[RD_STEP_BACKUP] ? &backup : NULL, err);
	if (r)
		return r;
	*savedp = saved;
	saved = (struct rd_saved){ 0 };
	*backupp = backup;
	backup = (struct rd_backup)RD_BACKUP_INIT;
	return 0;
}
