/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * boot-report, interrupted everywhere: [RECOVERY_EVERY=N] boot NAME PROGRAM PICTURE
 *
 * PICTURE is a machine on which a recovery waits and is good. PROGRAM is killed at each of its
 * system calls that change a file, or the call fails; after it each file is whole or not there, and
 * the next run commits the recovery, and leaves the whole report.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "machine.h"
#include "watch.h"

#define HEALTH	  "run/rdna1-doctor/health.json"
#define MOTD	  "run/motd.d/rdna1-doctor"
#define HISTORY	  "var/lib/rdna1-doctor/boots"
#define TXN	  "var/lib/rdna1-doctor/txn/0001/"
#define LEFT_OVER ".rdna1-doctor.new"

static const char *program, *picture;
static char root[128];
static int nullfd;
static unsigned int every = 1;
static unsigned int n_points, n_failed;

static int start(const void *arg)
{
	(void)arg;
	dup2(nullfd, STDOUT_FILENO); /* not opened here: that would be the first call to fail */
	execl(program, program, "boot-report", "--commit", "--root", root, NULL);
	return 126;
}

static void fresh(void)
{
	char command[4096];

	snprintf(command, sizeof(command), "rm -rf '%s' && cp -a '%s' '%s'", root, picture, root);
	if (system(command))
		abort();
}

static void complain(const char *what, const struct watch *watch)
{
	n_failed++;
	printf("# point %u: %s; status %x, said: %s\n", n_points, what, (unsigned int)watch->status,
	       watch->said);
}

static const char *path_of(const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static bool exists(const char *name)
{
	return !access(path_of(name), F_OK);
}

/* NULL if it is not there. */
static char *content(const char *name)
{
	RD_CLEANUP(rd_closep) int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	if (fd < 0)
		return NULL;
	if (rd_text_fill(&text, fd, 1 << 24, NULL))
		abort();
	return rd_text_take_string(&text);
}

static bool is_whole(const char *name, const char *first, const char *last)
{
	RD_CLEANUP(rd_freep) char *text = content(name);

	return !text || (rd_text_has_prefix(text, first) && rd_text_has_suffix(text, last));
}

/* The first line, one boot, and the last line, which counts and seals them. */
static bool is_history(bool is_needed)
{
	RD_CLEANUP(rd_freep) char *text = content(HISTORY);
	const char *line = text;

	if (!text)
		return !is_needed;
	if (!rd_text_has_prefix(text, "rdna1-doctor: boots 1\n"))
		return false;
	for (int i = 0; i < 2 && line; i++) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return line && rd_text_has_prefix(line, "end 1 ") && strchr(line, '\n') &&
	       !strchr(line, '\n')[1];
}

static void check_between(const struct watch *watch)
{
	if (!is_whole(HEALTH, "{\n", "}\n"))
		complain("half a health file", watch);
	if (!is_whole(MOTD, "rdna1-doctor: ", "\n"))
		complain("half a message", watch);
	if (!is_history(false))
		complain("half a history", watch);
	if (exists(TXN "99-committed") == exists(TXN "spare-99-committed"))
		complain("the mark is lost", watch);
}

static void check_done(const struct watch *watch)
{
	RD_CLEANUP(rd_freep) char *health = content(HEALTH);

	check_between(watch);
	if (!exists(TXN "99-committed"))
		complain("not committed", watch);
	if (exists(TXN "profile-due"))
		complain("a promise is left open", watch);
	if (!health || !strstr(health, "\"is_committed\":true"))
		complain("the health file does not tell of it", watch);
	if (!exists(MOTD) || !is_history(true))
		complain("no message, or no history", watch);
	if (exists("run/rdna1-doctor/" LEFT_OVER) || exists("run/motd.d/" LEFT_OVER) ||
	    exists("var/lib/rdna1-doctor/" LEFT_OVER) || exists(TXN LEFT_OVER))
		complain("something is left over", watch);
}

static int exit_code(const struct watch *watch)
{
	return WIFEXITED(watch->status) ? WEXITSTATUS(watch->status) : -1;
}

static void run_again(void)
{
	const struct watch_fault none = { .kind = WATCH_ONLY };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

	watch_run(&watch, start, NULL, &none, false);
	if (exit_code(&watch) || *watch.said)
		complain("the next run failed", &watch);
	check_done(&watch);
}

static bool is_turn(unsigned int n)
{
	return (n * 2654435761u >> 16) % every == 0;
}

static void interrupt_everywhere(enum watch_kind kind, int errnum, bool is_lasting)
{
	struct watch_fault fault = { .kind = kind, .errnum = errnum, .is_lasting = is_lasting };
	bool is_hit = true;

	for (fault.at = 1; is_hit; fault.at++) {
		RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

		if (!is_turn(fault.at + (unsigned int)errnum))
			continue;
		n_points++;
		fresh();
		watch_run(&watch, start, NULL, &fault, false);
		is_hit = watch.is_hit;
		check_between(&watch);
		if (kind != WATCH_KILL && exit_code(&watch) != 0 && exit_code(&watch) != 1)
			complain("it died", &watch);
		else if (exit_code(&watch) == 1 && !*watch.said)
			complain("failed without a word", &watch);
		else if (exit_code(&watch) == 0)
			check_done(&watch);
		run_again();
	}
}

static void test_kill(void)
{
	interrupt_everywhere(WATCH_KILL, 0, false);
}

static void fail_with_all(bool is_lasting)
{
	static const int errnums[] = { ENOSPC, EIO, EACCES, EROFS, EMFILE, EINTR };

	for (size_t i = 0; i < RD_N_ELEMENTS(errnums); i++) {
		/* A signal that interrupts every call for ever is none. */
		if (errnums[i] != EINTR || !is_lasting)
			interrupt_everywhere(WATCH_FAIL, errnums[i], is_lasting);
	}
	interrupt_everywhere(WATCH_SHORT, 0, is_lasting);
}

static void test_fail_once(void)
{
	fail_with_all(false);
}

static void test_fail_for_good(void)
{
	fail_with_all(true);
}

static const struct test {
	const char *name, *title;
	void (*run)(void);
} tests[] = {
	{ "kill", "killed at each call, then started again", test_kill },
	{ "fail-once", "each call failing once in each way", test_fail_once },
	{ "fail-for-good", "each call and all after it failing in each way", test_fail_for_good },
};

int main(int argc, char **argv)
{
	const char *stride = getenv("RECOVERY_EVERY");

	if (stride && atoi(stride) > 0)
		every = (unsigned int)atoi(stride);
	if (argc != 4)
		return EXIT_FAILURE;
	if (!watch_is_possible()) {
		puts("1..0 # SKIP seccomp_unotify(2) is not to be had here");
		return EXIT_SUCCESS;
	}
	nullfd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	program = argv[2];
	picture = argv[3];
	snprintf(root, sizeof(root), "%s/machine", machine_folder());
	for (size_t i = 0; i < RD_N_ELEMENTS(tests); i++) {
		if (strcmp(argv[1], tests[i].name) != 0)
			continue;
		tests[i].run();
		printf("%s 1 - %s: %u points\n1..1\n", n_failed ? "not ok" : "ok", tests[i].title,
		       n_points);
	}
	machine_remove_folder();
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
