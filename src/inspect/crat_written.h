/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a kfd_crat.c writes to `flags`. Private to inspect. */

#include "crat_inspection.h"

/* In the order of their weight. */
enum crat_written {
	CRAT_WRITES_CONSTANTS, /* of headers, or numbers without the flag's bit; or nothing */
	CRAT_WRITES_COPY, /* another `flags` member; or flags that are not KFD's */
	CRAT_WRITES_NUMBER, /* a bare number that has the bit, alone or or-ed with something */
	CRAT_WRITES_OTHER, /* by a variable, a call, a shift, an address, a macro of the file */
	CRAT_WRITES_MEMORY, /* anything, to a memory bank's */
};

/* What token @at of an item writes, if it is a `flags` member. */
enum crat_written crat_what_is_written(const struct crat_inspection *in,
				       const struct rd_citem *item, size_t at);
