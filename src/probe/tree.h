/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The files of one kernel that depmod takes for amdgpu, or once did. Private to src/probe. */

#include "depmod.h"
#include "model/facts.h"
#include "system/system.h"

struct rd_tree_file {
	char *path;
	bool is_backup; /* has a name that nothing loads */
	bool is_resolved; /* the index names it */
	bool is_next; /* depmod may choose it if it runs now */
	bool is_expected; /* depmod would choose it, as far as that can be told */
};

/* Start with @sys and @facts (which get what could not be read) set, the rest zeroed. */
struct rd_tree {
	const struct rd_system *sys;
	struct rd_facts *facts;
	struct {
		struct rd_tree_file *items;
		size_t n, cap;
	} files; /* the resolved one first, backups last, by name */
	bool is_incomplete; /* there may be more of them */
	bool is_choice_known; /* is_next says all that depmod may choose */
	size_t met; /* entries that were looked at */
};

void rd_tree_deinit(struct rd_tree *tree);

/**
 * rd_tree_find() - find all files, and tell which of them depmod would choose
 * @folder: of the kernel, as seen from the root
 * @depmod: its configuration
 * @resolved: the path that the index has, NULL if none: listed even if there is no such file
 *
 * Return: 0 or a negative errno.
 */
int rd_tree_find(struct rd_tree *tree, const char *folder, struct rd_depmod *depmod,
		 const char *resolved, struct rd_error *err);

/* The path that depmod would choose, borrowed; NULL if there is none or it is not known. */
const char *rd_tree_expected(const struct rd_tree *tree);
