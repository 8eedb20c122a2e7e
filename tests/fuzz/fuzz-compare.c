/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Two modules in one input: the first half against the second, and each against itself. */

#include "fuzz.h"
#include "inspect/compare.h"

static void compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	struct rd_comparison comparison = { 0 };
	struct rd_error err = RD_ERROR_INIT;

	rd_compare_bytes(a, a_len, b, b_len, RD_COMPARE_FORCE, &comparison, &err);
	rd_comparison_deinit(&comparison);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	compare(data, len / 2, data + len / 2, len - len / 2);
	compare(data, len, data, len);
	return 0;
}
