/* SPDX-License-Identifier: GPL-2.0-or-later */

/* rd_system_walk(): everything is met, nothing outside the root, and every walk ends. */

#include "tree.h"

struct met {
	size_t files, folders, unreadable;
	char last[256]; /* path of the last file */
	char why[480];
	const char *skip; /* name of folders to stay out of */
};

static int meet(void *userdata, enum rd_walk_event event, const char *path,
		const struct rd_error *why, struct rd_error *err)
{
	struct met *met = userdata;

	(void)err;
	if (event == RD_WALK_UNREADABLE) {
		met->unreadable++;
		strcpy(met->why, why->msg);
	} else if (event == RD_WALK_FOLDER) {
		met->folders++;
		return met->skip && !strcmp(strrchr(path, '/') + 1, met->skip) ? RD_WALK_SKIP : 0;
	} else {
		met->files++;
		snprintf(met->last, sizeof(met->last), "%s", path);
	}
	return 0;
}

static int walk(const char *path, size_t max, struct met *met)
{
	struct rd_error err;

	return rd_system_walk(&tree_system, path, max, meet, met, &err);
}

START_TEST(meets_everything_once)
{
	struct met met = { 0 };

	tree_write("top/a/b/c/file", "");
	tree_write("top/other", "");
	tree_folder("top/empty");
	ck_assert_int_eq(walk("/top", 1000, &met), 0);
	ck_assert_uint_eq(met.files, 2);
	ck_assert_uint_eq(met.folders, 4);
}
END_TEST

START_TEST(follows_links_inside_the_root_only)
{
	struct met met = { 0 };

	tree_write("elsewhere/file", "");
	tree_folder("top");
	tree_link("top/in", "/elsewhere");
	tree_link("top/up", "../../../../../../elsewhere"); /* the same target: entered once */
	ck_assert_int_eq(walk("/top", 1000, &met), 0);
	ck_assert_uint_eq(met.folders, 1);
	ck_assert_uint_eq(met.files, 1);
	ck_assert_ptr_nonnull(strstr(met.last, "/file"));
}
END_TEST

START_TEST(rings_of_links_end)
{
	struct met met = { 0 };

	tree_write("top/a/file", "");
	tree_link("top/a/up", "..");
	tree_link("top/a/root", "/");
	tree_link("top/a/self", "self");
	tree_link("top/a/dangling", "nowhere");
	ck_assert_int_eq(walk("/top", 1000, &met), 0);
	ck_assert_uint_eq(met.unreadable, 0);
	ck_assert_uint_le(met.folders, 10);
}
END_TEST

START_TEST(stays_out_where_asked)
{
	struct met met = { .skip = "build" };

	tree_write("top/build/file", "");
	tree_write("top/kernel/file", "");
	ck_assert_int_eq(walk("/top", 1000, &met), 0);
	ck_assert_uint_eq(met.files, 1);
	ck_assert_str_eq(met.last, "/top/kernel/file");
}
END_TEST

START_TEST(limits_are_said)
{
	struct met met = { 0 };
	char path[400] = "deep";

	for (int i = 0; i < 50; i++)
		strcat(path, "/d");
	strcat(path, "/file");
	tree_write(path, "");
	ck_assert_int_eq(walk("/deep", 1000, &met), 0);
	ck_assert_uint_eq(met.files, 0);
	ck_assert_ptr_nonnull(strstr(met.why, "too many levels"));

	met = (struct met){ 0 };
	tree_write("top/1", "");
	tree_write("top/2", "");
	tree_write("top/3", "");
	ck_assert_int_eq(walk("/top", 2, &met), 0);
	ck_assert_uint_eq(met.files, 2);
	ck_assert_uint_eq(met.unreadable, 1);
	ck_assert_ptr_nonnull(strstr(met.why, "too many entries"));
}
END_TEST

START_TEST(absent_and_unreadable_tops_differ)
{
	struct met met = { 0 };

	tree_write("file", "");
	tree_write("top/closed/file", "");
	ck_assert_int_eq(walk("/nowhere", 10, &met), RD_SYSTEM_ABSENT);
	ck_assert_int_eq(walk("/file", 10, &met), RD_SYSTEM_ABSENT);
	ck_assert_int_eq(chmod(tree_path("top/closed"), 0), 0);
	if (!tree_become_nobody() && !geteuid())
		return;
	ck_assert_int_eq(walk("/top/closed", 10, &met), RD_SYSTEM_UNREADABLE);
	ck_assert_int_eq(walk("/top", 10, &met), 0);
	ck_assert_uint_eq(met.unreadable, 1);
	ck_assert_ptr_nonnull(strstr(met.why, "/top/closed: Permission denied"));
	tree_become_root_again();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("walk");
	TCase *tcase = tcase_create("walk");

	tcase_add_checked_fixture(tcase, tree_setup, tree_teardown);
	tcase_add_test(tcase, meets_everything_once);
	tcase_add_test(tcase, follows_links_inside_the_root_only);
	tcase_add_test(tcase, rings_of_links_end);
	tcase_add_test(tcase, stays_out_where_asked);
	tcase_add_test(tcase, limits_are_said);
	tcase_add_test(tcase, absent_and_unreadable_tops_differ);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
