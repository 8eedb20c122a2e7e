/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * An initramfs image as the kernel unpacks it: cpio archives back to back, each plain or compressed
 * as a whole, with zero padding between them.
 * Format: linux Documentation/driver-api/early-userspace/buffer-format.rst, init/initramfs.c.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What stands in the image below one of the wanted names. */
struct rd_initramfs_member {
	const char *path; /* as in the archive, without a leading "./" or "/" */
	const uint8_t *data; /* NULL: the content cannot be told, see @reason */
	size_t len;
	const char *reason; /* NULL, or why there is no content */
};

struct rd_initramfs_summary {
	size_t archives; /* cpio archives */
	size_t members; /* entries of all kinds */
	size_t wanted; /* members handed out */
};

enum {
	_RD_INITRAMFS_OK,
	RD_INITRAMFS_BAD, /* truncated, corrupt, no cpio inside; @err says what and where */
	RD_INITRAMFS_TOO_LARGE, /* a limit was reached; @err says which */
};

/* Decoded bytes of one image: DESIGN's cap. As for modules, a small image has to do with
 * RD_CODEC_MAX_RATIO times its size, or RD_CODEC_FREE. */
#define RD_INITRAMFS_MAX ((uint64_t)1 << 30)

/* Whether the bytes start as an initramfs may: a cpio header or a compression magic. */
bool rd_initramfs_is(const uint8_t *data, size_t len);

/**
 * rd_initramfs_scan() - hand out the members of some base names, in archive order
 * @data: the image; what is not compressed is skipped over, not read
 * @wanted: base name without a compression suffix, e.g. "amdgpu.ko"
 * @member: called for each; its data is valid during the call only. The kernel keeps the last
 *          member of a path. Return 0 to go on; anything else ends the scan and is returned
 * @userdata: for @member
 * @summaryp: filled also when the result is positive
 *
 * Return: 0, RD_INITRAMFS_BAD, RD_INITRAMFS_TOO_LARGE, or a negative errno.
 */
int rd_initramfs_scan(const uint8_t *data, size_t len, const char *wanted,
		      int (*member)(const struct rd_initramfs_member *member, void *userdata),
		      void *userdata, struct rd_initramfs_summary *summaryp, struct rd_error *err);
