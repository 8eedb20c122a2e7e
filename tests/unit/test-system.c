/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The gateway to a root: what stays inside, what is absent, what is unreadable. */

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "system/system.h"
#include "tree.h"

static char root[] = "/tmp/rdna1-doctor-test-system-XXXXXX";
static struct rd_system sys = RD_SYSTEM_INIT;
static struct rd_error err;

static void put(const char *path, const char *content)
{
	RD_CLEANUP(rd_closep) int dir = open(root, O_PATH | O_CLOEXEC);
	RD_CLEANUP(rd_closep)
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
}

static void make_link(const char *target, const char *path)
{
	RD_CLEANUP(rd_closep) int dir = open(root, O_PATH | O_CLOEXEC);

	ck_assert_int_eq(symlinkat(target, dir, path), 0);
}

static void setup(void)
{
	RD_CLEANUP(rd_closep) int dir = -1;

	strcpy(root + strlen(root) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	dir = open(root, O_PATH | O_CLOEXEC);
	ck_assert_int_eq(mkdirat(dir, "etc", 0755), 0);
	put("etc/passwd", "inside the picture\n");
	put("etc/empty", "");
	make_link("/etc/passwd", "absolute");
	make_link("../../../../etc/passwd", "upwards");
	make_link("nowhere", "dangling");
	make_link("loop", "loop");
	ck_assert_int_eq(mkfifoat(dir, "fifo", 0644), 0);
	ck_assert_int_eq(rd_system_init(&sys, root, &err), 0);
}

static void teardown(void)
{
	char command[128];

	rd_system_deinit(&sys);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(links_stay_inside)
{
	static const char *const paths[] = { "/etc/passwd", "etc/passwd", "/absolute", "/upwards",
					     "/../../etc/passwd" };
	RD_CLEANUP(rd_freep) char *line = NULL;

	ck_assert_int_eq(rd_system_read_line(&sys, paths[_i], &line, &err), 0);
	ck_assert_str_eq(line, "inside the picture");
}
END_TEST

START_TEST(absent_and_unreadable_differ)
{
	static const struct {
		const char *path;
		int result;
	} cases[] = {
		{ "/no", RD_SYSTEM_ABSENT },	   { "/etc/passwd/x", RD_SYSTEM_ABSENT },
		{ "/dangling", RD_SYSTEM_ABSENT }, { "/loop", RD_SYSTEM_UNREADABLE },
		{ "/fifo", RD_SYSTEM_UNREADABLE }, { "/etc", RD_SYSTEM_UNREADABLE },
	};
	RD_CLEANUP(rd_freep) char *line = NULL;
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;

	ck_assert_int_eq(rd_system_read_line(&sys, cases[_i].path, &line, &err), cases[_i].result);
	ck_assert_ptr_nonnull(strstr(err.msg, cases[_i].path));
	ck_assert_int_eq(rd_system_map(&sys, cases[_i].path, 1000, &map, &err), cases[_i].result);
	ck_assert_ptr_null(line);
	ck_assert_ptr_null(map.data);
}
END_TEST

START_TEST(caps_hold)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;

	ck_assert_int_eq(rd_system_read(&sys, "/etc/passwd", 5, &text, &err), RD_SYSTEM_UNREADABLE);
	ck_assert_ptr_nonnull(strstr(err.msg, "limit of 5 bytes"));
	ck_assert_int_eq(rd_system_map(&sys, "/etc/passwd", 5, &map, &err), RD_SYSTEM_UNREADABLE);
	ck_assert_int_eq(rd_system_map(&sys, "/etc/passwd", 19, &map, &err), 0);
	ck_assert_uint_eq(map.len, 19);
	ck_assert_int_eq(memcmp(map.data, "inside the picture\n", 19), 0);
}
END_TEST

START_TEST(empty_file_maps_to_nothing)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;

	ck_assert_int_eq(rd_system_map(&sys, "/etc/empty", 100, &map, &err), 0);
	ck_assert_uint_eq(map.len, 0);
	ck_assert_ptr_null(map.data);
}
END_TEST

START_TEST(a_file_that_shrinks_under_its_map_is_torn)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	RD_CLEANUP(rd_closep) int dir = open(root, O_PATH | O_CLOEXEC);
	RD_CLEANUP(rd_closep) int fd = openat(dir, "big", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	size_t sum = 0;

	ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
	ck_assert_int_eq(rd_system_map(&sys, "/big", 1 << 20, &map, &err), 0);
	ck_assert(!rd_map_is_torn(&map));
	ck_assert_int_eq(ftruncate(fd, 5000), 0);
	for (size_t i = 0; i < map.len; i++)
		sum += map.data[i];
	ck_assert_uint_eq(sum, 0);
	ck_assert(rd_map_is_torn(&map));
}
END_TEST

/* With a page for each hole, the map would be in more pieces than vm.max_map_count allows. */
START_TEST(a_large_file_that_shrinks_under_its_map_is_torn)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	RD_CLEANUP(rd_closep) int dir = open(root, O_PATH | O_CLOEXEC);
	RD_CLEANUP(rd_closep) int fd = openat(dir, "large", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 140000, sum = 0;

	ck_assert_int_eq(ftruncate(fd, (off_t)(pages * page)), 0);
	ck_assert_int_eq(rd_system_map(&sys, "/large", pages * page, &map, &err), 0);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	for (size_t i = 0; i < pages; i += 2)
		sum += map.data[i * page];
	for (size_t i = 1; i < 100; i += 2)
		sum += map.data[(100 - i) * page];
	ck_assert_uint_eq(sum, 0);
	ck_assert(rd_map_is_torn(&map));
}
END_TEST

START_TEST(lists_are_sorted_and_typed)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	static const struct {
		const char *name;
		unsigned char type;
	} expected[] = {
		{ "absolute", DT_LNK }, { "dangling", DT_LNK }, { "etc", DT_DIR },
		{ "fifo", DT_FIFO },	{ "loop", DT_LNK },	{ "upwards", DT_LNK },
	};

	ck_assert_int_eq(rd_system_list(&sys, "/", &entries, &err), 0);
	ck_assert_uint_eq(entries.n, RD_N_ELEMENTS(expected));
	for (size_t i = 0; i < entries.n; i++) {
		ck_assert_str_eq(entries.items[i].name, expected[i].name);
		ck_assert_int_eq(entries.items[i].type, expected[i].type);
	}
	rd_entries_deinit(&entries);
	ck_assert_int_eq(rd_system_list(&sys, "/etc/passwd", &entries, &err), RD_SYSTEM_ABSENT);
}
END_TEST

START_TEST(links_are_read_not_followed)
{
	RD_CLEANUP(rd_freep) char *target = NULL;

	ck_assert_int_eq(rd_system_readlink(&sys, "/upwards", &target, &err), 0);
	ck_assert_str_eq(target, "../../../../etc/passwd");
	rd_freep(&target);
	target = NULL;
	ck_assert_int_eq(rd_system_readlink(&sys, "/etc/passwd", &target, &err),
			 RD_SYSTEM_UNREADABLE);
}
END_TEST

START_TEST(a_root_must_be_a_folder)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system other = RD_SYSTEM_INIT;

	ck_assert_int_eq(rd_system_init(&other, "/nonexistent/root", &err), -ENOENT);
	ck_assert_int_eq(rd_system_init(&other, "/dev/null", &err), -ENOTDIR);
	ck_assert(!sys.is_live);
	ck_assert_int_eq(rd_system_init(&other, "/", &err), 0);
	ck_assert(other.is_live);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("system");
	TCase *tc = tcase_create("system");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, links_stay_inside, 0, 5);
	tcase_add_loop_test(tc, absent_and_unreadable_differ, 0, 6);
	tcase_add_test(tc, caps_hold);
	tcase_add_test(tc, empty_file_maps_to_nothing);
	tcase_add_test(tc, a_file_that_shrinks_under_its_map_is_torn);
	tcase_add_test(tc, a_large_file_that_shrinks_under_its_map_is_torn);
	tcase_add_test(tc, lists_are_sorted_and_typed);
	tcase_add_test(tc, links_are_read_not_followed);
	tcase_add_test(tc, a_root_must_be_a_folder);
	suite_add_tcase(suite, tc);
	return tree_run(suite);
}
