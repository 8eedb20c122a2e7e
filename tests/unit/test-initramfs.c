/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Initramfs images made here by the format's definition (linux buffer-format.rst) and compressed by
 * the codecs' own libraries: which members are found, in which order, and what is refused.
 */

#include <bzlib.h>
#include <check.h>
#include <errno.h>
#include <lz4hc.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/initramfs.h"

#define MODULE "lib/modules/6.1.0-1-amd64/updates/dkms/amdgpu.ko"

struct entry {
	const char *name, *content;
	unsigned int mode, nlink, ino;
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
					"070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X"
					"%08zX%08X%s",
					e->ino, e->mode ? e->mode : 0100644, 0u, 0u,
					e->nlink ? e->nlink : 1, 0u, size, 8u, 1u, 0u, 0u,
					strlen(e->name) + 1, 0u, e->name),
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

static int scan(const struct rd_text *t, struct rd_initramfs_summary *summary)
{
	/* An exact copy, so that a sanitizer sees each byte read beyond the end. */
	RD_CLEANUP(rd_freep) uint8_t *exact = malloc(t->len ? t->len : 1);

	memcpy(exact, t->data ? t->data : "", t->len);
	return rd_initramfs_scan(exact, t->len, "amdgpu.ko", note, &seen, summary, &err);
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

static const struct {
	size_t (*compress)(uint8_t *out, size_t room, const struct rd_text *in);
} compressors[] = {
	{ .compress = by_gzip }, { .compress = by_bzip2 }, { .compress = by_xz },
	{ .compress = by_lzma }, { .compress = by_zstd },  { .compress = by_lz4 },
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
	tcase_add_test(tc, a_plain_image_cut_anywhere_is_bad);
	tcase_add_loop_test(tc, nonsense_is_bad, 0, 5);
	tcase_add_test(tc, a_name_without_end_is_bad);
	tcase_add_test(tc, a_bootconfig_at_the_end_is_no_junk);
	tcase_add_test(tc, a_bomb_meets_the_limit);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
