/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Initramfs images made here by the format's definition (linux buffer-format.rst) and compressed by
 * the codecs' own libraries: which members are found, in which order, and what is refused.
 */

#include <bzlib.h>
#include <check.h>
#include <errno.h>
#include <lz4frame.h>
#include <lz4hc.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/initramfs.h"

#define MODULE "lib/modules/6.1.0-1-amd64/updates/dkms/amdgpu.ko"

struct entry {
	const char *name, *content;
	unsigned int mode, nlink, ino;
	const char *magic; /* NULL: newc */
	unsigned int checksum;
};

static struct rd_error err;
static struct rd_text image, seen;

static void pad(struct rd_text *t)
{
	while (t->len % 4)
		ck_assert_int_eq(rd_text_append(t, "", 1), 0);
}

static void put_member(struct rd_text *t, const struct entry *e)
{
	size_t size = e->content ? strlen(e->content) : 0;

	pad(t);
	ck_assert_int_eq(rd_text_printf(t,
					"%s%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X"
					"%08zX%08X%s",
					e->magic ? e->magic : "070701", e->ino,
					e->mode ? e->mode : 0100644, 0u, 0u,
					e->nlink ? e->nlink : 1, 0u, size, 8u, 1u, 0u, 0u,
					strlen(e->name) + 1, e->checksum, e->name),
			 0);
	ck_assert_int_eq(rd_text_append(t, "", 1), 0);
	pad(t);
	ck_assert_int_eq(rd_text_append(t, e->content ? e->content : "", size), 0);
	pad(t);
}

static void put_archive(struct rd_text *t, const struct entry *entries)
{
	static const struct entry end = { .name = "TRAILER!!!" };

	for (; entries->name; entries++)
		put_member(t, entries);
	put_member(t, &end);
}

static int note(const struct rd_initramfs_member *member, void *userdata)
{
	ck_assert_ptr_eq(userdata, &seen);
	if (member->reason)
		return rd_text_printf(&seen, "%s !%s\n", member->path, member->reason);
	return rd_text_printf(&seen, "%s =%.*s\n", member->path, (int)member->len,
			      (const char *)member->data);
}

/* As a caller would ask for a module in any compression. */
static int want(const char *path, unsigned int mode, void *userdata)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	ck_assert_ptr_eq(userdata, &seen);
	ck_assert(S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode));
	return !strcmp(name, "amdgpu.ko") || !strcmp(name, "amdgpu.ko.zst") ? RD_INITRAMFS_WANTED
									    : 0;
}

static int scan(const struct rd_text *t, struct rd_initramfs_summary *summary)
{
	static const struct rd_initramfs_visitor visitor = {
		.entry = want,
		.member = note,
		.userdata = &seen,
	};
	/* An exact copy, so that a sanitizer sees each byte read beyond the end. */
	RD_CLEANUP(rd_freep) uint8_t *exact = malloc(t->len ? t->len : 1);

	memcpy(exact, t->data ? t->data : "", t->len);
	return rd_initramfs_scan(exact, t->len, &visitor, summary, &err);
}

static const struct entry microcode[] = {
	{ .name = "kernel/x86/microcode/AuthenticAMD.bin", .content = "microcode" },
	{ 0 },
};

static const struct entry system_files[] = {
	{ .name = ".", .mode = 040755 },
	{ .name = "usr/bin/sh", .content = "#!" },
	{ .name = MODULE, .content = "module one" },
	{ .name = "etc/amdgpu.ko.conf", .content = "not a module" },
	{ .name = "lib/modules/6.1.0-1-amd64/kernel/xamdgpu.ko", .content = "not ours" },
	{ 0 },
};

static void setup(void)
{
	put_archive(&image, microcode);
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(rd_text_append(&image, "", 1), 0);
}

static void teardown(void)
{
	rd_text_deinit(&image);
	rd_text_deinit(&seen);
}

static size_t by_gzip(uint8_t *out, size_t room, const struct rd_text *in)
{
	z_stream z = { 0 };

	deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)in->data;
	z.avail_in = (uInt)in->len;
	z.next_out = out;
	z.avail_out = (uInt)room;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static size_t by_bzip2(uint8_t *out, size_t room, const struct rd_text *in)
{
	unsigned int n = (unsigned int)room;

	ck_assert_int_eq(
		BZ2_bzBuffToBuffCompress((char *)out, &n, in->data, (unsigned int)in->len, 9, 0, 0),
		BZ_OK);
	return n;
}

static size_t by_xz(uint8_t *out, size_t room, const struct rd_text *in)
{
	size_t n = 0;

	ck_assert_int_eq(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, (uint8_t *)in->data,
						 in->len, out, &n, room),
			 LZMA_OK);
	return n;
}

static size_t by_lzma(uint8_t *out, size_t room, const struct rd_text *in)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	lzma_lzma_preset(&options, 6);
	ck_assert_int_eq(lzma_alone_encoder(&z, &options), LZMA_OK);
	z.next_in = (uint8_t *)in->data;
	z.avail_in = in->len;
	z.next_out = out;
	z.avail_out = room;
	ck_assert_int_eq(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
	lzma_end(&z);
	return room - z.avail_out;
}

static size_t by_zstd(uint8_t *out, size_t room, const struct rd_text *in)
{
	size_t n = ZSTD_compress(out, room, in->data, in->len, 3);

	ck_assert(!ZSTD_isError(n));
	return n;
}

/* lz4 -l: magic, then blocks of a size word and the block. */
static size_t by_lz4(uint8_t *out, size_t room, const struct rd_text *in)
{
	int n = LZ4_compress_HC(in->data, (char *)out + 8, (int)in->len, (int)room - 8, 9);

	ck_assert_int_gt(n, 0);
	memcpy(out, "\x02\x21\x4c\x18", 4);
	for (int i = 0; i < 4; i++)
		out[4 + i] = (uint8_t)(n >> 8 * i);
	return 8 + (size_t)n;
}

static size_t by_lz4_frame(uint8_t *out, size_t room, const struct rd_text *in)
{
	size_t n = LZ4F_compressFrame(out, room, in->data, in->len, NULL);

	ck_assert(!LZ4F_isError(n));
	return n;
}

static const struct {
	size_t (*compress)(uint8_t *out, size_t room, const struct rd_text *in);
	enum rd_codec codec;
} compressors[] = {
	{ .compress = by_gzip, .codec = RD_CODEC_GZIP },
	{ .compress = by_bzip2, .codec = RD_CODEC_BZIP2 },
	{ .compress = by_xz, .codec = RD_CODEC_XZ },
	{ .compress = by_lzma, .codec = RD_CODEC_LZMA },
	{ .compress = by_zstd, .codec = RD_CODEC_ZSTD },
	{ .compress = by_lz4, .codec = RD_CODEC_LZ4 },
	{ .compress = by_lz4_frame, .codec = RD_CODEC_LZ4_FRAME },
};

static void append_compressed(int which, const struct entry *entries)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text archive = RD_TEXT_INIT;
	static uint8_t out[1 << 16];

	put_archive(&archive, entries);
	ck_assert_int_eq(rd_text_append(&image, out,
					compressors[which].compress(out, sizeof(out), &archive)),
			 0);
}

START_TEST(a_compressed_part_after_microcode)
{
	struct rd_initramfs_summary summary;

	append_compressed(_i, system_files);
	ck_assert_int_eq(scan(&image, &summary), 0);
	ck_assert_str_eq(seen.data, MODULE " =module one\n");
	ck_assert_uint_eq(summary.archives, 2);
	ck_assert_uint_eq(summary.members, 6);
	ck_assert_uint_eq(summary.wanted, 1);
	ck_assert_int_eq(summary.codec, compressors[_i].codec);
}
END_TEST

START_TEST(what_is_compressed_is_an_image_if_cpio_is_inside)
{
	static const struct rd_text module = { .data = (char *)"\177ELF, or so it says",
					       .len = 20 };
	static uint8_t out[1 << 10];

	ck_assert(rd_initramfs_is((const uint8_t *)image.data, image.len));
	rd_text_deinit(&image);
	append_compressed(_i, system_files);
	ck_assert(rd_initramfs_is((const uint8_t *)image.data, image.len));
	ck_assert(!rd_initramfs_is((const uint8_t *)image.data, 8));
	ck_assert(!rd_initramfs_is(out, compressors[_i].compress(out, sizeof(out), &module)));
}
END_TEST

START_TEST(a_compressed_part_cut_anywhere_is_bad)
{
	struct rd_initramfs_summary summary;
	size_t start = image.len;

	append_compressed(_i, system_files);
	for (size_t len = start + 1; len < image.len - 8; len++) {
		struct rd_text cut = { .data = image.data, .len = len };

		ck_assert_int_eq(scan(&cut, &summary), RD_INITRAMFS_BAD);
	}
}
END_TEST

START_TEST(plain_parts_and_the_last_member_of_a_name)
{
	static const struct entry later[] = {
		{ .name = "./" MODULE, .content = "module two" },
		{ .name = "/usr/lib/modules/x/amdgpu.ko.zst", .content = "three" },
		{ 0 },
	};
	struct rd_initramfs_summary summary;

	put_archive(&image, system_files);
	put_archive(&image, later);
	ck_assert_int_eq(scan(&image, &summary), 0);
	ck_assert_str_eq(seen.data, MODULE " =module one\n" MODULE " =module two\n"
					   "usr/lib/modules/x/amdgpu.ko.zst =three\n");
	ck_assert_uint_eq(summary.archives, 3);
}
END_TEST

START_TEST(hard_links_get_the_data_of_their_last_name)
{
	static const struct entry linked[] = {
		{ .name = MODULE, .nlink = 2, .ino = 7 },
		{ .name = "other", .nlink = 2, .ino = 8, .content = "no" },
		{ .name = "backup.ko", .nlink = 2, .ino = 7, .content = "shared" },
		{ .name = "a/amdgpu.ko", .nlink = 2, .ino = 9 },
		{ .name = "b/amdgpu.ko", .mode = 0120777, .content = "elsewhere" },
		{ 0 },
	};
	struct rd_initramfs_summary summary;

	put_archive(&image, linked);
	ck_assert_int_eq(scan(&image, &summary), 0);
	ck_assert_str_eq(seen.data,
			 MODULE " =shared\n"
				"b/amdgpu.ko !a symbolic link\n"
				"a/amdgpu.ko !a hard link whose data is not in the archive\n");
}
END_TEST

/* buffer-format.rst: "the sum of all bytes in the file modulo 2^32". */
START_TEST(the_crc_format_has_its_sums_checked)
{
	static const struct entry files[] = {
		{ .name = "unwanted", .magic = "070702", .content = "x", .checksum = 1 },
		{ .name = MODULE, .magic = "070702", .content = "AB", .checksum = 'A' + 'B' },
		{ .name = "x/amdgpu.ko", .magic = "070702", .content = "AB", .checksum = 'A' },
		{ .name = "y/amdgpu.ko", .magic = "070702", .nlink = 2, .ino = 5 },
		{ .name = "z", .magic = "070702", .nlink = 2, .ino = 5, .content = "Z" },
		{ .name = "zz", .content = "Z", .checksum = 3 },
		{ 0 },
	};
	static const char wrong[] = "its checksum does not fit, the kernel stops unpacking here";
	char expected[400];
	struct rd_initramfs_summary summary;

	put_archive(&image, files);
	ck_assert_int_eq(scan(&image, &summary), 0);
	snprintf(expected, sizeof(expected), MODULE " =AB\nx/amdgpu.ko !%s\ny/amdgpu.ko !%s\n",
		 wrong, wrong);
	ck_assert_str_eq(seen.data, expected);
}
END_TEST

static const struct {
	const char *start, *reason;
} refused[] = {
	{ "070707000000000000", "old format (odc), which the kernel refuses" },
	{ "\x89LZO\0\r\n\x1a\n", "compressed with lzo" },
	{ "\x42\x42\x42", "neither a cpio archive nor a known compression" },
};

START_TEST(what_is_refused_is_named)
{
	struct rd_initramfs_summary summary;

	put_archive(&image, system_files);
	ck_assert_int_eq(rd_text_puts(&image, refused[_i].start), 0);
	ck_assert_int_eq(scan(&image, &summary), RD_INITRAMFS_BAD);
	ck_assert_ptr_nonnull(strstr(err.msg, refused[_i].reason));
	ck_assert_str_eq(seen.data, MODULE " =module one\n");
}
END_TEST

START_TEST(a_plain_image_cut_anywhere_is_bad)
{
	struct rd_initramfs_summary summary;
	size_t start = image.len;

	put_archive(&image, system_files);
	for (size_t len = start + 1; len < image.len - 3; len++) {
		struct rd_text cut = { .data = image.data, .len = len };

		ck_assert_int_eq(scan(&cut, &summary), RD_INITRAMFS_BAD);
	}
}
END_TEST

START_TEST(nonsense_is_bad)
{
	static const char *const texts[] = { "", "070701", "no archive", "\x1f\x8b", "\0\0\0\0" };
	struct rd_text text = RD_TEXT_INIT;
	struct rd_initramfs_summary summary;

	ck_assert_int_eq(rd_text_puts(&text, texts[_i]), 0);
	ck_assert_int_eq(scan(&text, &summary), RD_INITRAMFS_BAD);
	ck_assert_uint_gt(strlen(err.msg), 0);
	rd_text_deinit(&text);
}
END_TEST

START_TEST(a_name_without_end_is_bad)
{
	struct rd_initramfs_summary summary;

	put_archive(&image, system_files);
	/* c_namesize of the first member, microcode: field 11 of the header. */
	memcpy(image.data + 6 + 11 * 8, "00FFFFFF", 8);
	ck_assert_int_eq(scan(&image, &summary), RD_INITRAMFS_BAD);
	ck_assert_ptr_nonnull(strstr(err.msg, "byte 0"));
}
END_TEST

START_TEST(a_bootconfig_at_the_end_is_no_junk)
{
	static const char config[] = "kernel.quiet";
	struct rd_initramfs_summary summary;

	put_archive(&image, system_files);
	ck_assert_int_eq(rd_text_append(&image, config, 12), 0);
	ck_assert_int_eq(rd_text_append(&image, "\x0c\0\0\0\0\0\0\0#BOOTCONFIG\n", 20), 0);
	ck_assert_int_eq(scan(&image, &summary), 0);
	ck_assert_str_eq(seen.data, MODULE " =module one\n");
}
END_TEST

START_TEST(a_bomb_meets_the_limit)
{
	RD_CLEANUP(rd_freep) uint8_t *zeroes = calloc(1, 4 << 20);
	RD_CLEANUP(rd_freep) uint8_t *out = malloc(1 << 20);
	RD_CLEANUP(rd_text_deinit) struct rd_text archive = RD_TEXT_INIT;
	struct rd_text in = { .data = (char *)zeroes, .len = 4 << 20 };
	struct rd_initramfs_summary summary;
	size_t n;

	/* Every second part an archive and 4 MiB of padding: 36 MiB out of some kilobytes. A plain
	 * part between them does not make what came before forgotten. */
	put_archive(&archive, microcode);
	memcpy(zeroes, archive.data, archive.len);
	n = by_zstd(out, 1 << 20, &in);
	for (int i = 0; i < 18; i++)
		ck_assert_int_eq(rd_text_append(&image, i % 2 ? (char *)out : archive.data,
						i % 2 ? n : archive.len),
				 0);
	ck_assert_int_eq(scan(&image, &summary), RD_INITRAMFS_TOO_LARGE);
	ck_assert_uint_lt(summary.archives, 18);
}
END_TEST

/* Parts of some sixty bytes each: a decoder is not set up a million times. */
START_TEST(more_parts_than_any_image_has)
{
	static const struct entry nothing[] = { { .name = NULL } };
	struct rd_initramfs_summary summary;

	for (int i = 0; i < 5000; i++)
		append_compressed(0, nothing);
	ck_assert_int_eq(scan(&image, &summary), RD_INITRAMFS_TOO_LARGE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("initramfs");
	TCase *tc = tcase_create("initramfs");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_compressed_part_after_microcode, 0,
			    (int)RD_N_ELEMENTS(compressors));
	tcase_add_loop_test(tc, a_compressed_part_cut_anywhere_is_bad, 0,
			    (int)RD_N_ELEMENTS(compressors));
	tcase_add_test(tc, plain_parts_and_the_last_member_of_a_name);
	tcase_add_test(tc, hard_links_get_the_data_of_their_last_name);
	tcase_add_loop_test(tc, what_is_compressed_is_an_image_if_cpio_is_inside, 0,
			    (int)RD_N_ELEMENTS(compressors));
	tcase_add_test(tc, the_crc_format_has_its_sums_checked);
	tcase_add_loop_test(tc, what_is_refused_is_named, 0, (int)RD_N_ELEMENTS(refused));
	tcase_add_test(tc, a_plain_image_cut_anywhere_is_bad);
	tcase_add_loop_test(tc, nonsense_is_bad, 0, 5);
	tcase_add_test(tc, a_name_without_end_is_bad);
	tcase_add_test(tc, a_bootconfig_at_the_end_is_no_junk);
	tcase_add_test(tc, a_bomb_meets_the_limit);
	tcase_add_test(tc, more_parts_than_any_image_has);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
