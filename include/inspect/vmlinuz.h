/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What stands in a kernel image: the certificates that its builder gave it to trust. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/certificate.h"

/* Limits: bytes of the image itself, and of the kernel that comes out of it. */
#define RD_VMLINUZ_MAX	    ((size_t)256 << 20)
#define RD_VMLINUZ_MAX_SIZE ((size_t)512 << 20)

enum {
	_RD_VMLINUZ_OK,
	RD_VMLINUZ_NO_LIST, /* read to its end, and no list of certificates met */
	RD_VMLINUZ_BAD, /* truncated, corrupt, larger than the limit; @err says what */
};

/**
 * rd_vmlinuz_read_certificates() - the keys built into a kernel, the build's own key first
 * @data: bzImage, EFI zboot image, compressed or plain Image or vmlinux
 * @certificatesp: the caller's; untouched unless the result is 0
 *
 * Return: 0, RD_VMLINUZ_NO_LIST, RD_VMLINUZ_BAD, or -ENOMEM.
 */
int rd_vmlinuz_read_certificates(const uint8_t *data, size_t len,
				 struct rd_certificates *certificatesp, struct rd_error *err);
