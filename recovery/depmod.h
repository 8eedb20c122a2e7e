/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The indexes of a kernel's modules, made beside their place. Private to recovery. */

#include "recovery/plan.h"
#include "system/system.h"

/* Adds the index files of a kernel to the phase that was added last; 0 or a negative errno. */
int depmod_plan(const struct rd_system *sys, const char *kernel, struct rd_plan *plan,
		struct rd_error *err);

struct depmod_order {
	const struct rd_system *sys;
	const struct rd_notes *notes; /* of the plan */
	const char *stage; /* the phase's folder, from the root */
};

/**
 * depmod_run() - index each kernel that has RD_NOTE_MODULE
 *
 * The files come below STAGE/KERNEL. Return: 0 or a negative errno: also if amdgpu would not be
 * resolved to that module.
 */
int depmod_run(const struct depmod_order *order, struct rd_error *err);

/* Whether the index in place resolves amdgpu to the module of the notes, for each kernel. */
int depmod_check(const struct rd_system *sys, const struct rd_notes *notes, struct rd_error *err);
