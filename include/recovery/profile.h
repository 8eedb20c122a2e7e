/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The file of an environment profile in a user's home, or below /etc: written, taken away, read.
 * It is replaced in one step, so that there is always the old one or the new one, and what was
 * there before is kept under another name.
 */

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "inspect/profile.h"
#include "model/facts.h"
#include "recovery/user.h"
#include "system/system.h"

/* Behind a file's name: what was there before. A second one gets a number. */
#define RD_PROFILE_KEPT ".before-rdna1-doctor"

struct rd_profile_target {
	const struct rd_system *sys;
	const struct rd_user *user; /* also of a format for the whole system: who may write there */
	const struct rd_profile_format *format;
	bool is_forced; /* a file that was changed by hand, or is another's, is put aside too */
	bool wants_bashrc; /* the line in .bashrc comes, or goes, too */
};

enum rd_profile_change {
	RD_PROFILE_UNTOUCHED, /* not asked for, or not there */
	RD_PROFILE_SAME, /* it was that already */
	RD_PROFILE_CREATED,
	RD_PROFILE_REPLACED,
	RD_PROFILE_REMOVED,
};

struct rd_profile_outcome {
	enum rd_profile_change file, bashrc;
	char kept[NAME_MAX + 1]; /* the name under which the old file is kept; "": none was */
};

enum {
	_RD_PROFILE_OK,
	RD_PROFILE_REFUSED, /* a link, another's, no plain file, a home that is not the user's */
	RD_PROFILE_EDITED, /* changed by hand; to be removed: or not ours. Nothing was done */
	RD_PROFILE_ABSENT, /* to be read: there is none */
	RD_PROFILE_NO_USER, /* there is no such user */
};

/**
 * rd_profile_write() - put a file there
 * @text: the whole content
 *
 * Return: 0, RD_PROFILE_REFUSED, RD_PROFILE_EDITED (both with @err filled), or a negative errno.
 */
int rd_profile_write(const struct rd_profile_target *target, const struct rd_text *text,
		     struct rd_profile_outcome *outcomep, struct rd_error *err);

/* Take it away again. Return: as rd_profile_write(). */
int rd_profile_remove(const struct rd_profile_target *target, struct rd_profile_outcome *outcomep,
		      struct rd_error *err);

/* Its content. Return: as rd_profile_write(), or RD_PROFILE_ABSENT. */
int rd_profile_load(const struct rd_profile_target *target, struct rd_text *textp,
		    struct rd_error *err);

/**
 * rd_profile_keep_promise() - for the boot that confirms an armed transaction
 * @facts: of the machine as it is now
 * @name: the user of its note "profile-user"
 * @pathp: of the file, malloc()ed; set if the result is 0
 *
 * The profile that is chosen for the user's software, as sh reads it, in the user's home. Asks
 * nobody: the caller has seen that the machine is sane.
 *
 * Return: as rd_profile_write(), or RD_PROFILE_NO_USER.
 */
int rd_profile_keep_promise(const struct rd_system *sys, const struct rd_facts *facts,
			    const char *name, struct rd_profile_outcome *outcomep, char **pathp,
			    struct rd_error *err);
