/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a machine has to recover with: clean sources, packaged modules, saved sets, tools. */

#include "recovery/course.h"
#include "recovery/state.h"
#include "system/system.h"

/**
 * rd_means_gather() - look for everything that a course may be decided by
 * @state: opened or locked; NULL if nothing was ever done on this machine
 * @facts: of rd_probe(), with the packages asked (RD_PROBE wants_packages)
 * @unfetched: why what is missing could not be downloaded; NULL: that was not tried
 * @means: filled; rd_means_deinit() it
 *
 * Reads only. Takes seconds where a kernel's package has to be unpacked.
 * Return: 0 or a negative errno.
 */
int rd_means_gather(const struct rd_system *sys, const struct rd_state *state,
		    const struct rd_facts *facts, const char *unfetched, struct rd_means *means,
		    struct rd_error *err);
