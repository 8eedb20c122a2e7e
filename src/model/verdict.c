/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The words for verdicts and machine states; they are part of the JSON schema. */

#include "model/verdict.h"
#include "base/cleanup.h"
#include "base/name.h"

static const struct rd_name verdicts[] = {
	{ .name = "unknown", .value = RD_VERDICT_UNKNOWN },
	{ .name = "clean", .value = RD_VERDICT_CLEAN },
	{ .name = "no-sign", .value = RD_VERDICT_NO_SIGN },
	{ .name = "modified", .value = RD_VERDICT_MODIFIED },
	{ .name = "patched", .value = RD_VERDICT_PATCHED },
};

static const struct rd_name states[] = {
	{ .name = "undetermined", .value = RD_STATE_UNDETERMINED },
	{ .name = "sane", .value = RD_STATE_SANE },
	{ .name = "unsafe", .value = RD_STATE_UNSAFE },
	{ .name = "reboot-required", .value = RD_STATE_REBOOT_REQUIRED },
	{ .name = "no-gpu", .value = RD_STATE_NO_GPU },
};

const char *rd_verdict_name(enum rd_verdict verdict)
{
	return rd_name_of(verdicts, RD_N_ELEMENTS(verdicts), (int)verdict);
}

const char *rd_state_name(enum rd_machine_state state)
{
	return rd_name_of(states, RD_N_ELEMENTS(states), (int)state);
}
