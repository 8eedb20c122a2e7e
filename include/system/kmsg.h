/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel log as it comes, from /dev/kmsg: only looked at, nothing is taken out of it. Source:
 * Documentation/ABI/testing/dev-kmsg in the kernel's source.
 */

#include <stdbool.h>

#include "system/system.h"

struct rd_kmsg {
	int fd;
	bool has_lost; /* records were overwritten before they were read */
};

#define RD_KMSG_INIT      \
	{                 \
		.fd = -1, \
	}

/* One record, without a terminating NUL. Anything but 0 ends the reading. */
typedef int (*rd_kmsg_fn)(void *userdata, const char *record, size_t len, struct rd_error *err);

/**
 * rd_kmsg_open() - from the oldest record on
 *
 * Return: 0, RD_SYSTEM_ABSENT, RD_SYSTEM_UNREADABLE (@err says why), or a negative errno.
 */
int rd_kmsg_open(const struct rd_system *sys, struct rd_kmsg *kmsgp, struct rd_error *err);
void rd_kmsg_deinit(struct rd_kmsg *kmsg);

/**
 * rd_kmsg_read() - each record that there is, and those that come within a time
 *
 * Return: 0, what @fn returned, or a negative errno.
 */
int rd_kmsg_read(struct rd_kmsg *kmsg, unsigned int ms, rd_kmsg_fn fn, void *userdata,
		 struct rd_error *err);
