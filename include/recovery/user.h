/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Another user's files, changed with that user's rights and no more: by a child that has become
 * the user for good. Whatever is planted in a home, it can lead the child only where its owner may
 * go anyway.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "system/system.h"

struct rd_user {
	char *name;
	char *home; /* absolute, from the root */
	uid_t uid;
	gid_t gid;
	struct {
		gid_t *items;
		size_t n, cap;
	} groups; /* supplementary ones; of another root's user: none */
};

#define RD_USER_INIT \
	{            \
		0    \
	}

enum {
	_RD_USER_OK,
	RD_USER_ABSENT, /* there is none of that name */
};

/**
 * rd_user_find() - a user by name
 *
 * Of this machine: as its name service knows it. Of another root: from its etc/passwd.
 *
 * Return: 0, RD_USER_ABSENT, or a negative errno.
 */
int rd_user_find(const struct rd_system *sys, const char *name, struct rd_user *userp,
		 struct rd_error *err);

/* The same by number. */
int rd_user_find_id(const struct rd_system *sys, uid_t uid, struct rd_user *userp,
		    struct rd_error *err);

void rd_user_deinit(struct rd_user *user);

/**
 * rd_user_become() - for good, in a process that was made for it
 *
 * Return: 0 or a negative errno: who is not root can become nobody else (-EPERM).
 */
int rd_user_become(const struct rd_user *user, struct rd_error *err);

/**
 * rd_user_do() - have a child do something as a user
 * @fn: called in the child; its result, @err and what it adds to @answer are passed on
 * @seconds: after which the child is killed: a home may lie on a server that is gone
 *
 * The child is this process in all but its rights: no program is run. Who is not root can become
 * nobody else (-EPERM).
 *
 * Return: what @fn returned, or a negative errno.
 */
int rd_user_do(const struct rd_user *user,
	       int (*fn)(const void *arg, struct rd_text *answer, struct rd_error *err),
	       const void *arg, unsigned int seconds, struct rd_text *answerp,
	       struct rd_error *err);
