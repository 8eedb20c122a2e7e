/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a fuzzer is: libFuzzer's entry point (llvm.org/docs/LibFuzzer.html), called by it or
 * replay.c. */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
