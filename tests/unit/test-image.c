/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which copies an image has and which of them its own index names; unified kernel images. The
 * binary index was written by depmod of kmod 30, for kernel/amd{kcl,-sched}.ko, kernel/ttm.ko and
 * updates/dkms/amdgpu.ko.
 */

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "cpio.h"
#include "fake-inspect.h"
#include "inspect/image.h"
#include "inspect/module_index.h"
#include "inspect/uki.h"

#define K	"usr/lib/modules/6.1/"
#define DKMS	K "updates/dkms/amdgpu.ko"
#define IN_TREE K "kernel/amdgpu.ko.zst"

static const uint8_t index_bin[] = {
	0xb0, 0x07, 0xf4, 0x57, 0x00, 0x02, 0x00, 0x01, 0x20, 0x00, 0x00, 0xc2, 's',  'c',  'h',
	'e',  'd',  0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 'k',	'e',  'r',  'n',
	'e',  'l',  '/',  'a',	'm',  'd',  '-',  's',	'c',  'h',  'e',  'd',	'.',  'k',  'o',
	':',  0x00, 'p',  'u',	0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x03, 'u',  'p',
	'd',  'a',  't',  'e',	's',  '/',  'd',  'k',	'm',  's',  '/',  'a',	'm',  'd',  'g',
	'p',  'u',  '.',  'k',	'o',  ':',  0x00, 'c',	'l',  0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
	0x00, 0x00, 0x02, 'k',	'e',  'r',  'n',  'e',	'l',  '/',  'a',  'm',	'd',  'k',  'c',
	'l',  '.',  'k',  'o',	':',  0x00, 'm',  'd',	0x00, '_',  'k',  0xc0, 0x00, 0x00, 0x0c,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0, 0x00,
	0x00, 0x2f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0,
	0x00, 0x00, 0x52, 't',	'm',  0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 'k',
	'e',  'r',  'n',  'e',	'l',  '/',  't',  't',	'm',  '.',  'k',  'o',	':',  0x00, 'a',
	't',  0xa0, 0x00, 0x00, 0x6f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0xc0, 0x00, 0x00, 0xa8,
};

static struct rd_text image;
static struct rd_image_content content;
static struct rd_error err;

static void teardown(void)
{
	rd_text_deinit(&image);
	rd_image_content_deinit(&content);
}

static int inspect(void *userdata, const uint8_t *data, size_t len, struct rd_copy *copy,
		   struct rd_error *e)
{
	(void)userdata;
	return rd_inspect_bytes(data, len, 0, NULL, copy, e);
}

static void look(void)
{
	static const struct rd_image_inspector inspector = { .inspect = inspect };
	/* An exact copy, so that a sanitizer sees each byte read beyond the end. */
	RD_CLEANUP(rd_freep) uint8_t *exact = malloc(image.len);

	memcpy(exact, image.data, image.len);
	rd_image_content_deinit(&content);
	content.image.path = strdup("/boot/i");
	ck_assert_int_eq(rd_image_inspect(exact, image.len, &inspector, &content, &err), 0);
}

/* @flags: R resolved, L loadable. */
static void expect(size_t i, const char *path, const char *flags, enum rd_verdict verdict)
{
	const struct rd_copy *copy = &content.copies.items[i];

	ck_assert_uint_lt(i, content.copies.n);
	ck_assert_str_eq(copy->path, path);
	ck_assert_msg(copy->is_resolved == !!strchr(flags, 'R'), "%s resolved", path);
	ck_assert_msg(copy->is_loadable == !!strchr(flags, 'L'), "%s loadable", path);
	ck_assert_int_eq(copy->verdict, verdict);
}

START_TEST(the_index_inside_decides)
{
	cpio_file(&image, DKMS, "patched 1");
	cpio_file(&image, IN_TREE, "no-sign 2");
	cpio_file(&image, K "modules.dep",
		  _i ? "kernel/amdgpu.ko.zst:\n" : "updates/dkms/amdgpu.ko: a.ko\n");
	cpio_end(&image);
	look();
	ck_assert_uint_eq(content.copies.n, 2);
	expect(0, "/boot/i:" DKMS, _i ? "" : "RL", RD_VERDICT_PATCHED);
	expect(1, "/boot/i:" IN_TREE, _i ? "RL" : "", RD_VERDICT_NO_SIGN);
	ck_assert_str_eq(content.image.kernel, "6.1");
	ck_assert_str_eq(content.image.format, "none");
	ck_assert_str_eq(content.image.resolved, _i ? IN_TREE : DKMS);
	ck_assert_int_eq(content.image.has_amdgpu, RD_PRESENCE_YES);
}
END_TEST

/* modprobe reads the binary index first, in whatever order they are packed. */
START_TEST(the_binary_index_wins)
{
	cpio_file(&image, DKMS, "no-sign 1");
	cpio_file(&image, IN_TREE, "no-sign 2");
	if (_i)
		cpio_put(&image, K "modules.dep.bin", 0100644, index_bin, sizeof(index_bin));
	cpio_file(&image, K "modules.dep", "kernel/amdgpu.ko.zst:\n");
	if (!_i)
		cpio_put(&image, K "modules.dep.bin", 0100644, index_bin, sizeof(index_bin));
	cpio_end(&image);
	look();
	expect(0, "/boot/i:" DKMS, "RL", RD_VERDICT_NO_SIGN);
	expect(1, "/boot/i:" IN_TREE, "", RD_VERDICT_NO_SIGN);
}
END_TEST

START_TEST(without_a_word_of_the_index_all_can_load)
{
	static const char *const indexes[] = { NULL, "updates/gone/amdgpu.ko:\n", "ttm.ko:\n" };

	cpio_file(&image, DKMS, "no-sign 1");
	cpio_file(&image, IN_TREE, "patched 2");
	if (indexes[_i])
		cpio_file(&image, K "modules.dep", indexes[_i]);
	cpio_end(&image);
	look();
	expect(0, "/boot/i:" DKMS, "L", RD_VERDICT_NO_SIGN);
	expect(1, "/boot/i:" IN_TREE, "L", RD_VERDICT_PATCHED);
}
END_TEST

/* lib/ is usr/lib/ only behind a link: two folders are two places. */
START_TEST(the_last_member_of_a_path_counts)
{
	cpio_file(&image, "lib/modules/6.1/a/amdgpu.ko", "patched 1");
	if (_i)
		cpio_link(&image, "lib", "usr/lib");
	cpio_file(&image, K "a/amdgpu.ko", "patched 2");
	cpio_file(&image, K "a/amdgpu.ko", "no-sign 3");
	cpio_end(&image);
	look();
	ck_assert_uint_eq(content.copies.n, _i ? 1 : 2);
	expect(content.copies.n - 1, "/boot/i:" K "a/amdgpu.ko", "L", RD_VERDICT_NO_SIGN);
}
END_TEST

START_TEST(no_amdgpu_is_a_fact)
{
	cpio_file(&image, K "kernel/ttm.ko", "no-sign");
	cpio_end(&image);
	look();
	ck_assert_uint_eq(content.copies.n, 0);
	ck_assert_int_eq(content.image.has_amdgpu, RD_PRESENCE_NO);
	ck_assert_str_eq(content.image.kernel, "6.1");

	image.len -= 8;
	look();
	ck_assert_int_eq(content.image.has_amdgpu, RD_PRESENCE_UNKNOWN);
	expect(0, "/boot/i", "L", RD_VERDICT_UNKNOWN);
}
END_TEST

START_TEST(modules_of_several_kernels)
{
	cpio_file(&image, "lib/modules/6.1/x/amdgpu.ko", "no-sign 1");
	cpio_file(&image, "lib/modules/6.2/x/amdgpu.ko", "no-sign 2");
	cpio_file(&image, "lib/modules/6.2/modules.dep", "x/amdgpu.ko:\n");
	cpio_file(&image, "lib/modules/amdgpu.ko", "no-sign 3");
	cpio_end(&image);
	look();
	ck_assert_ptr_null(content.image.kernel);
	expect(0, "/boot/i:lib/modules/6.1/x/amdgpu.ko", "L", RD_VERDICT_NO_SIGN);
	expect(1, "/boot/i:lib/modules/6.2/x/amdgpu.ko", "RL", RD_VERDICT_NO_SIGN);
	ck_assert_str_eq(content.copies.items[1].kernel, "6.2");
	ck_assert_ptr_null(content.copies.items[2].kernel);
}
END_TEST

static void put_unified(void)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text first = RD_TEXT_INIT, second = RD_TEXT_INIT;

	cpio_file(&first, DKMS, "patched 1");
	cpio_end(&first);
	cpio_file(&second, DKMS, "no-sign 2");
	cpio_end(&second);
	pe_put(&image,
	       (struct pe_section[]){
		       { .name = ".text", .data = "", .len = 0 },
		       { .name = ".uname", .data = "6.17.8-arch1-1\n", .len = 15 },
		       { .name = ".initrd", .data = first.data, .len = first.len },
		       { .name = ".profile", .data = "ID=two", .len = 6 },
		       { .name = ".initrd", .data = second.data, .len = second.len },
	       },
	       5);
}

/* Profiles choose among the sections: one does not take the other's members away. */
START_TEST(a_unified_kernel_image)
{
	put_unified();
	ck_assert(rd_image_is((const uint8_t *)image.data, image.len));
	look();
	ck_assert(content.image.is_uki);
	ck_assert_str_eq(content.image.kernel, "6.17.8-arch1-1");
	ck_assert_uint_eq(content.copies.n, 2);
	expect(0, "/boot/i:" DKMS, "L", RD_VERDICT_PATCHED);
	expect(1, "/boot/i:" DKMS, "L", RD_VERDICT_NO_SIGN);
}
END_TEST

START_TEST(a_unified_kernel_image_cut_anywhere)
{
	struct rd_uki uki = { 0 };

	put_unified();
	for (size_t len = 0; len < image.len - 512; len++) {
		RD_CLEANUP(rd_freep) uint8_t *cut = malloc(len ? len : 1);

		memcpy(cut, image.data, len);
		ck_assert_int_eq(rd_uki_read(cut, len, &uki, &err), RD_UKI_BAD);
	}
	ck_assert_int_eq(rd_uki_read((uint8_t *)image.data, image.len, &uki, &err), 0);
	ck_assert_uint_eq(uki.n, 2);
	ck_assert_uint_eq(uki.uname.len, 15);
}
END_TEST

/* Thirty sections of the same bytes are thirty times the work. */
START_TEST(sections_on_top_of_each_other)
{
	struct rd_uki uki = { 0 };

	put_unified();
	/* The offset in the file of the fifth section becomes that of the third. */
	memcpy(image.data + 104 + 40 * 4 + 20, image.data + 104 + 40 * 2 + 20, 4);
	ck_assert_int_eq(rd_uki_read((uint8_t *)image.data, image.len, &uki, &err), RD_UKI_BAD);
}
END_TEST

START_TEST(a_release_longer_than_any_name)
{
	RD_CLEANUP(rd_freep) char *release = malloc(300);

	memset(release, '6', 300);
	for (size_t len = 255; len <= 256; len++) {
		teardown();
		pe_put(&image,
		       (struct pe_section[]){ { .name = ".uname", .data = release, .len = len } },
		       1);
		look();
		ck_assert_int_eq(content.image.kernel != NULL, len == 255);
	}
}
END_TEST

/* Each is read to its end for every name: nobody makes a hundred of them. */
START_TEST(more_indexes_than_any_image_has)
{
	cpio_file(&image, DKMS, "no-sign");
	for (int i = 0; i < 100; i++)
		cpio_file(&image, K "modules.dep", "updates/dkms/amdgpu.ko:\n");
	cpio_end(&image);
	look();
	ck_assert_uint_eq(content.copies.n, 2);
	expect(1, "/boot/i", "L", RD_VERDICT_UNKNOWN);
}
END_TEST

START_TEST(one_member_once_more)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text member = RD_TEXT_INIT;

	cpio_file(&image, DKMS, "first");
	cpio_file(&image, DKMS, "second");
	cpio_end(&image);
	ck_assert_int_eq(
		rd_image_read_member((uint8_t *)image.data, image.len, DKMS, &member, &err), 0);
	ck_assert_uint_eq(member.len, 6);
	ck_assert_mem_eq(member.data, "second", 6);
	rd_text_deinit(&member);
	ck_assert_int_eq(rd_image_read_member((uint8_t *)image.data, image.len, "x", &member, &err),
			 RD_IMAGE_LOST);
}
END_TEST

static const struct {
	const char *module, *path;
} indexed[] = {
	{ "amdgpu", "updates/dkms/amdgpu.ko" },
	{ "amdkcl", "kernel/amdkcl.ko" },
	{ "amd_sched", "kernel/amd-sched.ko" },
	{ "ttm", "kernel/ttm.ko" },
	{ "amd", NULL },
	{ "amdgpux", NULL },
	{ "zlib", NULL },
	{ "", NULL },
};

START_TEST(what_depmod_wrote)
{
	RD_CLEANUP(rd_freep) char *path = NULL;

	ck_assert_int_eq(
		rd_module_index_find(index_bin, sizeof(index_bin), indexed[_i].module, &path), 0);
	if (indexed[_i].path)
		ck_assert_str_eq(path, indexed[_i].path);
	else
		ck_assert_ptr_null(path);
}
END_TEST

START_TEST(a_broken_index_says_nothing)
{
	for (size_t len = 0; len < sizeof(index_bin); len++) {
		RD_CLEANUP(rd_freep) uint8_t *cut = malloc(len ? len : 1);
		RD_CLEANUP(rd_freep) char *path = NULL;

		memcpy(cut, index_bin, len);
		ck_assert_int_eq(rd_module_index_find(cut, len, "amdgpu", &path), 0);
		ck_assert_ptr_null(path);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("image");
	TCase *tc = tcase_create("image");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_loop_test(tc, the_index_inside_decides, 0, 2);
	tcase_add_loop_test(tc, the_binary_index_wins, 0, 2);
	tcase_add_loop_test(tc, without_a_word_of_the_index_all_can_load, 0, 3);
	tcase_add_loop_test(tc, the_last_member_of_a_path_counts, 0, 2);
	tcase_add_test(tc, no_amdgpu_is_a_fact);
	tcase_add_test(tc, modules_of_several_kernels);
	tcase_add_test(tc, a_unified_kernel_image);
	tcase_add_test(tc, a_unified_kernel_image_cut_anywhere);
	tcase_add_test(tc, sections_on_top_of_each_other);
	tcase_add_test(tc, a_release_longer_than_any_name);
	tcase_add_test(tc, more_indexes_than_any_image_has);
	tcase_add_test(tc, one_member_once_more);
	tcase_add_loop_test(tc, what_depmod_wrote, 0, (int)RD_N_ELEMENTS(indexed));
	tcase_add_test(tc, a_broken_index_says_nothing);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
