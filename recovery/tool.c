/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A program of a mounted system runs in a chroot with the kernel's file systems of this machine,
 * bound in a mount namespace of its own: nothing is mounted for anybody else, and nothing has to be
 * unmounted, however it ends.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "orphan.h"
#include "recovery/spawn.h"
#include "recovery/write.h"
#include "tool.h"

#define PATIENCE 30 /* seconds, with a process that is killed and hangs in a driver */

static const char *const fixed_variables[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"LC_ALL=C",
	"DEBIAN_FRONTEND=noninteractive",
	"TMPDIR=/" RD_STATE_TMP, /* what a tool that is killed leaves there goes with the rest */
};

int tool_find(const struct rd_system *sys, const char *name, char **pathp, struct rd_error *err)
{
	static const char *const folders[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

	*pathp = NULL;
	for (size_t i = 0; i < RD_N_ELEMENTS(folders); i++) {
		RD_CLEANUP(rd_freep) char *path = rd_text_format("%s/%s", folders[i], name);
		struct rd_error why = RD_ERROR_INIT;
		struct stat st;
		int r;

		if (!path)
			return rd_error_nomem(err);
		r = rd_system_stat(sys, path, &st, &why);
		if (r < 0)
			return rd_error_set(err, -r, "%s", why.msg);
		if (!r && S_ISREG(st.st_mode) && (st.st_mode & 0111)) {
			*pathp = RD_TAKE_PTR(path);
			return 0;
		}
	}
	return 0;
}

int tool_open_log(const struct rd_system *sys, const char *name, const char *of,
		  struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int folder = rd_write_folder(sys->rootfd, TOOL_LOGS, 0700, err);
	char file[NAME_MAX];

	if (folder < 0)
		return folder;
	snprintf(file, sizeof(file), "%.40s-%.200s.log", name, of);
	return rd_write_temporary(folder, file, err);
}

/* Binds a folder of this machine over the one of that name in the root. */
static int bind_folder(int rootfd, const char *name, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = rd_write_open(rootfd, name, O_PATH | O_DIRECTORY);
	char from[16], to[32];

	if (fd < 0)
		return rd_error_set(err, -fd, "%s in that system: %s", name, strerror(-fd));
	snprintf(from, sizeof(from), "/%s", name);
	snprintf(to, sizeof(to), "/proc/self/fd/%d", fd);
	if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0)
		return rd_error_set(err, errno, "bind %s: %s", from, strerror(errno));
	return 0;
}

/*
 * The root once more, by its path: nothing can be mounted in a folder that was opened before the
 * namespace was made.
 */
static int reopen_root(int rootfd, struct rd_error *err)
{
	char link[32], path[PATH_MAX];
	struct stat old, new;
	ssize_t n;
	int fd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", rootfd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return rd_error_set(err, errno, "%s: %s", link, strerror(errno));
	path[n] = '\0';
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &new) < 0 || fstat(rootfd, &old) < 0)
		return rd_error_set(err, errno, "open %s: %s", path, strerror(errno));
	if (old.st_dev == new.st_dev && old.st_ino == new.st_ino)
		return fd;
	close(fd);
	return rd_error_set(err, ESTALE, "%s is another folder by now", path);
}

/* In the new process: the mounted system becomes its root. */
static int enter_root(void *userdata, struct rd_error *err)
{
	static const char *const folders[] = { "proc", "sys", "dev", "run" };
	const struct tool *tool = userdata;
	int rootfd, r = 0;

	if (tool->sys->is_live)
		return 0;
	if (unshare(CLONE_NEWNS) < 0)
		return rd_error_set(err, errno, "a mount namespace for the mounted system: %s",
				    strerror(errno));
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return rd_error_set(err, errno, "make mounts private: %s", strerror(errno));
	rootfd = reopen_root(tool->sys->rootfd, err);
	if (rootfd < 0)
		return rootfd;
	for (size_t i = 0; !r && i < RD_N_ELEMENTS(folders); i++)
		r = bind_folder(rootfd, folders[i], err);
	if (r)
		return r;
	if (fchdir(rootfd) < 0 || chroot(".") < 0)
		return rd_error_set(err, errno, "chroot: %s", strerror(errno));
	return 0;
}

struct words {
	const char **items;
	size_t n, cap;
};

static void words_deinit(struct words *words)
{
	free(words->items);
}

static int add_words(struct words *words, const char *const *more)
{
	int r = 0;

	for (; more && *more && !r; more++)
		r = rd_array_push(words, more);
	return r;
}

static int end_words(struct words *words)
{
	static const char *const end;

	return rd_array_push(words, &end);
}

/* The last line that says something is the reason that people look for. */
struct listener {
	const struct tool *tool;
	char last[200];
};

static void take_line(void *userdata, const char *line)
{
	struct listener *listener = userdata;

	if (line[strspn(line, " \t")])
		snprintf(listener->last, sizeof(listener->last), "%s", line);
}

static void tick(void *userdata)
{
	const struct tool *tool = ((struct listener *)userdata)->tool;

	if (tool->tick)
		tool->tick(tool->userdata);
}

static int prepare(void *userdata, struct rd_error *err)
{
	return enter_root((void *)(uintptr_t)((struct listener *)userdata)->tool, err);
}

static int judge(const struct listener *listener, int r, struct rd_error *err)
{
	switch (r) {
	case RD_SPAWN_ABSENT:
		return TOOL_ABSENT;
	case RD_SPAWN_STOPPED:
		return -EINTR;
	case RD_SPAWN_STUCK:
		return TOOL_FAILED;
	case RD_SPAWN_FAILED:
	case RD_SPAWN_TIMEOUT:
		if (*listener->last) {
			struct rd_error how = err ? *err : (struct rd_error)RD_ERROR_INIT;

			rd_error_set(err, EIO, "%.240s: %s", how.msg, listener->last);
		}
		return TOOL_FAILED;
	}
	return r;
}

int tool_run(const struct tool *tool, struct rd_error *err)
{
	RD_CLEANUP(words_deinit) struct words words = { 0 };
	RD_CLEANUP(words_deinit) struct words variables = { 0 };
	RD_CLEANUP(rd_freep) char *path = NULL;
	RD_CLEANUP(rd_closep) int tmp = -1;
	char mark[ORPHAN_MARK_MAX];
	const char *marked = mark;
	struct listener listener = { .tool = tool };
	struct rd_spawn spawn = {
		.folder = tool->folder,
		.seconds = tool->seconds,
		.patience = PATIENCE,
		.logfd = tool->logfd,
		.prepare = prepare,
		.line = take_line,
		.tick = tick,
		.userdata = &listener,
	};
	int r;

	r = tool_find(tool->sys, tool->name, &path, err);
	if (r)
		return r;
	if (!path) {
		rd_error_set(err, ENOENT, "%s is not installed", tool->name);
		return TOOL_ABSENT;
	}
	if (rd_array_push(&words, (const char **)&path) || add_words(&words, tool->arguments) ||
	    end_words(&words))
		return rd_error_nomem(err);
	for (size_t i = 0; i < RD_N_ELEMENTS(fixed_variables); i++) {
		if (rd_array_push(&variables, &fixed_variables[i]))
			return rd_error_nomem(err);
	}
	r = orphan_mark(tool->sys->rootfd, mark, err);
	if (r)
		return r;
	tmp = rd_write_folder(tool->sys->rootfd, RD_STATE_TMP, 0700, err);
	if (tmp < 0)
		return tmp;
	if (rd_array_push(&variables, &marked) || add_words(&variables, tool->variables) ||
	    end_words(&variables))
		return rd_error_nomem(err);
	spawn.argv = words.items;
	spawn.environment = variables.items;
	return judge(&listener, rd_spawn_run(&spawn, NULL, err), err);
}
