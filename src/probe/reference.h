/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Copies that no digest and no signature proves, held against one that is proven. */

#include <stdatomic.h>

#include "model/facts.h"
#include "system/system.h"

/* Compares that one run may make, 0.1 s each: a machine needs one for each kernel, if any. */
#define RD_REFEREE_COMPARES 32

/* What several threads may share while the facts stand still. */
struct rd_referee {
	const struct rd_system *sys;
	const struct rd_facts *facts;
	atomic_size_t compares; /* made so far */
};

/**
 * rd_reference_judge() - hold a module's functions against the best proven copy of the same build
 * @module: the content of @copy, in any compression; need not be a mapping
 * @copy: inspected; its verdict and evidence are sharpened where a compare tells more
 *
 * Only a copy that can load, shows no sign and has no proof is compared, and only with a module of
 * the same kernel and the same version. What is identical becomes clean; what differs in a few
 * functions is modified, and they are named; what differs in many was built from other sources,
 * which is no sign of anything.
 *
 * Return: 0 or a negative errno.
 */
int rd_reference_judge(struct rd_referee *referee, const struct rd_map *module,
		       struct rd_copy *copy, struct rd_error *err);
