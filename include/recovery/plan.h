/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a transaction is to do, as data: phases in a fixed order, each of them a tool that is run,
 * or changes of files, or both. A plan is written down before anything happens, and is all that a
 * later run has to go by.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "model/step.h"

#define RD_PLAN_WORK "work/"

enum rd_change_kind {
	RD_CHANGE_PUT, /* @path becomes what is at @source: a file, a link, or a whole folder */
	RD_CHANGE_REMOVE, /* nothing is at @path any more */
	/* Names that begin with @path become what the phase's tool has made at the same path below
	 * its stage, "50-depmod/lib/modules/6.1/modules.dep"; those that it did not make stay. */
	RD_CHANGE_WRITES,
};

struct rd_change {
	enum rd_change_kind kind;
	char *path; /* from the root, as rd_path_check() wants it */
	/* Of RD_CHANGE_PUT: below the stage, "50-depmod/modules.dep", or made before the
	 * transaction began, RD_PLAN_WORK "amdgpu.ko", below RD_STATE_WORK; else NULL. */
	char *source;
};

struct rd_phase {
	enum rd_step step;
	bool has_tool; /* the run of this phase is asked of the caller, before its changes */
	struct rd_change *items;
	size_t n, cap;
};

/* Words of the caller that are kept with a transaction: "method" "source", "build-id.K" "...". */
struct rd_notes {
	struct rd_note {
		char *key, *value;
	} * items;
	size_t n, cap;
};

int rd_notes_add(struct rd_notes *notes, const char *key, const char *value);
/* The value, borrowed; NULL if there is none. */
const char *rd_notes_get(const struct rd_notes *notes, const char *key);
void rd_notes_deinit(struct rd_notes *notes);

struct rd_plan {
	struct rd_phase *items; /* in the order of their steps */
	size_t n, cap;
	/* Once this phase is done, an interrupted transaction goes on; before it, it goes back. */
	enum rd_step point;
	struct rd_notes notes;
};

#define RD_PLAN_INIT                        \
	{                                   \
		.point = RD_STEP_INSTALLED, \
	}

void rd_plan_deinit(struct rd_plan *plan);

/* Each returns 0 or -ENOMEM. The changes go to the phase that was added last. */
int rd_plan_add_phase(struct rd_plan *plan, enum rd_step step, bool has_tool);
int rd_plan_put(struct rd_plan *plan, const char *path, const char *source);
int rd_plan_remove(struct rd_plan *plan, const char *path);
int rd_plan_writes(struct rd_plan *plan, const char *prefix);

/**
 * rd_plan_check() - whether a plan can be carried out
 *
 * Its steps must be phases in their order, its paths allowed and none of them twice or within
 * another one, its sources below the stage.
 *
 * Return: 0, or -EBADMSG with the reason.
 */
int rd_plan_check(const struct rd_plan *plan, struct rd_error *err);

/* The text of a plan, appended; and back, as rd_manifest_parse(). */
int rd_plan_format(const struct rd_plan *plan, struct rd_text *text, struct rd_error *err);
int rd_plan_parse(struct rd_text *text, struct rd_plan *planp, struct rd_error *err);

/* The same for notes alone. */
int rd_notes_format(const struct rd_notes *notes, struct rd_text *text, struct rd_error *err);
int rd_notes_parse(struct rd_text *text, struct rd_notes *notesp, struct rd_error *err);
