/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What recovery writes down and believes again: manifests, plans, paths; and what it refuses. */

#include <check.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "recovery/manifest.h"
#include "recovery/plan.h"

static struct rd_error err;

/* A record around @lines, closed as the format's definition says, not by the project's code. */
static void wrap(struct rd_text *text, const char *kind, const char *version, const char *lines)
{
	unsigned char raw[SHA256_DIGEST_LENGTH];
	unsigned int n = 0;

	for (const char *p = lines; *p; p++)
		n += *p == '\n';
	ck_assert_int_eq(rd_text_printf(text, "rdna1-doctor: %s %s\n%s", kind, version, lines), 0);
	SHA256((const unsigned char *)text->data, text->len, raw);
	rd_text_printf(text, "end %u ", n);
	for (size_t i = 0; i < sizeof(raw); i++)
		rd_text_printf(text, "%02x", raw[i]);
	rd_text_puts(text, "\n");
}

static int parse_manifest(const char *version, const char *lines, struct rd_manifest *manifestp)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	wrap(&text, "manifest", version, lines);
	return rd_manifest_parse(&text, manifestp, &err);
}

#define HEX  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEAD "0644 0 0 1.000000000 2.000000000 "
#define TREE "folder 0755 0 0 1.000000000 2.000000000 "

START_TEST(a_manifest_comes_back_as_it_was)
{
	static const char lines[] =
		"parent 0755 0 0 -5.000000001 1700000000.123456789 lib/modules/6.1/updates\n"
		"made var/lib/dkms/amdgpu\n"
		"names lib/modules/6.1/modules.\n"
		"folder 2750 1 4294967295 1.000000000 2.000000000 usr/src/amdgpu-1\n"
		"file 4755 0 0 1.000000000 2.000000000 usr/src/amdgpu-1/a%20b%0a%ff 3 " HEX "\n"
		"xattr security.selinux 610062\n"
		"xattr user.empty %\n"
		"link 0777 0 0 1.000000000 2.000000000 usr/src/amdgpu-1/source ../x%25y\n"
		"absent boot/initrd.img-6.1\n";
	RD_CLEANUP(rd_manifest_deinit) struct rd_manifest manifest = RD_MANIFEST_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text expected = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	ck_assert_msg(!parse_manifest("1", lines, &manifest), "%s", err.msg);
	ck_assert_uint_eq(manifest.n, 7);
	ck_assert_str_eq(manifest.items[4].path, "usr/src/amdgpu-1/a b\n\xff");
	ck_assert_uint_eq(manifest.items[4].mode, 04755);
	ck_assert_uint_eq(manifest.items[4].xattrs.items[0].len, 3);
	ck_assert_int_eq(memcmp(manifest.items[4].xattrs.items[0].value, "a\0b", 3), 0);
	ck_assert_int_eq(manifest.items[0].atime.tv_sec, -5);
	ck_assert_str_eq(manifest.items[5].target, "../x%y");
	ck_assert_uint_eq(rd_manifest_after(&manifest, 3), 6);
	ck_assert_ptr_null(rd_manifest_find(&manifest, "var/lib/dkms/amdgpu"));

	ck_assert_int_eq(rd_manifest_format(&manifest, &text, &err), 0);
	wrap(&expected, "manifest", "1", lines);
	ck_assert_str_eq(text.data, expected.data);
}
END_TEST

static const char *const bad_manifests[] = {
	"file " HEAD "etc/passwd 0 " HEX "\n",
	"file " HEAD "/boot/x 0 " HEX "\n",
	"file " HEAD "boot/../etc/passwd 0 " HEX "\n",
	"file " HEAD "boot//x 0 " HEX "\n",
	"file " HEAD "boot/ 0 " HEX "\n",
	"file " HEAD "boot 0 " HEX "\n",
	"absent lib/modules/6.1\n",
	"absent var/lib/dkms/amdgpu\n",
	"absent boot/.rdna1-doctor.new\n",
	"parent 0755 0 0 1.000000000 2.000000000 home/user\n",
	"made lib\n",
	"names boot/./x\n",
	"absent boot/a\nabsent boot/a\n",
	"absent usr/src/a\nabsent usr/src/a/b\n",
	"absent usr/src/a/b\n" TREE "usr/src/a\n",
	TREE "usr/src/a\nabsent usr/src/a/x/y\n",
	TREE "usr/src/a\nabsent usr/src/a/y\nabsent usr/src/a/x\n",
	TREE "usr/src/a\nabsent boot/b\nabsent usr/src/a/x\n",
	"file 644 0 0 1.000000000 2.000000000 boot/x 0 " HEX "\n",
	"file 0648 0 0 1.000000000 2.000000000 boot/x 0 " HEX "\n",
	"file 0644 -1 0 1.000000000 2.000000000 boot/x 0 " HEX "\n",
	"file 0644 0 4294967296 1.000000000 2.000000000 boot/x 0 " HEX "\n",
	"file 0644 0 0 1.0 2.000000000 boot/x 0 " HEX "\n",
	"file " HEAD "boot/x 01 " HEX "\n",
	"file " HEAD "boot/x 0 abc\n",
	"file " HEAD
	"boot/x 0 ../../../../../../../../etc/shadow/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	"file " HEAD "boot/x 0\n",
	"link " HEAD "boot/x\n",
	"device boot/x\n",
	"xattr user.a 61\n",
	"absent boot/x\nxattr user.a 6\n",
	"absent boot/x\nxattr user.a 6g\n",
	"absent boot/x\nxattr user.a\n",
	"absent  boot/x\n",
	"absent boot/x \n",
	"absent boot/%00\n",
	"absent boot/%41\n",
	"absent boot/%4\n",
	"absent boot/\"x\n",
	"\n",
};

START_TEST(a_manifest_of_others_is_refused)
{
	RD_CLEANUP(rd_manifest_deinit) struct rd_manifest manifest = RD_MANIFEST_INIT;

	ck_assert_msg(parse_manifest("1", bad_manifests[_i], &manifest) == -EBADMSG, "%s taken",
		      bad_manifests[_i]);
	ck_assert_msg(!strncmp(err.msg, "line ", 5), "%s", err.msg);
	ck_assert_uint_eq(manifest.n, 0);
}
END_TEST

START_TEST(a_later_version_is_named_as_one)
{
	RD_CLEANUP(rd_manifest_deinit) struct rd_manifest manifest = RD_MANIFEST_INIT;

	ck_assert_int_eq(parse_manifest("2", "absent boot/x\n", &manifest), -EPROTO);
	ck_assert_ptr_nonnull(strstr(err.msg, "version 2"));
	ck_assert_int_eq(parse_manifest("10", "", &manifest), -EPROTO);
}
END_TEST

START_TEST(each_byte_that_is_cut_off_or_changed_is_missed)
{
	static const char lines[] = "absent boot/x\nabsent boot/y\n";
	RD_CLEANUP(rd_text_deinit) struct rd_text whole = RD_TEXT_INIT;

	wrap(&whole, "manifest", "1", lines);
	for (size_t i = 0; i < 2 * whole.len; i++) {
		RD_CLEANUP(rd_manifest_deinit) struct rd_manifest manifest = RD_MANIFEST_INIT;
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		bool is_cut = i < whole.len;

		rd_text_append(&text, whole.data, is_cut ? i : whole.len);
		if (!is_cut)
			text.data[i - whole.len] ^= 1;
		ck_assert_int_lt(rd_manifest_parse(&text, &manifest, &err), 0);
	}
}
END_TEST

START_TEST(only_places_of_drivers_may_be_changed)
{
	static const struct {
		const char *path;
		bool is_good;
	} cases[] = {
		{ "usr/src/amdgpu-6.16/amd/amdkfd/kfd_crat.c", true },
		{ "usr/lib/modules/6.1/updates/dkms/amdgpu.ko.zst", true },
		{ "var/lib/dkms/amdgpu/kernel-6.1-x86_64", true },
		{ "boot/initrd.img-6.1", true },
		{ "boot/efi/EFI/Linux/a.efi", true },
		{ "etc/modprobe.d/amdgpu.conf", true },
		{ "boot/...", true },
		{ "", false },
		{ "usr/src", false },
		{ "usr/src/", false },
		{ "usr/lib/modules/6.1", false },
		{ "usr/lib/modules/6.1/..", false },
		{ "usr/lib/modules/../6.1/x", false },
		{ "bootx/a", false },
		{ "usr/bin/x", false },
		{ "boot/a/.rdna1-doctor.old/x", false },
	};
	char longest[5000];

	for (size_t i = 0; i < RD_N_ELEMENTS(cases); i++)
		ck_assert_msg(!rd_path_check(cases[i].path, &err) == cases[i].is_good, "%s",
			      cases[i].path);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "boot/", 5);
	longest[5 + 255] = '\0';
	ck_assert_int_eq(rd_path_check(longest, &err), 0);
	longest[5 + 255] = 'a';
	longest[5 + 256] = '\0';
	ck_assert_int_eq(rd_path_check(longest, &err), -EBADMSG);
	longest[5 + 256] = 'a';
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_int_eq(rd_path_check(longest, &err), -EBADMSG);
}
END_TEST

static const char good_plan[] = "note method source\n"
				"note text %c3%a4%20b\n"
				"point 40-installed\n"
				"phase 30-built tool\n"
				"phase 40-installed\n"
				"put lib/modules/6.1/updates/amdgpu.ko 30-built/a/amdgpu.ko\n"
				"remove var/lib/dkms/amdgpu/1\n"
				"phase 50-depmod tool\n"
				"writes lib/modules/6.1/modules.\n";

START_TEST(a_plan_comes_back_as_it_was)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text expected = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;

	wrap(&text, "plan", "1", good_plan);
	ck_assert_msg(!rd_plan_parse(&text, &plan, &err), "%s", err.msg);
	ck_assert_uint_eq(plan.n, 3);
	ck_assert(plan.items[0].has_tool && !plan.items[1].has_tool);
	ck_assert_str_eq(rd_notes_get(&plan.notes, "text"), "\xc3\xa4 b");
	ck_assert_ptr_null(rd_notes_get(&plan.notes, "none"));
	rd_text_deinit(&text);
	ck_assert_int_eq(rd_plan_format(&plan, &text, &err), 0);
	wrap(&expected, "plan", "1", good_plan);
	ck_assert_str_eq(text.data, expected.data);
}
END_TEST

#define PHASE "point 40-installed\nphase 40-installed tool\n"

static const char *const bad_plans[] = {
	"put boot/a 30-built/a\n",
	"point 90-armed\n",
	"point 00-intent\n",
	"point 41-other\n",
	"phase 90-armed\n",
	"phase 99-unknown\n",
	"phase 50-depmod\nphase 40-installed\n",
	"phase 40-installed\nphase 40-installed\n",
	"phase 40-installed maybe\n",
	"phase 40-installed\nwrites lib/modules/6.1/modules.\n",
	PHASE "put boot/a 30-built/../../../etc/x\n",
	PHASE "put boot/a /etc/x\n",
	PHASE "put boot/a x\n",
	PHASE "put boot/a x//y\n",
	PHASE "put boot/a x/\n",
	PHASE "put boot/a x/..\n",
	PHASE "put boot/a ./x\n",
	PHASE "put etc/passwd 30-built/a\n",
	PHASE "put boot/a\n",
	PHASE "remove boot/a x\n",
	PHASE "remove boot/a\nremove boot/a\n",
	PHASE "remove usr/src/a/b\nput usr/src/a x/y\n",
	PHASE "writes boot/init\nput boot/initrd x/y\n",
	PHASE "remove boot/a\nphase 70-removed\nremove boot/a\n",
	"note a\n",
};

START_TEST(a_plan_of_others_is_refused)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;

	wrap(&text, "plan", "1", bad_plans[_i]);
	ck_assert_msg(rd_plan_parse(&text, &plan, &err) == -EBADMSG, "%s taken", bad_plans[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recovery-format");
	TCase *tc = tcase_create("recovery-format");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, a_manifest_comes_back_as_it_was);
	tcase_add_loop_test(tc, a_manifest_of_others_is_refused, 0, RD_N_ELEMENTS(bad_manifests));
	tcase_add_test(tc, a_later_version_is_named_as_one);
	tcase_add_test(tc, each_byte_that_is_cut_off_or_changed_is_missed);
	tcase_add_test(tc, only_places_of_drivers_may_be_changed);
	tcase_add_test(tc, a_plan_comes_back_as_it_was);
	tcase_add_loop_test(tc, a_plan_of_others_is_refused, 0, RD_N_ELEMENTS(bad_plans));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
