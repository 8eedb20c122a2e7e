/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * All that takes long and may fail, done before a transaction begins, below RD_STATE_WORK: sources
 * put right in a copy, modules built from it, packaged and saved modules laid out. Each result is
 * inspected; nothing of the machine changes for it, and a crash leaves nothing to undo.
 */

#include "recovery/course.h"
#include "recovery/state.h"
#include "system/system.h"

/* Who wants to know how far it is. */
struct rd_progress {
	/* @total 0: not known. May be NULL. */
	void (*tell)(void *userdata, const char *what, size_t done, size_t total);
	void *userdata;
};

/* What is ready for one kernel. */
struct rd_work_kernel {
	const struct rd_kernel_course *course; /* borrowed, of the course that was given */
	char *set; /* folder of a set that was built, VERSION/KERNEL/ARCH of dkms; NULL: none */
	char *module; /* path of the amdgpu that loads afterwards, as seen from the root */
	char *build_id; /* of it; NULL: it has none */
	bool is_proven; /* built from a source that is, file by file, its package's */
};

struct rd_work {
	struct {
		struct rd_work_kernel *items; /* one for each kernel of the course */
		size_t n, cap;
	} kernels;
};

#define RD_WORK_INIT \
	{            \
		0    \
	}

void rd_work_deinit(struct rd_work *work);

enum {
	_RD_WORK_OK,
	RD_WORK_FAILED, /* a kernel cannot be helped that way; @err says why */
};

struct rd_work_order {
	const struct rd_system *sys;
	const struct rd_state *state; /* locked */
	const struct rd_facts *facts;
	const struct rd_means *means;
	struct rd_progress progress;
};

/**
 * rd_work_prepare() - make ready what a course needs
 * @course: a kernel whose build fails, or cannot be proven, gets its fallback as its method, and
 * the reason says so
 *
 * Return: 0, RD_WORK_FAILED, -EINTR (stopped), or another negative errno.
 */
int rd_work_prepare(const struct rd_work_order *order, struct rd_course *course,
		    struct rd_work *work, struct rd_error *err);

/* Takes the folder away. */
void rd_work_remove(const struct rd_state *state);
