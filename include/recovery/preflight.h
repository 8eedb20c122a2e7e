/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What must be so before anything is made or changed, and what is held for as long as it lasts. */

#include "recovery/course.h"
#include "recovery/state.h"
#include "system/system.h"

/* The locks of the package manager, since a kernel's installation would run dkms midway, and an
 * inhibitor of shutdown where logind runs. */
struct rd_hold {
	struct {
		int *items;
		size_t n, cap;
	} fds;
	int rootfd; /* borrowed */
	bool has_pacman; /* its lock is a file, which must go again */
};

#define RD_HOLD_INIT \
	{            \
		0    \
	}

/* Gives everything free again. */
void rd_hold_deinit(struct rd_hold *hold);

enum {
	_RD_PREFLIGHT_OK,
	RD_PREFLIGHT_REFUSED, /* @err says why, and what to do */
};

/**
 * rd_preflight_hold() - take the locks of the package manager
 *
 * Return: 0, RD_PREFLIGHT_REFUSED (it is at work, or was interrupted), or a negative errno.
 */
int rd_preflight_hold(const struct rd_system *sys, struct rd_hold *hold, struct rd_error *err);

/**
 * rd_preflight_mounts() - whether what boots a machine is there to be changed
 *
 * A file system for /boot, /boot/efi or /efi by fstab(5) that is not mounted. Return: 0,
 * RD_PREFLIGHT_REFUSED, or a negative errno.
 */
int rd_preflight_mounts(const struct rd_system *sys, struct rd_error *err);

/**
 * rd_preflight_check() - whether packages are at rest, and the file systems can take what a course
 * puts there
 * @course: a kernel for whose build there is no room gets its fallback, and the reason says so; its
 *          rooms are filled
 *
 * Wanted is twice what is needed. Changes nothing, takes no lock.
 * Return: 0, RD_PREFLIGHT_REFUSED (read-only, full, a package half done), or a negative errno.
 */
int rd_preflight_check(const struct rd_system *sys, const struct rd_facts *facts,
		       struct rd_course *course, struct rd_error *err);
