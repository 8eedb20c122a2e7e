/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life of struct rd_gpu and look-ups in the device table that data/devices.data becomes. */

#include <stdlib.h>

#include "model/data.h"
#include "model/gpu.h"

void rd_gpu_deinit(struct rd_gpu *gpu)
{
	free(gpu->slot);
	free(gpu->name);
	free(gpu->chip);
	free(gpu->gfx);
	free(gpu->driver);
	free(gpu->drm_card);
	free(gpu->drm_render);
	free(gpu->link_speed);
	*gpu = (struct rd_gpu){ 0 };
}

void rd_gpus_deinit(struct rd_gpus *gpus)
{
	for (size_t i = 0; i < gpus->n; i++)
		rd_gpu_deinit(&gpus->items[i]);
	free(gpus->items);
	*gpus = (struct rd_gpus){ 0 };
}

const struct rd_device *rd_device_find(uint16_t device, struct rd_num revision)
{
	const struct rd_device *any = NULL;
	size_t n;
	const struct rd_device *rows = rd_data_devices(&n);

	for (size_t i = 0; i < n; i++) {
		if (rows[i].device != device)
			continue;
		if (!rows[i].revision.known)
			any = &rows[i];
		else if (revision.known && rows[i].revision.v == revision.v)
			return &rows[i];
	}
	return any;
}
