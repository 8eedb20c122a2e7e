/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the report at a boot knows of the boot, and what it leaves behind. */

#include "model/boot.h"
#include "model/report.h"
#include "recovery/state.h"
#include "system/system.h"

#define RD_BOOT_FOLDER	    "run/rdna1-doctor"
#define RD_BOOT_HEALTH	    "health.json" /* in it; for programs, and for all to read */
#define RD_BOOT_MOTD_FOLDER "run/motd.d"
#define RD_BOOT_MOTD	    "rdna1-doctor" /* in it; pam_motd(8) shows it at a login */
#define RD_BOOT_HISTORY	    "boots" /* in RD_STATE_FOLDER */
#define RD_BOOT_HISTORY_MAX 100 /* boots; the oldest go */

/**
 * rd_boot_identify() - which boot this is, and what time
 * @boot: empty; its id stays NULL if the root's own kernel is not the one that runs
 *
 * Return: 0 or a negative errno.
 */
int rd_boot_identify(const struct rd_system *sys, struct rd_boot *boot, struct rd_error *err);

/* Each puts a file there in one step, mode 0644. Return: 0 or a negative errno. */
int rd_boot_write_health(int rootfd, const char *text, size_t len, struct rd_error *err);

/* An empty text takes the file away. */
int rd_boot_write_motd(int rootfd, const char *text, size_t len, struct rd_error *err);

enum {
	_RD_HISTORY_OK,
	RD_HISTORY_DAMAGED, /* what was there is kept under another name; @err says so */
};

/**
 * rd_history_update() - put this boot on record, in place of what an earlier report said of it
 * @boot: has its id; its history is filled
 *
 * Return: 0, RD_HISTORY_DAMAGED (done all the same), -EPROTO (another version's: left alone), or
 * another negative errno.
 */
int rd_history_update(const struct rd_state *state, const struct rd_report *report,
		      struct rd_boot *boot, struct rd_error *err);

/* Whether an earlier boot has had the same outcome for the same recovery. */
bool rd_history_has(const struct rd_boot *boot);

/**
 * rd_boot_announce() - an entry of the system's journal
 * @about_recovery: tell of the recovery instead of the machine
 *
 * Where no journal runs, nothing happens. Return: 0 or a negative errno.
 */
int rd_boot_announce(const struct rd_report *report, const struct rd_boot *boot,
		     bool about_recovery, struct rd_error *err);
