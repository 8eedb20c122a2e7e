/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which copies, images and packages of dkms make the chain of a kernel, and in which order. */

#include "model/facts.h"

/* In the order in which a driver comes into being; what nothing loads after all that can load. */
enum chain_stage {
	CHAIN_PACKAGE,
	CHAIN_DKMS,
	CHAIN_SOURCE,
	CHAIN_BUILT,
	CHAIN_RESOLVED, /* installed, and what modprobe loads */
	CHAIN_INSTALLED,
	CHAIN_INITRAMFS,
	CHAIN_EMPTY, /* an image without the driver */
	CHAIN_RUNNING,
	CHAIN_SHADOWED,
	CHAIN_ORIGINAL,
	CHAIN_BACKUP,
	CHAIN_FILE,
};

/* One of @copy, @image, @package is set; all borrowed from the facts. */
struct chain_link {
	enum chain_stage stage;
	size_t order; /* among links of one stage */
	const struct rd_copy *copy;
	const struct rd_image *image;
	const struct rd_dkms_package *package;
	const struct rd_dkms_build *build; /* of @package for this kernel; NULL: the next one */
};

struct chain {
	struct chain_link *items;
	size_t n, cap;
};

/* Releases that have a chain: the running one, then the newest first; borrowed. */
struct chain_releases {
	const char **items;
	size_t n, cap;
};

void chain_deinit(struct chain *chain);
void chain_releases_deinit(struct chain_releases *releases);

/* Each returns 0 or -ENOMEM. */
int chain_releases(const struct rd_facts *facts, struct chain_releases *releases);

/* The links of a kernel, in order. */
int chain_of_kernel(const struct rd_facts *facts, const char *release, struct chain *chain);

/* What is in the chain of no kernel: the sources, or all but the sources. */
int chain_of_none(const struct rd_facts *facts, bool is_source, struct chain *chain);

/* Whether nothing loads it as things stand, or dkms builds from it. */
bool chain_is_idle(const struct chain_link *link);
