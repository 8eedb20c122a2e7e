/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Other programs, run so that nothing of them outlives us: without a shell, with a fixed
 * environment, in a process group of their own, and with a time limit.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct rd_spawn {
	const char *const *argv; /* up to NULL; argv[0] is an absolute path */
	const char *const *environment; /* up to NULL; NULL: PATH, HOME=/root, LC_ALL=C alone */
	const char *folder; /* to run it in, NULL: / */
	unsigned int seconds; /* after which it is killed; 0: never */
	unsigned int
		patience; /* seconds until what was killed must be gone; 0: as long as it takes */
	int logfd; /* all that it prints goes here; -1: nowhere */

	/* Called in the new process before the program starts (to change root, to become a user);
	 * non-zero ends it, and @err is passed on. May be NULL. */
	int (*prepare)(void *userdata, struct rd_error *err);
	/* Each line that it prints, without its end, as it comes; may be NULL. */
	void (*line)(void *userdata, const char *line);
	void (*tick)(void *userdata); /* called a few times in a second; may be NULL */
	void *userdata;
};

enum {
	_RD_SPAWN_OK, /* it ran and answered 0 */
	RD_SPAWN_ABSENT, /* there is no such program */
	RD_SPAWN_FAILED, /* it answered something else, or died of a signal; @err says what */
	RD_SPAWN_TIMEOUT, /* it was killed after its time; @err says so */
	RD_SPAWN_STOPPED, /* it was killed since rd_spawn_is_stopped() */
	RD_SPAWN_STUCK, /* as one of those two, and it is not gone: it waits inside the kernel */
};

/**
 * rd_spawn_run() - run a program and wait for its end
 * @statusp: its exit status, 128 + N for a signal N, if the result is 0 or RD_SPAWN_FAILED; may be
 *           NULL
 *
 * Should this process die meanwhile, however, the program and all that it started in its process
 * group is killed, and only after that the lock is free (rd_state_lock()).
 *
 * Return: 0, a positive code above, or a negative errno.
 */
int rd_spawn_run(const struct rd_spawn *spawn, int *statusp, struct rd_error *err);

/**
 * rd_spawn_catch_signals() - let SIGINT and SIGTERM stop what runs, and not this process
 *
 * SIGHUP is ignored from here on: a connection that breaks off is no wish to stop.
 */
void rd_spawn_catch_signals(void);

/* Whether one of them came. */
bool rd_spawn_is_stopped(void);
