/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of the packages that have a copy of the driver. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "model/package.h"

static const struct rd_name managers[] = {
	{ .name = "dpkg", .value = RD_PACKAGE_DPKG },
	{ .name = "pacman", .value = RD_PACKAGE_PACMAN },
	{ .name = "rpm", .value = RD_PACKAGE_RPM },
};

const char *rd_package_manager_name(enum rd_package_manager manager)
{
	return rd_name_of(managers, RD_N_ELEMENTS(managers), (int)manager);
}

const struct rd_package *rd_packages_find(const struct rd_packages *packages, const char *name)
{
	for (size_t i = 0; i < packages->n; i++) {
		if (!strcmp(packages->items[i].name, name))
			return &packages->items[i];
	}
	return NULL;
}

void rd_package_deinit(struct rd_package *package)
{
	free(package->name);
	free(package->version);
	free(package->restore);
	for (size_t i = 0; i < package->changed.n; i++)
		free(package->changed.items[i]);
	free(package->changed.items);
	*package = (struct rd_package){ 0 };
}

void rd_packages_deinit(struct rd_packages *packages)
{
	for (size_t i = 0; i < packages->n; i++)
		rd_package_deinit(&packages->items[i]);
	free(packages->items);
	free(packages->problem);
	*packages = (struct rd_packages){ 0 };
}
