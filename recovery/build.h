/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A set of modules by dkms, in a tree of our own. Private to recovery. */

#include "recovery/work.h"

/* Builds and proves the set of a kernel; fills @kernel. Return: as rd_work_prepare(). */
int build_kernel(const struct rd_work_order *order, struct rd_work_kernel *kernel,
		 struct rd_error *err);
