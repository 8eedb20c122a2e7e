/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The health file: what check says, and with it the boot, the last recovery, and the boots before
 * (data/health.schema.json). */

#include "base/cleanup.h"
#include "base/text.h"
#include "json.h"

static void add_profile(struct document *document, struct json_object *parent,
			const struct rd_confirmation *recovery)
{
	struct json_object *o;

	if (!recovery->profile.user) {
		document_text(document, parent, "profile", NULL);
		return;
	}
	o = document_object(document, parent, "profile");
	document_string(document, o, "user", recovery->profile.user);
	document_bool(document, o, "is_written", recovery->profile.is_written);
	document_string(document, o, "problem", recovery->profile.problem);
}

static void add_recovery(struct document *document, struct json_object *parent,
			 const struct rd_confirmation *recovery)
{
	RD_CLEANUP(rd_freep) char *sentence = NULL;
	struct json_object *o;

	if (!recovery->id) {
		document_text(document, parent, "recovery", NULL);
		return;
	}
	o = document_object(document, parent, "recovery");
	sentence = rd_confirmation_sentence(recovery);
	document_number(document, o, "transaction", RD_NUM(recovery->id));
	document_text(document, o, "outcome", rd_outcome_name(recovery->outcome));
	document_bool(document, o, "is_committed", recovery->is_committed);
	document_string(document, o, "sentence", sentence);
	document_string(document, o, "reason", recovery->reason);
	document_string(document, o, "next", recovery->next);
	add_profile(document, o, recovery);
}

static void add_history(struct document *document, struct json_object *parent,
			const struct rd_history *history)
{
	struct json_object *list = document_array(document, parent, "history");

	for (size_t i = 0; i < history->n; i++) {
		struct json_object *o = document_object(document, list, NULL);

		for (enum rd_past_field field = 0; field < _RD_PAST_N; field++) {
			const char *word = history->items[i].fields[field];

			document_string(document, o, rd_past_field_name(field),
					*word ? word : NULL);
		}
	}
}

int json_boot(const struct rd_report *report, const struct rd_boot *boot,
	      const struct rd_render_options *options, FILE *f, struct rd_error *err)
{
	RD_CLEANUP(document_deinit) struct document document = { 0 };
	struct json_object *o;

	(void)options;
	document_init(&document, "boot-report");
	o = document_object(&document, document.root, "boot");
	document_string(&document, o, "id", boot->id);
	document_string(&document, o, "time", boot->time);
	add_recovery(&document, o, &boot->recovery);
	add_history(&document, o, &boot->history);
	json_report(&document, report);
	return document_write(&document, f, err);
}
