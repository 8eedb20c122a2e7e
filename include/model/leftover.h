/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a recipe left on the machine outside of the driver. */

#include <stddef.h>

#include "model/data.h"

struct rd_leftover {
	char *path;
	const char *string; /* what it contains that gave it away, NULL: its name did; static */
	const struct rd_leftover_sign *sign; /* static */
};

struct rd_leftovers {
	struct rd_leftover *items;
	size_t n, cap;
	struct {
		char **items;
		size_t n, cap;
	} unsearched; /* "PATH: why", of files that may hold such a string */
};

void rd_leftovers_deinit(struct rd_leftovers *leftovers);
