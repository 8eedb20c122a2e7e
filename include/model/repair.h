/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What recover is going to do about a machine, and what became of it: for people and programs to
 * read. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rd_repair_result {
	RD_REPAIR_PLANNED, /* to be shown before anything is done */
	RD_REPAIR_NOTHING, /* no copy of the driver is bad */
	RD_REPAIR_REFUSED, /* nothing was begun; @reason says why */
	RD_REPAIR_UNDONE, /* it failed or was stopped, and all is as it was; @reason says why */
	RD_REPAIR_DONE,
};

/* What came of a transaction that an earlier run had left. */
enum rd_repair_resumed {
	RD_REPAIR_NOT_RESUMED, /* there was none */
	RD_REPAIR_PENDING, /* there is one: a run that is no dry run begins with it */
	RD_REPAIR_FINISHED,
	RD_REPAIR_TAKEN_BACK,
};

struct rd_repair_kernel {
	char *release;
	const char *method; /* "source", "intree", ...; "none": nothing can be done; static */
	const char *fallback; /* NULL: nothing stands behind it; static */
	char *reason; /* why this method and not the one before it; "" */
	char *package; /* NAME/VERSION of dkms, NULL: none */
	char *module; /* path that is loaded afterwards; NULL: not known yet */
	uint64_t seconds; /* that its build took the last time, 0: not known */
	bool needs_image;
};

struct rd_repair_source {
	char *path;
	const char *way; /* "package", "backup", "reversal"; static */
	char *detail; /* where the good one is from; NULL: nothing to say */
	char *difference; /* lines that go (-) and come (+), escaped */
};

/* What a file system must have free. */
struct rd_repair_room {
	char *path; /* a folder on it */
	uint64_t wanted, free; /* bytes */
};

/* Something bad that stays, and what to do about it by hand. */
struct rd_repair_rest {
	char *what, *way_out;
};

struct rd_repair {
	const char *root; /* as given; borrowed */
	bool is_live;
	bool is_dry_run;
	bool has_unit; /* the unit that confirms a recovery is enabled there */
	const char *asked; /* the method that was asked for; static */
	struct {
		struct rd_repair_kernel *items;
		size_t n, cap;
	} kernels;
	struct {
		struct rd_repair_source *items;
		size_t n, cap;
	} sources;
	struct {
		struct rd_repair_rest *items;
		size_t n, cap;
	} rests;
	struct {
		struct rd_repair_room *items;
		size_t n, cap;
	} rooms;
	struct {
		char **items;
		size_t n, cap;
	} unregistered, stale; /* NAME/VERSION that are taken off dkms' list; builds for kernels
				  that are not installed, taken away */
	struct {
		char **items;
		size_t n, cap;
	} images, leftovers; /* paths: made anew; put away */
	struct {
		char **items;
		size_t n, cap;
	} kept_leftovers; /* paths that stay, since nobody asked for them to go */
	struct {
		char **items;
		size_t n, cap;
	} downloads; /* NAME VERSION of packages that a run which is no dry run fetches first */

	enum rd_repair_resumed resumed;
	unsigned int resumed_id;
	enum rd_repair_result result;
	unsigned int id; /* of the transaction, 0: none was begun */
	char *reason;
	const char *user; /* who gets the profile after the boot that confirms; NULL; borrowed */
	char *sentence, *next; /* of check, afterwards; NULL */
};

#define RD_REPAIR_INIT \
	{              \
		0      \
	}

void rd_repair_deinit(struct rd_repair *repair);

/* "planned", "nothing", "refused", "undone", "done"; static. */
const char *rd_repair_result_name(enum rd_repair_result result);

/* "pending", "finished", "taken-back", NULL if there was none; static. */
const char *rd_repair_resumed_name(enum rd_repair_resumed resumed);
