/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as an index: what is found is a module's file. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "inspect/modules_dep.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	RD_CLEANUP(rd_freep) char *path = NULL;

	if (rd_modules_dep_find((const char *)data, len, "amdgpu", &path) || !path)
		return 0;
	if (strchr(path, '\n') || strchr(path, ':'))
		abort();
	return 0;
}
