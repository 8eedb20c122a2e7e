/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The installed packages that have a copy of the driver among their files. */

#include <stddef.h>

#include "model/presence.h"

enum rd_package_manager {
	RD_PACKAGE_DPKG,
	RD_PACKAGE_PACMAN,
	RD_PACKAGE_RPM,
};

struct rd_package {
	enum rd_package_manager manager;
	char *name; /* what rd_copy has as its package */
	char *version; /* the installed one, as its manager writes it; NULL unknown */
	char *restore; /* what puts its files back as they were: a command, or what to do */

	/* Of a package of sources: are the driver's files what the package put there, and which
	 * are not; "PATH" or "PATH (missing)". NO goes with at least one. */
	enum rd_presence is_source_whole;
	struct {
		char **items;
		size_t n, cap;
	} changed;
};

struct rd_packages {
	struct rd_package *items;
	size_t n, cap;
	char *problem; /* a data base that was to be asked and could not be, and why; NULL: none */
};

/* "dpkg", "pacman", "rpm"; static. */
const char *rd_package_manager_name(enum rd_package_manager manager);

/* The package of that name, or NULL; borrowed. */
const struct rd_package *rd_packages_find(const struct rd_packages *packages, const char *name);

void rd_package_deinit(struct rd_package *package);
void rd_packages_deinit(struct rd_packages *packages);
