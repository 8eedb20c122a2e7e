/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The function compare on small modules of our own: compare-one.c and compare-two.c, linked with
 * ld -r. Each variant carries one edit, so what must be named is known from the source.
 * Built modules lie in $COMPARE_FIXTURES.
 */

#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "inspect/compare.h"

#define MAX_NAMES 4

static const struct {
	const char *variant;
	struct {
		enum rd_difference_kind kind;
		const char *name; /* "counter." fits counter.123 */
	} wanted[MAX_NAMES];
} variants[] = {
	/* Another order of the link, a rebuild elsewhere: the same. */
	{ "plain", { { 0 } } },
	{ "reordered", { { 0 } } },
	{ "folder", { { 0 } } },

	/* One edit, one name, wherever the rest moved. */
	{ "grown", { { RD_DIFFERENCE_DIFFERS, "grows" } } },
	{ "inserted", { { RD_DIFFERENCE_ONLY_B, "inserted" } } },
	{ "namesake", { { RD_DIFFERENCE_IMMEDIATES, "namesake" } } },
	{ "static_callee", { { RD_DIFFERENCE_DIFFERS, "calls_static" } } },
	{ "callee", { { RD_DIFFERENCE_DIFFERS, "calls_external" } } },
	{ "immediate", { { RD_DIFFERENCE_IMMEDIATES, "immediate" } } },
	{ "line", { { RD_DIFFERENCE_IMMEDIATES, "line" } } },
	{ "text", { { RD_DIFFERENCE_DIFFERS, "text" } } },
	{ "file", { { RD_DIFFERENCE_DIFFERS, "other_path" } } },
	{ "table", { { RD_DIFFERENCE_DIFFERS, "table" } } },
	{ "pointer", { { RD_DIFFERENCE_DIFFERS, "pointers" } } },
	{ "state", { { RD_DIFFERENCE_DIFFERS, "compares_state" } } },
	{ "more_helpers", { { RD_DIFFERENCE_DIFFERS, "counts" } } },
	{ "constant", { { RD_DIFFERENCE_DIFFERS, "constant" } } },
	{ "return", { { RD_DIFFERENCE_DIFFERS, "jumps" } } },
	{ "short_jump", { { RD_DIFFERENCE_DIFFERS, "jumps_near" } } },
	{ "unnamed", { { RD_DIFFERENCE_DIFFERS, "jumps_near" } } },
	{ "entry", { { RD_DIFFERENCE_DIFFERS, "jumps" } } },
	{ "alias", { { RD_DIFFERENCE_DIFFERS, ".modinfo" } } },
};

struct file {
	uint8_t *data;
	size_t len;
};

static struct file read_file(const char *variant, const char *suffix)
{
	const char *dir = getenv("COMPARE_FIXTURES");
	struct file file = { .data = NULL };
	char path[4096];
	struct stat st;
	int fd;

	ck_assert_ptr_nonnull(dir);
	snprintf(path, sizeof(path), "%s/compare-%s%s.ko", dir, variant, suffix);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0 && !fstat(fd, &st), "%s", path);
	file.len = (size_t)st.st_size;
	file.data = malloc(file.len);
	ck_assert_ptr_nonnull(file.data);
	ck_assert_int_eq(read(fd, file.data, file.len), (ssize_t)file.len);
	close(fd);
	return file;
}

static void compare(struct file a, struct file b, unsigned int flags, struct rd_comparison *out)
{
	struct rd_error err = RD_ERROR_INIT;

	ck_assert_int_eq(rd_compare_bytes(a.data, a.len, b.data, b.len, flags, out, &err), 0);
}

static bool is_name(const char *name, const char *wanted)
{
	size_t n = strlen(wanted);

	return wanted[n - 1] == '.' ? !strncmp(name, wanted, n) : !strcmp(name, wanted);
}

static void check_variant(int i, const char *suffix, const char *reference)
{
	struct file a = read_file(reference, ""), b = read_file(variants[i].variant, suffix);
	struct rd_comparison out = RD_COMPARISON_INIT;
	size_t n = 0;

	compare(a, b, 0, &out);
	ck_assert_msg(out.is_comparable, "%s", out.reason);
	ck_assert_uint_gt(out.functions, 15);
	ck_assert_uint_gt(out.objects, 3);
	for (; n < MAX_NAMES && variants[i].wanted[n].name; n++) {
		ck_assert_msg(n < out.differences.n, "%s: %s is missed", variants[i].variant,
			      variants[i].wanted[n].name);
		ck_assert_msg(is_name(out.differences.items[n].name, variants[i].wanted[n].name),
			      "%s: %s (%s)", variants[i].variant, out.differences.items[n].name,
			      out.differences.items[n].detail);
		ck_assert_msg(out.differences.items[n].kind == variants[i].wanted[n].kind,
			      "%s: %s: %s (%s)", variants[i].variant, out.differences.items[n].name,
			      rd_difference_kind_name(out.differences.items[n].kind),
			      out.differences.items[n].detail);
	}
	ck_assert_msg(out.differences.n == n, "%s: %s too (%s)", variants[i].variant,
		      n < out.differences.n ? out.differences.items[n].name : "",
		      n < out.differences.n ? out.differences.items[n].detail : "");
	rd_comparison_deinit(&out);
	free(a.data);
	free(b.data);
}

START_TEST(test_variant)
{
	check_variant(_i, "", "plain");
}
END_TEST

/* The edit and the other order of the link at once. */
START_TEST(test_variant_reordered)
{
	check_variant(_i, "-reordered", "plain");
}
END_TEST

START_TEST(test_compressed)
{
	struct file a = read_file("plain", ""), b = read_file("callee", ".xz");
	struct rd_comparison out = RD_COMPARISON_INIT;

	compare(a, b, 0, &out);
	ck_assert(out.is_comparable);
	ck_assert_uint_eq(out.differences.n, 1);
	ck_assert_str_eq(out.differences.items[0].name, "calls_external");
	ck_assert(out.differences.items[0].is_function);
	ck_assert_ptr_nonnull(strstr(out.differences.items[0].detail, "external_a"));
	ck_assert_ptr_nonnull(strstr(out.differences.items[0].detail, "external_b"));
	rd_comparison_deinit(&out);
	free(a.data);
	free(b.data);
}
END_TEST

static const struct {
	const char *variant;
	const char *reason[2];
	bool is_forced; /* whether force makes it comparable */
} refusals[] = {
	{ "vermagic", { "6.1.0-1-amd64", "6.1.0-2-amd64" }, true },
	{ "compiler", { "compiler", "Another compiler 1.2" }, true },
	{ "stripped", { "symbol", "B" }, false },
	{ "unneeded", { "static functions", "B" }, false },
};

START_TEST(test_refusal)
{
	struct file a = read_file("plain", ""), b = read_file(refusals[_i].variant, "");
	struct rd_comparison out = RD_COMPARISON_INIT;

	compare(a, b, 0, &out);
	ck_assert(!out.is_comparable);
	ck_assert_ptr_nonnull(out.reason);
	for (size_t i = 0; i < 2; i++)
		ck_assert_msg(strstr(out.reason, refusals[_i].reason[i]) != NULL, "%s", out.reason);
	ck_assert_uint_eq(out.differences.n, 0);
	rd_comparison_deinit(&out);

	compare(a, b, RD_COMPARE_FORCE, &out);
	ck_assert_int_eq(out.is_comparable, refusals[_i].is_forced);
	ck_assert_ptr_nonnull(out.reason);
	ck_assert_uint_eq(out.differences.n, 0);
	rd_comparison_deinit(&out);
	free(a.data);
	free(b.data);
}
END_TEST

/* The machine in the file header; level 1 needs no other change to look at a file of another. */
static void set_machine(struct file *file, uint16_t machine)
{
	memcpy(file->data + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof(machine));
}

START_TEST(test_machine)
{
	struct file a = read_file("plain", ""), b = read_file("plain", "");
	struct file moved = read_file("grown", "");
	struct rd_comparison out = RD_COMPARISON_INIT;

	set_machine(&b, EM_AARCH64);
	compare(a, b, RD_COMPARE_FORCE, &out);
	ck_assert(!out.is_comparable);
	ck_assert_ptr_nonnull(strstr(out.reason, "aarch64"));
	rd_comparison_deinit(&out);

	set_machine(&a, EM_AARCH64);
	compare(a, b, 0, &out);
	ck_assert_msg(out.is_comparable, "%s", out.reason);
	ck_assert_uint_eq(out.differences.n, 0);
	rd_comparison_deinit(&out);

	/* Branches of this machine cannot be followed, so "equal" would be a guess. */
	set_machine(&moved, EM_AARCH64);
	compare(a, moved, 0, &out);
	ck_assert(!out.is_comparable);
	ck_assert_ptr_nonnull(strstr(out.reason, "moved"));
	rd_comparison_deinit(&out);
	free(a.data);
	free(b.data);
	free(moved.data);
}
END_TEST

/* Whatever the bytes are: an answer. Every 97th length and every 13th byte of a module. */
START_TEST(test_damaged)
{
	struct file a = read_file("plain", ""), b = read_file("plain", "");
	struct rd_comparison out = RD_COMPARISON_INIT;

	for (size_t len = 0; len < b.len; len += 97) {
		compare(a, (struct file){ b.data, len }, 0, &out);
		ck_assert(!out.is_comparable && out.reason);
		rd_comparison_deinit(&out);
	}
	for (size_t i = 0; i < b.len; i += 13) {
		b.data[i] ^= 0xff;
		compare(a, b, RD_COMPARE_FORCE, &out);
		ck_assert(out.is_comparable || out.reason);
		rd_comparison_deinit(&out);
		compare(b, a, RD_COMPARE_FORCE, &out);
		rd_comparison_deinit(&out);
		b.data[i] ^= 0xff;
	}
	free(a.data);
	free(b.data);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("compare");
	TCase *tc = tcase_create("compare");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_variant, 0, RD_N_ELEMENTS(variants));
	tcase_add_loop_test(tc, test_variant_reordered, 0, RD_N_ELEMENTS(variants));
	tcase_add_test(tc, test_compressed);
	tcase_add_loop_test(tc, test_refusal, 0, RD_N_ELEMENTS(refusals));
	tcase_add_test(tc, test_machine);
	tcase_add_test(tc, test_damaged);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
