/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The file behind the loop device is the one file of a FUSE file system (linux/fuse.h) that is
 * served from here: what the loop driver makes of a write is FUSE_WRITE, of a flush FUSE_FSYNC, and
 * each is kept before it is answered. That asks for root and no modules but loop and fuse; dm-log-
 * writes and QEMU's blklogwrites keep the same, and most machines have neither.
 *
 * The log is shared memory, so that the one who uses the disk can tell how far it is.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/loop.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "disk.h"

#define FILE_NODE   2
#define WRITE_MAX   (128 << 10)
#define REQUEST_MAX (WRITE_MAX + 4096)
#define RECORDS_MAX (1 << 18)
#define BYTES_MAX   ((size_t)4 << 30) /* of address space; memory is used as it fills */

struct disk_log {
	_Atomic uint32_t n;
	size_t used;
	struct disk_record records[RECORDS_MAX];
	unsigned char bytes[];
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void *share(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void keep(struct disk *disk, const struct disk_record *record, const void *data)
{
	uint32_t n = atomic_load(&disk->log->n);
	struct disk_record *to = &disk->log->records[n];

	if (n + 1 >= RECORDS_MAX || disk->log->used + record->len > BYTES_MAX) {
		fprintf(stderr, "the log of the disk is full\n");
		exit(EXIT_FAILURE);
	}
	*to = *record;
	to->data = disk->log->used;
	if (data)
		memcpy(disk->log->bytes + to->data, data, record->len);
	disk->log->used += record->len;
	atomic_store(&disk->log->n, n + 1);
}

static void answer(int fd, uint64_t unique, int error, const void *data, size_t len)
{
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + len),
		.error = error,
		.unique = unique,
	};
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)(uintptr_t)data, len } };

	/* ENOENT: the one who asked is gone. */
	if (writev(fd, parts, len ? 2 : 1) < 0 && errno != ENOENT)
		die("answer of the disk");
}

static void describe(const struct disk *disk, uint64_t node, struct fuse_attr *attr)
{
	*attr = (struct fuse_attr){
		.ino = node,
		.mode = node == FILE_NODE ? S_IFREG | 0600 : S_IFDIR | 0700,
		.size = node == FILE_NODE ? disk->size : 0,
		.blocks = disk->size >> 9,
		.nlink = 1,
		.blksize = 4096,
	};
}

static void answer_init(int fd, const struct fuse_in_header *in)
{
	const struct fuse_init_in *wish = (const void *)(in + 1);
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = wish->minor < 31 ? wish->minor : 31,
		.max_readahead = wish->max_readahead,
		.flags = wish->flags & (FUSE_BIG_WRITES | FUSE_MAX_PAGES),
		.max_write = WRITE_MAX,
		.max_pages = WRITE_MAX / 4096,
		.max_background = 64,
		.congestion_threshold = 48,
	};

	answer(fd, in->unique, 0, &out, sizeof(out));
}

static void answer_write(struct disk *disk, int fd, const struct fuse_in_header *in)
{
	const struct fuse_write_in *what = (const void *)(in + 1);
	struct disk_record record = { .offset = what->offset, .len = what->size };
	struct fuse_write_out out = { .size = what->size };

	if (what->offset + what->size > disk->size) {
		answer(fd, in->unique, -ENOSPC, NULL, 0);
		return;
	}
	memcpy(disk->content + what->offset, what + 1, what->size);
	keep(disk, &record, what + 1);
	answer(fd, in->unique, 0, &out, sizeof(out));
}

/* What is to be zero, or nothing: both are written as zeros. */
static void answer_zero(struct disk *disk, int fd, const struct fuse_in_header *in)
{
	const struct fuse_fallocate_in *what = (const void *)(in + 1);
	static const unsigned char zeros[WRITE_MAX];
	uint64_t end = what->offset + what->length;

	if (end > disk->size)
		end = disk->size;
	for (uint64_t at = what->offset; at < end; at += sizeof(zeros)) {
		uint64_t left = end - at;
		struct disk_record record = {
			.offset = at,
			.len = (uint32_t)(left < sizeof(zeros) ? left : sizeof(zeros)),
		};

		memcpy(disk->content + at, zeros, record.len);
		keep(disk, &record, zeros);
	}
	answer(fd, in->unique, 0, NULL, 0);
}

static void answer_read(const struct disk *disk, int fd, const struct fuse_in_header *in)
{
	const struct fuse_read_in *what = (const void *)(in + 1);
	size_t len = 0;

	if (what->offset < disk->size)
		len = what->size < disk->size - what->offset ? what->size
							     : disk->size - what->offset;
	answer(fd, in->unique, 0, disk->content + what->offset, len);
}

static void answer_attr(const struct disk *disk, int fd, const struct fuse_in_header *in)
{
	struct fuse_attr_out out = { .attr_valid = 3600 };

	describe(disk, in->nodeid, &out.attr);
	answer(fd, in->unique, 0, &out, sizeof(out));
}

static void answer_lookup(const struct disk *disk, int fd, const struct fuse_in_header *in)
{
	struct fuse_entry_out out = {
		.nodeid = FILE_NODE,
		.entry_valid = 3600,
		.attr_valid = 3600,
	};

	describe(disk, FILE_NODE, &out.attr);
	answer(fd, in->unique, strcmp((const char *)(in + 1), "disk") ? -ENOENT : 0, &out,
	       strcmp((const char *)(in + 1), "disk") ? 0 : sizeof(out));
}

static void serve_one(struct disk *disk, int fd, const struct fuse_in_header *in)
{
	static const struct fuse_open_out opened;
	static const struct disk_record flush = { .is_flush = true };

	switch (in->opcode) {
	case FUSE_INIT:
		answer_init(fd, in);
		break;
	case FUSE_LOOKUP:
		answer_lookup(disk, fd, in);
		break;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		answer_attr(disk, fd, in);
		break;
	case FUSE_OPEN:
		answer(fd, in->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		answer_read(disk, fd, in);
		break;
	case FUSE_WRITE:
		answer_write(disk, fd, in);
		break;
	case FUSE_FALLOCATE:
		answer_zero(disk, fd, in);
		break;
	case FUSE_FSYNC:
		keep(disk, &flush, NULL);
		answer(fd, in->unique, 0, NULL, 0);
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		answer(fd, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(fd, in->unique, -ENOSYS, NULL, 0);
	}
}

static _Noreturn void serve(struct disk *disk, int fd)
{
	static _Alignas(8) unsigned char request[REQUEST_MAX];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		ssize_t n = read(fd, request, sizeof(request));

		if (n < 0 && errno == ENODEV) /* unmounted */
			_exit(EXIT_SUCCESS);
		if (n < 0 && errno != EINTR && errno != EAGAIN && errno != ENOENT)
			die("read what the disk is asked");
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			serve_one(disk, fd, (const void *)request);
	}
}

void loop_open(struct loop *loop, const char *file)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	RD_CLEANUP(rd_closep) int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	RD_CLEANUP(rd_closep) int fd = open(file, O_RDWR | O_CLOEXEC);

	if (control < 0 || fd < 0)
		die(fd < 0 ? file : "/dev/loop-control");
	config.fd = (unsigned int)fd;
	/* Another one may take the free one first. */
	for (int tries = 0; tries < 100; tries++) {
		snprintf(loop->device, sizeof(loop->device), "/dev/loop%d",
			 ioctl(control, LOOP_CTL_GET_FREE));
		loop->fd = open(loop->device, O_RDWR | O_CLOEXEC);
		if (loop->fd >= 0 && !ioctl(loop->fd, LOOP_CONFIGURE, &config))
			return;
		rd_closep(&loop->fd);
	}
	die(loop->device);
}

void loop_close(struct loop *loop)
{
	rd_closep(&loop->fd);
}

void disk_open(struct disk *disk, const char *folder, unsigned char *first, size_t size)
{
	static const unsigned char zeros[4096];
	char options[128], file[96];
	int fd;

	*disk = (struct disk){ .size = size, .first = first, .loop.fd = -1 };
	snprintf(disk->folder, sizeof(disk->folder), "%s", folder);
	disk->content = share(size);
	/* What stays zero takes no memory. */
	for (size_t i = 0; i < size; i += sizeof(zeros)) {
		if (memcmp(zeros, first + i, sizeof(zeros)) != 0)
			memcpy(disk->content + i, first + i, sizeof(zeros));
	}
	disk->log = share(sizeof(*disk->log) + BYTES_MAX);

	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mount("disk", folder, "fuse", MS_NOSUID | MS_NODEV, options) < 0)
		die("/dev/fuse");
	disk->server = fork();
	if (!disk->server)
		serve(disk, fd);
	close(fd);
	snprintf(file, sizeof(file), "%s/disk", folder);
	loop_open(&disk->loop, file);
}

void disk_close(struct disk *disk)
{
	loop_close(&disk->loop);
	/* The loop device lets go of the file when its last user does, a moment later. */
	umount2(disk->folder, MNT_DETACH);
	waitpid(disk->server, NULL, 0);
	munmap(disk->content, disk->size);
	disk->content = NULL;
}

void disk_forget(struct disk *disk)
{
	munmap(disk->log, sizeof(*disk->log) + BYTES_MAX);
	disk->log = NULL;
}

const char *disk_missing(void)
{
	RD_CLEANUP(rd_closep) int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	RD_CLEANUP(rd_closep) int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	RD_CLEANUP(rd_closep) int loop = -1;
	char device[32];

	if (geteuid())
		return "loop devices and mounts want root";
	if (fuse < 0)
		return "/dev/fuse is not to be had here";
	snprintf(device, sizeof(device), "/dev/loop%d", ioctl(control, LOOP_CTL_GET_FREE));
	loop = open(device, O_RDWR | O_CLOEXEC);
	if (loop < 0)
		return "loop devices are not to be had here";
	/* For good: what is mounted from here on goes with the process. */
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "mounting is not allowed here";
	return NULL;
}

uint32_t disk_n(const struct disk *disk)
{
	return atomic_load(&disk->log->n);
}

const struct disk_record *disk_record(const struct disk *disk, uint32_t i)
{
	return &disk->log->records[i];
}

const unsigned char *disk_data(const struct disk *disk, const struct disk_record *record)
{
	return disk->log->bytes + record->data;
}
