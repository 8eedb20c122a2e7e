/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * rollback: show what goes back, have it judged, ask, and do it. The lock is held from the first
 * look on, so that what was shown is what is done.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "consent.h"
#include "progress.h"
#include "recovery/changes.h"
#include "recovery/preflight.h"
#include "recovery/spawn.h"
#include "recovery/transaction.h"
#include "recovery/undo.h"
#include "recovery/work.h"
#include "saved.h"

struct work {
	const struct cli_values *values;
	struct rd_system sys;
	struct rd_state state;
	struct rd_backup backup;
	struct rd_rollback rollback;
	struct cli_progress progress;
};

static void work_deinit(struct work *work)
{
	rd_rollback_deinit(&work->rollback);
	rd_backup_deinit(&work->backup);
	rd_state_deinit(&work->state);
	rd_system_deinit(&work->sys);
}

/* The transaction that is meant, and whether it is the one that can go. */
static int choose(struct work *work, const char *word, struct rd_error *err)
{
	struct rd_saved *saved = &work->rollback.saved;
	unsigned int last = 0, id = 0;
	int r;

	if (word && !cli_saved_parse_id(word, &id)) {
		rd_error_set(err, EINVAL, "'%.40s' is no number of a transaction", word);
		return CLI_EXIT_USAGE;
	}
	r = rd_transaction_in_effect(&work->state, &last, err);
	if (r)
		return r;
	if (!id && !last) {
		rd_error_set(err, ENOENT, "there is nothing to roll back");
		return CLI_REFUSED;
	}
	r = cli_saved_read(&work->state, id ? id : last, saved, &work->backup, err);
	if (r == CLI_SAVED_ABSENT) {
		rd_error_set(err, ENOENT, "there is no transaction %04u", id);
		return CLI_REFUSED;
	}
	if (r)
		return r;
	if (saved->state == RD_SAVED_UNREADABLE)
		return rd_error_set(err, EBADMSG, "%s", saved->reason);
	if (saved->state == RD_SAVED_ROLLED_BACK) {
		rd_error_set(err, EALREADY, "transaction %04u is rolled back already", id);
		return CLI_REFUSED;
	}
	if (saved->id == last)
		return 0;
	rd_error_set(err, EBUSY, "transaction %04u came later and is in effect: roll it back first",
		     last);
	return CLI_REFUSED;
}

static int add_path(struct rd_paths *paths, const char *path)
{
	RD_CLEANUP(rd_freep) char *full = rd_text_format("/%s", path);

	return full ? rd_paths_add(paths, full) : -ENOMEM;
}

static int meet(void *userdata, const struct rd_undo *undo, struct rd_error *err)
{
	struct work *work = userdata;
	struct rd_rollback *rollback = &work->rollback;
	int r = 0;

	cli_progress_tell(&work->progress, undo->path);
	if (add_path(undo->is_removed ? &rollback->removed : &rollback->restored, undo->path) ||
	    (undo->is_foreign && add_path(&rollback->foreign, undo->path)))
		return rd_error_nomem(err);
	for (size_t i = undo->first; !r && i < undo->after; i++) {
		const struct rd_node *node = &work->backup.manifest.items[i];

		rollback->files += node->type == RD_NODE_FILE;
		rollback->size += node->size;
		r = rd_backup_inspect(&work->backup, node, &rollback->copies, err);
	}
	return r;
}

/* What is on its way back already has no other way; all else must be wanted. */
static int judge(struct work *work, struct rd_error *err)
{
	const struct rd_rollback *rollback = &work->rollback;
	const struct rd_copy *bad = rd_rollback_bad(rollback);
	bool is_unknown = bad && bad->verdict == RD_VERDICT_UNKNOWN;

	if (!bad || work->values->does_know || rollback->saved.state == RD_SAVED_HALF_UNDONE)
		return 0;
	rd_error_set(err, EPERM,
		     "nothing was done: this brings back a driver that %s, and the machine loads "
		     "or builds it from then on: %.120s: %.160s.%s Say --i-know if that is wanted.",
		     is_unknown ? "could not be inspected" : "is patched", bad->path,
		     rd_copy_reason(bad),
		     rollback->saved.state == RD_SAVED_UNFINISHED
			     ? " To finish what was begun instead: rdna1-doctor recover."
			     : "");
	return CLI_REFUSED;
}

static int render(const struct work *work, struct rd_error *err)
{
	const struct rd_render_options options = cli_render_options(work->values);

	return rd_renderer_find(work->values->format)
		->rollback(&work->rollback, &options, stdout, err);
}

/* Who asked for JSON gets one document, at the end; who is asked a question reads on the other
 * stream. */
static int show(const struct work *work, struct rd_error *err)
{
	const struct rd_render_options options = cli_render_options(work->values);

	if (strcmp(work->values->format, "json") != 0)
		return render(work, err);
	return work->values->says_yes
		       ? 0
		       : rd_renderer_find("text")->rollback(&work->rollback, &options, stderr, err);
}

/* Asked before the way back is taken, from which there is no other. */
static int check_whole(struct work *work, struct rd_error *err)
{
	struct rd_error first = RD_ERROR_INIT;
	int r = rd_backup_verify(&work->backup, &first);

	if (r != RD_BACKUP_DAMAGED)
		return r ? rd_error_set(err, -r, "%s", first.msg) : 0;
	rd_error_set(err, EIO,
		     "nothing was done: %s. 'rdna1-doctor backups verify %u' names all that are",
		     first.msg, work->rollback.saved.id);
	return CLI_REFUSED;
}

/* The profile is the user's, and not in the backup. */
static int find_profile(struct work *work, struct rd_error *err)
{
	RD_CLEANUP(rd_notes_deinit) struct rd_notes notes = { 0 };
	const struct rd_txn *txn = &work->backup.txn;
	struct rd_error why = RD_ERROR_INIT;
	const char *user;

	if (!txn->has[RD_STEP_COMMITTED] || rd_transaction_armed(txn, &notes, &why))
		return 0;
	user = rd_notes_get(&notes, RD_NOTE_USER);
	if (user)
		work->rollback.user = strdup(user);
	return user && !work->rollback.user ? rd_error_nomem(err) : 0;
}

static int look(struct work *work, const char *word, struct rd_error *err)
{
	int r;

	r = rd_system_init(&work->sys, work->values->root, err);
	if (!r)
		r = cli_state_open(&work->sys, true, &work->state, err);
	if (r == CLI_SAVED_ABSENT) {
		rd_error_set(err, ENOENT,
			     "there is nothing to roll back: nothing was ever changed here");
		return CLI_REFUSED;
	}
	if (!r)
		r = choose(work, word, err);
	if (r)
		return r;
	work->rollback.is_live = work->sys.is_live;
	if (work->backup.txn.id)
		r = check_whole(work, err);
	if (!r && work->backup.txn.id)
		r = rd_undo_list(&work->state, &work->backup, meet, work, err);
	if (!r && work->backup.txn.id)
		r = find_profile(work, err);
	cli_progress_end(&work->progress);
	return r;
}

static int carry_out(struct work *work, struct rd_error *err)
{
	const struct rd_tools tools = { .tell = cli_progress_tell, .userdata = &work->progress };
	RD_CLEANUP(rd_hold_deinit) struct rd_hold hold = RD_HOLD_INIT;
	int r;

	r = rd_preflight_mounts(&work->sys, err);
	if (!r)
		r = rd_preflight_hold(&work->sys, &hold, err);
	if (r)
		return r > 0 ? CLI_REFUSED : r;
	/* An interrupted one can be called again, but nobody has to. */
	rd_spawn_catch_signals();
	cli_progress_init(&work->progress);
	r = rd_transaction_rollback(&work->state, work->rollback.saved.id, &tools, err);
	cli_progress_end(&work->progress);
	if (r > 0)
		return rd_error_set(err, EIO, "transaction %04u is gone", work->rollback.saved.id);
	if (r)
		return rd_error_prefix(err, r, "not all is put back, call it again");
	/* What a recovery that was cut off had made ready. */
	rd_work_remove(&work->state);
	return 0;
}

static int roll_back(struct work *work, const char *word, struct rd_error *err)
{
	char question[64];
	int r;

	r = look(work, word, err);
	if (!r)
		r = show(work, err);
	if (!r)
		r = judge(work, err);
	if (r)
		return r;
	snprintf(question, sizeof(question), "Roll back transaction %04u?",
		 work->rollback.saved.id);
	r = cli_consent(question, work->values, err);
	return r ? r : carry_out(work, err);
}

static int rollback_run(const struct cli_values *values, int argc, char **argv,
			struct rd_error *err)
{
	RD_CLEANUP(work_deinit)
	struct work work = {
		.values = values,
		.sys = RD_SYSTEM_INIT,
		.state = RD_STATE_INIT,
		.backup = RD_BACKUP_INIT,
		.rollback = { .root = values->root },
	};
	int r, rendered;

	cli_progress_init(&work.progress);
	r = roll_back(&work, argc ? argv[0] : NULL, err);
	cli_progress_end(&work.progress);
	if (r && r != CLI_REFUSED)
		return r;
	work.rollback.result = r ? RD_ROLLBACK_REFUSED : RD_ROLLBACK_DONE;
	if (r) {
		work.rollback.reason = strdup(err->msg);
		if (!work.rollback.reason)
			return rd_error_nomem(err);
	}
	rendered = render(&work, err);
	return rendered ? rendered : r;
}

const struct cli_verb cli_rollback = {
	.name = "rollback",
	.args = "[ID]",
	.max = 1,
	.options = CLI_ROOT | CLI_YES | CLI_I_KNOW | CLI_FORMAT | CLI_VERBOSE | CLI_COLOR,
	.help = "put back what was there before a recovery",
	.about =
		"Undoes the last transaction that is in effect, or that of the given number if it\n"
		"is the last: every file, owner and time is what it was. One that was cut off can\n"
		"be undone too. What others have put in its way since is copied first, and kept.\n"
		"Shows what goes back, and asks. Bringing back a patched driver wants --i-know.\n"
		"Needs root.\n\n"
		"Exit code: 0 rolled back, 1 the tool failed, 2 usage, 3 refused: nothing was done.",
	.run = rollback_run,
};
