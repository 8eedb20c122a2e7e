/* SPDX-License-Identifier: GPL-2.0-or-later */

/* For programs: what recover is going to do, or what became of it (data/recover.schema.json). */

#include "base/cleanup.h"
#include "document.h"
#include "renderers.h"

static void put_kernels(struct document *document, const struct rd_repair *repair)
{
	struct json_object *kernels = document_array(document, document->root, "kernels");

	for (size_t i = 0; i < repair->kernels.n; i++) {
		const struct rd_repair_kernel *kernel = &repair->kernels.items[i];
		struct json_object *o = document_object(document, kernels, NULL);
		const struct rd_num seconds = { .known = kernel->seconds, .v = kernel->seconds };

		document_string(document, o, "release", kernel->release);
		document_text(document, o, "method", kernel->method);
		document_text(document, o, "fallback", kernel->fallback);
		document_string(document, o, "reason", kernel->reason);
		document_string(document, o, "package", kernel->package);
		document_string(document, o, "module", kernel->module);
		document_bool(document, o, "needs_image", kernel->needs_image);
		document_number(document, o, "build_seconds", seconds);
	}
}

static void put_sources(struct document *document, const struct rd_repair *repair)
{
	struct json_object *sources = document_array(document, document->root, "sources");

	for (size_t i = 0; i < repair->sources.n; i++) {
		const struct rd_repair_source *source = &repair->sources.items[i];
		struct json_object *o = document_object(document, sources, NULL);

		document_string(document, o, "path", source->path);
		document_text(document, o, "way", source->way);
		document_string(document, o, "detail", source->detail);
		/* Escaped line by line. */
		document_text(document, o, "difference", source->difference);
	}
}

static void put_rests(struct document *document, const struct rd_repair *repair)
{
	struct json_object *rests = document_array(document, document->root, "rests");

	for (size_t i = 0; i < repair->rests.n; i++) {
		struct json_object *o = document_object(document, rests, NULL);

		document_string(document, o, "what", repair->rests.items[i].what);
		document_text(document, o, "way_out", repair->rests.items[i].way_out);
	}
}

static void put_rooms(struct document *document, const struct rd_repair *repair)
{
	struct json_object *rooms = document_array(document, document->root, "rooms");

	for (size_t i = 0; i < repair->rooms.n; i++) {
		const struct rd_repair_room *room = &repair->rooms.items[i];
		struct json_object *o = document_object(document, rooms, NULL);

		document_string(document, o, "path", room->path);
		document_number(document, o, "wanted_bytes",
				(struct rd_num){ .known = true, .v = room->wanted });
		document_number(document, o, "free_bytes",
				(struct rd_num){ .known = true, .v = room->free });
	}
}

static struct rd_num number(unsigned int id)
{
	return (struct rd_num){ .known = id, .v = id };
}

int json_repair(const struct rd_repair *repair, const struct rd_render_options *options, FILE *f,
		struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document;
	struct json_object *root;

	(void)options;
	document_init(&document, "recover");
	root = document.root;
	document_string(&document, root, "root", repair->root);
	document_text(&document, root, "result", rd_repair_result_name(repair->result));
	document_string(&document, root, "reason", repair->reason);
	document_bool(&document, root, "is_dry_run", repair->is_dry_run);
	document_text(&document, root, "method", repair->asked);
	document_number(&document, root, "transaction", number(repair->id));
	document_text(&document, root, "resumed", rd_repair_resumed_name(repair->resumed));
	document_number(&document, root, "resumed_transaction", number(repair->resumed_id));
	document_string(&document, root, "profile_user", repair->user);
	put_kernels(&document, repair);
	put_sources(&document, repair);
	document_strings(&document, root, "unregistered", repair->unregistered.items,
			 repair->unregistered.n);
	document_strings(&document, root, "downloads", repair->downloads.items,
			 repair->downloads.n);
	document_strings(&document, root, "stale_builds", repair->stale.items, repair->stale.n);
	document_strings(&document, root, "images", repair->images.items, repair->images.n);
	document_strings(&document, root, "leftovers", repair->leftovers.items,
			 repair->leftovers.n);
	document_strings(&document, root, "kept_leftovers", repair->kept_leftovers.items,
			 repair->kept_leftovers.n);
	put_rests(&document, repair);
	put_rooms(&document, repair);
	document_text(&document, root, "sentence", repair->sentence);
	document_text(&document, root, "next", repair->next);
	return document_write(&document, f, err);
}
