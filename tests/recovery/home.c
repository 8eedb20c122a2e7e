/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The file of a profile in a home, interrupted and failing everywhere: home NAME
 *
 * As crash.c does for transactions: N counts from 1 until a run is not hit. After each, the file is
 * the old one or the new one, whole; what was kept is the old one; and the next run ends where one
 * that nothing interrupts does. As root the home is another user's.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "machine.h"
#include "order.h"
#include "recovery/profile.h"
#include "recovery/write.h"
#include "watch.h"

#define SOMEBODY  4242 /* no user of any machine that matters */
#define FILE_NAME "rocm_rdna1_env.sh"

enum { DONE = 0, FAILED = 1, REFUSED = 3 };

/* What is in the home before, and what is asked for. */
static const struct scene {
	const char *name;
	const char *file; /* NULL: none; "ours": as a run leaves it */
	const char *bashrc;
	bool is_removing, is_forced;
} scenes[] = {
	{ .name = "an empty home" },
	{ .name = "a file of the recipe",
	  .file = "export HSA_OVERRIDE_GFX_VERSION=10.3.0\n",
	  .bashrc = "alias l=ls" },
	{ .name = "a file of ours, older", .file = "older", .bashrc = "" },
	{ .name = "removal",
	  .file = "ours",
	  .bashrc = "a\nb # rdna1-doctor profile\nc\n",
	  .is_removing = true },
	{ .name = "removal by force", .file = "mine\n", .is_removing = true, .is_forced = true },
};

static char root[128];
static const struct scene *scene;
static unsigned int n_points, n_failed;
static struct rd_text ours, older;

static void make_text(struct rd_text *text, const char *line)
{
	if (rd_text_printf(text, "# " RD_PROFILE_SEAL "\n%s\n", line) || rd_profile_seal(text))
		abort();
}

static uid_t owner(void)
{
	return geteuid() ? geteuid() : SOMEBODY;
}

static const char *home(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/home/somebody/%s", root, name);
	return path;
}

static void plant(const char *name, const char *text, size_t len)
{
	RD_CLEANUP(rd_closep) int fd = open(home(name), O_WRONLY | O_CREAT | O_TRUNC, 0640);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchown(fd, owner(), -1) < 0)
		abort();
}

static void make_home(void)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -rf %s && mkdir -p %s/home/somebody", root, root);
	if (system(command) || chown(home(""), owner(), -1) < 0)
		abort();
	if (scene->file && !strcmp(scene->file, "ours"))
		plant(FILE_NAME, ours.data, ours.len);
	else if (scene->file && !strcmp(scene->file, "older"))
		plant(FILE_NAME, older.data, older.len);
	else if (scene->file)
		plant(FILE_NAME, scene->file, strlen(scene->file));
	if (scene->bashrc)
		plant(".bashrc", scene->bashrc, strlen(scene->bashrc));
}

static int start(const void *arg)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system sys = RD_SYSTEM_INIT;
	struct rd_user user = { .name = (char *)"somebody",
				.home = (char *)"/home/somebody",
				.uid = owner(),
				.gid = geteuid() ? getegid() : SOMEBODY };
	struct rd_profile_target target = { .sys = &sys,
					    .user = &user,
					    .format = rd_profile_format_find("sh"),
					    .is_forced = scene->is_forced,
					    .wants_bashrc = scene->bashrc };
	struct rd_profile_outcome outcome = { 0 };
	struct rd_error err = RD_ERROR_INIT;
	int r;

	(void)arg;
	r = rd_system_init(&sys, root, &err);
	if (!r)
		r = scene->is_removing ? rd_profile_remove(&target, &outcome, &err)
				       : rd_profile_write(&target, &ours, &outcome, &err);
	if (r)
		dprintf(STDERR_FILENO, "%s", err.msg);
	return !r ? DONE : r < 0 ? FAILED : REFUSED;
}

static void complain(const char *what, unsigned int at, const struct watch *watch)
{
	n_failed++;
	printf("# %s, call %u: %s; status %x, said: %s\n", scene->name, at, what,
	       watch ? (unsigned int)watch->status : 0, watch ? watch->said : "");
}

/* A file of the home; *@existsp. */
static struct rd_text load(const char *name, bool *existsp)
{
	RD_CLEANUP(rd_closep) int fd = open(home(name), O_RDONLY);
	struct rd_text text = RD_TEXT_INIT;

	*existsp = fd >= 0;
	if (fd >= 0 && rd_text_fill(&text, fd, 1 << 20, NULL))
		abort();
	return text;
}

static bool equals(const struct rd_text *text, const char *s, size_t len)
{
	return text->len == len && (!len || !memcmp(text->data, s, len));
}

static bool is_old(const struct rd_text *text)
{
	if (!strcmp(scene->file, "ours"))
		return equals(text, ours.data, ours.len);
	if (!strcmp(scene->file, "older"))
		return equals(text, older.data, older.len);
	return equals(text, scene->file, strlen(scene->file));
}

/* .bashrc is as it was, or has what it should. */
static bool is_bashrc_whole(void)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text wanted = RD_TEXT_INIT;
	bool exists;
	RD_CLEANUP(rd_text_deinit) struct rd_text is = load(".bashrc", &exists);

	if (!scene->bashrc)
		return !exists;
	if (rd_profile_bashrc(scene->bashrc, strlen(scene->bashrc), !scene->is_removing, &wanted))
		abort();
	return exists && (equals(&is, scene->bashrc, strlen(scene->bashrc)) ||
			  equals(&is, wanted.data, wanted.len));
}

/* The file is old or new, and never a part; what was kept is old. */
static const char *judge(void)
{
	bool exists, is_kept;
	RD_CLEANUP(rd_text_deinit) struct rd_text file = load(FILE_NAME, &exists);
	RD_CLEANUP(rd_text_deinit)
	struct rd_text kept = load(FILE_NAME RD_PROFILE_KEPT, &is_kept);
	bool can_miss = !scene->file || scene->is_removing;

	if (!exists && !can_miss)
		return "the file is gone";
	if (exists && !(scene->file && is_old(&file)) &&
	    (scene->is_removing || !equals(&file, ours.data, ours.len)))
		return "the file is neither old nor new";
	if (is_kept && !(scene->file && is_old(&kept)))
		return "what was kept is not the old file";
	if (!is_kept && scene->file && strcmp(scene->file, "ours") && !(exists && is_old(&file)))
		return "the old file is lost";
	if (!is_bashrc_whole())
		return "a part of .bashrc";
	return NULL;
}

/* Names and contents of the whole home but for temporary names, as one text. */
static struct rd_text take(void)
{
	struct rd_text all = RD_TEXT_INIT;
	struct dirent **names;
	int n = scandir(home(""), &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		bool exists;
		struct stat st;

		if (names[i]->d_type == DT_REG && lstat(home(names[i]->d_name), &st) == 0) {
			text = load(names[i]->d_name, &exists);
			if (rd_text_printf(&all, "%s %o %u\n%s\n", names[i]->d_name, st.st_mode,
					   st.st_uid, text.data ? text.data : ""))
				abort();
		}
		free(names[i]);
	}
	free(names);
	return all;
}

static struct rd_text finished;

static void run_through(void)
{
	const struct watch_fault none = { .kind = WATCH_ONLY };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

	rd_text_deinit(&finished);
	make_home();
	watch_run(&watch, start, NULL, &none, false);
	if (!WIFEXITED(watch.status) || WEXITSTATUS(watch.status) != DONE)
		complain("it does not work at all", 0, &watch);
	if (watch.n_calls < 5)
		complain("hardly a call is seen", 0, &watch);
	finished = take();
	if (strstr(finished.data ? finished.data : "", ".rdna1-doctor.new"))
		complain("a temporary file is left", 0, &watch);
}

/* The next run ends where one that nothing interrupts does. */
static void finish(unsigned int at, const struct watch *watch)
{
	const struct watch_fault none = { .kind = WATCH_ONLY };
	RD_CLEANUP(watch_deinit) struct watch again = { 0 };
	RD_CLEANUP(rd_text_deinit) struct rd_text is = RD_TEXT_INIT;

	watch_run(&again, start, NULL, &none, false);
	is = take();
	if (!WIFEXITED(again.status) || WEXITSTATUS(again.status) != DONE)
		complain("the next run fails", at, &again);
	else if (strcmp(is.data ? is.data : "", finished.data ? finished.data : ""))
		complain("the next run ends elsewhere", at, watch);
}

static void hit_everywhere(struct watch_fault fault)
{
	bool is_hit = true;

	for (fault.at = 1; is_hit; fault.at++) {
		RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
		const char *wrong;
		int code;

		make_home();
		watch_run(&watch, start, NULL, &fault, false);
		is_hit = watch.is_hit;
		code = WIFEXITED(watch.status) ? WEXITSTATUS(watch.status) : -1;
		n_points++;
		wrong = judge();
		if (wrong)
			complain(wrong, fault.at, &watch);
		if (fault.kind != WATCH_KILL && code == FAILED && !*watch.said)
			complain("failed without a word", fault.at, &watch);
		if (fault.kind == WATCH_FAIL && !fault.is_lasting &&
		    !access(home(RD_WRITE_NEW), F_OK))
			complain("a temporary file is left", fault.at, &watch);
		if (fault.kind != WATCH_KILL && code != DONE && code != FAILED)
			complain("it died", fault.at, &watch);
		finish(fault.at, &watch);
	}
}

static void test_kill(void)
{
	hit_everywhere((struct watch_fault){ .kind = WATCH_KILL });
}

static void test_fail(void)
{
	static const int errnums[] = { ENOSPC, EIO, EACCES, EROFS, EMFILE, EDQUOT };

	for (size_t i = 0; i < RD_N_ELEMENTS(errnums); i++) {
		struct watch_fault fault = { .kind = WATCH_FAIL, .errnum = errnums[i] };

		hit_everywhere(fault);
		fault.is_lasting = true;
		hit_everywhere(fault);
	}
	hit_everywhere((struct watch_fault){ .kind = WATCH_FAIL, .errnum = EINTR });
	hit_everywhere((struct watch_fault){ .kind = WATCH_SHORT });
	hit_everywhere((struct watch_fault){ .kind = WATCH_SHORT, .is_lasting = true });
}

/* The child's answer is no file. */
static void drop_pipes(struct watch *watch)
{
	size_t n = 0;

	for (size_t i = 0; i < watch->trace.n; i++) {
		struct watch_call *call = &watch->trace.items[i];

		/* All that the child does is our own doing, and not a tool's. */
		call->is_child = false;
		if (rd_text_has_prefix(call->path, "pipe:")) {
			free(call->path);
			free(call->to);
			continue;
		}
		watch->trace.items[n++] = *call;
	}
	watch->trace.n = n;
}

static void test_order(void)
{
	const struct watch_fault none = { .kind = WATCH_ONLY };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
	RD_CLEANUP(rd_freep) char *wrong = NULL;
	unsigned int n_syncs = 0;

	make_home();
	watch_run(&watch, start, NULL, &none, true);
	drop_pipes(&watch);
	wrong = order_check(&watch, ORDER_NONE);
	if (wrong)
		complain(wrong, 0, &watch);
	for (size_t i = 0; i < watch.trace.n; i++) {
		RD_CLEANUP(rd_freep) char *missed = NULL;

		if (watch.trace.items[i].op != OP_SYNC)
			continue;
		n_points++;
		n_syncs++;
		missed = order_check(&watch, i);
		if (!missed)
			complain("a sync that nothing needs", (unsigned int)i, NULL);
	}
	if (!n_syncs)
		complain("nothing is synced", 0, NULL);
}

static const struct test {
	const char *name, *title;
	void (*run)(void);
} tests[] = {
	{ "kill", "killed at each call, then run again", test_kill },
	{ "fail", "each call failing in each way, once and for good", test_fail },
	{ "order", "everything synced before the next builds on it; each sync taken away",
	  test_order },
};

int main(int argc, char **argv)
{
	if (!watch_is_possible()) {
		puts("1..0 # SKIP seccomp_unotify(2) is not to be had here");
		return EXIT_SUCCESS;
	}
	snprintf(root, sizeof(root), "%s/root", machine_folder());
	/* What the home lies in must let the user pass. */
	if (chmod(machine_folder(), 0711) < 0)
		abort();
	make_text(&ours, "export A=new");
	make_text(&older, "export A=older");
	for (size_t i = 0; i < RD_N_ELEMENTS(tests); i++) {
		if (argc < 2 || strcmp(argv[1], tests[i].name) != 0)
			continue;
		for (size_t s = 0; s < RD_N_ELEMENTS(scenes); s++) {
			scene = &scenes[s];
			run_through();
			tests[i].run();
		}
		printf("%s 1 - a home, %s: %u points\n1..1\n", n_failed ? "not ok" : "ok",
		       tests[i].title, n_points);
	}
	rd_text_deinit(&ours);
	rd_text_deinit(&older);
	rd_text_deinit(&finished);
	machine_remove_folder();
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
