/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Which files are of AMD's set. */

#include <string.h>

#include "model/data.h"

bool rd_data_is_of_dkms_set(const char *file)
{
	const char *const *names;
	size_t n;

	names = rd_data_dkms_set(&n);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		if (!strncmp(file, names[i], len) && !strncmp(file + len, ".ko", 3) &&
		    (!file[len + 3] || file[len + 3] == '.'))
			return true;
	}
	return false;
}
