/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The keys that a kernel has, and in which keyring each is. Private to src/probe. */

#include <stdint.h>

#include "model/facts.h"
#include "system/system.h"

struct rd_key_serials {
	uint32_t *items;
	size_t n, cap;
};

enum {
	_RD_KERNEL_KEYS_OK,
	RD_KERNEL_KEYS_UNKNOWN, /* the members of that keyring cannot be told */
};

/* This machine is asked by keyctl(2); a picture has a file that says it. */
struct rd_keyring_backend {
	/* Appends the serials of what is in the keyring. 0, RD_KERNEL_KEYS_UNKNOWN, -errno. */
	int (*read)(const struct rd_system *sys, const char *name, uint32_t keyring,
		    struct rd_key_serials *serials, struct rd_error *err);
};

extern const struct rd_keyring_backend rd_keyring_backend_live, rd_keyring_backend_picture;

/* Fills policy.keys and policy.keys_known. Return: 0 or a negative errno. */
int rd_kernel_keys_read(const struct rd_system *sys, struct rd_policy *policy,
			struct rd_error *err);
