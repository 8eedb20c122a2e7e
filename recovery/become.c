/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A child that becomes a user. Groups first, then the group, then the user, all three ids of each,
 * so that nothing is left to go back to; asked for afterwards, since a filter or a full process
 * limit may answer otherwise than it did (setresuid(2)). It is not dumpable then, so that the user
 * cannot attach to it. The answer comes through a pipe: a head, and then bytes, which are the
 * user's word and no more.
 */

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "recovery/user.h"
#include "recovery/write.h"

#define ANSWER_MAX ((size_t)8 << 20)

struct head {
	int r;
	struct rd_error err;
};

static int change_ids(const struct rd_user *user, struct rd_error *err)
{
	uid_t uids[3];
	gid_t gids[3];

	if (setgroups(user->groups.n, user->groups.items) < 0 ||
	    setresgid(user->gid, user->gid, user->gid) < 0 ||
	    setresuid(user->uid, user->uid, user->uid) < 0)
		return rd_error_set(err, errno, "become user %s: %s", user->name, strerror(errno));
	if (getresuid(&uids[0], &uids[1], &uids[2]) < 0 ||
	    getresgid(&gids[0], &gids[1], &gids[2]) < 0)
		return rd_error_set(err, errno, "become user %s: %s", user->name, strerror(errno));
	for (size_t i = 0; i < 3; i++) {
		if (uids[i] != user->uid || gids[i] != user->gid)
			return rd_error_set(err, EPERM, "become user %s: it did not happen",
					    user->name);
	}
	return 0;
}

int rd_user_become(const struct rd_user *user, struct rd_error *err)
{
	if (geteuid() == user->uid && getuid() == user->uid)
		return 0;
	if (geteuid())
		return rd_error_set(err, EPERM, "only root can become user %s", user->name);
	return change_ids(user, err);
}

static _Noreturn void be_child(const struct rd_user *user,
			       int (*fn)(const void *arg, struct rd_text *answer,
					 struct rd_error *err),
			       const void *arg, int fd)
{
	struct rd_text answer = RD_TEXT_INIT;
	struct head head = { .err = RD_ERROR_INIT };
	bool is_other = geteuid() != user->uid;

	signal(SIGPIPE, SIG_IGN);
	umask(022);
	head.r = rd_user_become(user, &head.err);
	if (is_other)
		prctl(PR_SET_DUMPABLE, 0); /* whatever fs.suid_dumpable has made of it */
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* changing ids takes an earlier one away */
	if (!head.r)
		head.r = fn(arg, &answer, &head.err);
	if (rd_write_all(fd, &head, sizeof(head), NULL) ||
	    rd_write_all(fd, answer.data, answer.len, NULL))
		_exit(1);
	_exit(0);
}

static long left_ms(const struct timespec *start, unsigned int seconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)seconds * 1000 - (now.tv_sec - start->tv_sec) * 1000 -
	       (now.tv_nsec - start->tv_nsec) / 1000000;
}

/* All that comes until the pipe is closed; -ETIMEDOUT, or whatever the pipe has to say. */
static int collect(int fd, unsigned int seconds, struct rd_text *text)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	struct timespec start;
	char buffer[4096];

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		long left = left_ms(&start, seconds);
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&wait, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		if (!wait.revents)
			continue;
		n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : 0;
		if (text->len + (size_t)n > ANSWER_MAX)
			return -EFBIG;
		if (rd_text_append(text, buffer, (size_t)n))
			return -ENOMEM;
	}
}

static int judge(const struct rd_text *text, struct rd_text *answerp, struct rd_error *err)
{
	struct head head;

	if (text->len < sizeof(head))
		return rd_error_set(err, EIO, "the process that works as the user died");
	memcpy(&head, text->data, sizeof(head));
	head.err.msg[sizeof(head.err.msg) - 1] = '\0';
	if (head.r) {
		rd_error_set(err, head.err.errnum, "%s", head.err.msg);
		return head.r;
	}
	return rd_text_append(answerp, text->data + sizeof(head), text->len - sizeof(head))
		       ? rd_error_nomem(err)
		       : 0;
}

int rd_user_do(const struct rd_user *user,
	       int (*fn)(const void *arg, struct rd_text *answer, struct rd_error *err),
	       const void *arg, unsigned int seconds, struct rd_text *answerp, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_closep) int from = -1;
	int fds[2], r;
	pid_t pid;

	fflush(NULL);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return rd_error_set(err, errno, "make a pipe: %s", strerror(errno));
	from = fds[0];
	pid = fork();
	if (!pid)
		be_child(user, fn, arg, fds[1]);
	close(fds[1]);
	if (pid < 0)
		return rd_error_set(err, errno, "start a process: %s", strerror(errno));

	r = collect(from, seconds, &text);
	if (r)
		kill(pid, SIGKILL);
	/* What hangs in the kernel does not die either: it is left behind then. */
	while (waitpid(pid, NULL, r == -ETIMEDOUT ? WNOHANG : 0) < 0 && errno == EINTR)
		;
	if (r)
		return rd_error_set(err, -r, "home of user %s: %s", user->name,
				    r == -ETIMEDOUT ? "no answer from its file system"
						    : strerror(-r));
	return judge(&text, answerp, err);
}
