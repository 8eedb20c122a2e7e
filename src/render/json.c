/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * For programs: the documents that data/{check,inspect,compare}.schema.json describe. Those of what
 * is kept are in json_saved.c.
 */

#include <errno.h>

#include "base/cleanup.h"
#include "json.h"
#include "renderers.h"

void json_evidence(struct document *document, struct json_object *parent, const char *key,
		   const struct rd_evidence *ev)
{
	struct json_object *items = document_array(document, parent, key);

	for (size_t i = 0; i < ev->n; i++) {
		struct json_object *o = document_object(document, items, NULL);

		document_text(document, o, "kind", rd_evidence_kind_name(ev->items[i].kind));
		document_string(document, o, "where", ev->items[i].where);
		document_string(document, o, "detail", ev->items[i].detail);
	}
}

static void add_identity(struct document *document, struct json_object *o,
			 const struct rd_identity *id)
{
	document_string(document, o, "build_id", id->build_id);
	document_string(document, o, "srcversion", id->srcversion);
	document_string(document, o, "version", id->version);
	document_string(document, o, "vermagic", id->vermagic);
	document_string(document, o, "compiler", id->compiler);
	document_string(document, o, "sha256", id->sha256);
	document_string(document, o, "signer", id->signer);
	document_string(document, o, "sig_key", id->sig_key);
}

static void add_copy(struct document *document, struct json_object *copies,
		     const struct rd_copy *copy)
{
	struct json_object *o = document_object(document, copies, NULL);

	document_text(document, o, "kind", rd_copy_kind_name(copy->kind));
	document_string(document, o, "kernel", copy->kernel);
	document_string(document, o, "path", copy->path);
	document_text(document, o, "verdict", rd_verdict_name(copy->verdict));
	add_identity(document, o, &copy->id);
	document_text(document, o, "signature", rd_signature_state_name(copy->signature));
	document_presence(document, o, "would_load", copy->would_load);
	document_string(document, o, "load_reason", copy->load_reason);
	document_string(document, o, "package", copy->package);
	document_presence(document, o, "is_packaged", copy->is_packaged);
	document_string(document, o, "reference", copy->reference);
	document_bool(document, o, "is_loadable", copy->is_loadable);
	document_bool(document, o, "is_resolved", copy->is_resolved);
	document_bool(document, o, "is_same_as_running", copy->is_same_as_running);
	json_evidence(document, o, "evidence", &copy->evidence);
}

void json_copies(struct document *document, const struct rd_copies *copies)
{
	struct json_object *list = document_array(document, document->root, "copies");

	for (size_t i = 0; i < copies->n; i++)
		add_copy(document, list, &copies->items[i]);
}

static void add_findings(struct document *document, const struct rd_report *report)
{
	struct json_object *list = document_array(document, document->root, "findings");

	for (size_t i = 0; i < report->findings.n; i++) {
		const struct rd_finding *finding = &report->findings.items[i];
		RD_CLEANUP(rd_freep)
		char *remedy = rd_finding_remedy(finding, report->facts);
		struct json_object *o = document_object(document, list, NULL);

		document_text(document, o, "id", finding->text->id);
		document_text(document, o, "result", rd_result_name(finding->result));
		document_text(document, o, "title", rd_finding_title(finding));
		json_evidence(document, o, "evidence", &finding->evidence);
		if (!remedy)
			document->r = -ENOMEM;
		document_text(document, o, "remedy", remedy);
	}
}

static void add_unreads(struct document *document, const struct rd_unreads *unreads)
{
	struct json_object *list = document_array(document, document->root, "unread");

	for (size_t i = 0; i < unreads->n; i++) {
		struct json_object *o = document_object(document, list, NULL);

		document_string(document, o, "path", unreads->items[i].path);
		document_string(document, o, "reason", unreads->items[i].reason);
		document_bool(document, o, "is_permission", unreads->items[i].is_permission);
	}
}

void json_report(struct document *document, const struct rd_report *report)
{
	document_text(document, document->root, "verdict", rd_state_name(report->state));
	document_number(document, document->root, "exit_code", RD_NUM((uint64_t)report->exit_code));
	document_string(document, document->root, "sentence", report->sentence);
	document_string(document, document->root, "next", report->next);
	document_string(document, document->root, "good_kernel", report->good_kernel);
	document_text(document, document->root, "way_in", report->way_in);
	json_machine(document, report->facts);
	json_copies(document, &report->facts->copies);
	add_findings(document, report);
	add_unreads(document, &report->facts->unreads);
}

static int json_check(const struct rd_report *report, const struct rd_render_options *options,
		      FILE *f, struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document = { 0 };

	(void)options;
	document_init(&document, "check");
	json_report(&document, report);
	return document_write(&document, f, err);
}

static int json_inspect(const struct rd_copies *copies, const struct rd_render_options *options,
			FILE *f, struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document = { 0 };

	(void)options;
	document_init(&document, "inspect");
	json_copies(&document, copies);
	return document_write(&document, f, err);
}

static const char *comparison_result(const struct rd_comparison *comparison)
{
	if (!comparison->is_comparable)
		return "not-comparable";
	return comparison->differences.n ? "differing" : "identical";
}

static int json_compare(const char *name_a, const char *name_b,
			const struct rd_comparison *comparison,
			const struct rd_render_options *options, FILE *f, struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document = { 0 };
	struct json_object *list;

	(void)options;
	document_init(&document, "compare");
	document_string(&document, document.root, "a", name_a);
	document_string(&document, document.root, "b", name_b);
	document_text(&document, document.root, "result", comparison_result(comparison));
	document_string(&document, document.root, "reason", comparison->reason);
	document_number(&document, document.root, "functions", RD_NUM(comparison->functions));
	document_number(&document, document.root, "objects", RD_NUM(comparison->objects));
	list = document_array(&document, document.root, "differences");
	for (size_t i = 0; i < comparison->differences.n; i++) {
		const struct rd_difference *difference = &comparison->differences.items[i];
		struct json_object *o = document_object(&document, list, NULL);

		document_text(&document, o, "kind", rd_difference_kind_name(difference->kind));
		document_text(&document, o, "type",
			      difference->is_function ? "function" : "object");
		document_string(&document, o, "name", difference->name);
		document_string(&document, o, "detail", difference->detail);
	}
	return document_write(&document, f, err);
}

const struct rd_renderer rd_renderer_json = {
	.name = "json",
	.check = json_check,
	.boot = json_boot,
	.inspect = json_inspect,
	.compare = json_compare,
	.recover = json_repair,
	.rollback = json_rollback,
	.backups = json_backups,
	.test = json_trial,
};
