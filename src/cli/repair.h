/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From a course of recovery to what is told of it. Each returns 0 or -ENOMEM. */

#include "model/repair.h"
#include "recovery/work.h"
#include "system/system.h"

/* Kernels, sources, rests, room, and what is taken off dkms' list. */
int cli_repair_fill(const struct rd_system *sys, const struct rd_course *course,
		    struct rd_repair *repair, struct rd_error *err);

/* A package that would be fetched. */
int cli_repair_add_download(const struct rd_missing_means *missing, struct rd_repair *repair);

/* The images that are made anew, and the leftovers that go. */
int cli_repair_foresee(const struct rd_facts *facts, const struct rd_course *course,
		       bool with_leftovers, struct rd_repair *repair, struct rd_error *err);

/* How each kernel came out, once all is made ready: method, reason, module; and what dkms forgets.
 */
int cli_repair_add_work(const struct rd_course *course, const struct rd_work *work,
			struct rd_repair *repair, struct rd_error *err);
