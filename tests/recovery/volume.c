/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "volume.h"

#define BLOCK 4096

/*
 * noauto_da_alloc: ext4 by itself writes the content out before a rename over an old name, which
 * hides a missing sync. Not every file system does, nor ext4 for a new name.
 */
static const struct fs all[] = {
	{
		.name = "ext4",
		.options = "noauto_da_alloc",
		.fast_options = "nobarrier",
		.mkfs = { "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-I", "256", "-J",
			  "size=4", "-E", "lazy_itable_init=0,nodiscard" },
		.size = (size_t)16 << 20,
	},
	{
		.name = "xfs",
		.options = "nouuid",
		.fast_options = "nouuid",
		.mkfs = { "mkfs.xfs", "-q", "-f", "-K" },
		.size = (size_t)300 << 20, /* the least that it makes */
	},
	{
		.name = "btrfs",
		.options = "",
		.fast_options = "nobarrier",
		.mkfs = { "mkfs.btrfs", "-q", "-f", "-K" },
		.size = (size_t)128 << 20,
	},
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

const struct fs *fs_find(const char *name)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(all); i++) {
		if (!strcmp(all[i].name, name))
			return &all[i];
	}
	return NULL;
}

/* Runs a program and says what it ended with; -1: it is not there. */
static int run(const char *const argv[])
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		RD_CLEANUP(rd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		setenv("PATH", "/usr/sbin:/sbin:/usr/bin:/bin", 1);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die(argv[0]);
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -1 : status;
}

const char *fs_missing(const struct fs *fs)
{
	static const char *const folders[] = { "/usr/sbin", "/sbin", "/usr/bin" };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_closep) int fd = -1;
	char path[128], line[64];

	for (size_t i = 0; i < RD_N_ELEMENTS(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], fs->mkfs[0]);
		if (!access(path, X_OK))
			break;
		if (i + 1 == RD_N_ELEMENTS(folders))
			return fs->mkfs[0];
	}
	run((const char *const[]){ "modprobe", "-q", fs->name, NULL });
	fd = open("/proc/filesystems", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || rd_text_fill(&text, fd, 1 << 16, NULL))
		die("/proc/filesystems");
	snprintf(line, sizeof(line), "\t%s\n", fs->name);
	return strstr(text.data, line) ? NULL : "a kernel that has this file system";
}

void fs_make(const struct fs *fs, const char *image)
{
	RD_CLEANUP(rd_closep) int fd = open(image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const char *argv[RD_N_ELEMENTS(fs->mkfs) + 2] = { 0 };
	size_t n = 0;

	if (fd < 0 || ftruncate(fd, (off_t)fs->size) < 0)
		die(image);
	for (; fs->mkfs[n]; n++)
		argv[n] = fs->mkfs[n];
	argv[n] = image;
	if (run(argv)) {
		fprintf(stderr, "%s failed\n", fs->mkfs[0]);
		exit(EXIT_FAILURE);
	}
}

int fs_mount(const struct fs *fs, const char *device, const char *at, bool is_fast)
{
	const char *options = is_fast ? fs->fast_options : fs->options;

	return mount(device, at, fs->name, MS_NOATIME, options) < 0 ? errno : 0;
}

void fs_unmount(const char *at)
{
	/* A child that was killed may hold a file for a moment. */
	for (int tries = 0; umount(at) < 0; tries++) {
		if (errno != EBUSY || tries > 1000)
			die(at);
		usleep(1000);
	}
}

void fs_commit(const struct fs *fs, const char *file)
{
	RD_CLEANUP(rd_closep) int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	static mode_t mode = 0600;
	__u64 id = 0;

	mode ^= 0040;
	if (fd < 0 || fchmod(fd, mode) < 0)
		die(file);
	/* By its number: what is linked in place of fsync(2) is for recovery. */
	if (strcmp(fs->name, "btrfs") != 0) {
		if (syscall(SYS_fsync, fd) < 0)
			die(file);
	} else if (ioctl(fd, BTRFS_IOC_START_SYNC, &id) < 0 ||
		   ioctl(fd, BTRFS_IOC_WAIT_SYNC, &id) < 0) {
		die(file);
	}
}

static bool has_content(const unsigned char *block)
{
	static const unsigned char zeros[BLOCK];

	return memcmp(block, zeros, BLOCK) != 0;
}

/* Blocks that were never anything but zeros take no memory. */
static void reset(struct image *image)
{
	for (size_t i = 0; i < image->disk->size / BLOCK; i++) {
		if (image->is_used[i])
			memcpy(image->durable + i * BLOCK, image->disk->first + i * BLOCK, BLOCK);
	}
}

void image_open(struct image *image, const struct disk *disk, const char *file)
{
	size_t n = disk->size / BLOCK;

	*image = (struct image){ .disk = disk };
	image->fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (image->fd < 0 || ftruncate(image->fd, (off_t)disk->size) < 0)
		die(file);
	loop_open(&image->loop, file);
	image->durable = mmap(NULL, disk->size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	image->is_used = calloc(n, 1);
	if (image->durable == MAP_FAILED || !image->is_used)
		die("memory");
	for (size_t i = 0; i < n; i++)
		image->is_used[i] = has_content(disk->first + i * BLOCK);
	reset(image);
	for (uint32_t i = 0; i < disk_n(disk); i++) {
		const struct disk_record *record = disk_record(disk, i);

		for (size_t b = record->offset / BLOCK;
		     record->len && b <= (record->offset + record->len - 1) / BLOCK; b++)
			image->is_used[b] = true;
	}
}

void image_close(struct image *image)
{
	loop_close(&image->loop);
	rd_closep(&image->fd);
	munmap(image->durable, image->disk->size);
	free(image->is_used);
}

static void apply(const struct image *image, const struct disk_record *record, uint32_t len)
{
	memcpy(image->durable + record->offset, disk_data(image->disk, record), len);
}

/* The number of records up to and with the last flush among the first @n. */
static uint32_t last_flush(const struct disk *disk, uint32_t n)
{
	while (n && !disk_record(disk, n - 1)->is_flush)
		n--;
	return n;
}

static void advance(struct image *image, uint32_t n)
{
	if (n < image->n) {
		reset(image);
		image->n = 0;
	}
	for (; image->n < n; image->n++) {
		const struct disk_record *record = disk_record(image->disk, image->n);

		apply(image, record, record->len);
	}
}

static void put(const struct image *image, const void *data, size_t len, uint64_t offset)
{
	if (pwrite(image->fd, data, len, (off_t)offset) != (ssize_t)len)
		die("image");
}

static bool is_chosen(const struct cut *cut, uint32_t number, uint32_t i)
{
	switch (cut->choice) {
	case CHOOSE_ALL:
	case CHOOSE_TORN:
		return true;
	case CHOOSE_NONE:
		return false;
	case CHOOSE_WITHOUT_ONE:
		return number != cut->seed;
	default:
		return (cut->seed ^ (i * 2654435761u)) * 2246822519u >> 31;
	}
}

void image_cut(struct image *image, const struct cut *cut)
{
	const struct disk *disk = image->disk;
	uint32_t flushed = last_flush(disk, cut->n);

	advance(image, flushed);
	/* What a mount left, in the file and in the device's cache. */
	if (ftruncate(image->fd, 0) < 0 || ftruncate(image->fd, (off_t)disk->size) < 0)
		die("image");
	for (size_t i = 0, run = 0; i <= disk->size / BLOCK; i++) {
		if (i < disk->size / BLOCK && image->is_used[i]) {
			run++;
			continue;
		}
		if (run)
			put(image, image->durable + (i - run) * BLOCK, run * BLOCK,
			    (i - run) * BLOCK);
		run = 0;
	}
	for (uint32_t i = flushed; i < cut->n; i++) {
		const struct disk_record *record = disk_record(disk, i);
		bool is_torn = cut->choice == CHOOSE_TORN && i + 1 == cut->n;

		if (is_chosen(cut, i - flushed, i))
			put(image, disk_data(disk, record), is_torn ? record->len / 2 : record->len,
			    record->offset);
	}
	if (ioctl(image->loop.fd, BLKFLSBUF) < 0)
		die(image->loop.device);
}
