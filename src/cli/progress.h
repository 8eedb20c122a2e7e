/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the program is at, on standard error, once it takes long: on a terminal one line that is
 * overwritten and goes away at the end, in a pipe a plain line now and then.
 */

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct cli_progress {
	struct timespec last; /* when something was printed, or the start */
	bool is_terminal;
	bool is_shown; /* a line stands on the terminal */
	size_t n; /* files so far */
};

void cli_progress_init(struct cli_progress *progress);

/* @userdata: struct cli_progress; the callback of struct rd_probe_options. */
void cli_progress_tell(void *userdata, const char *path);

/* The same for something that is @done of @total, as struct rd_progress tells it: a bar on a
 * terminal. @total 0: not known. */
void cli_progress_tell_part(void *userdata, const char *what, size_t done, size_t total);

/* Takes the line away, before anything else is printed. */
void cli_progress_end(struct cli_progress *progress);
