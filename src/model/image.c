/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of struct rd_image. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "model/image.h"

static const struct rd_name roles[] = {
	{ .name = "boot", .value = RD_IMAGE_BOOT },
	{ .name = "rescue", .value = RD_IMAGE_RESCUE },
	{ .name = "crash", .value = RD_IMAGE_CRASH },
};

const char *rd_image_role_name(enum rd_image_role role)
{
	return rd_name_of(roles, RD_N_ELEMENTS(roles), (int)role);
}

void rd_image_deinit(struct rd_image *image)
{
	free(image->path);
	free(image->kernel);
	free(image->resolved);
	*image = (struct rd_image){ 0 };
}

void rd_images_deinit(struct rd_images *images)
{
	for (size_t i = 0; i < images->n; i++)
		rd_image_deinit(&images->items[i]);
	free(images->items);
	*images = (struct rd_images){ 0 };
}
