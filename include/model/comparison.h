/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a function compare of two modules, A and B, found. */

#include <stdbool.h>
#include <stddef.h>

enum rd_difference_kind {
	RD_DIFFERENCE_DIFFERS,
	RD_DIFFERENCE_IMMEDIATES, /* only immediate operands (__LINE__): shown, still a difference
				   */
	RD_DIFFERENCE_ONLY_A,
	RD_DIFFERENCE_ONLY_B,
};

struct rd_difference {
	enum rd_difference_kind kind;
	bool is_function; /* else a data object */
	char *name;
	char *detail; /* first difference: place and both sides, one line */
};

struct rd_comparison {
	bool is_comparable;
	char *reason; /* why not comparable (compiler, vermagic, version, machine, stripped), or
			 NULL */
	struct rd_differences {
		struct rd_difference *items; /* by name */
		size_t n, cap;
	} differences;
	size_t functions, objects; /* pairs looked at */
};

#define RD_COMPARISON_INIT \
	{                  \
		0          \
	}

void rd_comparison_deinit(struct rd_comparison *comparison);

/* "differs", "immediates", "only-in-a", "only-in-b"; static. */
const char *rd_difference_kind_name(enum rd_difference_kind kind);
