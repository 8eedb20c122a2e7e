/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Runs a function in a process of its own and stands between it, with all its children, and each
 * system call that changes a file.
 */

#include <stdbool.h>
#include <stddef.h>

enum watch_kind { WATCH_ONLY, WATCH_KILL, WATCH_FAIL, WATCH_SHORT };

/* What happens at the call number @at, from 1; with @is_lasting, at all from there on too. */
struct watch_fault {
	enum watch_kind kind;
	unsigned int at;
	int errnum; /* WATCH_FAIL */
	bool is_lasting;
	void (*meanwhile)(void); /* NULL, or what happens while each call is held */
};

enum watch_op {
	OP_CREATE,
	OP_WRITE, /* content or attributes of an open file or folder */
	OP_SYNC,
	OP_RENAME,
	OP_EXCHANGE,
	OP_REMOVE,
	OP_FOLDER,
	OP_LINK,
	OP_OTHER, /* the times of a name, the owner of a link */
};

struct watch_call {
	enum watch_op op;
	bool is_child; /* of a tool that the watched process runs */
	char *path, *to; /* as seen from outside; @to: of a rename */
};

struct watch {
	int status; /* as of waitpid(2) */
	unsigned int n_calls; /* that change something and are of the fault's kind */
	bool is_hit;
	char said[512]; /* on standard error */
	struct {
		struct watch_call *items;
		size_t n, cap;
	} trace; /* only with @has_trace */
};

void watch_deinit(struct watch *watch);

/* false if the kernel, or what the test runs in, does not allow it. */
bool watch_is_possible(void);

/* Calls back for each way in which a call can fail, for good or once; @errnum 0: cut short. */
void watch_each_failure(bool is_lasting, void (*fn)(struct watch_fault fault));

void watch_run(struct watch *watch, int (*fn)(const void *arg), const void *arg,
	       const struct watch_fault *fault, bool has_trace);
