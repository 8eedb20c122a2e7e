/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Changing a course on the way, and what its makers share. Private to recovery. */

#include "recovery/course.h"

/* A kernel's method did not work out, for the reason in @why: its fallback takes the place, and the
 * reason of the course tells it. Return: 0 or -ENOMEM. */
int course_fall_back(struct rd_kernel_course *course, const struct rd_error *why,
		     struct rd_error *err);

/* Whether a path lies in a folder, and is not the folder itself. */
bool course_is_below(const char *path, const char *folder);

/* Has a version forgotten, once. Return: 0 or -ENOMEM. */
int course_unregister(struct rd_course *course, const struct rd_dkms_package *package);

/* Whether a kernel gets a set that this version builds; or, if not, another driver in its place. */
bool course_has_kernel(const struct rd_course *course, const struct rd_dkms_package *package,
		       bool is_built);

/* Finds the bad builds that no kernel's course reaches. Return: 0 or -ENOMEM. */
int course_find_stale(const struct rd_facts *facts, struct rd_course *course);

enum {
	_COURSE_OK,
	COURSE_NO_FALLBACK, /* a kernel has no other way */
};

/**
 * course_condemn() - a version turned out to build what is patched, for the reason in @why
 *
 * Its kernels get their fallbacks, and dkms is to forget it. Return: 0, COURSE_NO_FALLBACK (nothing
 * is changed), or -ENOMEM.
 */
int course_condemn(struct rd_course *course, const struct rd_dkms_package *package,
		   const struct rd_error *why, struct rd_error *err);

/* Versions whose hooks do to the source what nobody knows, and that no build of this course has
 * shown to be good, are to be forgotten where a kernel goes another way. Return: 0 or -ENOMEM. */
int course_settle_packages(const struct rd_facts *facts, struct rd_course *course);

/* Whether what dkms has built there is patched or modified. */
bool course_is_bad_build(const struct rd_facts *facts, const struct rd_dkms_package *package,
			 const struct rd_dkms_build *build);
