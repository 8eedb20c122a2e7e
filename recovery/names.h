/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The names in a folder. Private to recovery. */

#include <stddef.h>

#include "base/error.h"

struct names {
	char **items; /* sorted by their bytes, without . and .. */
	size_t n, cap;
};

void names_deinit(struct names *names);
int names_read(int dirfd, struct names *namesp, struct rd_error *err);
