/* SPDX-License-Identifier: GPL-2.0-or-later */

/* For programs: the document that data/test.schema.json describes. */

#include "base/cleanup.h"
#include "document.h"
#include "renderers.h"

static void add_faults(struct document *document, struct json_object *parent,
		       const struct rd_stage_run *run)
{
	struct json_object *list = document_array(document, parent, "kernel_log");

	for (size_t i = 0; i < run->faults.n; i++) {
		struct json_object *o = document_object(document, list, NULL);

		document_text(document, o, "signature", run->faults.items[i].signature->name);
		document_text(document, o, "title", run->faults.items[i].signature->title);
		document_string(document, o, "line", run->faults.items[i].line);
	}
}

static void add_stages(struct document *document, const struct rd_trial *trial)
{
	struct json_object *list = document_array(document, document->root, "stages");

	for (size_t i = 0; i < trial->stages.n; i++) {
		const struct rd_stage_run *run = &trial->stages.items[i];
		struct json_object *o = document_object(document, list, NULL);

		document_number(document, o, "run", RD_NUM(run->run));
		document_text(document, o, "stage", run->stage->name);
		document_text(document, o, "title", run->stage->title);
		document_text(document, o, "result", rd_stage_result_name(run->result));
		document_real(document, o, "seconds",
			      run->result == RD_STAGE_NOT_RUN ? -1 : run->seconds);
		document_real(document, o, "work_seconds", run->work);
		document_real(document, o, "difference", run->error);
		document_real(document, o, "limit", run->limit);
		document_string(document, o, "reason", run->reason);
		add_faults(document, o, run);
	}
}

static void add_criteria(struct document *document, const struct rd_trial *trial)
{
	struct json_object *list = document_array(document, document->root, "criteria");

	for (size_t i = 0; i < trial->marks.n; i++) {
		struct json_object *o = document_object(document, list, NULL);

		document_text(document, o, "name", trial->marks.items[i].criterion->name);
		document_text(document, o, "title", trial->marks.items[i].criterion->title);
		document_text(document, o, "seen", rd_seen_name(trial->marks.items[i].seen));
	}
}

static void add_log(struct document *document, const struct rd_trial *trial)
{
	struct json_object *o = document_object(document, document->root, "kernel_log");

	document_bool(document, o, "is_watched", trial->is_log_watched);
	document_bool(document, o, "is_lost", trial->is_log_lost);
	document_string(document, o, "reason", trial->log_reason);
	document_string(document, o, "refusal", trial->refusal);
}

int json_trial(const struct rd_trial *trial, const struct rd_render_options *options, FILE *f,
	       struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document = { 0 };
	struct json_object *root;

	(void)options;
	document_init(&document, "test");
	root = document.root;
	document_number(&document, root, "exit_code", RD_NUM((uint64_t)trial->exit_code));
	document_text(&document, root, "device", trial->device);
	document_string(&document, root, "card", trial->card);
	document_string(&document, root, "arch", trial->arch);
	document_string(&document, root, "python", trial->python);
	document_string(&document, root, "python_version", trial->python_version);
	document_string(&document, root, "torch", trial->torch);
	document_string(&document, root, "profile", trial->profile);
	document_string(&document, root, "profile_reason", trial->profile_reason);
	document_string(&document, root, "user", trial->user);
	document_bool(&document, root, "is_sudo", trial->is_sudo);
	document_number(&document, root, "runs", RD_NUM(trial->runs));
	document_string(&document, root, "untried", trial->untried);
	document_bool(&document, root, "is_stopped", trial->is_stopped);
	add_log(&document, trial);
	add_stages(&document, trial);
	add_criteria(&document, trial);
	return document_write(&document, f, err);
}
