/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Progress: silent for the first second, so that what is quick prints nothing. */

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "progress.h"

#define TERMINAL_MS  1000 /* before the first line; after it each file is told */
#define PIPE_MS	     5000 /* between two lines: a log is no place for more */
#define REDRAW_MS    200 /* between two states of a bar */
#define WIDTH	     80 /* where the terminal does not tell its own */
#define WORDS_WIDTH  20 /* around a path: "file 12345: ...", a bar and its percentage */
#define PATH_MIN_LEN 8
#define BAR_WIDTH    12

void cli_progress_init(struct cli_progress *progress)
{
	*progress = (struct cli_progress){ .is_terminal = isatty(STDERR_FILENO) };
	clock_gettime(CLOCK_MONOTONIC, &progress->last);
}

/* What is left for a path in a line that is drawn over: one that wraps is not. */
static int path_len(const struct cli_progress *progress)
{
	struct winsize size;
	int width = WIDTH;

	if (progress->is_terminal && !ioctl(STDERR_FILENO, TIOCGWINSZ, &size) && size.ws_col &&
	    size.ws_col < WIDTH)
		width = size.ws_col;
	return width > WORDS_WIDTH + PATH_MIN_LEN ? width - WORDS_WIDTH : PATH_MIN_LEN;
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
	size_t len, max = (size_t)path_len(progress);

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
		len > max ? "..." : "", len > max ? safe + len - max : safe,
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
	fprintf(stderr, "%s%.*s ", progress->is_terminal ? "\r\033[K" : "", path_len(progress),
		safe);
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
