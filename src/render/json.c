/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * For programs: the documents that data/{check,inspect,compare}.schema.json describe. Additions
 * keep "schema": 1, a changed meaning raises it. Strings from outside pass rd_text_escape(), so
 * that a file name of any bytes is valid JSON and harmless on a terminal.
 */

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "renderers.h"

#define SCHEMA 1

/* A document that grows; the first failure sticks. */
struct tree {
	struct json_object *root;
	int r;
};

static void tree_deinit(struct tree *tree)
{
	json_object_put(tree->root);
}

/*
 * Hands @value (NULL is JSON's null) to @parent, an object, or an array if @key is NULL.
 * Return: @value, or NULL after a failure, which every function here takes as parent.
 */
static struct json_object *give(struct tree *tree, struct json_object *parent, const char *key,
				struct json_object *value)
{
	int r;

	if (!tree->r && parent) {
		r = key ? json_object_object_add(parent, key, value)
			: json_object_array_add(parent, value);
		if (!r)
			return value;
		tree->r = -ENOMEM;
	}
	json_object_put(value);
	return NULL;
}

/* As give(), for a value that is NULL only when memory is short. */
static struct json_object *give_new(struct tree *tree, struct json_object *parent, const char *key,
				    struct json_object *value)
{
	if (!value)
		tree->r = -ENOMEM;
	return give(tree, parent, key, value);
}

static struct json_object *add_object(struct tree *tree, struct json_object *parent,
				      const char *key)
{
	return give_new(tree, parent, key, json_object_new_object());
}

static struct json_object *add_array(struct tree *tree, struct json_object *parent, const char *key)
{
	return give_new(tree, parent, key, json_object_new_array());
}

static void add_int(struct tree *tree, struct json_object *parent, const char *key, uint64_t value)
{
	give_new(tree, parent, key, json_object_new_uint64(value));
}

static void add_bool(struct tree *tree, struct json_object *parent, const char *key, bool value)
{
	give_new(tree, parent, key, json_object_new_boolean(value));
}

/* Our own words, line ends and all. */
static void add_text(struct tree *tree, struct json_object *parent, const char *key,
		     const char *value)
{
	if (value)
		give_new(tree, parent, key, json_object_new_string(value));
	else
		give(tree, parent, key, NULL);
}

/* What may come from outside. */
static void add_string(struct tree *tree, struct json_object *parent, const char *key,
		       const char *value)
{
	RD_CLEANUP(rd_freep) char *safe = value ? rd_text_escape(value) : NULL;

	if (value && !safe)
		tree->r = -ENOMEM;
	add_text(tree, parent, key, safe);
}

/* A number as lspci writes it: hexadecimal digits, no prefix. */
static void add_hex(struct tree *tree, struct json_object *parent, const char *key,
		    struct rd_num value, int digits)
{
	char s[32];

	snprintf(s, sizeof(s), "%0*llx", digits, (unsigned long long)value.v);
	add_string(tree, parent, key, value.known ? s : NULL);
}

static void tree_init(struct tree *tree, const char *verb)
{
	tree->root = json_object_new_object();
	if (!tree->root)
		tree->r = -ENOMEM;
	add_int(tree, tree->root, "schema", SCHEMA);
	add_string(tree, tree->root, "tool", "rdna1-doctor");
	add_string(tree, tree->root, "version", RD_VERSION);
	add_string(tree, tree->root, "verb", verb);
}

static int tree_write(const struct tree *tree, FILE *f, struct rd_error *err)
{
	const char *s = NULL;

	if (!tree->r)
		s = json_object_to_json_string_ext(
			tree->root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!s)
		return rd_error_nomem(err);
	if (fputs(s, f) == EOF || fputc('\n', f) == EOF)
		return rd_error_set(err, EIO, "the output could not be written");
	return 0;
}

static void add_gpu(struct tree *tree, struct json_object *gpus, const struct rd_gpu *gpu)
{
	struct json_object *o = add_object(tree, gpus, NULL);

	add_string(tree, o, "slot", gpu->slot);
	add_hex(tree, o, "vendor", RD_NUM(gpu->vendor), 4);
	add_hex(tree, o, "device", RD_NUM(gpu->device), 4);
	add_hex(tree, o, "subsystem_vendor", gpu->subsystem_vendor, 4);
	add_hex(tree, o, "subsystem_device", gpu->subsystem_device, 4);
	add_hex(tree, o, "revision", gpu->revision, 2);
	add_hex(tree, o, "class", gpu->pci_class, 6);
	add_bool(tree, o, "is_rdna1", gpu->chip_class == RD_CHIP_RDNA1);
	add_string(tree, o, "name", gpu->name);
	add_string(tree, o, "chip", gpu->chip);
	add_string(tree, o, "gfx", gpu->gfx);
	add_string(tree, o, "driver", gpu->driver);
	add_bool(tree, o, "is_driver_known", gpu->is_driver_known);
	add_string(tree, o, "drm_card", gpu->drm_card);
	add_string(tree, o, "drm_render", gpu->drm_render);
	add_string(tree, o, "link_speed", gpu->link_speed);
	if (gpu->link_width.known)
		add_int(tree, o, "link_width", gpu->link_width.v);
	else
		add_string(tree, o, "link_width", NULL);
}

static void add_evidence(struct tree *tree, struct json_object *parent,
			 const struct rd_evidence *ev)
{
	struct json_object *items = add_array(tree, parent, "evidence");

	for (size_t i = 0; i < ev->n; i++) {
		struct json_object *o = add_object(tree, items, NULL);

		add_string(tree, o, "kind", rd_evidence_kind_name(ev->items[i].kind));
		add_string(tree, o, "where", ev->items[i].where);
		add_string(tree, o, "detail", ev->items[i].detail);
	}
}

static void add_copy(struct tree *tree, struct json_object *copies, const struct rd_copy *copy)
{
	struct json_object *o = add_object(tree, copies, NULL);

	add_string(tree, o, "kind", rd_copy_kind_name(copy->kind));
	add_string(tree, o, "kernel", copy->kernel);
	add_string(tree, o, "path", copy->path);
	add_string(tree, o, "verdict", rd_verdict_name(copy->verdict));
	add_string(tree, o, "build_id", copy->id.build_id);
	add_string(tree, o, "srcversion", copy->id.srcversion);
	add_string(tree, o, "version", copy->id.version);
	add_string(tree, o, "vermagic", copy->id.vermagic);
	add_string(tree, o, "sha256", copy->id.sha256);
	add_string(tree, o, "signer", copy->id.signer);
	add_bool(tree, o, "is_loadable", copy->is_loadable);
	add_bool(tree, o, "is_resolved", copy->is_resolved);
	add_bool(tree, o, "is_same_as_running", copy->is_same_as_running);
	add_evidence(tree, o, &copy->evidence);
}

static void add_finding(struct tree *tree, struct json_object *findings,
			const struct rd_finding *finding)
{
	struct json_object *o = add_object(tree, findings, NULL);

	add_string(tree, o, "id", finding->text->id);
	add_string(tree, o, "result", rd_result_name(finding->result));
	add_text(tree, o, "title", rd_finding_title(finding));
	add_evidence(tree, o, &finding->evidence);
	add_text(tree, o, "remedy", finding->text->remedy);
}

static void add_machine(struct tree *tree, const struct rd_facts *facts)
{
	struct json_object *o;

	add_string(tree, tree->root, "root", facts->root);
	add_string(tree, tree->root, "distribution", facts->distribution);
	add_string(tree, tree->root, "only_kernel", facts->only_kernel);

	o = add_object(tree, tree->root, "running");
	add_string(tree, o, "kernel", facts->running.kernel);
	if (facts->running.is_loaded == RD_PRESENCE_UNKNOWN)
		add_string(tree, o, "is_loaded", NULL);
	else
		add_bool(tree, o, "is_loaded", facts->running.is_loaded == RD_PRESENCE_YES);
	add_bool(tree, o, "is_builtin", facts->running.is_builtin);
	add_string(tree, o, "taint", facts->running.taint);
}

static void add_unreads(struct tree *tree, const struct rd_facts *facts)
{
	struct json_object *unreads = add_array(tree, tree->root, "unread");

	for (size_t i = 0; i < facts->unreads.n; i++) {
		struct json_object *o = add_object(tree, unreads, NULL);

		add_string(tree, o, "path", facts->unreads.items[i].path);
		add_string(tree, o, "reason", facts->unreads.items[i].reason);
		add_bool(tree, o, "is_permission", facts->unreads.items[i].is_permission);
	}
}

static int json_check(const struct rd_report *report, const struct rd_render_options *options,
		      FILE *f, struct rd_error *err)
{
	RD_CLEANUP(tree_deinit) struct tree tree = { 0 };
	const struct rd_facts *facts = report->facts;
	struct json_object *list;

	(void)options;
	tree_init(&tree, "check");
	add_string(&tree, tree.root, "verdict", rd_state_name(report->state));
	add_int(&tree, tree.root, "exit_code", (uint64_t)report->exit_code);
	add_string(&tree, tree.root, "sentence", report->sentence);
	add_string(&tree, tree.root, "next", report->next);
	add_text(&tree, tree.root, "way_in", report->way_in);
	add_machine(&tree, facts);

	list = add_array(&tree, tree.root, "gpus");
	for (size_t i = 0; i < facts->gpus.n; i++)
		add_gpu(&tree, list, &facts->gpus.items[i]);
	list = add_array(&tree, tree.root, "copies");
	for (size_t i = 0; i < facts->copies.n; i++)
		add_copy(&tree, list, &facts->copies.items[i]);
	list = add_array(&tree, tree.root, "findings");
	for (size_t i = 0; i < report->findings.n; i++)
		add_finding(&tree, list, &report->findings.items[i]);
	add_unreads(&tree, facts);
	return tree_write(&tree, f, err);
}

static int json_inspect(const struct rd_copies *copies, const struct rd_render_options *options,
			FILE *f, struct rd_error *err)
{
	RD_CLEANUP(tree_deinit) struct tree tree = { 0 };
	struct json_object *list;

	(void)options;
	tree_init(&tree, "inspect");
	list = add_array(&tree, tree.root, "copies");
	for (size_t i = 0; i < copies->n; i++)
		add_copy(&tree, list, &copies->items[i]);
	return tree_write(&tree, f, err);
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
	RD_CLEANUP(tree_deinit) struct tree tree = { 0 };
	struct json_object *list;

	(void)options;
	tree_init(&tree, "compare");
	add_string(&tree, tree.root, "a", name_a);
	add_string(&tree, tree.root, "b", name_b);
	add_string(&tree, tree.root, "result", comparison_result(comparison));
	add_string(&tree, tree.root, "reason", comparison->reason);
	add_int(&tree, tree.root, "functions", comparison->functions);
	add_int(&tree, tree.root, "objects", comparison->objects);
	list = add_array(&tree, tree.root, "differences");
	for (size_t i = 0; i < comparison->differences.n; i++) {
		const struct rd_difference *difference = &comparison->differences.items[i];
		struct json_object *o = add_object(&tree, list, NULL);

		add_string(&tree, o, "kind", rd_difference_kind_name(difference->kind));
		add_string(&tree, o, "type", difference->is_function ? "function" : "object");
		add_string(&tree, o, "name", difference->name);
		add_string(&tree, o, "detail", difference->detail);
	}
	return tree_write(&tree, f, err);
}

const struct rd_renderer rd_renderer_json = {
	.name = "json",
	.check = json_check,
	.inspect = json_inspect,
	.compare = json_compare,
};
