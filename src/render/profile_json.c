/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Environment profiles for programs: data/profile.schema.json. */

#include "base/cleanup.h"
#include "document.h"
#include "render/render.h"

static void add_head(struct document *document, const char *action,
		     const struct rd_profile *profile)
{
	document_init(document, "profile");
	document_text(document, document->root, "action", action);
	document_text(document, document->root, "profile", profile->kind->name);
	document_text(document, document->root, "title", profile->kind->title);
	document_text(document, document->root, "purpose", profile->kind->purpose);
	document_string(document, document->root, "reason", profile->reason);
	document_string(document, document->root, "remark", profile->remark);
}

static void add_settings(struct document *document, const struct rd_profile *profile)
{
	struct json_object *set = document_object(document, document->root, "environment");
	struct json_object *unset = document_array(document, document->root, "unset");
	struct json_object *all = document_array(document, document->root, "variables");

	for (size_t i = 0; i < profile->settings.n; i++) {
		const struct rd_profile_setting *setting = &profile->settings.items[i];
		struct json_object *o = document_object(document, all, NULL);

		if (setting->value)
			document_text(document, set, setting->name, setting->value);
		else
			document_text(document, unset, NULL, setting->name);
		document_text(document, o, "name", setting->name);
		document_text(document, o, "value", setting->value);
		document_text(document, o, "does", setting->variable->does);
		document_text(document, o, "note", setting->variable->note);
		document_text(document, o, "source", setting->variable->source);
	}
}

static void add_stack(struct document *document, const struct rd_profile_basis *basis)
{
	static const char *const kinds[] = { [RD_STACK_TORCH] = "torch", [RD_STACK_BLAS] = "blas" };
	struct json_object *stack = document_array(document, document->root, "stack");

	for (size_t i = 0; i < basis->stack.n; i++) {
		const struct rd_stack_part *part = &basis->stack.items[i];
		struct json_object *o = document_object(document, stack, NULL);

		document_text(document, o, "kind", kinds[part->kind]);
		document_string(document, o, "path", part->path);
		document_presence(document, o, "has_code", part->has_code);
		document_string(document, o, "detail", part->detail);
	}
	document_bool(document, document->root, "is_cut", basis->is_cut);
}

int rd_render_profile_json(const struct rd_profile *profile, const struct rd_profile_basis *basis,
			   const char *seal, FILE *f, struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document = { 0 };

	add_head(&document, "show", profile);
	document_text(&document, document.root, "digest", seal);
	add_settings(&document, profile);
	add_stack(&document, basis);
	return document_write(&document, f, err);
}

static void add_mentions(struct document *document, const struct rd_profile_mentions *mentions)
{
	struct json_object *list = document_array(document, document->root, "elsewhere");

	for (size_t i = 0; i < mentions->n; i++) {
		struct json_object *o = document_object(document, list, NULL);

		document_string(document, o, "path", mentions->items[i].path);
		document_number(document, o, "line", RD_NUM(mentions->items[i].line));
		document_string(document, o, "text", mentions->items[i].text);
	}
}

int rd_render_profile_comparison_json(const struct rd_profile_comparison *comparison, FILE *f,
				      struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document = { 0 };
	struct json_object *list;
	bool is_equal = true;

	add_head(&document, "diff", comparison->profile);
	document_string(&document, document.root, "file", comparison->path);
	list = document_array(&document, document.root, "variables");
	for (size_t i = 0; i < comparison->rows->n; i++) {
		const struct rd_profile_row *row = &comparison->rows->items[i];
		struct json_object *o = document_object(&document, list, NULL);

		document_string(&document, o, "name", row->name);
		document_string(&document, o, "profile", row->wanted);
		document_string(&document, o, "file", row->in_file);
		document_bool(&document, o, "file_is_open", row->is_open);
		document_string(&document, o, "environment", row->in_environment);
		document_bool(&document, o, "is_equal", row->is_equal);
		is_equal &= row->is_equal;
	}
	document_bool(&document, document.root, "is_equal", is_equal);
	add_mentions(&document, comparison->mentions);
	return document_write(&document, f, err);
}
