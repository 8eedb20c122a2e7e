/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * kfd_crat.c as text, by tokens: what kfd_parse_subtype_mem() does beyond the stock function, and
 * what any other function of the file does with the flag or an RDNA1 id.
 * Stock: linux drivers/gpu/drm/amd/amdkfd/kfd_crat.c, token-identical from 4.19 to 7.3.
 */

#include <stddef.h>

#include "base/error.h"
#include "model/evidence.h"
#include "model/verdict.h"

/**
 * rd_crat_source_is() - whether a text looks like kfd_crat.c
 *
 * True if it is text that defines (not merely mentions) kfd_parse_subtype_mem or has the file's
 * other functions.
 */
int rd_crat_source_is(const char *text, size_t len);

/**
 * rd_crat_source_inspect() - verdict on a kfd_crat.c
 * @text: content, not necessarily terminated
 * @name: file name for the evidence's places (file:first-last)
 * @verdictp: no-sign, modified, patched, or unknown (function missing, unbalanced, binary)
 * @ev: evidence is appended, the deciding one first
 *
 * Return: 0 or -ENOMEM.
 */
int rd_crat_source_inspect(const char *text, size_t len, const char *name,
			   enum rd_verdict *verdictp, struct rd_evidence *ev, struct rd_error *err);
