/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One run at a time. flock(2) and not fcntl(2): it belongs to the open file, so that no close()
 * somewhere in a library gives it up. The folder is below /var/lib, where the journal is, and only
 * its owner may look into it; the names in it need no care then, but for O_NOFOLLOW, which costs
 * nothing.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "orphan.h"
#include "recovery/state.h"
#include "recovery/write.h"

#define TRIES 40 /* of 50 ms */

static const char lock_name[] = "lock";

void rd_state_deinit(struct rd_state *state)
{
	rd_closep(&state->fd);
	rd_closep(&state->lockfd);
	*state = (struct rd_state)RD_STATE_INIT;
}

/* Nobody else may have written what is believed here. */
static int check_owner(int fd, struct rd_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return rd_error_set(err, errno, "stat %s: %s", RD_STATE_FOLDER, strerror(errno));
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return rd_error_set(err, EPERM, "%s: others than its owner may write there",
				    RD_STATE_FOLDER);
	return 0;
}

int rd_state_open(struct rd_state *statep, int rootfd, struct rd_error *err)
{
	RD_CLEANUP(rd_state_deinit) struct rd_state state = RD_STATE_INIT;
	int r;

	state.rootfd = rootfd;
	state.fd = rd_write_open(rootfd, RD_STATE_TXN, O_RDONLY | O_DIRECTORY);
	if (state.fd == -ENOENT)
		return RD_STATE_ABSENT;
	if (state.fd < 0)
		return rd_error_set(err, -state.fd, "open %s: %s", RD_STATE_TXN,
				    strerror(-state.fd));
	r = check_owner(state.fd, err);
	if (r)
		return r;
	*statep = state;
	state = (struct rd_state)RD_STATE_INIT;
	return 0;
}

/* The pid is for the message alone: on a full disk the lock holds without it. */
static void write_pid(int fd)
{
	char pid[16];
	int n = snprintf(pid, sizeof(pid), "%d\n", getpid());

	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) < 0)
		return;
}

static int refuse(int fd, struct rd_error *err)
{
	char pid[16] = "";

	if (pread(fd, pid, sizeof(pid) - 1, 0) < 0)
		*pid = '\0';
	return rd_error_set(err, EBUSY, "another run is in progress (pid %ld)",
			    strtol(pid, NULL, 10));
}

static int take_lock(int folderfd, int *fdp, struct rd_error *err)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000000 };
	RD_CLEANUP(rd_closep) int fd = -1;

	fd = openat(folderfd, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return rd_error_set(err, errno, "open the lock: %s", strerror(errno));
	/* What was just killed holds it for a moment more. */
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return rd_error_set(err, errno, "lock: %s", strerror(errno));
		if (i == TRIES)
			return refuse(fd, err);
		nanosleep(&pause, NULL);
	}
	write_pid(fd);
	*fdp = RD_TAKE_FD(fd);
	return 0;
}

/* The folder of our own, or where a link of that name leads; what it lies in is the system's. */
static int make_folder(int rootfd, struct rd_error *err)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	int fd = rd_write_open(rootfd, RD_STATE_FOLDER, O_RDONLY | O_DIRECTORY);
	int r;

	if (fd >= 0)
		return fd;
	if (fd != -ENOENT)
		return rd_error_set(err, -fd, "open %s: %s", RD_STATE_FOLDER, strerror(-fd));
	r = rd_write_place(rootfd, RD_STATE_FOLDER, &place, err);
	if (r == RD_WRITE_ABSENT)
		return rd_error_prefix(err, -ENOENT, "this is no system");
	return r ? r : rd_write_folder(place.dirfd, place.name, 0700, err);
}

int rd_state_lock(struct rd_state *statep, int rootfd, struct rd_error *err)
{
	RD_CLEANUP(rd_state_deinit) struct rd_state state = RD_STATE_INIT;
	RD_CLEANUP(rd_closep) int folderfd = -1;
	int r;

	state.rootfd = rootfd;
	folderfd = make_folder(rootfd, err);
	r = folderfd < 0 ? folderfd : check_owner(folderfd, err);
	if (!r)
		r = take_lock(folderfd, &state.lockfd, err);
	if (!r)
		r = orphan_end(rootfd, err);
	if (!r)
		state.fd = rd_write_folder(folderfd, "txn", 0700, err);
	if (r || state.fd < 0)
		return rd_error_prefix(err, r ? r : state.fd, RD_STATE_FOLDER);
	*statep = state;
	state = (struct rd_state)RD_STATE_INIT;
	return 0;
}
