/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The names of steps are facts on disks: for ever. */

#include "model/step.h"
#include "base/cleanup.h"
#include "base/name.h"

static const struct rd_name steps[] = {
	{ .name = "00-intent", .value = RD_STEP_INTENT },
	{ .name = "10-backup", .value = RD_STEP_BACKUP },
	{ .name = "20-source", .value = RD_STEP_SOURCE },
	{ .name = "30-built", .value = RD_STEP_BUILT },
	{ .name = "40-installed", .value = RD_STEP_INSTALLED },
	{ .name = "50-depmod", .value = RD_STEP_DEPMOD },
	{ .name = "60-initramfs", .value = RD_STEP_INITRAMFS },
	{ .name = "70-removed", .value = RD_STEP_REMOVED },
	{ .name = "90-armed", .value = RD_STEP_ARMED },
	{ .name = "96-undo", .value = RD_STEP_UNDO },
	{ .name = "98-rolled-back", .value = RD_STEP_ROLLED_BACK },
	{ .name = "99-committed", .value = RD_STEP_COMMITTED },
};

const char *rd_step_name(enum rd_step step)
{
	return rd_name_of(steps, RD_N_ELEMENTS(steps), (int)step);
}

int rd_step_find(const char *name)
{
	return rd_name_find(steps, RD_N_ELEMENTS(steps), name);
}
