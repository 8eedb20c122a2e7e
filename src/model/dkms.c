/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of what dkms has registered. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "model/dkms.h"

static const struct rd_name states[] = {
	{ .name = "unknown", .value = RD_DKMS_UNKNOWN },
	{ .name = "added", .value = RD_DKMS_ADDED },
	{ .name = "built", .value = RD_DKMS_BUILT },
	{ .name = "installed", .value = RD_DKMS_INSTALLED },
	{ .name = "installed-weak", .value = RD_DKMS_INSTALLED_WEAK },
	{ .name = "differs", .value = RD_DKMS_DIFFERS },
	{ .name = "absent", .value = RD_DKMS_ABSENT },
	{ .name = "broken", .value = RD_DKMS_BROKEN },
};

const char *rd_dkms_state_name(enum rd_dkms_state state)
{
	return rd_name_of(states, RD_N_ELEMENTS(states), (int)state);
}

struct rd_dkms_build *rd_dkms_package_find_build(const struct rd_dkms_package *package,
						 const char *kernel, const char *arch)
{
	for (size_t i = 0; i < package->builds.n; i++) {
		struct rd_dkms_build *build = &package->builds.items[i];

		if (!strcmp(build->kernel, kernel) && (!arch || !strcmp(build->arch, arch)))
			return build;
	}
	return NULL;
}

bool rd_dkms_package_is(const struct rd_dkms_package *package, const char *called)
{
	size_t len = strlen(package->name);

	return called && !strncmp(called, package->name, len) && called[len] == '/' &&
	       !strcmp(called + len + 1, package->version);
}

static void build_deinit(struct rd_dkms_build *build)
{
	free(build->kernel);
	free(build->arch);
	free(build->log);
	free(build->error);
	for (size_t i = 0; i < build->files.n; i++)
		free(build->files.items[i]);
	free(build->files.items);
}

void rd_dkms_package_deinit(struct rd_dkms_package *package)
{
	free(package->name);
	free(package->version);
	free(package->path);
	free(package->source);
	free(package->problem);
	for (size_t i = 0; i < package->modules.n; i++) {
		free(package->modules.items[i].name);
		free(package->modules.items[i].location);
	}
	free(package->modules.items);
	for (size_t i = 0; i < package->patches.n; i++)
		free(package->patches.items[i]);
	free(package->patches.items);
	for (size_t i = 0; i < package->hooks.n; i++)
		free(package->hooks.items[i]);
	free(package->hooks.items);
	rd_evidence_deinit(&package->patched_by);
	rd_evidence_deinit(&package->touched_by);
	for (size_t i = 0; i < package->builds.n; i++)
		build_deinit(&package->builds.items[i]);
	free(package->builds.items);
	*package = (struct rd_dkms_package){ 0 };
}

void rd_dkms_packages_deinit(struct rd_dkms_packages *packages)
{
	for (size_t i = 0; i < packages->n; i++)
		rd_dkms_package_deinit(&packages->items[i]);
	free(packages->items);
	*packages = (struct rd_dkms_packages){ 0 };
}
