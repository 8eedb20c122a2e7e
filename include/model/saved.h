/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the tool keeps of a machine that it changed, and what going back to that would mean. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/copy.h"
#include "model/gpu.h"

struct rd_paths {
	char **items; /* as seen from the root, with their leading slash */
	size_t n, cap;
};

/* Copies @text; 0 or -ENOMEM. */
int rd_paths_add(struct rd_paths *paths, const char *text);
void rd_paths_deinit(struct rd_paths *paths);

enum rd_saved_state {
	RD_SAVED_UNREADABLE, /* damaged, or written by another version */
	RD_SAVED_UNFINISHED, /* cut off on the way forward */
	RD_SAVED_HALF_UNDONE, /* cut off on the way back */
	RD_SAVED_ARMED, /* done, and waits for the boot that confirms it */
	RD_SAVED_COMMITTED,
	RD_SAVED_ROLLED_BACK,
};

enum rd_saved_result {
	RD_SAVED_LISTED, /* nothing was asked but to be told of it */
	RD_SAVED_WHOLE,
	RD_SAVED_DAMAGED,
	RD_SAVED_MAY_GO,
	RD_SAVED_GONE,
	RD_SAVED_STAYS,
};

/* The words of the output: "unfinished", ...; "whole", ..., NULL for RD_SAVED_LISTED; static. */
const char *rd_saved_state_name(enum rd_saved_state state);
const char *rd_saved_result_name(enum rd_saved_result result);

/* A transaction, and the copies that it keeps. */
struct rd_saved {
	unsigned int id; /* 0: there is none */
	enum rd_saved_state state;
	struct rd_num begun; /* seconds since 1970 */
	char *method; /* NULL: not told */
	char *begun_by; /* version of the tool, NULL: not told */
	struct rd_paths kernels; /* releases whose files it changed */
	size_t files; /* that it keeps */
	uint64_t size; /* of them, in bytes */
	struct rd_paths aside; /* what others had put where its rollback went */

	enum rd_saved_result result;
	char *reason; /* of an unreadable one, or of @result; else NULL */
	struct rd_paths damaged; /* files whose copy is missing or damaged */
};

void rd_saved_deinit(struct rd_saved *saved);

struct rd_saved_list {
	const char *action; /* "list", "verify", "prune"; static */
	struct rd_saved *items; /* the oldest first */
	size_t n, cap;
};

void rd_saved_list_deinit(struct rd_saved_list *list);

enum rd_rollback_result {
	RD_ROLLBACK_PLANNED, /* to be shown before anything is done */
	RD_ROLLBACK_REFUSED,
	RD_ROLLBACK_DONE,
};

struct rd_rollback {
	struct rd_saved saved; /* the transaction that is undone */
	struct rd_paths restored; /* what goes back to what it was */
	struct rd_paths removed; /* what was not there before */
	struct rd_paths foreign; /* of both: put there by others since, copied first */
	size_t files; /* of those that go back */
	uint64_t size;
	struct rd_copies copies; /* the driver that comes back with them, as it is kept */
	char *user; /* for whom the transaction had a ROCm profile written, which stays; NULL */
	bool is_live; /* this machine: a reboot makes it so */
	const char *root; /* as given */
	enum rd_rollback_result result;
	char *reason; /* why it was refused */
};

void rd_rollback_deinit(struct rd_rollback *rollback);

/* The first copy that is patched, modified, or could not be inspected; NULL if none is. */
const struct rd_copy *rd_rollback_bad(const struct rd_rollback *rollback);
