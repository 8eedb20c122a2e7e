/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * dkms.conf and its kin (framework.conf, /etc/dkms/NAME.conf), read as text. dkms runs them with
 * bash; here nothing is run, and what only running would tell is said to be open.
 * Format: dkms(8), DKMS.CONF.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Largest file that is read; AMD's has 2 KiB. */
#define RD_DKMS_CONF_MAX ((size_t)256 << 10)

/* NAME[INDEX]; a variable that is no array has index 0, as in bash. */
struct rd_dkms_variable {
	char *name;
	size_t index;
	char *value; /* NULL: cannot be told */
	bool is_conditional; /* perhaps it is not given: in a function, after if or && */
};

struct rd_dkms_conf {
	struct rd_dkms_variable *items; /* each name and index once, the last value wins */
	size_t n, cap;
	char *problem; /* the first thing that could not be told, with its line; NULL: nothing */
};

#define RD_DKMS_CONF_INIT \
	{                 \
		0         \
	}

void rd_dkms_conf_deinit(struct rd_dkms_conf *conf);

/* Gives a variable that dkms has when it runs the file: kernelver, arch; 0 or -ENOMEM. */
int rd_dkms_conf_define(struct rd_dkms_conf *conf, const char *name, const char *value);

/**
 * rd_dkms_conf_read() - add what a file says to what is known already
 * @text: @len bytes, borrowed for the call only
 *
 * Every text is read; what is no assignment is skipped. Return: 0 or -ENOMEM.
 */
int rd_dkms_conf_read(struct rd_dkms_conf *conf, const char *text, size_t len);

/* NAME[INDEX], or NULL; borrowed until the next call that adds. */
const struct rd_dkms_variable *rd_dkms_conf_find(const struct rd_dkms_conf *conf, const char *name,
						 size_t index);

/* The value of NAME[INDEX], NULL if it has none or none that can be told; borrowed. */
const char *rd_dkms_conf_get(const struct rd_dkms_conf *conf, const char *name, size_t index);

/* One more than the highest index of an array; 0 if there is none. */
size_t rd_dkms_conf_count(const struct rd_dkms_conf *conf, const char *name);
