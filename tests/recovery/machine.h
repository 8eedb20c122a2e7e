/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A made-up machine that is small enough to be broken thousands of times. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recovery/plan.h"
#include "recovery/transaction.h"

/* A folder for machines, on a file system in memory if there is one; ends the program if none. */
const char *machine_folder(void);
void machine_remove_folder(void);

/* A fresh machine at @root (below that folder), in place of one that is there. */
void machine_make(const char *root);

/* Whether each kernel has a whole amdgpu where it is loaded from first. */
bool machine_has_drivers(const char *root);

/* What recovery is to do with it, and the tools that it has for that: child processes, as real ones
 * are, that sync nothing. */
int machine_plan(struct rd_plan *planp);
extern const struct rd_tools machine_tools; /* @userdata: the root's path */

/* All that is on a machine but the folder of our own: names, types, attributes, contents. */
struct picture {
	struct entry {
		char *path;
		char *facts; /* type, mode, owner, xattrs, content or target */
		long long seconds;
		long nanoseconds; /* modification time */
	} * items;
	size_t n, cap;
};

void picture_take(struct picture *picture, const char *root);
void picture_deinit(struct picture *picture);

/* One number for what is at a path and, with @is_all, below it, our own folder and all, but for
 * times; 0: nothing is there. */
uint64_t picture_hash(const char *path, bool is_all);

/* @has_times: modification times count. The first difference is in picture_difference. */
extern char picture_difference[1024];
bool picture_is_equal(const struct picture *is, const struct picture *should, bool has_times);

/* Whether each path is as in one of the two, temporary names apart. */
bool picture_is_between(const struct picture *is, const struct picture *a, const struct picture *b);
