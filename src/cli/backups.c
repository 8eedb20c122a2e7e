/* SPDX-License-Identifier: GPL-2.0-or-later */

/* backups: what the transactions keep, whether it is whole, and what may go. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/name.h"
#include "base/text.h"
#include "consent.h"
#include "progress.h"
#include "saved.h"

enum action { LIST, VERIFY, PRUNE };

static const struct rd_name actions[] = {
	{ .name = "list", .value = LIST },
	{ .name = "verify", .value = VERIFY },
	{ .name = "prune", .value = PRUNE },
};

struct work {
	const struct cli_values *values;
	enum action action;
	bool is_named; /* by their ids */
	struct rd_txn_ids ids;
	struct rd_system sys;
	struct rd_state state;
	struct rd_saved_list list;
	struct cli_progress progress;
};

static void work_deinit(struct work *work)
{
	rd_txn_ids_deinit(&work->ids);
	rd_saved_list_deinit(&work->list);
	rd_state_deinit(&work->state);
	rd_system_deinit(&work->sys);
}

static int usage(struct rd_error *err, const char *word, const char *what)
{
	rd_error_set(err, EINVAL, "'%.40s' is no %s", word, what);
	return CLI_EXIT_USAGE;
}

static int parse(struct work *work, int argc, char **argv, struct rd_error *err)
{
	int action = argc ? rd_name_find(actions, RD_N_ELEMENTS(actions), argv[0]) : LIST;

	if (action < 0)
		return usage(err, argv[0], "action: list, verify or prune");
	work->action = (enum action)action;
	work->list.action = rd_name_of(actions, RD_N_ELEMENTS(actions), action);
	for (int i = 1; i < argc; i++) {
		unsigned int id;

		if (!cli_saved_parse_id(argv[i], &id))
			return usage(err, argv[i], "number of a transaction");
		if (rd_array_push(&work->ids, &id))
			return rd_error_nomem(err);
	}
	work->is_named = work->ids.n;
	if (work->action == PRUNE && work->values->does_know && !work->is_named) {
		rd_error_set(err, EINVAL, "--i-know wants the numbers of what is to go");
		return CLI_EXIT_USAGE;
	}
	if (work->action != PRUNE && (work->values->does_know || work->values->says_yes)) {
		rd_error_set(err, EINVAL, "--yes and --i-know are for prune");
		return CLI_EXIT_USAGE;
	}
	return 0;
}

static int set_result(struct rd_saved *saved, enum rd_saved_result result, const char *reason,
		      struct rd_error *err)
{
	char *copy = reason ? strdup(reason) : NULL;

	if (reason && !copy)
		return rd_error_nomem(err);
	free(saved->reason);
	saved->reason = copy;
	saved->result = result;
	return 0;
}

static int add_damaged(void *userdata, const struct rd_node *node, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = rd_text_format("/%s", node->path);

	return path && !rd_paths_add(userdata, path) ? 0 : rd_error_nomem(err);
}

static int verify(struct rd_saved *saved, const struct rd_backup *backup, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r = 0;

	if (saved->state == RD_SAVED_UNREADABLE)
		return 0;
	if (backup->txn.id)
		r = rd_backup_damaged(backup, add_damaged, &saved->damaged, &why);
	if (r == -ENOMEM)
		return rd_error_nomem(err);
	return set_result(saved, r || saved->damaged.n ? RD_SAVED_DAMAGED : RD_SAVED_WHOLE,
			  r ? why.msg : NULL, err);
}

/* What goes for good only with --i-know is told although it may. */
static int judge(const struct work *work, struct rd_saved *saved, const struct rd_backup *backup,
		 struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT, first;
	int r;

	if (saved->state == RD_SAVED_UNREADABLE)
		return set_result(saved, RD_SAVED_STAYS, saved->reason, err);
	if (!backup->txn.id)
		return set_result(saved, RD_SAVED_STAYS, "its transaction is not over yet", err);
	r = rd_backup_may_prune(&work->state, backup, RD_PRUNE_SAFE, &why);
	first = why;
	if (r == RD_BACKUP_ONLY_COPY && work->values->does_know)
		r = rd_backup_may_prune(&work->state, backup, RD_PRUNE_PATCHED, &why);
	if (r == -ENOMEM)
		return rd_error_nomem(err);
	if (r)
		return set_result(saved, RD_SAVED_STAYS, why.msg, err);
	return set_result(saved, RD_SAVED_MAY_GO, *first.msg ? first.msg : NULL, err);
}

static int add_one(struct work *work, unsigned int id, struct rd_error *err)
{
	RD_CLEANUP(rd_saved_deinit) struct rd_saved saved = { 0 };
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;
	int r;

	r = cli_saved_read(&work->state, id, &saved, &backup, err);
	if (r == CLI_SAVED_ABSENT && work->is_named) {
		rd_error_set(err, ENOENT, "there is no transaction %04u", id);
		return CLI_REFUSED;
	}
	if (r)
		return r < 0 ? r : 0;
	cli_progress_tell(&work->progress, work->list.action);
	if (work->action == VERIFY)
		r = verify(&saved, &backup, err);
	else if (work->action == PRUNE)
		r = judge(work, &saved, &backup, err);
	if (!r && rd_array_push(&work->list, &saved))
		return rd_error_nomem(err);
	if (!r)
		saved = (struct rd_saved){ 0 };
	return r;
}

static int add_all(struct work *work, struct rd_error *err)
{
	int r = 0;

	if (!work->is_named)
		r = rd_journal_list(&work->state, &work->ids, err);
	for (size_t i = 0; !r && i < work->ids.n; i++)
		r = add_one(work, work->ids.items[i], err);
	cli_progress_end(&work->progress);
	return r;
}

static int render(const struct work *work, struct rd_error *err)
{
	const struct rd_render_options options = cli_render_options(work->values);

	return rd_renderer_find(work->values->format)->backups(&work->list, &options, stdout, err);
}

static size_t count(const struct work *work, enum rd_saved_result result)
{
	size_t n = 0;

	for (size_t i = 0; i < work->list.n; i++)
		n += work->list.items[i].result == result;
	return n;
}

/* Judged once more, one after the other: of two that have the same only copy one stays. */
static int prune_one(const struct work *work, struct rd_saved *saved, struct rd_error *err)
{
	enum rd_prune how = work->values->does_know ? RD_PRUNE_PATCHED : RD_PRUNE_SAFE;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_backup_prune(&work->state, saved->id, how, &why);
	if (r < 0)
		return rd_error_set(err, -r, "transaction %04u: %s", saved->id, why.msg);
	return set_result(saved, r ? RD_SAVED_STAYS : RD_SAVED_GONE, r ? why.msg : NULL, err);
}

static int ask(const struct work *work, struct rd_error *err)
{
	size_t n = count(work, RD_SAVED_MAY_GO);
	char question[64];

	snprintf(question, sizeof(question), "Take %zu backup%s off the disk?", n,
		 n == 1 ? "" : "s");
	return cli_consent(question, work->values, err);
}

static int prune(struct work *work, struct rd_error *err)
{
	bool is_json = !strcmp(work->values->format, "json");
	int r = 0;

	if (!is_json || !count(work, RD_SAVED_MAY_GO))
		r = render(work, err);
	if (!r && count(work, RD_SAVED_MAY_GO)) {
		r = ask(work, err);
		for (size_t i = 0; !r && i < work->list.n; i++) {
			if (work->list.items[i].result == RD_SAVED_MAY_GO)
				r = prune_one(work, &work->list.items[i], err);
		}
		if (!r || (r == CLI_REFUSED && is_json)) {
			int rendered = render(work, err);

			r = rendered ? rendered : r;
		}
	}
	if (r || !work->is_named || !count(work, RD_SAVED_STAYS))
		return r;
	rd_error_set(err, EPERM, "%zu of %zu stay%s", count(work, RD_SAVED_STAYS), work->list.n,
		     count(work, RD_SAVED_STAYS) == 1 ? "s" : "");
	return CLI_REFUSED;
}

static int backups_run(const struct cli_values *values, int argc, char **argv, struct rd_error *err)
{
	RD_CLEANUP(work_deinit)
	struct work work = { .values = values, .sys = RD_SYSTEM_INIT, .state = RD_STATE_INIT };
	size_t n;
	int r;

	r = parse(&work, argc, argv, err);
	if (r)
		return r;
	cli_progress_init(&work.progress);
	r = rd_system_init(&work.sys, values->root, err);
	if (!r)
		r = cli_state_open(&work.sys, work.action == PRUNE, &work.state, err);
	if (r == CLI_SAVED_ABSENT && work.is_named) {
		rd_error_set(err, ENOENT, "there is no transaction %04u", work.ids.items[0]);
		return CLI_REFUSED;
	}
	if (!r)
		r = add_all(&work, err);
	if (r && r != CLI_SAVED_ABSENT)
		return r;
	if (work.action == PRUNE)
		return prune(&work, err);
	r = render(&work, err);
	n = count(&work, RD_SAVED_DAMAGED);
	for (size_t i = 0; i < work.list.n; i++)
		n += work.list.items[i].state == RD_SAVED_UNREADABLE;
	if (r || !n)
		return r;
	rd_error_set(err, EIO, "%zu of %zu cannot be relied on", n, work.list.n);
	return CLI_REFUSED;
}

const struct cli_verb cli_backups = {
	.name = "backups",
	.args = "[ACTION] [ID...]",
	.actions = "list verify prune",
	.max = -1,
	.options = CLI_ROOT | CLI_YES | CLI_I_KNOW | CLI_FORMAT | CLI_VERBOSE | CLI_COLOR,
	.help = "the copies that recoveries keep: list, verify, prune",
	.about =
		"list (default) tells what each transaction keeps; verify reads every copy to its\n"
		"end and names those that are damaged; prune takes those off the disk that may go,\n"
		"or those of the given numbers. The only copy of anything never goes; with\n"
		"--i-know, and by its number, that of a driver known to be patched does. Needs\n"
		"root.\n\n"
		"Exit code: 0, 1 the tool failed, 2 usage, 3 damaged, or not all named could go.",
	.run = backups_run,
};
