/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The documents that data/{rollback,backups}.schema.json describe. */

#include <time.h>

#include "base/cleanup.h"
#include "json.h"

/* ISO 8601, in UTC. */
static void add_time(struct document *document, struct json_object *o, struct rd_num begun)
{
	time_t time = (time_t)begun.v;
	char words[32];
	struct tm utc;

	if (!begun.known || !gmtime_r(&time, &utc) ||
	    !strftime(words, sizeof(words), "%Y-%m-%dT%H:%M:%SZ", &utc))
		document_text(document, o, "begun", NULL);
	else
		document_text(document, o, "begun", words);
}

static void add_paths(struct document *document, struct json_object *o, const char *key,
		      const struct rd_paths *paths)
{
	document_strings(document, o, key, paths->items, paths->n);
}

static void add_saved(struct document *document, struct json_object *o,
		      const struct rd_saved *saved)
{
	document_number(document, o, "id", RD_NUM(saved->id));
	document_text(document, o, "state", rd_saved_state_name(saved->state));
	add_time(document, o, saved->begun);
	document_string(document, o, "method", saved->method);
	document_string(document, o, "begun_by", saved->begun_by);
	add_paths(document, o, "kernels", &saved->kernels);
	document_number(document, o, "files", RD_NUM(saved->files));
	document_number(document, o, "size", RD_NUM(saved->size));
	add_paths(document, o, "aside", &saved->aside);
}

int json_rollback(const struct rd_rollback *rollback, const struct rd_render_options *options,
		  FILE *f, struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document = { 0 };
	bool is_done = rollback->result == RD_ROLLBACK_DONE;

	(void)options;
	document_init(&document, "rollback");
	document_text(&document, document.root, "result", is_done ? "done" : "refused");
	document_string(&document, document.root, "reason", rollback->reason);
	if (rollback->saved.id)
		add_saved(&document, document_object(&document, document.root, "transaction"),
			  &rollback->saved);
	else
		document_text(&document, document.root, "transaction", NULL);
	add_paths(&document, document.root, "restored", &rollback->restored);
	add_paths(&document, document.root, "removed", &rollback->removed);
	add_paths(&document, document.root, "foreign", &rollback->foreign);
	document_number(&document, document.root, "files", RD_NUM(rollback->files));
	document_number(&document, document.root, "size", RD_NUM(rollback->size));
	json_copies(&document, &rollback->copies);
	document_bool(&document, document.root, "brings_back_bad",
		      rd_rollback_bad(rollback) != NULL);
	document_string(&document, document.root, "profile_user", rollback->user);
	document_bool(&document, document.root, "needs_reboot", is_done && rollback->is_live);
	return document_write(&document, f, err);
}

int json_backups(const struct rd_saved_list *list, const struct rd_render_options *options, FILE *f,
		 struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document = { 0 };
	struct json_object *backups;

	(void)options;
	document_init(&document, "backups");
	document_text(&document, document.root, "action", list->action);
	backups = document_array(&document, document.root, "backups");
	for (size_t i = 0; i < list->n; i++) {
		const struct rd_saved *saved = &list->items[i];
		struct json_object *o = document_object(&document, backups, NULL);

		add_saved(&document, o, saved);
		document_text(&document, o, "result", rd_saved_result_name(saved->result));
		document_string(&document, o, "reason", saved->reason);
		add_paths(&document, o, "damaged", &saved->damaged);
	}
	return document_write(&document, f, err);
}
