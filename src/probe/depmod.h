/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* depmod: what its indexes of one kernel say of amdgpu, and its configuration. Private to
 * src/probe. */

#include "inspect/depmod_conf.h"
#include "model/facts.h"
#include "system/system.h"

/* Where releases lie; one is the other wherever /lib is a link to /usr/lib. */
extern const char *const rd_depmod_folders[2];

/* depmod.d of the machine. */
struct rd_depmod {
	struct rd_depmod_conf conf;
	bool is_known; /* all of it could be read */
	size_t externals_left; /* entries of external folders that may still be looked at */
};

/* Reads depmod.d; its lines about amdgpu go to the facts. Return: 0 or a negative errno. */
int rd_depmod_init(struct rd_depmod *depmod, const struct rd_system *sys, struct rd_facts *facts,
		   struct rd_error *err);
void rd_depmod_deinit(struct rd_depmod *depmod);

/* Whether depmod takes a file of that name for amdgpu. */
bool rd_depmod_is_module(const char *name);

/**
 * rd_depmod_resolve() - the file that modprobe would load amdgpu from
 * @folder: of the release, as seen from the root: /lib/modules/RELEASE
 * @pathp: as seen from the root; stays NULL if the index has no amdgpu
 *
 * Return: 0, RD_SYSTEM_ABSENT (no index), RD_SYSTEM_UNREADABLE (@err filled), or -errno.
 */
int rd_depmod_resolve(const struct rd_system *sys, const char *folder, char **pathp,
		      struct rd_error *err);

/* Whether modules.builtin lists amdgpu; unknown without one. Return: 0 or a negative errno. */
int rd_depmod_has_builtin(const struct rd_system *sys, const char *folder,
			  enum rd_presence *presencep, struct rd_error *err);
