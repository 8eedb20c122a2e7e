/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Starts of the program on a file system whose disk keeps all that is written to it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "disk.h"
#include "volume.h"

/* What is started on which machine. */
enum situation { FORWARD, BACK, EARLY, LATE, _SITUATION_N };

struct recording {
	struct disk disk;
	uint32_t n; /* records until it was done */
	char *order; /* what the order checker says; NULL: all is well */
};

/* The machines of all situations, on a file system; and a folder for images, which it returns. */
const char *recording_begin(const struct fs *fs);
void recording_end(void);

/* Such as "going forward". */
const char *recording_title(enum situation situation);

/*
 * @is_busy: something else makes the file system commit all names, but no content, before each call
 * of ours; else nothing reaches the disk but by a sync. @mutant: MUTANT_NONE, or what is turned
 * off. Ends the program if that is not how the start ends which is recorded.
 */
void recording_start(struct recording *recording, enum situation situation, bool is_busy,
		     size_t mutant);
void recording_forget(struct recording *recording);
