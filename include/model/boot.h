/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* This boot and the ones before it, and what it says of a recovery that waits to be confirmed. */

#include <stdbool.h>
#include <stddef.h>

/* What a boot means for the last recovery. */
enum rd_outcome {
	RD_OUTCOME_NONE, /* there was no recovery, or it was undone */
	RD_OUTCOME_CONFIRMED, /* the driver is the good one that was expected */
	RD_OUTCOME_SAME_BOOT, /* the machine has not been booted since */
	RD_OUTCOME_NOT_LOADED, /* amdgpu does not run: nothing to judge by, wait for a boot where it
				  does */
	RD_OUTCOME_UNKNOWN, /* what it depends on could not be read or judged */
	RD_OUTCOME_OTHER_MODULE, /* another amdgpu runs than the one that was installed */
	RD_OUTCOME_BAD_COPY, /* something patched or modified runs, or can load */
	RD_OUTCOME_UNFINISHED, /* the recovery itself was interrupted */
};

/* "none", "confirmed", "same-boot", ...; static. */
const char *rd_outcome_name(enum rd_outcome outcome);

/* Whether waiting for another boot does not help. */
static inline bool rd_outcome_is_refusal(enum rd_outcome outcome)
{
	return outcome == RD_OUTCOME_OTHER_MODULE || outcome == RD_OUTCOME_BAD_COPY ||
	       outcome == RD_OUTCOME_UNFINISHED;
}

/* The last recovery; empty strings are never used, NULL is what is not there. */
struct rd_confirmation {
	unsigned int id; /* of its transaction, 0: none */
	enum rd_outcome outcome;
	bool is_committed; /* by this boot or an earlier one */
	char *reason; /* why this outcome, one sentence */
	char *next; /* the command to type, or what to do; NULL: nothing */
	struct {
		char *user; /* for whom a profile was promised */
		bool is_written; /* by this run */
		char *problem; /* why not */
	} profile;
};

/* One line of the history, all of it words. */
enum rd_past_field {
	RD_PAST_ID, /* boot_id of the kernel */
	RD_PAST_TIME, /* of the last report in that boot, 2026-11-29T10:00:00Z */
	RD_PAST_KERNEL, /* "" where not known, as all below */
	RD_PAST_STATE, /* verdict on the machine */
	RD_PAST_RUNNING, /* verdict on the running copy, "" if none is loaded */
	RD_PAST_BUILD_ID,
	RD_PAST_RECOVERY, /* number of its transaction */
	RD_PAST_OUTCOME,
	_RD_PAST_N,
};

struct rd_past_boot {
	char *fields[_RD_PAST_N];
};

/* Oldest first. */
struct rd_history {
	struct rd_past_boot *items;
	size_t n, cap;
};

struct rd_boot {
	char *id; /* NULL: not known, or not the boot of that root */
	char *time; /* of the report */
	struct rd_confirmation recovery;
	struct rd_history history; /* with this boot */
};

#define RD_BOOT_INIT \
	{            \
		0    \
	}

/* "boot_id", "time", ...; static. */
const char *rd_past_field_name(enum rd_past_field field);

/* What became of the recovery, without a full stop: "recovery 0001 is confirmed: ..."; malloc()ed,
 * NULL when out of memory. There is one (its id is not 0). */
char *rd_confirmation_sentence(const struct rd_confirmation *recovery);

void rd_confirmation_deinit(struct rd_confirmation *recovery);
void rd_past_boot_deinit(struct rd_past_boot *past);
void rd_history_deinit(struct rd_history *history);
void rd_boot_deinit(struct rd_boot *boot);
