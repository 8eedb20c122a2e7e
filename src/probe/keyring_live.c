/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The members of a keyring of this machine's kernel: KEYCTL_READ gives their serial numbers. Root
 * may read the kernel's own keyrings; a container may be refused the call altogether.
 * Documentation/security/keys/core.rst, "Read the payload data from a key".
 */

#include <errno.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "kernel_keys.h"

#define SERIALS_MAX 4096

static int live_read(const struct rd_system *sys, const char *name, uint32_t keyring,
		     struct rd_key_serials *serials, struct rd_error *err)
{
	uint32_t found[SERIALS_MAX];
	long n;

	(void)sys;
	(void)name;
	n = syscall(SYS_keyctl, KEYCTL_READ, keyring, found, sizeof(found));
	if (n < 0 || (size_t)n > sizeof(found))
		return RD_KERNEL_KEYS_UNKNOWN;
	for (size_t i = 0; i < (size_t)n / sizeof(*found); i++) {
		if (rd_array_push(serials, &found[i]))
			return rd_error_nomem(err);
	}
	return 0;
}

const struct rd_keyring_backend rd_keyring_backend_live = { .read = live_read };
