/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Files named on the command line: any path of this machine, read through the system layer. */

#include "system/system.h"

/**
 * cli_file_map() - map a file by the name that the user gave
 * @name: relative to the working directory, or absolute
 * @why: filled if the result is positive: why the file cannot be read
 *
 * Return: 0, RD_SYSTEM_ABSENT, RD_SYSTEM_UNREADABLE, or a negative errno with @err filled.
 */
int cli_file_map(const char *name, struct rd_map *mapp, struct rd_error *why, struct rd_error *err);

/* The same for initramfs images, which may be larger than a module. */
int cli_file_map_image(const char *name, struct rd_map *mapp, struct rd_error *why,
		       struct rd_error *err);
