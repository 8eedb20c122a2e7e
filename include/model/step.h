/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The steps of a recovery's transaction, as its folder on the disk has them. */

/*
 * The steps of a transaction, in their order. From RD_STEP_SOURCE to RD_STEP_REMOVED they are
 * phases; a plan has those that it needs. The names are those of facts on a disk: for ever.
 */
enum rd_step {
	RD_STEP_INTENT, /* 00-intent: the plan itself */
	RD_STEP_BACKUP, /* 10-backup: all that may change is copied */
	RD_STEP_SOURCE, /* 20-source */
	RD_STEP_BUILT, /* 30-built */
	RD_STEP_INSTALLED, /* 40-installed */
	RD_STEP_DEPMOD, /* 50-depmod */
	RD_STEP_INITRAMFS, /* 60-initramfs */
	RD_STEP_REMOVED, /* 70-removed: what nothing loads any more */
	RD_STEP_ARMED, /* 90-armed: all done; a later boot shall confirm it */
	RD_STEP_UNDO, /* 96-undo: on the way back, and there is no other way from here */
	RD_STEP_ROLLED_BACK, /* 98-rolled-back */
	RD_STEP_COMMITTED, /* 99-committed */
	_RD_STEP_N,
};

/* The name of a step's file, such as "40-installed"; and back, or -1. */
const char *rd_step_name(enum rd_step step);
int rd_step_find(const char *name);
