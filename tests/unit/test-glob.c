/* SPDX-License-Identifier: GPL-2.0-or-later */

/* rd_system_glob(): what the shell's own patterns would find, below the root and nowhere else. */

#include "tree.h"

struct met {
	char paths[1024]; /* joined by blanks */
	int result;
};

static int meet(void *userdata, const char *path, struct rd_error *err)
{
	struct met *met = userdata;
	size_t n = strlen(met->paths);

	(void)err;
	snprintf(met->paths + n, sizeof(met->paths) - n, "%s%s", n ? " " : "", path);
	return met->result;
}

static int search(const char *pattern, size_t max, struct met *met)
{
	struct rd_error err;

	return rd_system_glob(&tree_system, pattern, max, meet, met, &err);
}

static void plant(void)
{
	tree_write("opt/rocm-6/lib/liba.so.1", "");
	tree_link("opt/rocm-6/lib/liba.so", "liba.so.1");
	tree_link("opt/rocm", "rocm-6");
	tree_folder("opt/rocm-6/lib/liba.so.d");
	tree_link("opt/rocm-6/lib/liba.so.gone", "nowhere");
	tree_write("opt/.rocm-hidden/lib/liba.so", "");
	tree_write("opt/rocm-file", "");
	tree_link("opt/rocm-out", "../../../../../../etc");
}

/* As sh(1) answers, but for folders and dangling links. */
static const struct {
	const char *pattern, *paths;
} cases[] = {
	{ "/opt/rocm-6/lib/liba.so.1", "/opt/rocm-6/lib/liba.so.1" },
	{ "/opt/rocm-6/lib/*", "/opt/rocm-6/lib/liba.so /opt/rocm-6/lib/liba.so.1" },
	{ "/opt/rocm-?/lib/liba.so*", "/opt/rocm-6/lib/liba.so /opt/rocm-6/lib/liba.so.1" },
	{ "/opt/rocm*/lib/*.so", "/opt/rocm/lib/liba.so /opt/rocm-6/lib/liba.so" },
	{ "/opt/*/lib/liba.so.1", "/opt/rocm/lib/liba.so.1 /opt/rocm-6/lib/liba.so.1" },
	{ "/opt/.rocm*/lib/*", "/opt/.rocm-hidden/lib/liba.so" },
	{ "/opt/rocm-[0-9]/lib/*.1", "/opt/rocm-6/lib/liba.so.1" },
	{ "/opt/rocm-6/lib", "" },
	{ "/opt/rocm-file/*", "" },
	{ "/opt/rocm-out/pass*", "" },
	{ "/nothing/*/here", "" },
	{ "/*/rocm-6/lib/*.1", "/opt/rocm-6/lib/liba.so.1" },
};

START_TEST(finds)
{
	struct met met = { 0 };

	plant();
	ck_assert_int_eq(search(cases[_i].pattern, 100, &met), 0);
	ck_assert_str_eq(met.paths, cases[_i].paths);
}
END_TEST

START_TEST(stops)
{
	struct met met = { .result = 7 };

	plant();
	ck_assert_int_eq(search("/opt/rocm*/lib/liba*", 100, &met), 7);
	ck_assert_str_eq(met.paths, "/opt/rocm/lib/liba.so");
	met = (struct met){ 0 };
	ck_assert_int_eq(search("/opt/rocm*/lib/liba*", 2, &met), -EFBIG);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("glob");
	TCase *tcase = tcase_create("glob");

	tcase_add_checked_fixture(tcase, tree_setup, tree_teardown);
	tcase_add_loop_test(tcase, finds, 0, (int)RD_N_ELEMENTS(cases));
	tcase_add_test(tcase, stops);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
