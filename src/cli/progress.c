/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Progress: silent for the first second, so that what is quick prints nothing. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "progress.h"

#define TERMINAL_MS  1000 /* before the first line; after it each file is told */
#define PIPE_MS	     5000 /* between two lines: a log is no place for more */
#define REDRAW_MS    200 /* between two states of a bar */
#define PATH_MAX_LEN 60 /* with the words around it, a line of 80 columns */
#define BAR_WIDTH    12

void cli_progress_init(struct cli_progress *progress)
{
	*progress = (struct cli_progress){ .is_terminal = isatty(STDERR_FILENO) };
	clock_gettime(CLOCK_MONOTONIC, &progress->last);
}

static long elapsed_ms(const struct timespec *since, const struct timespec *now)
{
	return (now->tv_sec - since->tv_sec) * 1000 + (now->tv_nsec - since->tv_nsec) / 1000000;
}

void cli_progress_tell(void *userdata, const char *path)
{
	struct cli_progress *progress = userdata;
	RD_CLEANUP(rd_freep) char *safe = NULL;
	struct timespec now;
	size_t len;

	progress->n++;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!progress->is_shown &&
	    elapsed_ms(&progress->last, &now) < (progress->is_terminal ? TERMINAL_MS : PIPE_MS))
		return;
	safe = rd_text_escape(path);
	if (!safe)
		return; /* nothing that matters is lost */

	/* The end of a path tells more than its beginning. */
	len = strlen(safe);
	fprintf(stderr, "%sfile %zu: %s%s%s", progress->is_terminal ? "\r\033[K" : "", progress->n,
		len > PATH_MAX_LEN ? "..." : "",
		len > PATH_MAX_LEN ? safe + len - PATH_MAX_LEN : safe,
		progress->is_terminal ? "" : "\n");
	fflush(stderr);
	progress->is_shown = progress->is_terminal;
	progress->last = now;
}

/* BAR_WIDTH columns and the percentage; the last build's number of steps is no promise. */
static void put_bar(size_t done, size_t total)
{
	static const char full[] = "########################", empty[] = "........................";
	size_t percent = done >= total ? 99 : done * 100 / total;
	int n = (int)(percent * BAR_WIDTH / 100);

	fprintf(stderr, "[%.*s%.*s] %zu%%", n, full, BAR_WIDTH - n, empty, percent);
}

void cli_progress_tell_part(void *userdata, const char *what, size_t done, size_t total)
{
	struct cli_progress *progress = userdata;
	RD_CLEANUP(rd_freep) char *safe = NULL;
	struct timespec now;
	long wait = progress->is_shown ? REDRAW_MS : progress->is_terminal ? TERMINAL_MS : PIPE_MS;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (elapsed_ms(&progress->last, &now) < wait)
		return;
	safe = rd_text_escape(what);
	if (!safe)
		return;
	fprintf(stderr, "%s%.*s ", progress->is_terminal ? "\r\033[K" : "", PATH_MAX_LEN, safe);
	if (total)
		put_bar(done, total);
	else if (done)
		fprintf(stderr, "(%zu objects)", done);
	fputs(progress->is_terminal ? "" : "\n", stderr);
	fflush(stderr);
	progress->is_shown = progress->is_terminal;
	progress->last = now;
}

void cli_progress_end(struct cli_progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
