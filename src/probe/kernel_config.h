/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How a kernel was configured, where its package says so. Private to src/probe. */

#include "model/presence.h"
#include "system/system.h"

/**
 * rd_kernel_config_has() - whether an option is y
 * @kernel: its release; NULL: unknown
 * @presencep: stays as it is without a configuration for that release
 *
 * Return: 0 or a negative errno.
 */
int rd_kernel_config_has(const struct rd_system *sys, const char *kernel, const char *option,
			 enum rd_presence *presencep, struct rd_error *err);
