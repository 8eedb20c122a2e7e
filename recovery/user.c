/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who a user is. Of this machine its name service answers, as for login; another root has only
 * its own etc/passwd to ask, and this machine's would give it strangers' numbers. $HOME is never
 * asked: who runs this under sudo has somebody else's.
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "recovery/user.h"

#define PASSWD_MAX ((size_t)16 << 20)
#define GROUPS_MAX 65536 /* NGROUPS_MAX of Linux */

void rd_user_deinit(struct rd_user *user)
{
	free(user->name);
	free(user->home);
	free(user->groups.items);
	*user = (struct rd_user)RD_USER_INIT;
}

static int fill(struct rd_user *user, const char *name, uint64_t uid, uint64_t gid,
		const char *home, struct rd_error *err)
{
	if (*home != '/')
		return rd_error_set(err, EINVAL, "user %s has no home", name);
	user->name = strdup(name);
	user->home = strdup(home);
	user->uid = (uid_t)uid;
	user->gid = (gid_t)gid;
	return user->name && user->home ? 0 : rd_error_nomem(err);
}

static int fill_groups(struct rd_user *user, struct rd_error *err)
{
	int n = 16;

	for (;;) {
		int had = n;

		free(user->groups.items);
		user->groups.items = calloc((size_t)n, sizeof(gid_t));
		if (!user->groups.items)
			return rd_error_nomem(err);
		if (getgrouplist(user->name, user->gid, user->groups.items, &n) >= 0) {
			user->groups.n = (size_t)n;
			return 0;
		}
		n = n > had ? n : had * 2;
		if (n > GROUPS_MAX)
			return rd_error_set(err, EFBIG, "user %s is in too many groups",
					    user->name);
	}
}

/* @name NULL: by @uid. */
static int ask(const char *name, uid_t uid, struct rd_user *user, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *buffer = NULL;
	struct passwd entry, *found = NULL;
	size_t len = 4096;
	int r;

	do {
		free(buffer);
		len *= 2;
		buffer = malloc(len);
		if (!buffer)
			return rd_error_nomem(err);
		r = name ? getpwnam_r(name, &entry, buffer, len, &found)
			 : getpwuid_r(uid, &entry, buffer, len, &found);
	} while (r == ERANGE && len < PASSWD_MAX);
	/* What services answer for "no such user" (getpwnam(3)). */
	if (!found && (!r || r == ENOENT || r == ESRCH || r == EBADF || r == EPERM))
		return RD_USER_ABSENT;
	if (!found)
		return rd_error_set(err, r, "look up a user: %s", strerror(r));
	r = fill(user, found->pw_name, found->pw_uid, found->pw_gid, found->pw_dir, err);
	return r ? r : fill_groups(user, err);
}

/* passwd(5): name, password, uid, gid, comment, home, shell. */
static int read_line(char *line, const char *name, uid_t uid, struct rd_user *user,
		     struct rd_error *err)
{
	char *fields[7] = { NULL };
	uint64_t numbers[2];

	for (size_t i = 0; i < RD_N_ELEMENTS(fields); i++)
		fields[i] = strsep(&line, ":");
	if (!fields[5] || !*fields[0] || !rd_text_parse_u64(fields[2], 10, &numbers[0]) ||
	    !rd_text_parse_u64(fields[3], 10, &numbers[1]) || numbers[0] >= UINT32_MAX ||
	    numbers[1] >= UINT32_MAX)
		return RD_USER_ABSENT;
	if (name ? strcmp(fields[0], name) != 0 : numbers[0] != uid)
		return RD_USER_ABSENT;
	return fill(user, fields[0], numbers[0], numbers[1], fields[5], err);
}

static int read_passwd(const struct rd_system *sys, const char *name, uid_t uid,
		       struct rd_user *user, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	char *rest, *line;
	int r;

	r = rd_system_read(sys, "/etc/passwd", PASSWD_MAX, &text, err);
	if (r == RD_SYSTEM_ABSENT || (!r && !text.data))
		return RD_USER_ABSENT;
	if (r == RD_SYSTEM_UNREADABLE)
		return -EIO;
	if (r)
		return r;
	rest = text.data;
	r = RD_USER_ABSENT;
	while (r == RD_USER_ABSENT && (line = strsep(&rest, "\n")))
		r = read_line(line, name, uid, user, err);
	return r;
}

static int find(const struct rd_system *sys, const char *name, uid_t uid, struct rd_user *userp,
		struct rd_error *err)
{
	RD_CLEANUP(rd_user_deinit) struct rd_user user = RD_USER_INIT;
	int r;

	r = sys->is_live ? ask(name, uid, &user, err) : read_passwd(sys, name, uid, &user, err);
	if (r)
		return r;
	*userp = user;
	user = (struct rd_user)RD_USER_INIT;
	return 0;
}

int rd_user_find(const struct rd_system *sys, const char *name, struct rd_user *userp,
		 struct rd_error *err)
{
	return find(sys, name, 0, userp, err);
}

int rd_user_find_id(const struct rd_system *sys, uid_t uid, struct rd_user *userp,
		    struct rd_error *err)
{
	return find(sys, NULL, uid, userp, err);
}
