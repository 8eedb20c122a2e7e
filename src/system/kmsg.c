/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Each read(2) of /dev/kmsg gives one record. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "below.h"
#include "system/kmsg.h"

#define KMSG	   "/dev/kmsg"
#define BUSY_MS	   10000
#define RECORD_MAX 8192 /* CONSOLE_EXT_LOG_MAX of linux/printk.h; PRINTK_MESSAGE_MAX is smaller */

int rd_kmsg_open(const struct rd_system *sys, struct rd_kmsg *kmsgp, struct rd_error *err)
{
	int fd = below_open(sys->rootfd, KMSG, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return below_failed(KMSG, fd, err);
	*kmsgp = (struct rd_kmsg){ .fd = fd };
	return 0;
}

void rd_kmsg_deinit(struct rd_kmsg *kmsg)
{
	rd_closep(&kmsg->fd);
	*kmsg = (struct rd_kmsg)RD_KMSG_INIT;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The length of the next record, 0 if there is none yet, or a negative errno. */
static ssize_t next_record(struct rd_kmsg *kmsg, char *record, size_t size, struct rd_error *err)
{
	for (;;) {
		ssize_t n = read(kmsg->fd, record, size);

		if (n >= 0)
			return n;
		switch (errno) {
		case EAGAIN:
			return 0;
		case EPIPE: /* overwritten; the next read goes on with the oldest there is */
			kmsg->has_lost = true;
			break;
		case EINTR:
			break;
		default:
			return rd_error_set(err, errno, "read " KMSG ": %s", strerror(errno));
		}
	}
}

/* Whether there may be another record before @end. */
static bool wait_for_more(const struct rd_kmsg *kmsg, long long end)
{
	struct pollfd fd = { .fd = kmsg->fd, .events = POLLIN };
	long long left = end - now_ms();

	/* POLLHUP alone: a pipe in its place, whose writers are gone. */
	return left > 0 && poll(&fd, 1, (int)left) > 0 && fd.revents & POLLIN;
}

int rd_kmsg_read(struct rd_kmsg *kmsg, unsigned int ms, rd_kmsg_fn fn, void *userdata,
		 struct rd_error *err)
{
	long long start = now_ms();
	char record[RECORD_MAX];

	for (;;) {
		ssize_t n = next_record(kmsg, record, sizeof(record), err);
		int r;

		if (n < 0)
			return (int)n;
		if (!n && !wait_for_more(kmsg, start + ms))
			return 0;
		if (!n)
			continue;
		r = fn(userdata, record, (size_t)n, err);
		if (r)
			return r;
		/* A log that is written faster than it is read must not hold us. */
		if (now_ms() > start + ms + BUSY_MS)
			return 0;
	}
}
