/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "examine.h"
#include "mutant.h"
#include "order.h"
#include "promise.h"
#include "recording.h"
#include "trial.h"
#include "watch.h"

static const struct fs *fs;
static char folder[64], mountpoint[96], diskpoint[96], basefile[96], neighbour[128];

static const struct {
	const char *title;
	enum verb verb;
	int code;
	enum promise_whole at_end;
} situations[] = {
	[FORWARD] = { "going forward", RUN, DONE, PROMISE_AFTER },
	[BACK] = { "rolling back", ROLLBACK, DONE, PROMISE_BEFORE },
	[EARLY] = { "undoing what was interrupted early", RESUME, UNDONE, PROMISE_BEFORE },
	[LATE] = { "finishing what was interrupted late", RESUME, DONE, PROMISE_AFTER },
};

static unsigned char *bases[_SITUATION_N]; /* the disk before it */

const char *recording_title(enum situation situation)
{
	return situations[situation].title;
}

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

/* Called when all has been put back. */
static void at_check(enum rd_step step)
{
	if (step == RD_STEP_UNDO)
		promise_whole(PROMISE_BEFORE);
}

static void commit(void)
{
	fs_commit(fs, neighbour);
}

static int start(const void *arg)
{
	char said[512];
	int code = trial_start(*(const enum verb *)arg, said, sizeof(said));

	dprintf(STDERR_FILENO, "%s", said);
	return code;
}

void recording_start(struct recording *recording, enum situation situation, bool is_busy,
		     size_t mutant)
{
	enum verb verb = situations[situation].verb;
	struct watch_fault fault = { .kind = WATCH_ONLY, .meanwhile = is_busy ? commit : NULL };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

	disk_open(&recording->disk, diskpoint, bases[situation], fs->size);
	if (fs_mount(fs, recording->disk.loop.device, mountpoint, false))
		die(mountpoint);
	promise_begin(trial.root, &recording->disk);
	mutant_set(mutant, &recording->disk);
	watch_run(&watch, start, &verb, &fault, true);
	mutant_set(MUTANT_NONE, NULL);
	if (!WIFEXITED(watch.status) || WEXITSTATUS(watch.status) != situations[situation].code) {
		fprintf(stderr, "%s: status %x, %s\n", situations[situation].title,
			(unsigned int)watch.status, watch.said);
		exit(EXIT_FAILURE);
	}
	promise_whole(situations[situation].at_end);
	promise_stop();
	recording->n = disk_n(&recording->disk);
	recording->order = order_check(&watch, ORDER_NONE);
	fs_unmount(mountpoint);
	disk_close(&recording->disk);
}

void recording_forget(struct recording *recording)
{
	free(recording->order);
	promise_end();
	disk_forget(&recording->disk);
}

static unsigned char *read_base(void)
{
	RD_CLEANUP(rd_closep) int fd = open(basefile, O_RDONLY | O_CLOEXEC);
	unsigned char *p = mmap(NULL, fs->size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	off_t from = 0, to;

	if (fd < 0 || p == MAP_FAILED)
		die(basefile);
	while ((from = lseek(fd, from, SEEK_DATA)) >= 0) {
		to = lseek(fd, from, SEEK_HOLE);
		if (pread(fd, p + from, (size_t)(to - from), from) != to - from)
			die(basefile);
		from = to;
	}
	return p;
}

static void mount_base(const struct loop *loop)
{
	if (fs_mount(fs, loop->device, mountpoint, false))
		die(mountpoint);
}

/* A machine on which the run was killed at @tenths of its calls. */
static void prepare_interrupted(const struct loop *loop, enum situation situation,
				unsigned int tenths)
{
	struct watch_fault fault = { .kind = WATCH_ONLY };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };
	enum verb verb = RUN;

	mount_base(loop);
	machine_make(trial.root);
	watch_run(&watch, start, &verb, &fault, false);
	machine_make(trial.root);
	fault = (struct watch_fault){ .kind = WATCH_KILL, .at = watch.n_calls * tenths / 10 };
	watch_run(&watch, start, &verb, &fault, false);
	fs_unmount(mountpoint);
	bases[situation] = read_base();
}

const char *recording_begin(const struct fs *on)
{
	char root[128];
	struct loop loop;

	fs = on;
	snprintf(folder, sizeof(folder), "%s", machine_folder());
	/* One of our own, since /dev/shm may be small. */
	if (mount("images", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") < 0)
		die(folder);
	snprintf(mountpoint, sizeof(mountpoint), "%s/mount", folder);
	snprintf(diskpoint, sizeof(diskpoint), "%s/disk", folder);
	snprintf(basefile, sizeof(basefile), "%s/base", folder);
	snprintf(neighbour, sizeof(neighbour), "%s/neighbour", mountpoint);
	mkdir(mountpoint, 0700);
	mkdir(diskpoint, 0700);
	fs_make(fs, basefile);
	loop_open(&loop, basefile);
	mount_base(&loop);
	snprintf(root, sizeof(root), "%s/machine", mountpoint);
	trial_begin(root);
	examine_learn(root, true);
	fs_unmount(mountpoint);
	bases[BACK] = read_base();
	mount_base(&loop);
	machine_make(root);
	examine_learn(root, false);
	fs_unmount(mountpoint);
	bases[FORWARD] = read_base();
	prepare_interrupted(&loop, EARLY, 1);
	prepare_interrupted(&loop, LATE, 8);
	loop_close(&loop);
	trial.at_check = at_check;
	return folder;
}

void recording_end(void)
{
	for (size_t i = 0; i < _SITUATION_N; i++)
		munmap(bases[i], fs->size);
	trial_end();
	examine_unlearn();
	umount2(folder, MNT_DETACH);
	machine_remove_folder();
}
