/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Changing a course on the way. Private to recovery. */

#include "recovery/course.h"

/* A kernel's method did not work out, for the reason in @why: its fallback takes the place, and the
 * reason of the course tells it. Return: 0 or -ENOMEM. */
int course_fall_back(struct rd_kernel_course *course, const struct rd_error *why,
		     struct rd_error *err);
