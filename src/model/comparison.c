/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of struct rd_comparison. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "model/comparison.h"

static const struct rd_name kinds[] = {
	{ .name = "differs", .value = RD_DIFFERENCE_DIFFERS },
	{ .name = "immediates", .value = RD_DIFFERENCE_IMMEDIATES },
	{ .name = "only-in-a", .value = RD_DIFFERENCE_ONLY_A },
	{ .name = "only-in-b", .value = RD_DIFFERENCE_ONLY_B },
};

void rd_comparison_deinit(struct rd_comparison *comparison)
{
	for (size_t i = 0; i < comparison->differences.n; i++) {
		free(comparison->differences.items[i].name);
		free(comparison->differences.items[i].detail);
	}
	free(comparison->differences.items);
	free(comparison->reason);
	*comparison = (struct rd_comparison)RD_COMPARISON_INIT;
}

const char *rd_difference_kind_name(enum rd_difference_kind kind)
{
	return rd_name_of(kinds, RD_N_ELEMENTS(kinds), (int)kind);
}
