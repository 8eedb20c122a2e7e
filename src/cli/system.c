/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The system that a verb looks at. */

#include <errno.h>

#include "base/cleanup.h"
#include "cli.h"

/* One of these is in every system, and in every picture of one. */
static const char *const parts[] = { "/etc", "/usr/lib/os-release", "/lib/modules",
				     "/usr/lib/modules" };

int cli_system_open(const struct cli_values *values, struct rd_system *sys, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	struct stat st;
	int r;

	r = rd_system_init(sys, values->root, err);
	if (r || sys->is_live)
		return r;
	for (size_t i = 0; i < RD_N_ELEMENTS(parts); i++) {
		if (rd_system_stat(sys, parts[i], &st, &why) != RD_SYSTEM_ABSENT)
			return 0;
	}
	return rd_error_set(err, ENOENT, "no system below %s: is it mounted?", values->root);
}
