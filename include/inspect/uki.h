/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A unified kernel image: a PE file for UEFI whose sections are a kernel, its initramfs images, its
 * command line and its release. Sections: UAPI.5, "Unified Kernel Image" (uapi-group.org); PE: the
 * Microsoft "PE Format" page, COFF file header and section table.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define RD_UKI_PARTS_MAX 32

/* Bytes of the file: borrowed. */
struct rd_uki_part {
	const uint8_t *data;
	size_t len;
};

struct rd_uki {
	struct rd_uki_part initrds[RD_UKI_PARTS_MAX]; /* .ucode and .initrd, as they stand */
	size_t n;
	struct rd_uki_part uname; /* release of the kernel; @data NULL if it is not said */
};

enum {
	_RD_UKI_OK,
	RD_UKI_BAD, /* cut short, a section outside the file; @err says which */
};

/* Whether the bytes start as a PE file does. */
bool rd_uki_is(const uint8_t *data, size_t len);

/**
 * rd_uki_read() - find the sections that matter
 * @ukip: @n is 0 for an EFI program or a kernel without an initramfs in it
 *
 * Return: 0 or RD_UKI_BAD.
 */
int rd_uki_read(const uint8_t *data, size_t len, struct rd_uki *ukip, struct rd_error *err);
