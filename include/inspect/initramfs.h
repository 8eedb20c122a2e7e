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
#include "inspect/codec.h"

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
	enum rd_codec codec; /* of the last part that was read to its end */
};

enum {
	_RD_INITRAMFS_OK,
	RD_INITRAMFS_BAD, /* truncated, corrupt, no cpio inside; @err says what and where */
	RD_INITRAMFS_TOO_LARGE, /* a limit was reached; @err says which */
	RD_INITRAMFS_WANTED, /* of a visitor's entry() only */
};

/* Both may end the scan with a negative errno, which rd_initramfs_scan() then returns. */
struct rd_initramfs_visitor {
	/* Told of each entry, folders and links too, in archive order; WANTED or 0. */
	int (*entry)(const char *path, unsigned int mode, void *userdata);
	/* Each wanted file or link; its data is valid during the call only. The kernel keeps the
	 * last member of a path. */
	int (*member)(const struct rd_initramfs_member *member, void *userdata);
	void *userdata;
};

/* Decoded bytes of one image: DESIGN's cap. As for modules, a small image has to do with
 * RD_CODEC_MAX_RATIO times its size, or RD_CODEC_FREE. */
#define RD_INITRAMFS_MAX ((uint64_t)1 << 30)

/* Whether the bytes, or what they decompress to, start as a cpio archive; also of the kinds that
 * rd_initramfs_scan() refuses. A compressed module does not. */
bool rd_initramfs_is(const uint8_t *data, size_t len);

/**
 * rd_initramfs_scan() - one pass over an image
 * @data: the image; what is not compressed and not wanted is skipped over, not read
 * @visitor: says what is wanted, and gets it
 * @summaryp: filled also when the result is positive
 *
 * The checksum of a member in the crc format is checked if the member is wanted.
 * Return: 0, RD_INITRAMFS_BAD, RD_INITRAMFS_TOO_LARGE, or a negative errno.
 */
int rd_initramfs_scan(const uint8_t *data, size_t len, const struct rd_initramfs_visitor *visitor,
		      struct rd_initramfs_summary *summaryp, struct rd_error *err);
