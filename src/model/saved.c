/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of what the tool keeps. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/name.h"
#include "model/saved.h"

static const struct rd_name states[] = {
	{ .name = "unreadable", .value = RD_SAVED_UNREADABLE },
	{ .name = "unfinished", .value = RD_SAVED_UNFINISHED },
	{ .name = "half-undone", .value = RD_SAVED_HALF_UNDONE },
	{ .name = "armed", .value = RD_SAVED_ARMED },
	{ .name = "committed", .value = RD_SAVED_COMMITTED },
	{ .name = "rolled-back", .value = RD_SAVED_ROLLED_BACK },
};

static const struct rd_name results[] = {
	{ .name = NULL, .value = RD_SAVED_LISTED },
	{ .name = "whole", .value = RD_SAVED_WHOLE },
	{ .name = "damaged", .value = RD_SAVED_DAMAGED },
	{ .name = "may-go", .value = RD_SAVED_MAY_GO },
	{ .name = "gone", .value = RD_SAVED_GONE },
	{ .name = "stays", .value = RD_SAVED_STAYS },
};

const char *rd_saved_state_name(enum rd_saved_state state)
{
	return rd_name_of(states, RD_N_ELEMENTS(states), (int)state);
}

const char *rd_saved_result_name(enum rd_saved_result result)
{
	return rd_name_of(results, RD_N_ELEMENTS(results), (int)result);
}

int rd_paths_add(struct rd_paths *paths, const char *text)
{
	char *copy = strdup(text);

	if (copy && !rd_array_push(paths, &copy))
		return 0;
	free(copy);
	return -ENOMEM;
}

void rd_paths_deinit(struct rd_paths *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		free(paths->items[i]);
	free(paths->items);
	*paths = (struct rd_paths){ 0 };
}

void rd_saved_deinit(struct rd_saved *saved)
{
	free(saved->method);
	free(saved->begun_by);
	free(saved->reason);
	rd_paths_deinit(&saved->kernels);
	rd_paths_deinit(&saved->aside);
	rd_paths_deinit(&saved->damaged);
	*saved = (struct rd_saved){ 0 };
}

void rd_saved_list_deinit(struct rd_saved_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		rd_saved_deinit(&list->items[i]);
	free(list->items);
	*list = (struct rd_saved_list){ 0 };
}

void rd_rollback_deinit(struct rd_rollback *rollback)
{
	rd_saved_deinit(&rollback->saved);
	rd_paths_deinit(&rollback->restored);
	rd_paths_deinit(&rollback->removed);
	rd_paths_deinit(&rollback->foreign);
	rd_copies_deinit(&rollback->copies);
	free(rollback->user);
	free(rollback->reason);
	*rollback = (struct rd_rollback){ 0 };
}

const struct rd_copy *rd_rollback_bad(const struct rd_rollback *rollback)
{
	const struct rd_copy *bad = NULL;

	for (size_t i = 0; i < rollback->copies.n; i++) {
		const struct rd_copy *copy = &rollback->copies.items[i];

		if (rd_verdict_is_bad(copy->verdict))
			return copy;
		if (!bad && !rd_verdict_is_good(copy->verdict))
			bad = copy;
	}
	return bad;
}
