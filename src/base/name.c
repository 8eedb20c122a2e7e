/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Look-ups in the small constant tables that pair enumerators with their names. */

#include <string.h>

#include "base/name.h"

const char *rd_name_of(const struct rd_name *table, size_t n, int value)
{
	for (size_t i = 0; i < n; i++) {
		if (table[i].value == value)
			return table[i].name;
	}
	return "?";
}

int rd_name_find(const struct rd_name *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(table[i].name, name))
			return table[i].value;
	}
	return -1;
}
