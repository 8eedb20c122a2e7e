/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the choice of an environment profile depends on. */

#include "model/facts.h"
#include "model/profile.h"
#include "system/system.h"

/**
 * rd_probe_profile() - look at the cards' nodes, and at the ROCm software of a user
 * @facts: gpus is what counts
 * @home: of that user, from the root; NULL: the software of the system alone
 * @progress: told of each library before it is looked at; may be NULL
 *
 * Reads the heads of libraries, never one as a whole. Return: 0 or a negative errno.
 */
int rd_probe_profile(const struct rd_system *sys, const struct rd_facts *facts, const char *home,
		     void (*progress)(void *userdata, const char *path), void *userdata,
		     struct rd_profile_basis *basisp, struct rd_error *err);

/**
 * rd_probe_mentions() - where else variables of the profiles are set
 * @home: of the user, from the root; NULL: the system's files alone
 * @except: a path that is left out, the profile's own file; may be NULL
 *
 * What cannot be read is left out. Return: 0 or a negative errno.
 */
int rd_probe_mentions(const struct rd_system *sys, const char *home, const char *except,
		      struct rd_profile_mentions *mentionsp, struct rd_error *err);
