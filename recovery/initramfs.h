/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Initramfs images, made anew by the distribution's tool beside their place and read back. Private
 * to recovery. */

#include "model/image.h"
#include "recovery/plan.h"
#include "system/system.h"

enum {
	_INITRAMFS_OK,
	INITRAMFS_NO_TOOL, /* nothing here makes such an image; @err says so */
};

/* Whether something here makes such an image: 0, INITRAMFS_NO_TOOL, or a negative errno. */
int initramfs_can_make(const struct rd_system *sys, const struct rd_image *image,
		       struct rd_error *err);

/* Adds an image to the phase that was added last, and to the notes how it is made. Return: 0,
 * INITRAMFS_NO_TOOL, or a negative errno. */
int initramfs_plan(const struct rd_system *sys, const struct rd_image *image, struct rd_plan *plan,
		   struct rd_error *err);

struct initramfs_order {
	const struct rd_system *sys;
	const struct rd_notes *notes; /* of the plan */
	const char *stage; /* the phase's folder, from the root */
	void (*tell)(void *userdata, const char *what); /* may be NULL */
	void *userdata;
};

/* Makes every image of the notes; each is read to its end and holds the right amdgpu or none, else
 * a negative errno. */
int initramfs_run(const struct initramfs_order *order, struct rd_error *err);

/* Whether every image of the notes, in its place, is one that initramfs_run() would take. */
int initramfs_check(const struct rd_system *sys, const struct rd_notes *notes,
		    struct rd_error *err);
