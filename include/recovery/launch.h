/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A command under an environment profile: this process becomes it. */

#include "base/error.h"
#include "model/profile.h"

enum {
	_RD_LAUNCH_OK,
	RD_LAUNCH_ABSENT, /* there is no such command */
	RD_LAUNCH_REFUSED, /* it is there, and cannot be executed */
};

/**
 * rd_launch() - set and unset what the profile says, and execute a command
 * @argv: up to NULL; looked for in PATH as a shell does
 *
 * Signals, standard streams and the exit status are the command's own: nothing stays in between.
 * Does not return if it worked. Return: a positive code above with @err filled, or a negative
 * errno.
 */
int rd_launch(const struct rd_profile *profile, char **argv, struct rd_error *err);
