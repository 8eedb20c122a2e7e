/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * fsync(2) is content with a journal that has everything. A boot loader does not play it: after a
 * power cut it reads what lay in place before, whose blocks may have been given away since.
 * Freezing a file system writes all of it in place (ioctl_fifreeze in fs/ioctl.c), which OSTree
 * uses for the same end.
 *
 * Who is killed between freezing and thawing would leave a /boot on which everybody hangs. So a
 * second process, in a session of its own, holds the other end of a socket: it thaws if that closes
 * without a word, or if nothing comes for too long.
 */

#include <errno.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "freeze.h"

#define PATIENCE_MS 30000

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

static bool has_journal(int dirfd)
{
	struct statfs st;

	return !fstatfs(dirfd, &st) &&
	       (st.f_type == EXT4_SUPER_MAGIC || st.f_type == XFS_SUPER_MAGIC);
}

static void __attribute__((noreturn)) watch(int dirfd, int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	char word;

	setsid();
	if (poll(&poller, 1, PATIENCE_MS) != 1 || read(fd, &word, 1) != 1)
		ioctl(dirfd, FITHAW, 0);
	_exit(0);
}

/* The process that thaws if we cannot; its pid, or -1. */
static pid_t start_watch(int dirfd, int *fdp)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	pid = fork();
	if (!pid) {
		close(ends[1]);
		watch(dirfd, ends[0]);
	}
	close(ends[0]);
	if (pid < 0)
		close(ends[1]);
	else
		*fdp = ends[1];
	return pid;
}

/* Not all kernels, file systems and containers can; that is no error. */
static int freeze(int dirfd, struct rd_error *err)
{
	if (!ioctl(dirfd, FIFREEZE, 0)) {
		/* The other one is still there to try again. */
		if (ioctl(dirfd, FITHAW, 0) < 0 && errno != EINVAL)
			return rd_error_set(err, errno, "thaw: %s", strerror(errno));
		return 0;
	}
	switch (errno) {
	case EBUSY: /* somebody else's freeze wrote everything, too */
	case EINVAL:
	case ENOTTY:
	case EOPNOTSUPP:
	case EPERM:
		return 0;
	}
	return rd_error_set(err, errno, "freeze: %s", strerror(errno));
}

int freeze_settle(int dirfd, int rootfd, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	struct stat root, st;
	pid_t pid;
	int r;

	if (fstat(rootfd, &root) < 0 || fstat(dirfd, &st) < 0)
		return rd_error_set(err, errno, "stat: %s", strerror(errno));
	if (st.st_dev == root.st_dev || !has_journal(dirfd))
		return 0;
	pid = start_watch(dirfd, &fd);
	if (pid < 0)
		return 0;
	r = freeze(dirfd, err);
	/* One that is not heard means that it is thawed once more. */
	if (!r)
		send(fd, "!", 1, MSG_NOSIGNAL);
	rd_closep(&fd);
	fd = -1;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r;
}
