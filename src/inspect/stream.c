/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One small vtable per codec library. A decoder reads from the mapped input, fills the chunk buffer
 * as far as it can, and says when its stream has ended; how much input it took is in in_pos, since
 * another archive may follow (an initramfs is several of them back to back).
 */

#include <bzlib.h>
#include <errno.h>
#include <limits.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "stream.h"

#define CHUNK	  ((size_t)256 << 10)
#define INPUT_MAX ((size_t)UINT_MAX)

/* Log2 of the window that a zstd stream may ask us to hold: 128 MiB, as zstd(1) allows. */
#define STREAM_ZSTD_WINDOW 27

/* lz4 legacy frame: blocks of 8 MiB (lz4_Frame_format.md, "Legacy frame"). */
#define LZ4_LEGACY_BLOCK ((size_t)8 << 20)
#define LZ4_LEGACY_MAGIC 0x184c2102u

struct stream_decoder {
	const char *name;
	size_t chunk;
	void *(*open)(void);
	/* Fills at most @chunk bytes of stream->out; *endp once the stream is over. 0, BAD,
	 * -ENOMEM. */
	int (*decode)(struct stream *stream, size_t *lenp, bool *endp);
	void (*close)(void *state);
};

static size_t input_left(const struct stream *stream)
{
	return stream->in_len - stream->in_pos;
}

static void *gzip_open(void)
{
	z_stream *z = calloc(1, sizeof(*z));

	if (z && inflateInit2(z, 15 + 16) == Z_OK)
		return z;
	free(z);
	return NULL;
}

static int gzip_decode(struct stream *stream, size_t *lenp, bool *endp)
{
	z_stream *z = stream->state;
	size_t left = input_left(stream);
	int r;

	z->next_in = (Bytef *)(uintptr_t)(stream->in + stream->in_pos);
	z->avail_in = (uInt)(left < INPUT_MAX ? left : INPUT_MAX);
	z->next_out = stream->out;
	z->avail_out = (uInt)CHUNK;
	r = inflate(z, Z_NO_FLUSH);
	stream->in_pos = (size_t)(z->next_in - stream->in);
	*lenp = CHUNK - z->avail_out;
	*endp = r == Z_STREAM_END;
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	return r == Z_OK || r == Z_STREAM_END ? 0 : RD_CODEC_BAD;
}

static void gzip_close(void *state)
{
	inflateEnd(state);
	free(state);
}

static void *bzip2_open(void)
{
	bz_stream *bz = calloc(1, sizeof(*bz));

	if (bz && BZ2_bzDecompressInit(bz, 0, 0) == BZ_OK)
		return bz;
	free(bz);
	return NULL;
}

static int bzip2_decode(struct stream *stream, size_t *lenp, bool *endp)
{
	bz_stream *bz = stream->state;
	size_t left = input_left(stream);
	int r;

	bz->next_in = (char *)(uintptr_t)(stream->in + stream->in_pos);
	bz->avail_in = (unsigned int)(left < INPUT_MAX ? left : INPUT_MAX);
	bz->next_out = (char *)stream->out;
	bz->avail_out = (unsigned int)CHUNK;
	r = BZ2_bzDecompress(bz);
	stream->in_pos = (size_t)((const uint8_t *)bz->next_in - stream->in);
	*lenp = CHUNK - bz->avail_out;
	*endp = r == BZ_STREAM_END;
	if (r == BZ_MEM_ERROR)
		return -ENOMEM;
	return r == BZ_OK || r == BZ_STREAM_END ? 0 : RD_CODEC_BAD;
}

static void bzip2_close(void *state)
{
	BZ2_bzDecompressEnd(state);
	free(state);
}

/* xz and the older lzma-alone format. */
static void *lzma_open(void)
{
	lzma_stream *lz = calloc(1, sizeof(*lz));

	if (lz && lzma_auto_decoder(lz, RD_CODEC_LZMA_MEMORY, 0) == LZMA_OK)
		return lz;
	free(lz);
	return NULL;
}

static int lzma_decode(struct stream *stream, size_t *lenp, bool *endp)
{
	lzma_stream *lz = stream->state;
	lzma_ret r;

	lz->next_in = stream->in + stream->in_pos;
	lz->avail_in = input_left(stream);
	lz->next_out = stream->out;
	lz->avail_out = CHUNK;
	r = lzma_code(lz, LZMA_RUN);
	stream->in_pos = (size_t)(lz->next_in - stream->in);
	*lenp = CHUNK - lz->avail_out;
	*endp = r == LZMA_STREAM_END;
	if (r == LZMA_MEM_ERROR)
		return -ENOMEM;
	return r == LZMA_OK || r == LZMA_STREAM_END ? 0 : RD_CODEC_BAD;
}

static void lzma_close(void *state)
{
	lzma_end(state);
	free(state);
}

static void *zstd_open(void)
{
	ZSTD_DCtx *context = ZSTD_createDCtx();

	if (context && ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax,
							   STREAM_ZSTD_WINDOW))) {
		ZSTD_freeDCtx(context);
		return NULL;
	}
	return context;
}

static int zstd_decode(struct stream *stream, size_t *lenp, bool *endp)
{
	ZSTD_inBuffer in = { .src = stream->in, .size = stream->in_len, .pos = stream->in_pos };
	ZSTD_outBuffer out = { .dst = stream->out, .size = CHUNK };
	size_t r = ZSTD_decompressStream(stream->state, &out, &in);

	stream->in_pos = in.pos;
	*lenp = out.pos;
	*endp = !r;
	return ZSTD_isError(r) ? RD_CODEC_BAD : 0;
}

static void zstd_close(void *state)
{
	ZSTD_freeDCtx(state);
}

/* The legacy frame has no state between blocks: this only remembers that the magic was read. */
static void *lz4_open(void)
{
	return calloc(1, sizeof(bool));
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int lz4_decode(struct stream *stream, size_t *lenp, bool *endp)
{
	bool *begun = stream->state;
	uint32_t size;
	int n;

	if (!*begun) {
		*begun = true;
		stream->in_pos += 4; /* the magic, seen by rd_codec_detect() */
	}
	*lenp = 0;
	if (input_left(stream) < 4) {
		*endp = true;
		return 0;
	}
	size = le32(stream->in + stream->in_pos);
	if (size == LZ4_LEGACY_MAGIC) { /* lz4(1) appends frames */
		stream->in_pos += 4;
		return 0;
	}
	/* The frame has no end mark: what cannot be a block, padding say, is behind it. */
	if (!size || size > (uint32_t)LZ4_compressBound((int)LZ4_LEGACY_BLOCK)) {
		*endp = true;
		return 0;
	}
	if (size > input_left(stream) - 4)
		return RD_CODEC_BAD;
	n = LZ4_decompress_safe((const char *)stream->in + stream->in_pos + 4, (char *)stream->out,
				(int)size, (int)LZ4_LEGACY_BLOCK);
	if (n < 0)
		return RD_CODEC_BAD;
	stream->in_pos += 4 + (size_t)size;
	*lenp = (size_t)n;
	*endp = false;
	return 0;
}

static void lz4_close(void *state)
{
	free(state);
}

static void *lz4_frame_open(void)
{
	LZ4F_dctx *context = NULL;

	return LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) ? NULL
										     : context;
}

static int lz4_frame_decode(struct stream *stream, size_t *lenp, bool *endp)
{
	size_t out = CHUNK, in = input_left(stream);
	size_t r;

	r = LZ4F_decompress(stream->state, stream->out, &out, stream->in + stream->in_pos, &in,
			    NULL);
	stream->in_pos += in;
	*lenp = out;
	*endp = !r;
	return LZ4F_isError(r) ? RD_CODEC_BAD : 0;
}

static void lz4_frame_close(void *state)
{
	LZ4F_freeDecompressionContext(state);
}

static const struct stream_decoder decoders[] = {
	[RD_CODEC_GZIP] = {
		.name = "gzip",
		.chunk = CHUNK,
		.open = gzip_open,
		.decode = gzip_decode,
		.close = gzip_close,
	},
	[RD_CODEC_XZ] = {
		.name = "xz",
		.chunk = CHUNK,
		.open = lzma_open,
		.decode = lzma_decode,
		.close = lzma_close,
	},
	[RD_CODEC_ZSTD] = {
		.name = "zstd",
		.chunk = CHUNK,
		.open = zstd_open,
		.decode = zstd_decode,
		.close = zstd_close,
	},
	[RD_CODEC_LZMA] = {
		.name = "lzma",
		.chunk = CHUNK,
		.open = lzma_open,
		.decode = lzma_decode,
		.close = lzma_close,
	},
	[RD_CODEC_BZIP2] = {
		.name = "bzip2",
		.chunk = CHUNK,
		.open = bzip2_open,
		.decode = bzip2_decode,
		.close = bzip2_close,
	},
	[RD_CODEC_LZ4] = {
		.name = "lz4",
		.chunk = LZ4_LEGACY_BLOCK,
		.open = lz4_open,
		.decode = lz4_decode,
		.close = lz4_close,
	},
	[RD_CODEC_LZ4_FRAME] = {
		.name = "lz4",
		.chunk = CHUNK,
		.open = lz4_frame_open,
		.decode = lz4_frame_decode,
		.close = lz4_frame_close,
	},
};

int stream_init(struct stream *stream, enum rd_codec codec, const uint8_t *in, size_t in_len)
{
	struct stream made = { .in = in, .in_len = in_len };

	if (codec != RD_CODEC_NONE) {
		made.decoder = &decoders[codec];
		made.state = made.decoder->open();
		made.out = malloc(made.decoder->chunk);
		if (!made.state || !made.out) {
			stream_deinit(&made);
			return -ENOMEM;
		}
	}
	*stream = made;
	return 0;
}

void stream_deinit(struct stream *stream)
{
	if (stream->state)
		stream->decoder->close(stream->state);
	free(stream->out);
	*stream = (struct stream)STREAM_INIT;
}

int stream_next(struct stream *stream, const uint8_t **chunkp, size_t *lenp, struct rd_error *err)
{
	size_t len = 0, pos;
	int r;

	if (!stream->decoder) {
		*chunkp = stream->in + stream->in_pos;
		*lenp = input_left(stream);
		stream->in_pos = stream->in_len;
		return 0;
	}

	while (!len && !stream->is_over) {
		pos = stream->in_pos;
		r = stream->decoder->decode(stream, &len, &stream->is_over);
		if (r == -ENOMEM)
			return rd_error_nomem(err);
		if (r)
			return rd_error_set(err, EBADMSG, "%s: corrupt at byte %zu",
					    stream->decoder->name, stream->in_pos),
			       RD_CODEC_BAD;
		if (!len && !stream->is_over && stream->in_pos == pos)
			return rd_error_set(err, EBADMSG, "%s: truncated at byte %zu",
					    stream->decoder->name, stream->in_pos),
			       RD_CODEC_BAD;
	}
	*chunkp = stream->out;
	*lenp = len;
	return 0;
}
