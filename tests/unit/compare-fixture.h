/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What both object files of test-compare.c's module declare. */

#define NOINLINE __attribute__((noinline, noclone, used))

#define MODINFO_NAME(line) modinfo_##line
#define MODINFO_AT(line, s)                    \
	static const char MODINFO_NAME(line)[] \
		__attribute__((used, aligned(1), section(".modinfo"))) = s
#define MODINFO_LINE(line, s) MODINFO_AT(line, s)
#define MODINFO(s)	      MODINFO_LINE(__LINE__, s)

int external_a(int x);
int external_b(int x);
int external_text(const char *s);
