/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Errors, arrays, name tables and text: src/base. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/name.h"
#include "base/text.h"

START_TEST(error_carries_number_and_text)
{
	struct rd_error err = RD_ERROR_INIT;

	ck_assert_int_eq(rd_error_set(&err, ENOENT, "open %s", "/x"), -ENOENT);
	ck_assert_int_eq(err.errnum, ENOENT);
	ck_assert_str_eq(err.msg, "open /x");
	ck_assert_int_eq(rd_error_set(NULL, EIO, "nobody reads this"), -EIO);
}
END_TEST

START_TEST(error_prefixes_stack_outermost_first)
{
	struct rd_error err = RD_ERROR_INIT;

	rd_error_set(&err, EIO, "short read");
	ck_assert_int_eq(rd_error_prefix(&err, 7, "module %d", 1), 7);
	rd_error_prefix(&err, 0, "check");
	ck_assert_str_eq(err.msg, "check: module 1: short read");
}
END_TEST

START_TEST(error_prefix_never_overflows)
{
	struct rd_error err = RD_ERROR_INIT;
	char name[1000];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	rd_error_set(&err, EIO, "%s", name);
	for (int i = 0; i < 5; i++)
		rd_error_prefix(&err, 0, "%s", name);
	ck_assert_uint_lt(strlen(err.msg), sizeof(err.msg));
	ck_assert_int_eq(err.msg[0], 'n');

	rd_error_set(&err, EIO, "%s", name);
	rd_error_prefix(&err, 0, "file");
	ck_assert_int_eq(strncmp(err.msg, "file: nnn", 9), 0);
	ck_assert_uint_eq(strlen(err.msg), sizeof(err.msg) - 1);
}
END_TEST

START_TEST(array_refuses_what_does_not_fit)
{
	RD_CLEANUP(rd_freep) int *items = NULL;
	size_t cap = 0;

	ck_assert_int_eq(rd_array_grow(&items, &cap, 100, sizeof(*items)), 0);
	ck_assert_uint_ge(cap, 100);
	items[99] = 1;
	ck_assert_int_eq(rd_array_grow(&items, &cap, SIZE_MAX / 2, sizeof(*items)), -ENOMEM);
	ck_assert_int_eq(items[99], 1);
}
END_TEST

START_TEST(names_work_both_ways)
{
	static const struct rd_name table[] = {
		{ .name = "one", .value = 1 },
		{ .name = "two", .value = 2 },
	};

	ck_assert_str_eq(rd_name_of(table, 2, 2), "two");
	ck_assert_str_eq(rd_name_of(table, 2, 3), "?");
	ck_assert_int_eq(rd_name_find(table, 2, "one"), 1);
	ck_assert_int_eq(rd_name_find(table, 2, "three"), -1);
}
END_TEST

static const struct {
	const char *in, *out;
} escapes[] = {
	{ "plain text", "plain text" },
	{ "\x1b[31mred", "\\x1b[31mred" },
	{ "a\nb\tc\r", "a\\x0ab\\x09c\\x0d" },
	{ "del\x7f", "del\\x7f" },
	{ "caf\xc3\xa9", "caf\xc3\xa9" }, /* U+00E9 */
	{ "c1 \xc2\x9b", "c1 \\xc2\\x9b" }, /* U+009B, CSI */
	{ "bidi \xe2\x80\xae", "bidi \\xe2\\x80\\xae" }, /* U+202E */
	{ "overlong \xc0\xaf", "overlong \\xc0\\xaf" }, /* RFC 3629: never valid */
	{ "surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80" },
	{ "cut \xe2\x82", "cut \\xe2\\x82" },
	{ "four \xf0\x9f\x99\x82", "four \xf0\x9f\x99\x82" }, /* U+1F642 */
	{ "past \xf4\x90\x80\x80", "past \\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
};

START_TEST(escape_leaves_nothing_to_a_terminal)
{
	RD_CLEANUP(rd_freep) char *out = rd_text_escape(escapes[_i].in);

	ck_assert_ptr_nonnull(out);
	ck_assert_str_eq(out, escapes[_i].out);
}
END_TEST

START_TEST(hex_is_lower_case)
{
	RD_CLEANUP(rd_freep) char *hex = rd_text_hex("\x00\xff\x1a", 3);

	ck_assert_str_eq(hex, "00ff1a");
}
END_TEST

START_TEST(numbers_are_whole_strings)
{
	uint64_t v = 7;

	ck_assert(rd_text_parse_u64("731F", 16, &v));
	ck_assert_uint_eq(v, 0x731f);
	ck_assert(rd_text_parse_u64(" 0x731f\n", 16, &v));
	ck_assert(rd_text_parse_u64("18446744073709551615", 10, &v));
	ck_assert_uint_eq(v, UINT64_MAX);
	v = 7;
	ck_assert(!rd_text_parse_u64("18446744073709551616", 10, &v));
	ck_assert(!rd_text_parse_u64("-1", 10, &v));
	ck_assert(!rd_text_parse_u64("", 10, &v));
	ck_assert(!rd_text_parse_u64("12 monkeys", 10, &v));
	ck_assert_uint_eq(v, 7);
}
END_TEST

START_TEST(fill_respects_its_cap)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_error err = RD_ERROR_INIT;
	RD_CLEANUP(rd_closep) int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(rd_text_puts(&text, "kept"), 0);
	ck_assert_int_eq(rd_text_fill(&text, fd, 10000, &err), RD_TEXT_TOO_LARGE);
	ck_assert_str_eq(text.data, "kept");
	ck_assert_uint_eq(text.len, 4);
}
END_TEST

START_TEST(suffixes_and_spaces)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	ck_assert(rd_text_has_suffix("amdgpu.ko.xz", ".xz"));
	ck_assert(!rd_text_has_suffix("xz", ".xz"));
	ck_assert_int_eq(rd_text_puts(&text, " a b \n\n"), 0);
	rd_text_rstrip(&text);
	ck_assert_str_eq(text.data, " a b");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("base");
	TCase *tc = tcase_create("base");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, error_carries_number_and_text);
	tcase_add_test(tc, error_prefixes_stack_outermost_first);
	tcase_add_test(tc, error_prefix_never_overflows);
	tcase_add_test(tc, array_refuses_what_does_not_fit);
	tcase_add_test(tc, names_work_both_ways);
	tcase_add_loop_test(tc, escape_leaves_nothing_to_a_terminal, 0,
			    (int)RD_N_ELEMENTS(escapes));
	tcase_add_test(tc, hex_is_lower_case);
	tcase_add_test(tc, numbers_are_whole_strings);
	tcase_add_test(tc, fill_respects_its_cap);
	tcase_add_test(tc, suffixes_and_spaces);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
