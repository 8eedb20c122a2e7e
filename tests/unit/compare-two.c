/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The second object file of the module of compare-one.c: the same names, other functions. */

#include "compare-fixture.h"

static NOINLINE int namesake(int x)
{
	return external_b(x) - 5;
}

static NOINLINE int helper_three(int x)
{
	return external_a(x) + 3;
}

const int table_two[] = { 1, 2, 3 };

int second(int x)
{
	static int counter = 5;

	counter += helper_three(x);
	return namesake(x) + counter + table_two[x & 1];
}

int second_text(void)
{
	return external_text("another text") + external_text("what it said before");
}
