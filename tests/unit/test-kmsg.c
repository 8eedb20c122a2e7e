/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The reader of the kernel log, on a pipe in packet mode: one record a read(2), as /dev/kmsg. */

#include <pthread.h>
#include <time.h>

#include "system/kmsg.h"
#include "tree.h"

static struct rd_kmsg kmsg = RD_KMSG_INIT;
static int writer = -1;

/* What came, a record a line. */
static char seen[4096];
static size_t n_seen;

static void setup(void)
{
	struct rd_error err;

	tree_setup();
	seen[0] = '\0';
	n_seen = 0;
	ck_assert_int_eq(mkfifo(tree_path("dev/kmsg"), 0600), 0);
	ck_assert_int_eq(rd_kmsg_open(&tree_system, &kmsg, &err), 0);
	writer = open(tree_path("dev/kmsg"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(writer, 0);
	ck_assert_int_eq(fcntl(writer, F_SETFL, O_DIRECT), 0);
}

static void teardown(void)
{
	close(writer);
	rd_kmsg_deinit(&kmsg);
	tree_teardown();
}

static void put(const char *record)
{
	ck_assert_int_eq(write(writer, record, strlen(record)), (ssize_t)strlen(record));
}

static int take(void *userdata, const char *record, size_t len, struct rd_error *err)
{
	const char *last = userdata;

	snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.*s\n", (int)len, record);
	n_seen++;
	if (last && len == strlen(last) && !memcmp(record, last, len))
		return rd_error_set(err, EBADMSG, "the last one");
	return 0;
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

START_TEST(what_is_there)
{
	struct rd_error err;

	put("one");
	put("two");
	ck_assert_int_eq(rd_kmsg_read(&kmsg, 0, take, NULL, &err), 0);
	ck_assert_str_eq(seen, "one\ntwo\n");
	ck_assert_int_eq(rd_kmsg_read(&kmsg, 0, take, NULL, &err), 0);
	ck_assert_uint_eq(n_seen, 2);
	ck_assert(!kmsg.has_lost);
}
END_TEST

static void *write_later(void *record)
{
	const struct timespec wait = { .tv_nsec = 200000000 };

	nanosleep(&wait, NULL);
	put(record);
	return NULL;
}

START_TEST(what_comes)
{
	struct timespec start;
	struct rd_error err;
	pthread_t thread;

	clock_gettime(CLOCK_MONOTONIC, &start);
	ck_assert_int_eq(pthread_create(&thread, NULL, write_later, (void *)(uintptr_t) "late"), 0);
	ck_assert_int_eq(rd_kmsg_read(&kmsg, 1000, take, NULL, &err), 0);
	pthread_join(thread, NULL);
	ck_assert_str_eq(seen, "late\n");
	ck_assert_int_ge(elapsed_ms(&start), 900);
}
END_TEST

START_TEST(an_end_by_the_caller)
{
	struct rd_error err;

	put("one");
	put("two");
	put("three");
	ck_assert_int_eq(rd_kmsg_read(&kmsg, 5000, take, (void *)(uintptr_t) "two", &err),
			 -EBADMSG);
	ck_assert_str_eq(seen, "one\ntwo\n");
}
END_TEST

START_TEST(no_log)
{
	struct rd_kmsg none = RD_KMSG_INIT;
	struct rd_error err = RD_ERROR_INIT;

	ck_assert_int_eq(unlink(tree_path("dev/kmsg")), 0);
	ck_assert_int_eq(rd_kmsg_open(&tree_system, &none, &err), RD_SYSTEM_ABSENT);
	tree_link("dev/kmsg", "kmsg");
	ck_assert_int_eq(rd_kmsg_open(&tree_system, &none, &err), RD_SYSTEM_UNREADABLE);
	ck_assert_ptr_nonnull(strstr(err.msg, "/dev/kmsg"));
	ck_assert_int_eq(none.fd, -1);
	rd_kmsg_deinit(&none);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kmsg");
	TCase *tcase = tcase_create("kmsg");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_is_there);
	tcase_add_test(tcase, what_comes);
	tcase_add_test(tcase, an_end_by_the_caller);
	tcase_add_test(tcase, no_log);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
