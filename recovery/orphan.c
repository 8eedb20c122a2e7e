/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A keeper ends what it has started when we die (spawn.c), but whoever kills it too leaves a
 * compiler behind that writes on into the folder of the next run. All that a tool starts inherits
 * its environment: a variable in it names the root that is worked on.
 */

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "names.h"
#include "orphan.h"

#define ENVIRONMENT_MAX ((size_t)1 << 20)
#define TRIES		250 /* of 20 ms */

int orphan_mark(int rootfd, char mark[ORPHAN_MARK_MAX], struct rd_error *err)
{
	struct stat st;

	if (fstat(rootfd, &st) < 0)
		return rd_error_set(err, errno, "stat the root: %s", strerror(errno));
	snprintf(mark, ORPHAN_MARK_MAX, "RDNA1_DOCTOR_ROOT=%llx:%llx",
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return 0;
}

/* Whether a process has the mark; one that is going has no environment any more. */
static bool has_mark(int procfd, const char *pid, const char *mark)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_closep) int fd = -1;
	char path[NAME_MAX + 16];

	snprintf(path, sizeof(path), "%s/environ", pid);
	fd = openat(procfd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || rd_text_fill(&text, fd, ENVIRONMENT_MAX, NULL) || !text.len)
		return false;
	for (const char *p = text.data; p < text.data + text.len; p += strlen(p) + 1) {
		if (!strcmp(p, mark))
			return true;
	}
	return false;
}

/* Kills those that there are; their number. */
static int kill_marked(int procfd, const char *mark, size_t *np, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names names = { 0 };
	int r = names_read(procfd, &names, err);

	*np = 0;
	for (size_t i = 0; !r && i < names.n; i++) {
		const char *name = names.items[i];

		if (!isdigit((unsigned char)*name) || !has_mark(procfd, name, mark))
			continue;
		kill((pid_t)strtol(name, NULL, 10), SIGKILL);
		++*np;
	}
	return r;
}

int orphan_end(int rootfd, struct rd_error *err)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000000 };
	RD_CLEANUP(rd_closep) int procfd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char mark[ORPHAN_MARK_MAX];
	size_t n = 1;
	int r;

	r = orphan_mark(rootfd, mark, err);
	/* A rescue system without /proc runs no tools either. */
	if (r || procfd < 0)
		return r;
	for (int i = 0; !r && n && i < TRIES; i++) {
		r = kill_marked(procfd, mark, &n, err);
		if (!r && n)
			nanosleep(&pause, NULL);
	}
	if (r || !n)
		return r;
	return rd_error_set(err, EBUSY, "%zu processes of an interrupted run do not go", n);
}
