/* SPDX-License-Identifier: GPL-2.0-or-later */

/* rpm's headers, put together by the definition of the format; the real tool's: tests/real. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "inspect/rpm_header.h"

#define SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MD5    "900150983cd24fb0d6963f7d28e17f72"
#define A_KO   "/usr/lib/modules/k/a.ko"

/* format_header.md: type and count, big-endian, and the values as they stand in the store. */
struct tag {
	uint32_t tag, type, count;
	const char *value;
	size_t len;
};

#define VALUE(text) text, sizeof(text)

enum { CHAR = 1, INT32 = 4, STRING = 6, STRINGS = 8 };

#define NAME                                          \
	{                                             \
		1000, STRING, 1, VALUE("kernel-core") \
	}
#define VERSION                                 \
	{                                       \
		1001, STRING, 1, VALUE("6.9.1") \
	}
#define RELEASE                                    \
	{                                          \
		1002, STRING, 1, VALUE("200.fc40") \
	}
#define FOLDERS                                                   \
	{                                                         \
		1118, STRINGS, 2, VALUE("/etc/\0/lib/modules/k/") \
	}
#define INDEXES                                                   \
	{                                                         \
		1116, INT32, 3, VALUE("\0\0\0\0\0\0\0\1\0\0\0\1") \
	}
#define FILES                                               \
	{                                                   \
		1117, STRINGS, 3, VALUE("a.ko\0b.ko\0a.ko") \
	}
#define DIGESTS                                        \
	{                                              \
		1035, STRINGS, 3, VALUE("\0\0" SHA256) \
	}
#define BY_SHA                                     \
	{                                          \
		5011, INT32, 1, VALUE("\0\0\0\10") \
	}

static void append_be32(struct rd_text *text, uint32_t v)
{
	const uint8_t bytes[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
				  (uint8_t)v };

	ck_assert_int_eq(rd_text_append(text, bytes, sizeof(bytes)), 0);
}

static struct rd_text make(const struct tag *tags, size_t n)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text values = RD_TEXT_INIT;
	struct rd_text text = RD_TEXT_INIT;
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += tags[i].len;
	append_be32(&text, (uint32_t)n);
	append_be32(&text, (uint32_t)len);
	for (size_t i = 0; i < n; i++) {
		append_be32(&text, tags[i].tag);
		append_be32(&text, tags[i].type);
		append_be32(&text, (uint32_t)values.len);
		append_be32(&text, tags[i].count);
		ck_assert_int_eq(rd_text_append(&values, tags[i].value, tags[i].len), 0);
	}
	ck_assert_int_eq(rd_text_append(&text, values.data, values.len), 0);
	return text;
}

static const struct {
	struct tag tags[9];
	int result;
	const char *digest;
	enum rd_digest kind;
} cases[] = {
	{ { NAME, VERSION, RELEASE, FOLDERS, INDEXES, FILES, DIGESTS, BY_SHA },
	  0,
	  SHA256,
	  RD_DIGEST_SHA256 },
	{ { NAME,
	    VERSION,
	    RELEASE,
	    FOLDERS,
	    INDEXES,
	    FILES,
	    { 1035, STRINGS, 3, VALUE("\0\0" MD5) } }, /* rpm before 4.6 */
	  0,
	  MD5,
	  RD_DIGEST_MD5 },
	{ { NAME,
	    VERSION,
	    RELEASE,
	    FOLDERS,
	    INDEXES,
	    FILES,
	    DIGESTS,
	    BY_SHA,
	    { 1029, CHAR, 3, VALUE("\0\0\0") } },
	  0,
	  SHA256,
	  RD_DIGEST_SHA256 },
	/* Replaced by another package's. */
	{ { NAME,
	    VERSION,
	    RELEASE,
	    FOLDERS,
	    INDEXES,
	    FILES,
	    DIGESTS,
	    BY_SHA,
	    { 1029, CHAR, 3, VALUE("\0\0\1") } },
	  RD_RPM_HEADER_ABSENT,
	  NULL,
	  0 },
	/* A digest of another length than its algorithm's; an algorithm that nobody knows. */
	{ { NAME, VERSION, RELEASE, FOLDERS, INDEXES, FILES, DIGESTS },
	  RD_RPM_HEADER_ABSENT,
	  NULL,
	  0 },
	{ { NAME,
	    VERSION,
	    RELEASE,
	    FOLDERS,
	    INDEXES,
	    FILES,
	    DIGESTS,
	    { 5011, INT32, 1, VALUE("\0\0\0\77") } },
	  RD_RPM_HEADER_ABSENT,
	  NULL,
	  0 },
	/* No files; a folder that is none; strings that do not end; numbers that are not there. */
	{ { NAME, VERSION, RELEASE }, RD_RPM_HEADER_ABSENT, NULL, 0 },
	{ { NAME,
	    VERSION,
	    RELEASE,
	    FOLDERS,
	    FILES,
	    DIGESTS,
	    BY_SHA,
	    { 1116, INT32, 3, VALUE("\0\0\0\0\0\0\0\1\377\377\377\377") } },
	  RD_RPM_HEADER_ABSENT,
	  NULL,
	  0 },
	{ { NAME,
	    VERSION,
	    RELEASE,
	    FOLDERS,
	    INDEXES,
	    DIGESTS,
	    BY_SHA,
	    { 1117, STRINGS, 0xffffffff, "zz", 2 } },
	  RD_RPM_HEADER_BAD,
	  NULL,
	  0 },
	{ { VERSION, RELEASE, FOLDERS, INDEXES, FILES, DIGESTS, BY_SHA },
	  RD_RPM_HEADER_BAD,
	  NULL,
	  0 },
};

START_TEST(headers)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_rpm_file_deinit) struct rd_rpm_file file = RD_RPM_FILE_INIT;
	RD_CLEANUP(rd_freep) uint8_t *exact = NULL;
	size_t n = 0;

	while (n < RD_N_ELEMENTS(cases[_i].tags) && cases[_i].tags[n].tag)
		n++;
	text = make(cases[_i].tags, n);
	exact = malloc(text.len);
	memcpy(exact, text.data, text.len);
	ck_assert_int_eq(rd_rpm_header_find(exact, text.len, A_KO, &file), cases[_i].result);
	if (cases[_i].result)
		return;
	ck_assert_str_eq(file.name, "kernel-core");
	ck_assert_str_eq(file.version, "6.9.1-200.fc40");
	ck_assert_str_eq(file.digest, cases[_i].digest);
	ck_assert_int_eq(file.kind, cases[_i].kind);
	ck_assert_int_eq(rd_rpm_header_find(exact, text.len, "/lib/modules/k/c.ko", &file),
			 RD_RPM_HEADER_ABSENT);
}
END_TEST

/* Whatever is cut off or changed: an answer, and no byte read beyond the end. */
START_TEST(hostile_headers)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = make(cases[0].tags, 8);

	for (size_t cut = 0; cut < text.len; cut++) {
		RD_CLEANUP(rd_rpm_file_deinit) struct rd_rpm_file file = RD_RPM_FILE_INIT;
		RD_CLEANUP(rd_freep) uint8_t *part = malloc(cut ? cut : 1);

		memcpy(part, text.data, cut);
		ck_assert_int_eq(rd_rpm_header_find(part, cut, A_KO, &file), RD_RPM_HEADER_BAD);
	}
	for (size_t i = 0; i < 8 * text.len; i++) {
		RD_CLEANUP(rd_rpm_file_deinit) struct rd_rpm_file file = RD_RPM_FILE_INIT;
		RD_CLEANUP(rd_freep) uint8_t *changed = malloc(text.len);

		memcpy(changed, text.data, text.len);
		changed[i / 8] ^= (uint8_t)(1u << i % 8);
		ck_assert_int_ge(rd_rpm_header_find(changed, text.len, A_KO, &file), 0);
	}
}
END_TEST

/* A million files of one name in the last of a million folders: looked through, not multiplied. */
START_TEST(many_files_of_one_name)
{
	enum { N = 1 << 20 };
	RD_CLEANUP(rd_text_deinit) struct rd_text bases = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_rpm_file_deinit) struct rd_rpm_file file = RD_RPM_FILE_INIT;
	RD_CLEANUP(rd_freep) char *folders = calloc(1, N), *indexes = calloc(4, N);
	struct tag tags[] = { NAME,
			      VERSION,
			      RELEASE,
			      { 1118, STRINGS, N, folders, N },
			      { 1116, INT32, N, indexes, (size_t)4 * N },
			      { 1117, STRINGS, N, NULL, 0 },
			      DIGESTS,
			      BY_SHA };

	for (size_t i = 0; i < N; i++) {
		memcpy(indexes + 4 * i, "\0\17\377\377", 4);
		ck_assert_int_eq(rd_text_append(&bases, "a.ko", 5), 0);
	}
	tags[5].value = bases.data;
	tags[5].len = bases.len;
	text = make(tags, RD_N_ELEMENTS(tags));
	ck_assert_int_eq(rd_rpm_header_find((uint8_t *)text.data, text.len, A_KO, &file),
			 RD_RPM_HEADER_ABSENT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rpm-header");
	TCase *tc = tcase_create("rpm-header");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, headers, 0, (int)RD_N_ELEMENTS(cases));
	tcase_add_test(tc, hostile_headers);
	tcase_add_test(tc, many_files_of_one_name);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
