/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The ROCm software of a user: which architectures it has code for. */

#include "model/profile.h"
#include "system/system.h"

struct rd_stack_options {
	const char *home; /* NULL: none */
	void (*progress)(void *userdata, const char *path); /* may be NULL */
	void *userdata;
};

/* A pattern with the home in the place of its ~, malloc()ed; NULL: out of memory. */
char *rd_stack_expand(const char *home, const char *pattern);

/* Whether a pattern makes sense: a home with a wildcard in its name would be one itself. */
bool rd_stack_is_searched(const char *home, const char *pattern);

/* Fills basis->stack, for basis->chips. Return: 0 or a negative errno. */
int rd_stack_probe(const struct rd_system *sys, const struct rd_stack_options *options,
		   struct rd_profile_basis *basis, struct rd_error *err);
