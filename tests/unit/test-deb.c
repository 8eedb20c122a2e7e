/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Files out of packages that deb-fixture.py made, and dpkg's texts. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/deb.h"
#include "inspect/deb_status.h"

static const char *const formats[] = { "ustar", "gnu", "pax" };
static const char *const suffixes[] = { "", ".gz", ".xz", ".bz2", ".lzma", ".zst" };

static struct rd_text file;
static struct rd_error err;

/* The content of a fixture, in memory of exactly its size. */
static void read_fixture(const char *name)
{
	char path[4096];
	RD_CLEANUP(rd_fclosep) FILE *f = NULL;
	RD_CLEANUP(rd_freep) char *data = NULL;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", getenv("RD_FIXTURES"), name);
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s", path);
	ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
	len = (size_t)ftell(f);
	rewind(f);
	data = malloc(len);
	ck_assert_uint_eq(fread(data, 1, len, f), len);
	file = (struct rd_text){ .data = RD_TAKE_PTR(data), .len = len };
}

static int extract(const char *path, struct rd_text *text)
{
	return rd_deb_extract((const uint8_t *)file.data, file.len, path, text, &err);
}

static void expect(const char *path, const char *content, size_t len)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	ck_assert_msg(!extract(path, &text), "%s: %s", path, err.msg);
	ck_assert_uint_eq(text.len, len);
	ck_assert_mem_eq(text.data, content, len);
}

static void expect_none(const char *path, int code)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	ck_assert_int_eq(extract(path, &text), code);
	ck_assert_ptr_null(text.data);
	ck_assert_str_ne(err.msg, "");
}

/* The fixture's long name; ustar had room for a part of it only. */
static void long_path(const char *format, char *path, size_t size)
{
	const char *name;

	read_fixture("deb-fixtures");
	name = strtok(file.data, "\n");
	if (!strcmp(format, "ustar")) {
		for (int i = 0; i < 3; i++)
			name = strchr(name, '/') + 1;
	}
	snprintf(path, size, "/usr/src/x-1/%s", name);
	rd_text_deinit(&file);
}

START_TEST(every_format_and_compression)
{
	const char *format = formats[_i % 3], *suffix = suffixes[_i / 3];
	char name[64], path[1024], as[600];

	memset(as, 'a', sizeof(as));
	long_path(format, path, sizeof(path));
	snprintf(name, sizeof(name), "%s%s.deb", format, suffix);
	read_fixture(name);
	expect("/lib/modules/k/a.ko", as, sizeof(as));
	expect("/usr/lib/modules/k/a.ko", as, sizeof(as)); /* as a merged system calls it */
	expect("/lib/modules/k/a.ko.xz", "b", 1);
	expect(path, "long\n", 5);
	expect_none("/lib/modules/k/link.ko", RD_DEB_BAD);
	expect_none("/lib/modules/k", RD_DEB_ABSENT);
	expect_none("/modules/k/a.ko", RD_DEB_ABSENT);
	rd_text_deinit(&file);

	snprintf(name, sizeof(name), "%s%s.pkg", format, suffix);
	read_fixture(name);
	if (strcmp(suffix, ".lzma") != 0) { /* has no magic that tells it from a name */
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

		ck_assert_int_eq(rd_deb_extract_tar((const uint8_t *)file.data, file.len,
						    "/lib/modules/k/a.ko", &text, &err),
				 0);
		ck_assert_uint_eq(text.len, sizeof(as));
	}
	rd_text_deinit(&file);
}
END_TEST

static const char *const wrong[] = {
	"no-magic.deb", "version-3.deb",  "no-data.deb",	   "cut.deb",
	"checksum.deb", "cut-stream.deb", "other-compression.deb",
};

START_TEST(what_is_no_package)
{
	read_fixture(wrong[_i]);
	expect_none("/lib/modules/k/a.ko", RD_DEB_BAD);
	rd_text_deinit(&file);
}
END_TEST

START_TEST(every_cut_of_a_package)
{
	size_t len;

	read_fixture("pax.deb");
	len = file.len;
	for (size_t cut = 0; cut < len; cut += cut < 300 ? 1 : 97) {
		RD_CLEANUP(rd_freep) uint8_t *part = malloc(cut ? cut : 1);
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

		memcpy(part, file.data, cut);
		ck_assert_int_eq(rd_deb_extract(part, cut, "/not/there", &text, &err), RD_DEB_BAD);
	}
	rd_text_deinit(&file);
}
END_TEST

static const char status[] =
	"Package: libc6\nStatus: install ok installed\nArchitecture: i386\nVersion: 1\n\n"
	"Package: libc6\nStatus: install ok installed\nVersion: 2.36-9\nArchitecture: amd64\n"
	"Description: x\n Package: trap\n Version: 9\n\n"
	"Package: trap-dkms\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1:2-3\n\n"
	"Package: half\nStatus: install reinstreq half-installed\nVersion: 7\n\n"
	"Package: triggers\nStatus: install ok triggers-pending\nversion:  8\n";

static const struct {
	const char *package, *version, *architecture;
	bool is_unpacked;
} status_cases[] = {
	{ "libc6", "1", "i386", true },
	{ "libc6:amd64", "2.36-9", "amd64", true },
	{ "libc6:armhf", NULL, NULL, false },
	{ "trap", NULL, NULL, false },
	{ "trap-dkms", "1:2-3", "all", false },
	{ "half", "7", NULL, false },
	{ "triggers", "8", NULL, true },
	{ "lib", NULL, NULL, false },
	{ "", NULL, NULL, false },
};

START_TEST(stanzas)
{
	RD_CLEANUP(rd_deb_status_deinit) struct rd_deb_status found = RD_DEB_STATUS_INIT;
	const char *version = status_cases[_i].version;
	size_t len = sizeof(status) - 1;
	RD_CLEANUP(rd_freep) char *text = malloc(len);

	memcpy(text, status, len);
	ck_assert_int_eq(rd_deb_status_find(text, len, status_cases[_i].package, &found),
			 version ? 0 : RD_DEB_STATUS_ABSENT);
	ck_assert_pstr_eq(found.version, version);
	ck_assert_pstr_eq(found.architecture, status_cases[_i].architecture);
	ck_assert_int_eq(found.is_unpacked, status_cases[_i].is_unpacked);
}
END_TEST

static bool is_word(struct rd_deb_word word, const char *s)
{
	return word.len == strlen(s) && !memcmp(word.s, s, word.len);
}

START_TEST(diversions)
{
	static const char text[] = "/a\n/a.distrib\n:\n/b\n/b.old\npkg\n/c\n/c.half\n";
	struct rd_deb_diversion d;
	size_t pos = 0;

	ck_assert(rd_deb_diversion_next(text, sizeof(text) - 1, &pos, &d));
	ck_assert(is_word(d.from, "/a") && is_word(d.to, "/a.distrib") && is_word(d.package, ":"));
	ck_assert(rd_deb_diversion_next(text, sizeof(text) - 1, &pos, &d));
	ck_assert(is_word(d.from, "/b") && is_word(d.to, "/b.old") && is_word(d.package, "pkg"));
	ck_assert(!rd_deb_diversion_next(text, sizeof(text) - 1, &pos, &d));
	pos = 0;
	ck_assert(!rd_deb_diversion_next(NULL, 0, &pos, &d));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("deb");
	TCase *tc = tcase_create("deb");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, every_format_and_compression, 0,
			    (int)(RD_N_ELEMENTS(formats) * RD_N_ELEMENTS(suffixes)));
	tcase_add_loop_test(tc, what_is_no_package, 0, (int)RD_N_ELEMENTS(wrong));
	tcase_add_test(tc, every_cut_of_a_package);
	tcase_add_loop_test(tc, stanzas, 0, (int)RD_N_ELEMENTS(status_cases));
	tcase_add_test(tc, diversions);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
