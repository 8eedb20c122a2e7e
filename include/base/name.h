/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Name tables: the one place where an enumerator and its word in the output meet. */

#include <stddef.h>

struct rd_name {
	const char *name;
	int value;
};

/* The name of @value, or "?" if the table lacks it; static storage. */
const char *rd_name_of(const struct rd_name *table, size_t n, int value);

/* The value of @name, or -1. */
int rd_name_find(const struct rd_name *table, size_t n, const char *name);
