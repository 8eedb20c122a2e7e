/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The pr_debug sites of running code: /proc/dynamic_debug/control, and how they are held against
 * those of a file. Lines and folders do not count: a rebuild elsewhere has others.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "inspect/dyndbg.h"
#include "model/copy.h"
#include "model/evidence.h"

/**
 * rd_dyndbg_control_parse() - the sites of one module
 * @text: the file's content; cut into strings in place, which the sites borrow
 * @module: as the kernel calls it
 * @out: empty; rd_dyndbg_deinit() it
 * @is_wholep: whether the text was not cut off, and all lines of the module could be read: only
 *	       then does a missing site say anything
 *
 * Return: 0 or -ENOMEM.
 */
int rd_dyndbg_control_parse(struct rd_text *text, const char *module, struct rd_dyndbg *out,
			    bool *is_wholep);

/* How many there are, and the sum of their hashes: the same for the same sites in any order. */
struct rd_sites rd_dyndbg_sites(const struct rd_dyndbg *dyndbg);

static inline bool rd_dyndbg_sites_equal(const struct rd_sites *a, const struct rd_sites *b)
{
	return a->n == b->n && a->sum == b->sum;
}

/* Names the sites that only one of the two has, the running code's first; 0 or -ENOMEM. */
int rd_dyndbg_difference(const struct rd_dyndbg *running, const struct rd_dyndbg *file,
			 struct rd_evidence *ev);

/* The known patches whose message is among the sites; 0 or -ENOMEM. */
int rd_dyndbg_find_patches(const struct rd_dyndbg *dyndbg, struct rd_evidence *ev);
