/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes get a verdict: modules in each compression, ELF tables, machine code, kfd_crat.c. */

#include <stdlib.h>

#include "fuzz.h"
#include "inspect/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd_error err = RD_ERROR_INIT;
	struct rd_copy copy;

	if (rd_copy_init(&copy, RD_COPY_FILE, NULL, "input"))
		return 0;
	/* A verdict without evidence is not given. */
	if (!rd_inspect_bytes(data, len, RD_INSPECT_SHA256, NULL, &copy, &err) && !copy.evidence.n)
		abort();
	rd_copy_deinit(&copy);
	return 0;
}
