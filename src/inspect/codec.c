/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Decompression of whole files. The output is reserved as address space once, as large as the
 * limits allow or the file's header says, backed by huge pages as it fills, and cut to length at
 * the end: no growing, no copying, and a third of the time of 4 KiB pages. A bomb stops at the end
 * of the reservation.
 *
 * A file counts only as a whole: what is truncated, fails its checksum or goes on after its last
 * member with anything but the padding that its format allows is bad, and nothing of it is given
 * out.
 *
 * Formats: gzip RFC 1952 (members follow each other), xz (streams and padding), zstd RFC 8878
 * (frames, skippable frames).
 */

#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "inspect/codec.h"

#define CODEC_HUGE_PAGE ((size_t)2 << 20)
#define CODEC_ZLIB_STEP ((size_t)1 << 30) /* zlib counts in unsigned int */
#define CODEC_GZIP_BITS (15 + 16) /* zlib.h, inflateInit2(): largest window, gzip header */

/* One job: input, room for the output, and what came of it. */
struct codec_job {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t room;
	size_t out_len;
	struct rd_error *err;
};

static const struct rd_name codec_names[] = {
	{ .name = "none", .value = RD_CODEC_NONE },
	{ .name = "gzip", .value = RD_CODEC_GZIP },
	{ .name = "xz", .value = RD_CODEC_XZ },
	{ .name = "zstd", .value = RD_CODEC_ZSTD },
	{ .name = "bzip2", .value = RD_CODEC_BZIP2 },
	{ .name = "lzma", .value = RD_CODEC_LZMA },
	{ .name = "lz4", .value = RD_CODEC_LZ4 },
	{ .name = "lz4", .value = RD_CODEC_LZ4_FRAME },
};

/* Linux lib/decompress.c knows two bytes of each; here as many as the formats fix. */
static const struct {
	enum rd_codec codec;
	uint8_t len;
	uint8_t bytes[6];
} codec_magics[] = {
	{ .codec = RD_CODEC_GZIP, .len = 2, .bytes = { 0x1f, 0x8b } },
	{ .codec = RD_CODEC_XZ, .len = 6, .bytes = { 0xfd, '7', 'z', 'X', 'Z', 0x00 } },
	{ .codec = RD_CODEC_ZSTD, .len = 4, .bytes = { 0x28, 0xb5, 0x2f, 0xfd } },
	{ .codec = RD_CODEC_BZIP2, .len = 3, .bytes = { 'B', 'Z', 'h' } },
	{ .codec = RD_CODEC_LZMA, .len = 3, .bytes = { 0x5d, 0x00, 0x00 } },
	{ .codec = RD_CODEC_LZ4, .len = 4, .bytes = { 0x02, 0x21, 0x4c, 0x18 } },
	{ .codec = RD_CODEC_LZ4_FRAME, .len = 4, .bytes = { 0x04, 0x22, 0x4d, 0x18 } },
};

enum rd_codec rd_codec_detect(const void *data, size_t len)
{
	static const uint8_t skippable[] = { 0x2a, 0x4d, 0x18 }; /* after 0x50 to 0x5f */
	const uint8_t *p = data;

	for (size_t i = 0; i < RD_N_ELEMENTS(codec_magics); i++) {
		if (len >= codec_magics[i].len &&
		    !memcmp(p, codec_magics[i].bytes, codec_magics[i].len))
			return codec_magics[i].codec;
	}
	if (len > sizeof(skippable) && (p[0] & 0xf0) == 0x50 &&
	    !memcmp(p + 1, skippable, sizeof(skippable)))
		return RD_CODEC_ZSTD;
	return RD_CODEC_NONE;
}

const char *rd_codec_name(enum rd_codec codec)
{
	return rd_name_of(codec_names, RD_N_ELEMENTS(codec_names), (int)codec);
}

static int codec_bad(struct codec_job *job, enum rd_codec codec, const char *what)
{
	rd_error_set(job->err, EBADMSG, "%s: %s", rd_codec_name(codec), what);
	return RD_CODEC_BAD;
}

static int codec_too_large(struct codec_job *job, enum rd_codec codec)
{
	rd_error_set(job->err, EFBIG,
		     "%s: %zu bytes decompress to more than the limit of %zu bytes",
		     rd_codec_name(codec), job->in_len, job->room);
	return RD_CODEC_TOO_LARGE;
}

static void inflate_endp(z_stream **zp)
{
	if (*zp)
		inflateEnd(*zp);
}

static bool is_padding(const uint8_t *p, size_t len)
{
	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

/* Decodes one member; @usedp: the input that it took. */
static int gzip_member(struct codec_job *job, z_stream *z, size_t in, size_t *usedp)
{
	const uint8_t *start = job->in + in;
	int status;

	z->next_in = (Bytef *)start;
	z->next_out = job->out + job->out_len;
	do {
		size_t in_left = job->in + job->in_len - z->next_in;
		size_t out_left = job->out + job->room - z->next_out;

		z->avail_in = (uInt)(in_left < CODEC_ZLIB_STEP ? in_left : CODEC_ZLIB_STEP);
		z->avail_out = (uInt)(out_left < CODEC_ZLIB_STEP ? out_left : CODEC_ZLIB_STEP);
		status = inflate(z, Z_NO_FLUSH);
	} while (status == Z_OK);

	if (status == Z_MEM_ERROR)
		return rd_error_nomem(job->err);
	if (status == Z_BUF_ERROR && z->next_out == job->out + job->room)
		return codec_too_large(job, RD_CODEC_GZIP);
	if (status == Z_BUF_ERROR)
		return codec_bad(job, RD_CODEC_GZIP, "truncated");
	if (status != Z_STREAM_END)
		return codec_bad(job, RD_CODEC_GZIP, z->msg ? z->msg : "corrupt");
	job->out_len = z->next_out - job->out;
	*usedp = z->next_in - start;
	return 0;
}

static int decode_gzip(struct codec_job *job)
{
	z_stream stream = { 0 };
	RD_CLEANUP(inflate_endp) z_stream *z = NULL;
	size_t in = 0;

	if (inflateInit2(&stream, CODEC_GZIP_BITS) != Z_OK)
		return rd_error_nomem(job->err);
	z = &stream;
	do {
		size_t used = 0;
		int r;

		r = gzip_member(job, z, in, &used);
		if (r)
			return r;
		in += used;
		/* gzip(1) pads with zero bytes on tapes, and takes them back in silence. */
		if (is_padding(job->in + in, job->in_len - in))
			return 0;
		inflateReset(z);
	} while (rd_codec_detect(job->in + in, job->in_len - in) == RD_CODEC_GZIP);
	return codec_bad(job, RD_CODEC_GZIP, "other bytes after the end");
}

static void lzma_endp(lzma_stream **zp)
{
	if (*zp)
		lzma_end(*zp);
}

static const char *lzma_text(lzma_ret status)
{
	switch (status) {
	case LZMA_BUF_ERROR:
		return "truncated";
	case LZMA_FORMAT_ERROR:
		return "other bytes after the end";
	case LZMA_OPTIONS_ERROR:
		return "uses options that liblzma does not know";
	default:
		return "corrupt";
	}
}

static int decode_xz(struct codec_job *job)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	RD_CLEANUP(lzma_endp) lzma_stream *z = &stream;
	lzma_ret status;

	if (lzma_stream_decoder(z, RD_CODEC_LZMA_MEMORY, LZMA_CONCATENATED) != LZMA_OK)
		return rd_error_nomem(job->err);
	z->next_in = job->in;
	z->avail_in = job->in_len;
	z->next_out = job->out;
	z->avail_out = job->room;
	do
		status = lzma_code(z, LZMA_FINISH);
	while (status == LZMA_OK);

	job->out_len = job->room - z->avail_out;
	if (status == LZMA_STREAM_END)
		return 0;
	if (status == LZMA_MEM_ERROR)
		return rd_error_nomem(job->err);
	if (status == LZMA_MEMLIMIT_ERROR) {
		rd_error_set(job->err, EFBIG, "xz: needs more memory than the limit of %llu bytes",
			     (unsigned long long)RD_CODEC_LZMA_MEMORY);
		return RD_CODEC_TOO_LARGE;
	}
	if (status == LZMA_BUF_ERROR && !z->avail_out)
		return codec_too_large(job, RD_CODEC_XZ);
	return codec_bad(job, RD_CODEC_XZ, lzma_text(status));
}

static void zstd_freep(ZSTD_DCtx **zp)
{
	ZSTD_freeDCtx(*zp);
}

static int decode_zstd(struct codec_job *job)
{
	RD_CLEANUP(zstd_freep) ZSTD_DCtx *z = NULL;
	size_t n;

	z = ZSTD_createDCtx();
	if (!z)
		return rd_error_nomem(job->err);
	n = ZSTD_decompressDCtx(z, job->out, job->room, job->in, job->in_len);
	if (!ZSTD_isError(n)) {
		job->out_len = n;
		return 0;
	}
	switch (ZSTD_getErrorCode(n)) {
	case ZSTD_error_memory_allocation:
		return rd_error_nomem(job->err);
	case ZSTD_error_dstSize_tooSmall:
		return codec_too_large(job, RD_CODEC_ZSTD);
	case ZSTD_error_srcSize_wrong:
		return codec_bad(job, RD_CODEC_ZSTD, "truncated");
	default:
		return codec_bad(job, RD_CODEC_ZSTD, ZSTD_getErrorName(n));
	}
}

/* How much may come out: the limits, or exactly what a single zstd frame announces within them. */
static size_t codec_room(enum rd_codec codec, const void *data, size_t len, size_t max)
{
	size_t room = len > max / RD_CODEC_MAX_RATIO ? max : len * RD_CODEC_MAX_RATIO;
	unsigned long long announced;

	if (room < RD_CODEC_FREE)
		room = RD_CODEC_FREE;
	if (room > max)
		room = max;
	if (codec != RD_CODEC_ZSTD || ZSTD_findFrameCompressedSize(data, len) != len)
		return room;
	announced = ZSTD_getFrameContentSize(data, len);
	return announced < room ? (size_t)announced : room;
}

/* Address space for @room bytes that starts at a huge page. */
static int blob_reserve(struct rd_blob *blob, size_t room, struct rd_error *err)
{
	size_t mapped = (room + CODEC_HUGE_PAGE) & ~(CODEC_HUGE_PAGE - 1);
	size_t head;
	uint8_t *p;

	if (room > SIZE_MAX - 2 * CODEC_HUGE_PAGE)
		return rd_error_nomem(err);
	p = mmap(NULL, mapped + CODEC_HUGE_PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return rd_error_nomem(err);

	head = -(uintptr_t)p & (CODEC_HUGE_PAGE - 1);
	if (head)
		munmap(p, head);
	munmap(p + head + mapped, CODEC_HUGE_PAGE - head);
	/* Refused where huge pages are not built in: slower, nothing else. */
	(void)madvise(p + head, mapped, MADV_HUGEPAGE);
	*blob = (struct rd_blob){ .data = p + head, .mapped = mapped };
	return 0;
}

static void blob_cut(struct rd_blob *blob, size_t len)
{
	size_t keep = (len + CODEC_HUGE_PAGE) & ~(CODEC_HUGE_PAGE - 1);

	if (keep < blob->mapped) {
		munmap(blob->data + keep, blob->mapped - keep);
		blob->mapped = keep;
	}
	blob->len = len;
}

int rd_codec_decode(enum rd_codec codec, const void *data, size_t len, size_t max,
		    struct rd_blob *blobp, struct rd_error *err)
{
	static int (*const decoders[])(struct codec_job *) = {
		[RD_CODEC_GZIP] = decode_gzip,
		[RD_CODEC_XZ] = decode_xz,
		[RD_CODEC_ZSTD] = decode_zstd,
	};
	RD_CLEANUP(rd_blob_deinit) struct rd_blob blob = RD_BLOB_INIT;
	struct codec_job job = { .in = data, .in_len = len, .err = err };
	int r;

	/* What only an initramfs comes in is detected too. */
	if (codec >= RD_N_ELEMENTS(decoders) || !decoders[codec]) {
		rd_error_set(err, EINVAL, "%s: no kernel loads modules in it",
			     rd_codec_name(codec));
		return RD_CODEC_BAD;
	}
	job.room = codec_room(codec, data, len, max);
	r = blob_reserve(&blob, job.room, err);
	if (r)
		return r;
	job.out = blob.data;
	r = decoders[codec](&job);
	if (r)
		return r;

	blob_cut(&blob, job.out_len);
	*blobp = blob;
	blob = (struct rd_blob)RD_BLOB_INIT;
	return 0;
}

void rd_blob_deinit(struct rd_blob *blob)
{
	if (blob->data)
		munmap(blob->data, blob->mapped);
	*blob = (struct rd_blob)RD_BLOB_INIT;
}
