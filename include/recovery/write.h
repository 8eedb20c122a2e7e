/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The few ways in which recovery changes files: each of them below a root descriptor, and each
 * either done and on the disk when it returns 0, or not to be seen.
 *
 * No descriptor is closed or synced twice: after a failed fsync(2) the kernel has forgotten the
 * pages, and a second call would lie.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * The names under which things are made beside their place, and put aside. They are fixed, since
 * the lock admits one run at a time, so that any later run knows what a dead one left. No tool
 * takes them for a module: neither starts with the name of one or contains ".ko".
 */
#define RD_WRITE_NEW ".rdna1-doctor.new"
#define RD_WRITE_OLD ".rdna1-doctor.old"

enum {
	_RD_WRITE_OK,
	RD_WRITE_ABSENT, /* the folder is not there, or what should be one is none */
};

/* A name in a folder that is open for reading. */
struct rd_place {
	int dirfd;
	char name[NAME_MAX + 1];
};

#define RD_PLACE_INIT        \
	{                    \
		.dirfd = -1, \
	}

void rd_place_deinit(struct rd_place *place);

/* openat2(2) that cannot leave the root; a descriptor or a negative errno. */
int rd_write_open(int rootfd, const char *path, int flags);

/**
 * rd_write_place() - open the folder that holds a path
 * @path: from the root, without a leading slash
 *
 * Return: 0, RD_WRITE_ABSENT, or a negative errno.
 */
int rd_write_place(int rootfd, const char *path, struct rd_place *placep, struct rd_error *err);

/**
 * rd_write_folder() - mkdir -p
 * @path: from the root; what is missing of it is made with @mode, whatever the umask
 *
 * Return: the folder, open for reading, or a negative errno.
 */
int rd_write_folder(int rootfd, const char *path, mode_t mode, struct rd_error *err);

/* A new file under a temporary name, a left-over of it removed; a descriptor or a negative errno.
 */
int rd_write_temporary(int dirfd, const char *name, struct rd_error *err);

/* All of @data, in as many calls as it takes. */
int rd_write_all(int fd, const void *data, size_t len, struct rd_error *err);

/* fsync(2) of a file or a folder; @what names it in the message. */
int rd_write_sync(int fd, const char *what, struct rd_error *err);

/**
 * rd_write_create() - a file of our own, with all its content or not at all
 * @name: in @dirfd; one that is there is replaced
 *
 * Mode 0600. Return: 0 or a negative errno.
 */
int rd_write_create(int dirfd, const char *name, const void *data, size_t len,
		    struct rd_error *err);

/* The same with mode 0644, whatever the umask: for others to read. */
int rd_write_publish(int dirfd, const char *name, const void *data, size_t len,
		     struct rd_error *err);

/* rename(2) within a folder. What is moved must have been synced before. */
int rd_write_rename(int dirfd, const char *from, const char *to, struct rd_error *err);

/**
 * rd_write_exchange() - a folder takes the place of what is there, which gets its name
 *
 * In one step where the file system can (renameat2(2), RENAME_EXCHANGE); else what is there is
 * named RD_WRITE_OLD first, and for a moment nothing has the name.
 *
 * Return: 0 or a negative errno.
 */
int rd_write_exchange(int dirfd, const char *from, const char *to, struct rd_error *err);

int rd_write_unlink(int dirfd, const char *name, struct rd_error *err);

/**
 * rd_write_remove() - a file, or a folder with all that is in it; nothing there is fine
 *
 * Neither atomic nor synced: for what nobody reads, under a temporary name. Return: 0 or a negative
 * errno.
 */
int rd_write_remove(int dirfd, const char *name, struct rd_error *err);
