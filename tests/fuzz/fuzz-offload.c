/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as a library with offload bundles, plain and compressed. */

#include "fuzz.h"
#include "inspect/offload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *chips[] = { (char *)"gfx1010", (char *)"gfx1012" };
	bool has;

	rd_offload_has(data, len, chips, 1, &has, NULL);
	rd_offload_has(data, len, chips, 2, &has, NULL);
	return 0;
}
