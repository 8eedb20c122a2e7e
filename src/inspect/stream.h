/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Decompression as a stream of chunks in constant memory, for images that are larger than what one
 * wants to hold: gzip (RFC 1952), bzip2, xz and lzma (liblzma), zstd (RFC 8878), lz4 in the legacy
 * frame that the kernel uses and in the frame that lz4(1) writes (lz4_Frame_format.md). Private to
 * src/inspect.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/codec.h"

struct stream_decoder;

/* Borrows @in. With RD_CODEC_NONE the only chunk is the input itself, uncopied. */
struct stream {
	const uint8_t *in;
	size_t in_len;
	size_t in_pos; /* how much of @in the decoder has consumed */
	const struct stream_decoder *decoder;
	void *state;
	uint8_t *out; /* decoder's output buffer */
	bool is_over;
};

#define STREAM_INIT \
	{           \
		0   \
	}

/* Return: 0, or -ENOMEM. */
int stream_init(struct stream *stream, enum rd_codec codec, const uint8_t *in, size_t in_len);
void stream_deinit(struct stream *stream);

/**
 * stream_next() - decode the next chunk
 * @chunkp: valid until the next call
 * @lenp: its length; 0 at the end of the stream, @in_pos is the first byte after it then
 *
 * Return: 0, RD_CODEC_BAD (@err filled), or -ENOMEM.
 */
int stream_next(struct stream *stream, const uint8_t **chunkp, size_t *lenp, struct rd_error *err);
