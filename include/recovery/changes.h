/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From a course, and what was made ready for it, to the plan of a transaction: which file changes,
 * in which step. */

#include "recovery/plan.h"
#include "recovery/work.h"

/*
 * The words in a plan's notes that steps.c, and the boot that confirms, go by. K stands for a
 * kernel's release, PATH for one from the root without a leading slash.
 */
#define RD_NOTE_METHOD	 "method" /* as it was asked for */
#define RD_NOTE_BEGUN_BY "begun-by" /* version of the program */
#define RD_NOTE_USER	 "profile-user" /* who gets the profile after the boot that confirms */
#define RD_NOTE_KERNEL	 "method." /* K: the method of a kernel */
#define RD_NOTE_BUILD_ID "build-id." /* K: of the amdgpu that must run there; "none": not known */
#define RD_NOTE_PROVEN	 "proven." /* K: "yes": built from a source that is its package's */
#define RD_NOTE_MODULE	 "module." /* K: the path that depmod must resolve amdgpu to */
#define RD_NOTE_WITHOUT	 "without." /* N: a path that depmod is not to see: it goes afterwards */
#define RD_NOTE_SOURCE	 "source." /* N: a file of a source that is put right */
#define RD_NOTE_IMAGE	 "image." /* PATH: "TOOL K", by which the image is made anew */
#define RD_NOTE_BOOT_ID	 "boot-id" /* among the armed notes: of the boot that armed */

struct rd_changes_order {
	const struct rd_system *sys;
	const struct rd_facts *facts;
	const struct rd_course *course;
	const struct rd_work *work;
	enum rd_method asked;
	const char *user; /* RD_NOTE_USER, NULL: nobody */
	bool with_leftovers; /* put away what the recipes left outside of the driver */
};

enum {
	_RD_CHANGES_OK,
	RD_CHANGES_REFUSED, /* something can not be made anew here; @err says what, and the way out
			     */
};

/* Whether an image is made anew: those that boot a kernel whose driver is another one, if they hold
 * amdgpu. */
bool rd_changes_needs_image(const struct rd_course *course, const struct rd_image *image);

/* Whether a leftover is a file that is put away. */
bool rd_changes_has_leftover(const struct rd_leftover *leftover);

/* Return: 0, RD_CHANGES_REFUSED, or a negative errno. */
int rd_changes_plan(const struct rd_changes_order *order, struct rd_plan *plan,
		    struct rd_error *err);
