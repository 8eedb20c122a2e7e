/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * dkms' function VER(): each run of digits is padded with zeros to three, what is between the runs
 * stays, and the results are compared as text. So 6.9 comes before 6.10, and 6.1000 before 6.999.
 */

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>

#include "inspect/dkms_version.h"

/* The run of digits or of others at *@pp, and how many zeros go in front. */
static size_t next_run(const char **pp, size_t *zerosp)
{
	const char *p = *pp;
	bool is_number = isdigit((unsigned char)*p);
	size_t n = 0;

	while (p[n] && (isdigit((unsigned char)p[n]) != 0) == is_number)
		n++;
	*zerosp = is_number && n < 3 ? 3 - n : 0;
	*pp = p + n;
	return n;
}

int rd_dkms_version_compare(const char *a, const char *b)
{
	size_t n[2] = { 0, 0 }, zeros[2] = { 0, 0 };
	const char *at[2] = { a, b }, *run[2] = { a, b };

	for (;;) {
		unsigned char c[2];

		for (size_t i = 0; i < 2; i++) {
			if (!zeros[i] && !n[i]) {
				run[i] = at[i];
				n[i] = *at[i] ? next_run(&at[i], &zeros[i]) : 0;
			}
			c[i] = zeros[i] ? '0' : n[i] ? (unsigned char)*run[i] : 0;
			if (zeros[i])
				zeros[i]--;
			else if (n[i]) {
				run[i]++;
				n[i]--;
			}
		}
		if (c[0] != c[1] || !c[0])
			return c[0] - c[1];
	}
}
