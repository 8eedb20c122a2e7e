/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The program may not be installed yet, and may be installed anywhere. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "stage.h"

#define SCRIPT "workload.py"

static const char *const beside[] = {
	"/data/" SCRIPT, /* where it was built */
	"/../share/rdna1-doctor/" SCRIPT,
};

int stage_script(char **pathp, struct rd_error *err)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;

	exe[n < 0 ? 0 : n] = '\0';
	slash = strrchr(exe, '/');
	if (slash)
		*slash = '\0';
	for (size_t i = 0; slash && i < RD_N_ELEMENTS(beside); i++) {
		RD_CLEANUP(rd_freep) char *path = rd_text_format("%s%s", exe, beside[i]);

		if (!path)
			return rd_error_nomem(err);
		if (!access(path, R_OK)) {
			*pathp = RD_TAKE_PTR(path);
			return 0;
		}
	}
	if (access(RD_DATADIR "/" SCRIPT, R_OK) < 0)
		return rd_error_set(err, errno, RD_DATADIR "/" SCRIPT ": %s", strerror(errno));
	*pathp = strdup(RD_DATADIR "/" SCRIPT);
	return *pathp ? 0 : rd_error_nomem(err);
}
