/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A module is proven by the source that it was built from only if all of that is known: one more
 * file, one that is no package's, or a script that dkms runs before the build, and it is not.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/package.h"
#include "proof.h"

#define FILE_MAX    ((size_t)64 << 20)
#define ENTRIES_MAX ((size_t)1 << 18)
#define DISPROVEN   1

struct proof {
	const struct rd_system *sys;
	const char *copy; /* as seen from the root */
	const char *source; /* the same */
	struct rd_package_db packages;
};

static int prove_file(struct proof *proof, const char *path, struct rd_error *err)
{
	RD_CLEANUP(rd_package_owner_deinit) struct rd_package_owner owner = RD_PACKAGE_OWNER_INIT;
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct rd_error why = RD_ERROR_INIT;
	char place[PATH_MAX];
	struct rd_package_file file = { .path = place };
	int r;

	snprintf(place, sizeof(place), "%s%s", proof->source, path + strlen(proof->copy));
	r = rd_system_map(proof->sys, path, FILE_MAX, &map, &why);
	if (r)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : DISPROVEN;
	file.data = map.data ? map.data : (const uint8_t *)"";
	file.len = map.len;
	r = rd_package_find(&proof->packages, &file, &owner, err);
	return r ? r : owner.is_equal == RD_PRESENCE_YES ? 0 : DISPROVEN;
}

static int visit(void *userdata, enum rd_walk_event event, const char *path,
		 const struct rd_error *why, struct rd_error *err)
{
	(void)why;
	switch (event) {
	case RD_WALK_FILE:
		return prove_file(userdata, path, err);
	case RD_WALK_FOLDER:
		return 0;
	case RD_WALK_UNREADABLE:
		break;
	}
	return DISPROVEN;
}

int proof_of_source(const struct rd_work_order *order, const struct rd_dkms_package *package,
		    const char *copy, bool *yesp, struct rd_error *err)
{
	struct proof proof = {
		.sys = order->sys,
		.copy = copy,
		.source = package->source,
		.packages = { .sys = order->sys },
	};
	int r;

	*yesp = false;
	if (package->patched_by.n || package->touched_by.n || package->problem)
		return 0;
	r = rd_system_walk(order->sys, copy, ENTRIES_MAX, visit, &proof, err);
	rd_package_db_deinit(&proof.packages);
	*yesp = !r;
	return r < 0 ? r : 0;
}
