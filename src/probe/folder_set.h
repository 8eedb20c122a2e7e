/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Folders that were met, by device and inode: links give them any number of names. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct rd_folder_set {
	struct {
		dev_t dev;
		ino_t ino;
	} * items;
	size_t n, cap;
};

void rd_folder_set_deinit(struct rd_folder_set *set);

/* Adds the folder; *@is_newp says whether it was not in the set. Return: 0 or -ENOMEM. */
int rd_folder_set_add(struct rd_folder_set *set, const struct stat *st, bool *is_newp);
