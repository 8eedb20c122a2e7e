/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The distribution's own programs, on this machine or in a mounted system, where they run with that
 * system as their root. Private to recovery.
 */

#include "base/error.h"
#include "recovery/state.h"
#include "system/system.h"

struct tool {
	const struct rd_system *sys;
	const char *name; /* "depmod", looked for where administrators' programs are */
	const char *const *arguments; /* up to NULL, without the name */
	const char *const *variables; /* added to the fixed environment, up to NULL; may be NULL */
	const char *folder; /* where it runs, as seen from the root; NULL: / */
	unsigned int seconds; /* limit; 0: none */
	int logfd; /* all that it prints; -1: nowhere */
	void (*tick)(void *userdata); /* a few times in a second; may be NULL */
	void *userdata;
};

#define TOOL_LOGS RD_STATE_FOLDER "/log" /* from the root */

/* A new TOOL_LOGS/NAME-OF.log; a descriptor or a negative errno. */
int tool_open_log(const struct rd_system *sys, const char *name, const char *of,
		  struct rd_error *err);

enum {
	_TOOL_OK,
	TOOL_ABSENT, /* there is no such program; @err says so */
	TOOL_FAILED, /* it failed or took too long; @err has its name, how, and the last line */
};

/* Whether a program is there: its path from the root, malloc()ed, NULL if none. 0 or -errno. */
int tool_find(const struct rd_system *sys, const char *name, char **pathp, struct rd_error *err);

/* Runs it to its end. Return: 0, a positive code above, -EINTR (stopped), or another -errno. */
int tool_run(const struct tool *tool, struct rd_error *err);
