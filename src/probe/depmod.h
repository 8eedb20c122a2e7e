/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What depmod's indexes of one kernel say of amdgpu. Private to src/probe. */

#include "model/facts.h"
#include "system/system.h"

/* Where releases lie; one is the other wherever /lib is a link to /usr/lib. */
extern const char *const rd_depmod_folders[2];

/* Whether @name is amdgpu.ko, as it stands or compressed in a way that the kernel's tools load. */
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
