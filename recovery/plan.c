/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Plans as records (record.c):
 *
 *	note KEY VALUE
 *	point STEP
 *	phase STEP [tool]
 *	put PATH SOURCE
 *	remove PATH
 *	writes PREFIX
 *
 * The last three belong to the phase above them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/name.h"
#include "record.h"
#include "recovery/manifest.h"
#include "recovery/plan.h"

static const struct rd_name kinds[] = {
	{ .name = "put", .value = RD_CHANGE_PUT },
	{ .name = "remove", .value = RD_CHANGE_REMOVE },
	{ .name = "writes", .value = RD_CHANGE_WRITES },
};

int rd_notes_add(struct rd_notes *notes, const char *key, const char *value)
{
	struct rd_note note = { .key = strdup(key), .value = strdup(value) };

	if (note.key && note.value && !rd_array_push(notes, &note))
		return 0;
	free(note.key);
	free(note.value);
	return -ENOMEM;
}

const char *rd_notes_get(const struct rd_notes *notes, const char *key)
{
	for (size_t i = 0; i < notes->n; i++) {
		if (!strcmp(notes->items[i].key, key))
			return notes->items[i].value;
	}
	return NULL;
}

void rd_notes_deinit(struct rd_notes *notes)
{
	for (size_t i = 0; i < notes->n; i++) {
		free(notes->items[i].key);
		free(notes->items[i].value);
	}
	free(notes->items);
	*notes = (struct rd_notes){ 0 };
}

static void phase_deinit(struct rd_phase *phase)
{
	for (size_t i = 0; i < phase->n; i++) {
		free(phase->items[i].path);
		free(phase->items[i].source);
	}
	free(phase->items);
}

void rd_plan_deinit(struct rd_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		phase_deinit(&plan->items[i]);
	free(plan->items);
	rd_notes_deinit(&plan->notes);
	*plan = (struct rd_plan)RD_PLAN_INIT;
}

int rd_plan_add_phase(struct rd_plan *plan, enum rd_step step, bool has_tool)
{
	struct rd_phase phase = { .step = step, .has_tool = has_tool };

	return rd_array_push(plan, &phase);
}

static int add_change(struct rd_plan *plan, enum rd_change_kind kind, const char *path,
		      const char *source)
{
	struct rd_change change = { .kind = kind, .path = strdup(path) };

	if (source)
		change.source = strdup(source);
	if (change.path && (!source || change.source) &&
	    !rd_array_push(&plan->items[plan->n - 1], &change))
		return 0;
	free(change.path);
	free(change.source);
	return -ENOMEM;
}

int rd_plan_put(struct rd_plan *plan, const char *path, const char *source)
{
	return add_change(plan, RD_CHANGE_PUT, path, source);
}

int rd_plan_remove(struct rd_plan *plan, const char *path)
{
	return add_change(plan, RD_CHANGE_REMOVE, path, NULL);
}

int rd_plan_writes(struct rd_plan *plan, const char *prefix)
{
	return add_change(plan, RD_CHANGE_WRITES, prefix, NULL);
}

/* Whether one of the two is the other, or lies in it, or is a name that the other's tool makes. */
static bool is_overlap(const struct rd_change *a, const struct rd_change *b)
{
	size_t a_len = strlen(a->path), b_len = strlen(b->path);
	const struct rd_change *longer = a_len > b_len ? a : b;
	const struct rd_change *shorter = a_len > b_len ? b : a;
	size_t len = strlen(shorter->path);

	if (strncmp(longer->path, shorter->path, len) != 0)
		return false;
	return !longer->path[len] || longer->path[len] == '/' ||
	       (shorter->kind == RD_CHANGE_WRITES && !strchr(longer->path + len, '/'));
}

static int check_overlaps(const struct rd_plan *plan, size_t at, const struct rd_change *change,
			  struct rd_error *err)
{
	for (size_t p = 0; p <= at; p++) {
		const struct rd_phase *phase = &plan->items[p];

		for (size_t i = 0; i < phase->n && &phase->items[i] != change; i++) {
			if (is_overlap(&phase->items[i], change))
				return rd_error_set(err, EBADMSG, "%s and %s: changed twice",
						    phase->items[i].path, change->path);
		}
	}
	return 0;
}

/* STEP/PATH with nothing that leads out of the stage. */
static bool is_source(const char *source)
{
	const char *slash = strchr(source, '/');

	if (!slash || rd_text_has_suffix(source, "/"))
		return false;
	for (const char *part = source; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (*part == '/' || !strcmp(part, "..") || !strcmp(part, ".") ||
		    rd_text_has_prefix(part, "../") || rd_text_has_prefix(part, "./"))
			return false;
	}
	return *source != '/';
}

static int check_change(const struct rd_plan *plan, size_t at, const struct rd_change *change,
			struct rd_error *err)
{
	int r = rd_path_check(change->path, err);

	if (r)
		return r;
	if (change->kind == RD_CHANGE_PUT && !is_source(change->source))
		return rd_error_set(err, EBADMSG, "%s: no source below the stage", change->source);
	if (change->kind == RD_CHANGE_WRITES && !plan->items[at].has_tool)
		return rd_error_set(err, EBADMSG, "%s: the phase has no tool that could make it",
				    change->path);
	return check_overlaps(plan, at, change, err);
}

static bool is_phase(enum rd_step step)
{
	return step >= RD_STEP_SOURCE && step <= RD_STEP_REMOVED;
}

int rd_plan_check(const struct rd_plan *plan, struct rd_error *err)
{
	int r = 0;

	if (!is_phase(plan->point))
		return rd_error_set(err, EBADMSG, "%s: no phase to go on from",
				    rd_step_name(plan->point));
	for (size_t p = 0; !r && p < plan->n; p++) {
		const struct rd_phase *phase = &plan->items[p];

		if (!is_phase(phase->step) || (p && phase[-1].step >= phase->step))
			return rd_error_set(err, EBADMSG, "%s: no phase, or not in its order",
					    rd_step_name(phase->step));
		for (size_t i = 0; !r && i < phase->n; i++)
			r = check_change(plan, p, &phase->items[i], err);
	}
	return r;
}

static int format_notes(const struct rd_notes *notes, struct rd_text *text)
{
	int r = 0;

	for (size_t i = 0; !r && i < notes->n; i++)
		r = record_line(text, "note", notes->items[i].key, notes->items[i].value);
	return r;
}

static int format_phase(const struct rd_phase *phase, struct rd_text *text)
{
	int r = record_line(text, "phase", rd_step_name(phase->step),
			    phase->has_tool ? "tool" : NULL);

	for (size_t i = 0; !r && i < phase->n; i++) {
		const struct rd_change *change = &phase->items[i];

		r = record_line(text, rd_name_of(kinds, RD_N_ELEMENTS(kinds), (int)change->kind),
				change->path, change->source);
	}
	return r;
}

int rd_plan_format(const struct rd_plan *plan, struct rd_text *text, struct rd_error *err)
{
	int r = record_begin(text, "plan");

	if (!r)
		r = format_notes(&plan->notes, text);
	if (!r)
		r = record_line(text, "point", rd_step_name(plan->point));
	for (size_t p = 0; !r && p < plan->n; p++)
		r = format_phase(&plan->items[p], text);
	return r ? rd_error_nomem(err) : record_end(text, err);
}

static int parse_phase(struct rd_plan *plan, char **fields, size_t n, struct rd_error *err)
{
	int step = rd_step_find(fields[1]);

	if (step < 0 || (n == 3 && strcmp(fields[2], "tool") != 0))
		return rd_error_set(err, EBADMSG, "no phase");
	return rd_plan_add_phase(plan, (enum rd_step)step, n == 3) ? rd_error_nomem(err) : 0;
}

static int parse_line(void *userdata, char **fields, size_t n, struct rd_error *err)
{
	struct rd_plan *plan = userdata;
	int kind = rd_name_find(kinds, RD_N_ELEMENTS(kinds), fields[0]);
	int r;

	if (!strcmp(fields[0], "note") && n == 3)
		return rd_notes_add(&plan->notes, fields[1], fields[2]) ? rd_error_nomem(err) : 0;
	if (!strcmp(fields[0], "point") && n == 2) {
		r = rd_step_find(fields[1]);
		plan->point = r < 0 ? RD_STEP_INTENT : (enum rd_step)r;
		return 0;
	}
	if (!strcmp(fields[0], "phase") && (n == 2 || n == 3))
		return parse_phase(plan, fields, n, err);
	if (kind < 0 || !plan->n || n != (kind == RD_CHANGE_PUT ? 3 : 2))
		return rd_error_set(err, EBADMSG, "%.40s: no such line", fields[0]);
	r = add_change(plan, (enum rd_change_kind)kind, fields[1], n == 3 ? fields[2] : NULL);
	return r ? rd_error_nomem(err) : 0;
}

int rd_plan_parse(struct rd_text *text, struct rd_plan *planp, struct rd_error *err)
{
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;
	int r;

	r = record_parse(text, "plan", parse_line, &plan, err);
	if (!r)
		r = rd_plan_check(&plan, err);
	if (r)
		return r;
	*planp = plan;
	plan = (struct rd_plan)RD_PLAN_INIT;
	return 0;
}

int rd_notes_format(const struct rd_notes *notes, struct rd_text *text, struct rd_error *err)
{
	int r = record_begin(text, "notes");

	if (!r)
		r = format_notes(notes, text);
	return r ? rd_error_nomem(err) : record_end(text, err);
}

static int parse_note(void *userdata, char **fields, size_t n, struct rd_error *err)
{
	if (n != 3 || strcmp(fields[0], "note") != 0)
		return rd_error_set(err, EBADMSG, "no note");
	return rd_notes_add(userdata, fields[1], fields[2]) ? rd_error_nomem(err) : 0;
}

int rd_notes_parse(struct rd_text *text, struct rd_notes *notesp, struct rd_error *err)
{
	RD_CLEANUP(rd_notes_deinit) struct rd_notes notes = { 0 };
	int r;

	r = record_parse(text, "notes", parse_note, &notes, err);
	if (r)
		return r;
	*notesp = notes;
	notes = (struct rd_notes){ 0 };
	return 0;
}
