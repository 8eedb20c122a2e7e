/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A machine on trial: what it was, what it should become, and what a start of the program makes of
 * what an interrupted one left. */

#include <stdbool.h>
#include <stddef.h>

#include "machine.h"

enum verb { RUN, RESUME, ROLLBACK };

/* The exit codes of a start. */
enum { DONE = 0, FAILED = 1, UNDONE = 3, NOTHING = 4 };

struct trial {
	char root[128];
	struct picture before, after;
	unsigned int n_points, n_failed;
	bool is_silent; /* failures are counted only */
	/* NULL, or asked before the check of machine.h is. */
	void (*at_check)(enum rd_step step);
};

extern struct trial trial;

/* A fresh machine, and the same after an undisturbed run. */
void trial_begin(const char *root);
void trial_end(void);

/* One start of the program; @said: what it has to say. */
int trial_start(enum verb verb, char *said, size_t len);

/* Counts a failure, and prints it with the difference of the last comparison; @said may be NULL. */
void trial_complain(const char *what, const char *said);

bool trial_is_as(const struct picture *should, bool has_times);
/* Whether each path is as before or as after. */
bool trial_is_between(void);

/* A start after an interruption: the machine must be whole then. */
int trial_recover(enum verb verb, const char *said);
