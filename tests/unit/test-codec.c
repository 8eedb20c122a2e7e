/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Decoding what the codecs' own libraries encoded: whole, in several members, cut off, followed by
 * other bytes, and far larger than it looks.
 */

#include <check.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "fixture.h"
#include "inspect/codec.h"

#define ROOM ((size_t)4 << 20)

static struct rd_error err;

static size_t encode_gzip(const void *in, size_t len, uint8_t *out)
{
	z_stream z = { .next_in = (Bytef *)in,
		       .avail_in = (uInt)len,
		       .next_out = out,
		       .avail_out = (uInt)ROOM };

	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return ROOM - z.avail_out;
}

static size_t encode_xz(const void *in, size_t len, uint8_t *out)
{
	size_t n = 0;

	ck_assert_int_eq(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, in, len, out, &n, ROOM),
			 LZMA_OK);
	return n;
}

static size_t encode_zstd(const void *in, size_t len, uint8_t *out)
{
	size_t n = ZSTD_compress(out, ROOM, in, len, 3);

	ck_assert(!ZSTD_isError(n));
	return n;
}

/* A frame that does not say how long its content is, as `zstd < pipe` writes it. */
static size_t encode_zstd_stream(const void *in, size_t len, uint8_t *out)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	ZSTD_outBuffer o = { .dst = out, .size = ROOM };
	ZSTD_inBuffer i = { .src = in, .size = len };

	ck_assert_uint_eq(ZSTD_compressStream2(z, &o, &i, ZSTD_e_flush), 0);
	ck_assert_uint_eq(ZSTD_compressStream2(z, &o, &i, ZSTD_e_end), 0);
	ZSTD_freeCCtx(z);
	ck_assert_uint_eq(ZSTD_getFrameContentSize(out, o.pos), ZSTD_CONTENTSIZE_UNKNOWN);
	return o.pos;
}

static const struct coder {
	enum rd_codec codec;
	const char *name;
	size_t (*encode)(const void *in, size_t len, uint8_t *out);
	size_t padding; /* bytes of zero that the format lets follow */
} coders[] = {
	{ RD_CODEC_GZIP, "gzip", encode_gzip, 512 },
	{ RD_CODEC_XZ, "xz", encode_xz, 4 },
	{ RD_CODEC_ZSTD, "zstd", encode_zstd, 0 },
	{ RD_CODEC_ZSTD, "zstd", encode_zstd_stream, 0 },
};

static uint8_t *packed;
static uint8_t plain[300000];

static void setup(void)
{
	packed = calloc(1, ROOM);
	ck_assert_ptr_nonnull(packed);
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i % 251 * (i >> 10));
}

static void teardown(void)
{
	free(packed);
}

static void expect_plain(const struct coder *c, size_t len, size_t times)
{
	struct rd_blob blob = RD_BLOB_INIT;

	ck_assert_int_eq(rd_codec_detect(packed, len), c->codec);
	ck_assert_msg(!rd_codec_decode(c->codec, packed, len, RD_CODEC_MAX_MODULE, &blob, &err),
		      "%s", err.msg);
	ck_assert_uint_eq(blob.len, times * sizeof(plain));
	for (size_t i = 0; i < times; i++)
		ck_assert(!memcmp(blob.data + i * sizeof(plain), plain, sizeof(plain)));
	rd_blob_deinit(&blob);
	ck_assert_ptr_null(blob.data);
}

static void expect_refused(const struct coder *c, size_t len, size_t max, int expected)
{
	struct rd_blob blob = RD_BLOB_INIT;

	err.msg[0] = '\0';
	ck_assert_int_eq(rd_codec_decode(c->codec, packed, len, max, &blob, &err), expected);
	ck_assert_ptr_null(blob.data);
	ck_assert_msg(!strncmp(err.msg, c->name, strlen(c->name)), "%s", err.msg);
}

START_TEST(whole)
{
	const struct coder *c = &coders[_i];

	ck_assert_str_eq(rd_codec_name(c->codec), c->name);
	expect_plain(c, c->encode(plain, sizeof(plain), packed), 1);
}
END_TEST

START_TEST(several_members)
{
	const struct coder *c = &coders[_i];
	size_t n = c->encode(plain, sizeof(plain), packed);

	n += c->encode(plain, sizeof(plain), packed + n);
	expect_plain(c, n, 2);
	memset(packed + n, 0, c->padding);
	expect_plain(c, n + c->padding, 2);
}
END_TEST

START_TEST(truncated)
{
	const struct coder *c = &coders[_i];
	size_t n = c->encode(plain, sizeof(plain), packed);

	for (size_t len = 8; len < n; len += 97)
		expect_refused(c, len, RD_CODEC_MAX_MODULE, RD_CODEC_BAD);
	expect_refused(c, n - 1, RD_CODEC_MAX_MODULE, RD_CODEC_BAD);
}
END_TEST

START_TEST(followed_by_other_bytes)
{
	const struct coder *c = &coders[_i];
	size_t n = c->encode(plain, sizeof(plain), packed);

	memcpy(packed + n, "garbage after the end", 21);
	expect_refused(c, n + 21, RD_CODEC_MAX_MODULE, RD_CODEC_BAD);
}
END_TEST

START_TEST(corrupt)
{
	const struct coder *c = &coders[_i];
	size_t n = c->encode(plain, sizeof(plain), packed);
	struct rd_blob blob = RD_BLOB_INIT;

	/* gzip and xz carry a checksum; a frame of zstd need not, and may decode to other bytes. */
	for (size_t at = 10; at < n; at += 61) {
		int r;

		packed[at] ^= 0x55;
		r = rd_codec_decode(c->codec, packed, n, RD_CODEC_MAX_MODULE, &blob, &err);
		ck_assert(r == RD_CODEC_BAD || r == RD_CODEC_TOO_LARGE ||
			  (!r && c->codec == RD_CODEC_ZSTD));
		rd_blob_deinit(&blob);
		packed[at] ^= 0x55;
	}
}
END_TEST

START_TEST(exactly_the_limit)
{
	const struct coder *c = &coders[_i];
	size_t n = c->encode(plain, sizeof(plain), packed);
	struct rd_blob blob = RD_BLOB_INIT;

	ck_assert_int_eq(rd_codec_decode(c->codec, packed, n, sizeof(plain), &blob, &err), 0);
	rd_blob_deinit(&blob);
	expect_refused(c, n, sizeof(plain) - 1, RD_CODEC_TOO_LARGE);
}
END_TEST

START_TEST(bomb)
{
	const struct coder *c = &coders[_i];
	size_t size = RD_CODEC_FREE * 4, n;
	uint8_t *zeros = calloc(1, size);

	/* 64 MiB of zeros in some KiB: above the ratio, below the limit in bytes. */
	ck_assert_ptr_nonnull(zeros);
	n = c->encode(zeros, size, packed);
	free(zeros);
	ck_assert_uint_lt(n * RD_CODEC_MAX_RATIO, size);
	expect_refused(c, n, RD_CODEC_MAX_MODULE, RD_CODEC_TOO_LARGE);
}
END_TEST

START_TEST(small_and_empty)
{
	const struct coder *c = &coders[_i];
	struct rd_blob blob = RD_BLOB_INIT;
	uint8_t *zeros = calloc(1, 1u << 20);
	size_t n;

	/* A small file may compress as well as it likes. */
	ck_assert_ptr_nonnull(zeros);
	n = c->encode(zeros, 1u << 20, packed);
	free(zeros);
	ck_assert_int_eq(rd_codec_decode(c->codec, packed, n, RD_CODEC_MAX_MODULE, &blob, &err), 0);
	ck_assert_uint_eq(blob.len, 1u << 20);
	rd_blob_deinit(&blob);
	n = c->encode("", 0, packed);
	ck_assert_int_eq(rd_codec_decode(c->codec, packed, n, RD_CODEC_MAX_MODULE, &blob, &err), 0);
	ck_assert_uint_eq(blob.len, 0);
	rd_blob_deinit(&blob);
}
END_TEST

START_TEST(lzma_memory)
{
	const struct coder xz = { .codec = RD_CODEC_XZ, .name = "xz" };
	lzma_options_lzma options;
	lzma_filter filters[] = { { .id = LZMA_FILTER_LZMA2, .options = &options },
				  { .id = LZMA_VLI_UNKNOWN } };
	size_t n = 0;

	lzma_lzma_preset(&options, 0);
	options.dict_size = 256u << 20;
	ck_assert_int_eq(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, plain, 1000,
						   packed, &n, ROOM),
			 LZMA_OK);
	expect_refused(&xz, n, RD_CODEC_MAX_MODULE, RD_CODEC_TOO_LARGE);
}
END_TEST

START_TEST(detection)
{
	static const uint8_t skippable[] = { 0x53, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 };

	ck_assert_int_eq(rd_codec_detect("", 0), RD_CODEC_NONE);
	ck_assert_int_eq(rd_codec_detect("\x1f", 1), RD_CODEC_NONE);
	ck_assert_int_eq(rd_codec_detect("\177ELF\2\1\1", 8), RD_CODEC_NONE);
	ck_assert_int_eq(rd_codec_detect("\xfd"
					 "7zXY",
					 6),
			 RD_CODEC_NONE);
	ck_assert_int_eq(rd_codec_detect(skippable, sizeof(skippable)), RD_CODEC_ZSTD);
	ck_assert_str_eq(rd_codec_name(RD_CODEC_NONE), "none");
}
END_TEST

/* What an initramfs may come in is known by its magic, and no module comes in it. */
START_TEST(other_codecs)
{
	static const enum rd_codec others[] = { RD_CODEC_BZIP2, RD_CODEC_LZMA, RD_CODEC_LZ4,
						RD_CODEC_NONE };
	struct rd_blob blob = RD_BLOB_INIT;

	ck_assert_int_eq(rd_codec_detect("BZh91AY&SY", 10), RD_CODEC_BZIP2);
	ck_assert_int_eq(
		rd_codec_decode(others[_i], "BZh91AY&SY", 10, RD_CODEC_MAX_MODULE, &blob, &err),
		RD_CODEC_BAD);
	ck_assert_ptr_nonnull(strstr(err.msg, rd_codec_name(others[_i])));
}
END_TEST

int main(void)
{
	const TTest *const looped[] = { whole,
					truncated,
					several_members,
					corrupt,
					bomb,
					followed_by_other_bytes,
					exactly_the_limit,
					small_and_empty };
	TCase *tcase = tcase_create("codec");

	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < RD_N_ELEMENTS(looped); i++)
		tcase_add_loop_test(tcase, looped[i], 0, RD_N_ELEMENTS(coders));
	tcase_add_test(tcase, lzma_memory);
	tcase_add_test(tcase, detection);
	tcase_add_loop_test(tcase, other_codecs, 0, 4);
	return fixture_main(tcase, "codec");
}
