/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A disk that remembers: a loop device whose every write and flush is kept in order, so that
 * afterwards it can be what it would have been after a power cut at any moment.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A loop device on a file, until the descriptor is closed and nothing is mounted from it. */
struct loop {
	int fd;
	char device[32];
};

/* Ends the program if it cannot be had: disk_missing() has asked. */
void loop_open(struct loop *loop, const char *file);
void loop_close(struct loop *loop);

struct disk_record {
	uint64_t offset;
	size_t data; /* where in the log's bytes */
	uint32_t len;
	bool is_flush; /* all before it are on the disk from here on */
};

struct disk {
	char folder[64]; /* where the file behind the loop device appears */
	size_t size;
	unsigned char *first; /* what was on it before the first record; borrowed */
	unsigned char *content;
	struct disk_log
		*log; /* shared with the process that serves the file, and with all children */
	pid_t server;
	struct loop loop;
};

/* NULL, or what keeps disks from working here. */
const char *disk_missing(void);

void disk_open(struct disk *disk, const char *folder, unsigned char *first, size_t size);
/* The log stays until disk_forget(). */
void disk_close(struct disk *disk);
void disk_forget(struct disk *disk);

/* How many records there are by now. */
uint32_t disk_n(const struct disk *disk);
const struct disk_record *disk_record(const struct disk *disk, uint32_t i);
const unsigned char *disk_data(const struct disk *disk, const struct disk_record *record);
