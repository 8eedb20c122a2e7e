/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Decompression in memory, capped: gzip (RFC 1952), xz (tukaani.org/xz/xz-file-format.txt),
 * zstd (RFC 8878). One-shot decode into anonymous huge-page memory.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum rd_codec {
	RD_CODEC_NONE,
	RD_CODEC_GZIP,
	RD_CODEC_XZ,
	RD_CODEC_ZSTD,
	/* Of initramfs images only: no kernel loads modules in these. */
	RD_CODEC_BZIP2,
	RD_CODEC_LZMA,
	RD_CODEC_LZ4, /* the legacy frame, which the kernel reads */
	RD_CODEC_LZ4_FRAME, /* what lz4(1) writes unless told to write the other */
};

/*
 * Limits of DESIGN: bytes out, ratio out:in, lzma memory. The ratio counts above RD_CODEC_FREE
 * only: small files compress as well as they like. zstd needs no limit on its window: in a one-shot
 * decode the output is the window.
 */
#define RD_CODEC_MAX_MODULE  ((size_t)256 << 20)
#define RD_CODEC_MAX_RATIO   100
#define RD_CODEC_FREE	     ((size_t)16 << 20)
#define RD_CODEC_LZMA_MEMORY ((uint64_t)128 << 20)

/* Anonymous memory with the decoded bytes; @data is aligned for any table of a module. */
struct rd_blob {
	uint8_t *data;
	size_t len;
	size_t mapped;
};

#define RD_BLOB_INIT \
	{            \
		0    \
	}

enum {
	_RD_CODEC_OK,
	RD_CODEC_BAD, /* truncated or corrupt; @err says which codec and what */
	RD_CODEC_TOO_LARGE, /* a limit above; @err says which */
};

/* By magic number; RD_CODEC_NONE for everything else. */
enum rd_codec rd_codec_detect(const void *data, size_t len);

/* "gzip", "xz", "zstd", ..., "none"; static. */
const char *rd_codec_name(enum rd_codec codec);

/**
 * rd_codec_decode() - decompress a whole file, with all its members, frames or streams
 * @codec: gzip, xz or zstd; any other is RD_CODEC_BAD
 * @max: cap in bytes of what comes out
 * @blobp: the decoded bytes, owned by the caller
 *
 * Return: 0, RD_CODEC_BAD, RD_CODEC_TOO_LARGE, or a negative errno.
 */
int rd_codec_decode(enum rd_codec codec, const void *data, size_t len, size_t max,
		    struct rd_blob *blobp, struct rd_error *err);

void rd_blob_deinit(struct rd_blob *blob);
