/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of what recover tells. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "model/repair.h"

static const struct rd_name results[] = {
	{ .name = "planned", .value = RD_REPAIR_PLANNED },
	{ .name = "nothing", .value = RD_REPAIR_NOTHING },
	{ .name = "refused", .value = RD_REPAIR_REFUSED },
	{ .name = "undone", .value = RD_REPAIR_UNDONE },
	{ .name = "done", .value = RD_REPAIR_DONE },
};

static const struct rd_name resumptions[] = {
	{ .name = "pending", .value = RD_REPAIR_PENDING },
	{ .name = "finished", .value = RD_REPAIR_FINISHED },
	{ .name = "taken-back", .value = RD_REPAIR_TAKEN_BACK },
};

const char *rd_repair_result_name(enum rd_repair_result result)
{
	return rd_name_of(results, RD_N_ELEMENTS(results), (int)result);
}

const char *rd_repair_resumed_name(enum rd_repair_resumed resumed)
{
	return resumed == RD_REPAIR_NOT_RESUMED
		       ? NULL
		       : rd_name_of(resumptions, RD_N_ELEMENTS(resumptions), (int)resumed);
}

static void free_all(char **items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(items[i]);
	free(items);
}

static void kernel_deinit(struct rd_repair_kernel *kernel)
{
	free(kernel->release);
	free(kernel->reason);
	free(kernel->package);
	free(kernel->module);
}

static void source_deinit(struct rd_repair_source *source)
{
	free(source->path);
	free(source->detail);
	free(source->difference);
}

void rd_repair_deinit(struct rd_repair *repair)
{
	for (size_t i = 0; i < repair->kernels.n; i++)
		kernel_deinit(&repair->kernels.items[i]);
	free(repair->kernels.items);
	for (size_t i = 0; i < repair->sources.n; i++)
		source_deinit(&repair->sources.items[i]);
	free(repair->sources.items);
	for (size_t i = 0; i < repair->rests.n; i++) {
		free(repair->rests.items[i].what);
		free(repair->rests.items[i].way_out);
	}
	free(repair->rests.items);
	for (size_t i = 0; i < repair->rooms.n; i++)
		free(repair->rooms.items[i].path);
	free(repair->rooms.items);
	free_all(repair->unregistered.items, repair->unregistered.n);
	free_all(repair->kept_leftovers.items, repair->kept_leftovers.n);
	free_all(repair->downloads.items, repair->downloads.n);
	free_all(repair->stale.items, repair->stale.n);
	free_all(repair->images.items, repair->images.n);
	free_all(repair->leftovers.items, repair->leftovers.n);
	free(repair->reason);
	free(repair->sentence);
	free(repair->next);
	*repair = (struct rd_repair)RD_REPAIR_INIT;
}
