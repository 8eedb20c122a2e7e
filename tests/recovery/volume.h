/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* File systems on an image, and the images that a power cut leaves of them. */

#include <stdbool.h>
#include <stdint.h>

#include "disk.h"

struct fs {
	const char *name;
	const char *options,
		*fast_options; /* for mount(2); fast: nothing that is done is to last */
	const char *mkfs[16]; /* the image's path comes last */
	size_t size;
};

/* NULL if there is none of that name. */
const struct fs *fs_find(const char *name);

/* NULL, or what making or mounting it lacks here. */
const char *fs_missing(const struct fs *fs);

void fs_make(const struct fs *fs, const char *image);
/* 0 or an errno. */
int fs_mount(const struct fs *fs, const char *device, const char *at, bool is_fast);
void fs_unmount(const char *at);

/* Lets all names that have changed by now reach the disk, but no content that nobody synced: what
 * a file system does by itself every few seconds. @file: one of nobody's, on it. */
void fs_commit(const struct fs *fs, const char *file);

/*
 * A moment at which the power goes: all up to the last flush among the first @n records is on the
 * disk; of the writes since then those that @choice takes.
 */
struct cut {
	uint32_t n;
	enum choice {
		CHOOSE_ALL,
		CHOOSE_NONE,
		CHOOSE_WITHOUT_ONE, /* the one with the number @seed */
		CHOOSE_SOME, /* by @seed */
		CHOOSE_TORN, /* all, but the last one to its half */
	} choice;
	uint32_t seed;
};

/* What a disk was at cuts, in a file. */
struct image {
	const struct disk *disk;
	struct loop loop;
	int fd;
	unsigned char *durable; /* with the first @n records */
	uint32_t n;
	unsigned char *is_used; /* for each block: whether it was ever anything but zeros */
};

void image_open(struct image *image, const struct disk *disk, const char *file);
void image_close(struct image *image);
/* The file becomes what the disk was. Cheap if cuts come in their order. */
void image_cut(struct image *image, const struct cut *cut);
