/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life of struct rd_image. */

#include <stdlib.h>

#include "model/image.h"

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
