/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * regcomp(3) of the C library doubles what stands before a '+', also inside of another, multiplies
 * by what stands in braces, and regexec(3) tries all ways where there are back references: eighty
 * characters can ask for more memory than there is. Real patterns of releases and architectures
 * have none of that but a few '+'.
 */

#include <errno.h>
#include <regex.h>
#include <string.h>

#include "inspect/pattern.h"

#define PATTERN_MAX	 256
#define PATTERN_PLUS_MAX 8

static bool is_trap(const char *pattern)
{
	size_t plus = 0;

	for (const char *p = pattern; *p; p++) {
		plus += *p == '+';
		if (*p == '{' || (*p == '\\' && p[1] >= '1' && p[1] <= '9'))
			return true;
	}
	return plus > PATTERN_PLUS_MAX || strlen(pattern) > PATTERN_MAX;
}

int rd_pattern_match(const char *pattern, const char *text, bool *matchesp)
{
	regex_t regex;
	int r;

	if (is_trap(pattern))
		return RD_PATTERN_REFUSED;
	r = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (r)
		return r == REG_ESPACE ? -ENOMEM : RD_PATTERN_BAD;
	r = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	if (r == REG_ESPACE)
		return -ENOMEM;
	*matchesp = !r;
	return 0;
}
