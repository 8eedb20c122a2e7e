/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One initramfs image of the machine, whether or not it holds a copy of the driver. */

#include <stdbool.h>
#include <stddef.h>

#include "model/presence.h"

enum rd_image_role {
	RD_IMAGE_BOOT,
	RD_IMAGE_RESCUE, /* made once, at the installation, and not made anew with the driver */
	RD_IMAGE_CRASH, /* kdump's: started by a kernel that has crashed, and by no boot */
};

struct rd_image {
	char *path; /* as seen from the root; of a unified kernel image the .efi file */
	char *kernel; /* release that boots with it, NULL if that cannot be told */
	const char *format; /* codec of its last archive: "zstd", "none"; NULL unknown; static */
	enum rd_image_role role;
	bool is_uki;
	enum rd_presence has_amdgpu; /* UNKNOWN: could not be read to its end */
	char *resolved; /* member that its own modules.dep names for amdgpu; NULL: none, no index */
};

struct rd_images {
	struct rd_image *items;
	size_t n, cap;
};

/* "boot", "rescue", "crash"; static. */
const char *rd_image_role_name(enum rd_image_role role);

void rd_image_deinit(struct rd_image *image);
void rd_images_deinit(struct rd_images *images);
