/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Other programs: their answers, their output, their time, and that nothing of them outlives us. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "recovery/spawn.h"

static struct rd_error err;
static char lines[8192];

static void take_line(void *userdata, const char *line)
{
	(void)userdata;
	strncat(lines, line, sizeof(lines) - strlen(lines) - 2);
	strcat(lines, "|");
}

static int run(const char *script, unsigned int seconds, int *statusp)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	const struct rd_spawn spawn = {
		.argv = argv, .seconds = seconds, .logfd = -1, .line = take_line
	};

	*lines = '\0';
	return rd_spawn_run(&spawn, statusp, &err);
}

START_TEST(lines_come_as_they_were_printed)
{
	ck_assert_int_eq(run("echo one; echo two >&2; printf 'th\\rree'", 0, NULL), 0);
	ck_assert_str_eq(lines, "one|two|th|ree|");
}
END_TEST

START_TEST(an_answer_is_passed_on)
{
	int status = -1;

	ck_assert_int_eq(run("exit 7", 0, &status), RD_SPAWN_FAILED);
	ck_assert_int_eq(status, 7);
	ck_assert_str_eq(err.msg, "/bin/sh: answered 7");
	ck_assert_int_eq(run("kill -SEGV $$", 0, &status), RD_SPAWN_FAILED);
	ck_assert_int_eq(status, 128 + SIGSEGV);
}
END_TEST

START_TEST(a_program_that_is_missing)
{
	const char *argv[] = { "/nowhere/at-all", NULL };
	const struct rd_spawn spawn = { .argv = argv, .logfd = -1 };

	ck_assert_int_eq(rd_spawn_run(&spawn, NULL, &err), RD_SPAWN_ABSENT);
	ck_assert_str_eq(err.msg, "/nowhere/at-all: No such file or directory");
}
END_TEST

static int miss_a_folder(void *userdata, struct rd_error *error)
{
	(void)userdata;
	return rd_error_set(error, ENOENT, "sys in that system: No such file or directory");
}

START_TEST(what_else_is_missing_is_not_the_program)
{
	const char *argv[] = { "/bin/true", NULL };
	struct rd_spawn spawn = { .argv = argv, .logfd = -1, .prepare = miss_a_folder };

	ck_assert_int_eq(rd_spawn_run(&spawn, NULL, &err), -EIO);
	ck_assert_str_eq(err.msg, "sys in that system: No such file or directory");
	spawn.prepare = NULL;
	spawn.folder = "/nowhere/at-all";
	ck_assert_int_eq(rd_spawn_run(&spawn, NULL, &err), -EIO);
}
END_TEST

START_TEST(the_environment_is_fixed)
{
	setenv("RDNA1_TEST", "leaks", 1);
	ck_assert_int_eq(run("echo $RDNA1_TEST:$HOME:$LC_ALL:$PATH; pwd; umask; cat", 0, NULL), 0);
	ck_assert_str_eq(lines, ":/root:C:/usr/sbin:/usr/bin:/sbin:/bin|/|0022|");
}
END_TEST

START_TEST(descriptors_are_not_inherited)
{
	int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

	ck_assert_int_gt(fd, 2);
	ck_assert_int_eq(run("for f in /proc/$$/fd/*; do echo ${f##*/}; done", 0, NULL), 0);
	close(fd);
	/* 0 to 2, and the one by which sh reads the folder. */
	ck_assert_msg(rd_text_has_prefix(lines, "0|1|2|"), "%s", lines);
	ck_assert_uint_le(strlen(lines), strlen("0|1|2|10|"));
}
END_TEST

START_TEST(the_log_has_everything)
{
	char name[] = "/tmp/rdna1-doctor-XXXXXX", text[64] = "";
	RD_CLEANUP(rd_closep) int fd = mkstemp(name);
	const char *argv[] = { "/bin/sh", "-c", "echo out; echo err >&2; exit 1", NULL };
	const struct rd_spawn spawn = { .argv = argv, .logfd = fd };

	unlink(name);
	ck_assert_int_eq(rd_spawn_run(&spawn, NULL, &err), RD_SPAWN_FAILED);
	ck_assert_int_eq(pread(fd, text, sizeof(text) - 1, 0), 8);
	ck_assert_str_eq(text, "out\nerr\n");
}
END_TEST

static int become_other(void *userdata, struct rd_error *e)
{
	return *(int *)userdata ? rd_error_set(e, EPERM, "not allowed here")
				: (chdir("/usr") ? -errno : (umask(077), 0));
}

START_TEST(prepare_is_called_in_the_new_process)
{
	const char *argv[] = { "/bin/sh", "-c", "umask", NULL };
	int fails = 0;
	struct rd_spawn spawn = {
		.argv = argv,
		.logfd = -1,
		.line = take_line,
		.prepare = become_other,
		.userdata = &fails,
	};

	*lines = '\0';
	ck_assert_int_eq(rd_spawn_run(&spawn, NULL, &err), 0);
	ck_assert_str_eq(lines, "0077|");
	fails = 1;
	ck_assert_int_eq(rd_spawn_run(&spawn, NULL, &err), -EPERM);
	ck_assert_str_eq(err.msg, "not allowed here");
}
END_TEST

static bool is_alive(const char *pid)
{
	char path[64], state[256] = "";
	RD_CLEANUP(rd_closep) int fd = -1;

	snprintf(path, sizeof(path), "/proc/%ld/stat", strtol(pid, NULL, 10));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, state, sizeof(state) - 1) > 0 && !strstr(state, ") Z ");
}

START_TEST(what_takes_too_long_is_killed_with_its_children)
{
	time_t start = time(NULL);

	ck_assert_int_eq(run("sleep 600 & echo $!; trap '' TERM; sleep 600", 1, NULL),
			 RD_SPAWN_TIMEOUT);
	ck_assert_int_lt(time(NULL) - start, 30);
	ck_assert_str_eq(err.msg, "/bin/sh: killed after 1 s");
	ck_assert(!is_alive(lines));
}
END_TEST

START_TEST(what_it_leaves_running_is_killed)
{
	ck_assert_int_eq(run("sleep 600 >/dev/null 2>&1 & echo $!", 0, NULL), 0);
	ck_assert(!is_alive(lines));
}
END_TEST

START_TEST(a_daemon_is_not_waited_for)
{
	time_t start = time(NULL);

	ck_assert_int_eq(run("setsid sleep 20 >/dev/null 2>&1 & sleep 1; echo $!", 0, NULL), 0);
	ck_assert_int_lt(time(NULL) - start, 15);
	kill((pid_t)strtol(lines, NULL, 10), SIGKILL);
}
END_TEST

static void stop_self(void *userdata, const char *line)
{
	take_line(userdata, line);
	raise(SIGINT);
}

START_TEST(a_signal_stops_it)
{
	const char *argv[] = { "/bin/sh", "-c", "echo $$; exec sleep 600", NULL };
	const struct rd_spawn spawn = { .argv = argv, .logfd = -1, .line = stop_self };

	*lines = '\0';
	rd_spawn_catch_signals();
	ck_assert_int_eq(rd_spawn_run(&spawn, NULL, &err), RD_SPAWN_STOPPED);
	ck_assert(!is_alive(lines));
	ck_assert(rd_spawn_is_stopped());
	/* And nothing more is started. */
	ck_assert_int_eq(run("echo no", 0, NULL), RD_SPAWN_STOPPED);
	ck_assert_str_eq(lines, "");
}
END_TEST

/* A run that takes a lock, starts a program that starts another one, and never comes back. */
static void __attribute__((noreturn)) hang(const char *lock, int to)
{
	const char *argv[] = { "/bin/sh", "-c", "sleep 600 & echo $!; trap '' TERM; sleep 600",
			       NULL };
	const struct rd_spawn spawn = { .argv = argv, .logfd = to };
	int fd = open(lock, O_RDWR | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX))
		abort();
	rd_spawn_run(&spawn, NULL, NULL);
	abort();
}

START_TEST(nothing_outlives_us_and_the_lock_waits_for_it)
{
	char lock[] = "/tmp/rdna1-doctor-XXXXXX", pid[16] = "";
	RD_CLEANUP(rd_closep) int fd = mkstemp(lock);
	int ends[2];
	pid_t child;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (!child)
		hang(lock, ends[1]);
	ck_assert_int_gt(read(ends[0], pid, sizeof(pid) - 1), 0);
	ck_assert(is_alive(pid));
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	/* Waits, until the last holder is gone. */
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	ck_assert(!is_alive(pid));
	unlink(lock);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spawn");
	TCase *tc = tcase_create("spawn");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, lines_come_as_they_were_printed);
	tcase_add_test(tc, an_answer_is_passed_on);
	tcase_add_test(tc, a_program_that_is_missing);
	tcase_add_test(tc, what_else_is_missing_is_not_the_program);
	tcase_add_test(tc, the_environment_is_fixed);
	tcase_add_test(tc, descriptors_are_not_inherited);
	tcase_add_test(tc, the_log_has_everything);
	tcase_add_test(tc, prepare_is_called_in_the_new_process);
	tcase_add_test(tc, what_takes_too_long_is_killed_with_its_children);
	tcase_add_test(tc, what_it_leaves_running_is_killed);
	tcase_add_test(tc, a_daemon_is_not_waited_for);
	tcase_add_test(tc, a_signal_stops_it);
	tcase_add_test(tc, nothing_outlives_us_and_the_lock_waits_for_it);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
