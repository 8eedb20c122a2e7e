/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The program itself on a whole machine, interrupted everywhere:
 *
 *	[RECOVERY_EVERY=N] whole-crash TEST EVERY METHOD BINARY TEMPLATE
 *
 * TEMPLATE is a machine of whole.py. As crash.c does with the engine alone, each test counts from 1
 * until the program runs through without being hit: at that system call of it, or of a tool that it
 * runs, it is killed or the call fails. Then a kernel always has a whole driver that its index
 * names; after a kill no path is anything but old or new; recover, started again, makes it new, and
 * rollback old, in every byte, owner and time.
 *
 * Only one in EVERY calls is tried, scattered, and the same at each run.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

#define NEWS_MAX 3

/* The exit codes of the program. */
enum { DONE = 0, FAILED = 1, REFUSED = 3 };

static const char *binary, *method, *template;
static int null; /* what a watched program opens would count */
static char root[128], spare[128];
static struct picture before;
/* What it may become: of a method that has another behind it, both. */
static struct picture news[NEWS_MAX];
static size_t n_news;
static unsigned int every = 1, n_points, n_failed;

/* --- Machines -------------------------------------------------------------------------------- */

static const char *copy_to;
static size_t copy_from_len;

static void __attribute__((noreturn)) give_up(const char *path)
{
	perror(path);
	abort();
}

static void copy_content(const char *from, const char *to)
{
	RD_CLEANUP(rd_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
	RD_CLEANUP(rd_closep) int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	static char chunk[1 << 16];
	ssize_t n;

	if (in < 0 || out < 0)
		give_up(to);
	while ((n = read(in, chunk, sizeof(chunk))) > 0) {
		if (write(out, chunk, (size_t)n) != n)
			give_up(to);
	}
}

/* What nothing writes to is linked. */
static void copy_file(const char *from, const char *to)
{
	if ((strstr(from, "/usr/share/fake/") || strstr(from, "/usr/sbin/")) && !link(from, to))
		return;
	copy_content(from, to);
}

static int copy_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	RD_CLEANUP(rd_freep) char *to = rd_text_format("%s%s", copy_to, path + copy_from_len);
	char target[4096] = "";

	(void)ftw;
	if (type == FTW_D && mkdir(to, 0700) < 0)
		give_up(to);
	if (type == FTW_SL &&
	    (readlink(path, target, sizeof(target) - 1) < 0 || symlink(target, to) < 0))
		give_up(to);
	if (type == FTW_F)
		copy_file(path, to);
	if (lchown(to, st->st_uid, st->st_gid) < 0 ||
	    (type != FTW_SL && chmod(to, st->st_mode & 07777) < 0))
		give_up(to);
	return 0;
}

/* From below upwards: what is put into a folder changes its times. */
static int copy_times(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	RD_CLEANUP(rd_freep) char *to = rd_text_format("%s%s", copy_to, path + copy_from_len);
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	(void)type;
	(void)ftw;
	if (utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW) < 0)
		give_up(to);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void copy_machine(const char *from, const char *to)
{
	nftw(to, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	copy_to = to;
	copy_from_len = strlen(from);
	if (nftw(from, copy_entry, 16, FTW_PHYS) ||
	    nftw(from, copy_times, 16, FTW_PHYS | FTW_DEPTH))
		give_up(to);
}

static void fresh(void)
{
	copy_machine(template, root);
}

/* --- The program ----------------------------------------------------------------------------- */

struct start {
	const char *verb, *root, *method;
};

static int start_program(const void *arg)
{
	const struct start *start = arg;
	const char *const recover[] = { binary,	     "recover",	    "--root",
					start->root, "--yes",	    "--leftovers",
					"--method",  start->method, NULL };
	const char *const rollback[] = { binary,  "rollback", "--root", start->root,
					 "--yes", "--i-know", NULL };

	if (dup2(null, STDOUT_FILENO) < 0)
		return 126;
	execv(binary, (char *const *)(strcmp(start->verb, "recover") ? rollback : recover));
	return 127;
}

static int code_of(const struct watch *watch)
{
	return WIFEXITED(watch->status) ? WEXITSTATUS(watch->status) : -1;
}

static const struct start recovery = { .verb = "recover", .root = root };

/* Without disturbance; what it says is in @watch. */
static int run(const char *verb, const char *where, const char *how, struct watch *watch)
{
	const struct watch_fault none = { .kind = WATCH_ONLY };
	const struct start start = { .verb = verb, .root = where, .method = how };

	watch_run(watch, start_program, &start, &none, false);
	return code_of(watch);
}

/* --- What must hold -------------------------------------------------------------------------- */

static void complain(const char *what, const struct watch_fault *fault, const struct watch *watch)
{
	n_failed++;
	printf("# at %u (%s%s): %s; status %x, said: %s\n", fault ? fault->at : 0,
	       fault && fault->errnum ? strerror(fault->errnum) : "",
	       fault && fault->is_lasting ? ", lasting" : "", what,
	       watch ? (unsigned int)watch->status : 0, watch ? watch->said : "");
	printf("%s", picture_difference);
}

static bool is_old(const char *where)
{
	RD_CLEANUP(picture_deinit) struct picture is = { 0 };

	picture_take(&is, where);
	return picture_is_equal(&is, &before, true);
}

static bool is_new(const char *where)
{
	RD_CLEANUP(picture_deinit) struct picture is = { 0 };

	picture_take(&is, where);
	for (size_t i = 0; i < n_news; i++) {
		if (picture_is_equal(&is, &news[i], false))
			return true;
	}
	return false;
}

static bool is_between(void)
{
	RD_CLEANUP(picture_deinit) struct picture is = { 0 };

	picture_take(&is, root);
	for (size_t i = 0; i < n_news; i++) {
		if (picture_is_between(&is, &before, &news[i]))
			return true;
	}
	return false;
}

static char *read_file(const char *path, size_t *lenp)
{
	RD_CLEANUP(rd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	data = calloc(1, (size_t)st.st_size + 1);
	if (!data || read(fd, data, (size_t)st.st_size) != st.st_size)
		give_up(path);
	*lenp = (size_t)st.st_size;
	return data;
}

static bool is_same_file(const char *one, const char *other)
{
	size_t one_len = 0, other_len = 0;
	RD_CLEANUP(rd_freep) char *a = read_file(one, &one_len);
	RD_CLEANUP(rd_freep) char *b = read_file(other, &other_len);

	return a && b && one_len == other_len && !memcmp(a, b, one_len);
}

#define INTREE "kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko.zst"

/* Whether a kernel loads one of the drivers that belong there, and all of it. */
static bool has_driver(const char *kernel)
{
	RD_CLEANUP(rd_freep)
	char *dep = rd_text_format("%s/lib/modules/%s/modules.dep", root, kernel);
	RD_CLEANUP(rd_freep) char *path = NULL;
	RD_CLEANUP(rd_freep) char *old = NULL;
	RD_CLEANUP(rd_freep) char *new = NULL;
	RD_CLEANUP(rd_freep) char *intree = NULL;
	size_t len = 0;
	RD_CLEANUP(rd_freep) char *text = read_file(dep, &len);
	char *end = text ? strstr(text, "/amdgpu.ko.zst:") : NULL;

	if (!end)
		return false;
	end[strlen("/amdgpu.ko.zst")] = '\0';
	while (end > text && end[-1] != '\n')
		end--;
	path = rd_text_format("%s/lib/modules/%s/%s", root, kernel, end);
	old = rd_text_format("%s/usr/share/fake/%s/patched/amdgpu.ko.zst", template, kernel);
	new = rd_text_format("%s/usr/share/fake/%s/clean/amdgpu.ko.zst", template, kernel);
	intree = rd_text_format("%s/lib/modules/%s/" INTREE, template, kernel);
	return is_same_file(path, old) || is_same_file(path, new) || is_same_file(path, intree);
}

static const struct watch_fault *under_way;

/* Every kernel has one at this moment. */
static void check_drivers(void)
{
	RD_CLEANUP(rd_freep) char *folder = rd_text_format("%s/lib/modules", root);
	DIR *dir = opendir(folder);
	struct dirent *entry;

	*picture_difference = '\0';
	while (dir && (entry = readdir(dir))) {
		if (*entry->d_name == '.' || has_driver(entry->d_name))
			continue;
		printf("# kernel %s\n", entry->d_name);
		complain("a kernel without a whole driver", under_way, NULL);
	}
	closedir(dir);
}

/* What the next starts of the program make of it: recover, and apart from that rollback. */
static void check_next(const struct watch_fault *fault, const struct watch *hit)
{
	RD_CLEANUP(watch_deinit) struct watch next = { 0 };
	int code;

	copy_machine(root, spare);
	if (run("recover", root, method, &next) != DONE) {
		complain("recover, started again, does not come to its end", fault, &next);
		complain("that was after", fault, hit);
	} else if (!is_new(root)) {
		complain("recovered again, and not what it should become", fault, hit);
	}
	if (run("rollback", root, NULL, &next) != DONE || !is_old(root))
		complain("recovered again, rolled back, and not what it was", fault, &next);
	code = run("rollback", spare, NULL, &next);
	if (code != DONE && !(code == REFUSED && strstr(next.said, "nothing to roll back")))
		complain("rollback fails", fault, &next);
	else if (!is_old(spare))
		complain("rolled back, and not what it was", fault, hit);
}

/* --- The tests ------------------------------------------------------------------------------- */

static bool is_turn(unsigned int n)
{
	return (n * 2654435761u >> 16) % every == 0;
}

static void kill_everywhere(const char *verb, void (*prepare)(void))
{
	struct start start = recovery;
	struct watch_fault fault = { .kind = WATCH_KILL };
	bool is_hit = true;

	start.verb = verb;
	start.method = method;
	for (fault.at = 1; is_hit; fault.at++) {
		RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

		if (!is_turn(fault.at))
			continue;
		prepare();
		watch_run(&watch, start_program, &start, &fault, false);
		is_hit = watch.is_hit;
		n_points++;
		under_way = &fault;
		check_drivers();
		if (!is_between())
			complain("killed, and a path is neither old nor new", &fault, &watch);
		check_next(&fault, &watch);
	}
}

static void test_kill(void)
{
	kill_everywhere("recover", fresh);
}

static void finished(void)
{
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

	fresh();
	if (run("recover", root, method, &watch) != DONE)
		complain("recover fails undisturbed", NULL, &watch);
}

static void test_kill_the_rollback(void)
{
	kill_everywhere("rollback", finished);
}

/* Killed when most of it is done, and what goes on with it killed too. */
static void interrupted(void)
{
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
	struct start start = recovery;
	static struct watch_fault fault = { .kind = WATCH_KILL };

	start.method = method;
	if (!fault.at) {
		const struct watch_fault none = { .kind = WATCH_ONLY };

		fresh();
		watch_run(&watch, start_program, &start, &none, false);
		fault.at = watch.n_calls * 3 / 4;
	}
	fresh();
	watch_run(&watch, start_program, &start, &fault, false);
}

static void test_kill_the_resume(void)
{
	kill_everywhere("recover", interrupted);
}

/* A call failed: the program has coped with it, or says so and the machine is whole. */
static void check_fault(const struct watch_fault *fault, const struct watch *watch)
{
	int code = code_of(watch);

	n_points++;
	under_way = fault;
	check_drivers();
	if (code != DONE && code != REFUSED && code != FAILED)
		complain("it died", fault, watch);
	else if (!watch->is_hit && code != DONE)
		complain("undisturbed, and no success", fault, watch);
	else if (code == DONE && !is_new(root))
		complain("success, and not what it should become", fault, watch);
	else if (code != DONE && !*watch->said)
		complain("failed without a word", fault, watch);
	else if (code == REFUSED && !is_old(root))
		complain("refused, and not what it was", fault, watch);
	check_next(fault, watch);
}

static void fail_everywhere(struct watch_fault fault)
{
	struct start start = recovery;
	bool is_hit = true;

	start.method = method;
	for (fault.at = 1; is_hit; fault.at++) {
		RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

		if (!is_turn(fault.at + (unsigned int)fault.errnum))
			continue;
		fresh();
		watch_run(&watch, start_program, &start, &fault, false);
		is_hit = watch.is_hit;
		check_fault(&fault, &watch);
	}
}

static void test_fail_once(void)
{
	watch_each_failure(false, fail_everywhere);
}

static void test_fail_for_good(void)
{
	watch_each_failure(true, fail_everywhere);
}

static void meanwhile(void)
{
	n_points++;
	check_drivers();
}

/* Undisturbed, and looked at before each call. */
static void test_meanwhile(void)
{
	const struct watch_fault fault = { .kind = WATCH_ONLY, .meanwhile = meanwhile };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
	struct start start = recovery;

	start.method = method;
	fresh();
	watch_run(&watch, start_program, &start, &fault, false);
	if (code_of(&watch) != DONE || !is_new(root))
		complain("recover fails undisturbed", NULL, &watch);
	start.verb = "rollback";
	watch_run(&watch, start_program, &start, &fault, false);
	if (code_of(&watch) != DONE || !is_old(root))
		complain("rollback fails undisturbed", NULL, &watch);
}

static const struct test {
	const char *name, *title;
	void (*run)(void);
} tests[] = {
	{ "meanwhile", "looked at before each call", test_meanwhile },
	{ "kill", "killed, then started again, and rolled back", test_kill },
	{ "kill-the-rollback", "the rollback killed", test_kill_the_rollback },
	{ "kill-the-resume", "killed, and what resumes it killed", test_kill_the_resume },
	{ "fail-once", "a call failing once in each way", test_fail_once },
	{ "fail-for-good", "a call and all after it failing in each way", test_fail_for_good },
};

/* What an undisturbed run makes of it, by each method that may be taken in the end. */
static void take_pictures(void)
{
	static const char *const auto_methods[] = { "auto", "source", "intree" };
	size_t n = strcmp(method, "auto") ? 1 : RD_N_ELEMENTS(auto_methods);

	picture_take(&before, template);
	for (size_t i = 0; i < n; i++) {
		RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
		const char *how = n == 1 ? method : auto_methods[i];

		fresh();
		/* Where no build comes to its end, there is no such method. */
		if (run("recover", root, how, &watch) == DONE)
			picture_take(&news[n_news++], root);
		else if (!i)
			complain("recover fails undisturbed", NULL, &watch);
	}
}

static void perform(const struct test *test)
{
	char folder[96];

	snprintf(folder, sizeof(folder), "%s", machine_folder());
	snprintf(root, sizeof(root), "%s/machine", folder);
	snprintf(spare, sizeof(spare), "%s/spare", folder);
	take_pictures();
	if (!n_failed)
		test->run();
	printf("%s 1 - %s, method %s: %u points, one in %u calls\n1..1\n",
	       n_failed ? "not ok" : "ok", test->title, method, n_points, every);
	picture_deinit(&before);
	for (size_t i = 0; i < n_news; i++)
		picture_deinit(&news[i]);
	machine_remove_folder();
}

int main(int argc, char **argv)
{
	const char *stride = getenv("RECOVERY_EVERY");

	if (argc != 6)
		return EXIT_FAILURE;
	if (!stride || atoi(stride) <= 0)
		stride = argv[2];
	every = (unsigned int)atoi(stride);
	method = argv[3];
	binary = argv[4];
	template = argv[5];
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (!watch_is_possible()) {
		puts("1..0 # SKIP seccomp_unotify(2) is not to be had here");
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; i < RD_N_ELEMENTS(tests); i++) {
		if (!strcmp(argv[1], tests[i].name))
			perform(&tests[i]);
	}
	return n_failed || !n_points ? EXIT_FAILURE : EXIT_SUCCESS;
}
