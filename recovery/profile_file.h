/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Files in a folder that its owner may change at any moment. All of it is called by a process that
 * has no more rights than the owner has.
 */

#include <stdbool.h>
#include <sys/stat.h>

#include "base/text.h"
#include "recovery/profile.h"
#include "recovery/write.h"

/* A file, by name in an open folder, and what is there now. */
struct profile_file {
	int dirfd;
	char name[NAME_MAX + 1];
	bool exists;
	struct stat st;
	struct rd_text text;
};

#define PROFILE_FILE_INIT    \
	{                    \
		.dirfd = -1, \
	}

void profile_file_deinit(struct profile_file *file);

/**
 * profile_file_open() - open the folder of a file, locked, and read the file if there is one
 * @base: where @path starts, from the root; it must be the user's own
 * @is_made: folders below @base that are missing are made
 *
 * Return: 0, RD_PROFILE_REFUSED, RD_PROFILE_ABSENT (a folder is missing), or a negative errno.
 */
int profile_file_open(int rootfd, const char *base, const char *path, uid_t owner, bool is_made,
		      struct profile_file *filep, struct rd_error *err);

/**
 * profile_file_replace() - the whole content and mode, at once
 * @kept: the old file is kept, under a name that is put here; NULL: it is not
 */
int profile_file_replace(const struct profile_file *file, const struct rd_text *text, mode_t mode,
			 char *kept, struct rd_error *err);

/* Take the file away; with @kept, to such a name. */
int profile_file_remove(const struct profile_file *file, char *kept, struct rd_error *err);
