/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Errors: an int result of 0 is success, a negative errno is fatal with @err filled, a positive
 * value is an enumerator of the callee that its direct caller handles and never forwards.
 */

#include <stdarg.h>

#define RD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Lives on the caller's stack, so that reporting an error needs no memory. */
struct rd_error {
	int errnum;
	char msg[480];
};

#define RD_ERROR_INIT \
	{             \
		0     \
	}

/**
 * rd_error_set() - state a fatal error
 * @err: filled in; may be NULL
 * @errnum: positive errno value
 * @fmt: what failed, named by file and place, without a line end
 *
 * Return: -@errnum, so that callers can `return rd_error_set(...)`.
 */
int rd_error_set(struct rd_error *err, int errnum, const char *fmt, ...) RD_PRINTF(3, 4);

/**
 * rd_error_prefix() - put a name in front of an error that is passed up
 * @err: an error set by rd_error_set(); may be NULL
 * @r: the result to pass on
 * @fmt: the name, printed as "name: old text"
 *
 * Return: @r unchanged.
 */
int rd_error_prefix(struct rd_error *err, int r, const char *fmt, ...) RD_PRINTF(3, 4);

/**
 * rd_error_nomem() - the error of a failed allocation
 *
 * Return: -ENOMEM.
 */
int rd_error_nomem(struct rd_error *err);
