/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Looking at what power cuts leave: images are mounted by several processes at once, for most of
 * the time goes by in waiting. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "volume.h"

struct examination {
	const struct disk *disk;
	const struct fs *fs;
	const char *folder; /* to mount in, and for the images */
	const struct cut *cuts;
	size_t n;
	size_t max_failed; /* images, then it ends */
	bool is_silent;
};

struct examined {
	unsigned int n_images;
	unsigned int n_states; /* different trees, journal and all, among them */
	unsigned int n_failed;
};

/* The parts of the plan, each of which is at every moment all of what it was or all of what it will
 * be: what is at their paths at @root now, before and after the run. */
void examine_learn(const char *root, bool is_after);
void examine_unlearn(void);

struct examined examine(const struct examination *examination);
