/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* An x86-64 disassembler (capstone). Opening it costs as much as indexing a module: open one. */

#include "base/cleanup.h"
#include "base/error.h"

struct rd_code;

/* 0, -ENOMEM, or -ENOTSUP where capstone was built without x86. */
int rd_code_new(struct rd_code **codep, struct rd_error *err);
struct rd_code *rd_code_free(struct rd_code *code);
RD_DEFINE_CLEANUP(struct rd_code *, rd_code_free)
