/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of boots. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "base/text.h"
#include "model/boot.h"

static const struct rd_name outcomes[] = {
	{ .name = "none", .value = RD_OUTCOME_NONE },
	{ .name = "confirmed", .value = RD_OUTCOME_CONFIRMED },
	{ .name = "same-boot", .value = RD_OUTCOME_SAME_BOOT },
	{ .name = "not-loaded", .value = RD_OUTCOME_NOT_LOADED },
	{ .name = "unknown", .value = RD_OUTCOME_UNKNOWN },
	{ .name = "other-module", .value = RD_OUTCOME_OTHER_MODULE },
	{ .name = "bad-copy", .value = RD_OUTCOME_BAD_COPY },
	{ .name = "unfinished", .value = RD_OUTCOME_UNFINISHED },
};

static const struct rd_name fields[] = {
	{ .name = "boot_id", .value = RD_PAST_ID },
	{ .name = "time", .value = RD_PAST_TIME },
	{ .name = "kernel", .value = RD_PAST_KERNEL },
	{ .name = "verdict", .value = RD_PAST_STATE },
	{ .name = "running", .value = RD_PAST_RUNNING },
	{ .name = "build_id", .value = RD_PAST_BUILD_ID },
	{ .name = "recovery", .value = RD_PAST_RECOVERY },
	{ .name = "outcome", .value = RD_PAST_OUTCOME },
};

const char *rd_outcome_name(enum rd_outcome outcome)
{
	return rd_name_of(outcomes, RD_N_ELEMENTS(outcomes), (int)outcome);
}

const char *rd_past_field_name(enum rd_past_field field)
{
	return rd_name_of(fields, RD_N_ELEMENTS(fields), (int)field);
}

void rd_confirmation_deinit(struct rd_confirmation *recovery)
{
	free(recovery->reason);
	free(recovery->next);
	free(recovery->profile.user);
	free(recovery->profile.problem);
	*recovery = (struct rd_confirmation){ 0 };
}

void rd_past_boot_deinit(struct rd_past_boot *past)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(past->fields); i++)
		free(past->fields[i]);
	*past = (struct rd_past_boot){ 0 };
}

void rd_history_deinit(struct rd_history *history)
{
	for (size_t i = 0; i < history->n; i++)
		rd_past_boot_deinit(&history->items[i]);
	free(history->items);
	*history = (struct rd_history){ 0 };
}

void rd_boot_deinit(struct rd_boot *boot)
{
	free(boot->id);
	free(boot->time);
	rd_confirmation_deinit(&boot->recovery);
	rd_history_deinit(&boot->history);
	*boot = (struct rd_boot)RD_BOOT_INIT;
}

char *rd_confirmation_sentence(const struct rd_confirmation *recovery)
{
	static const char *const words[] = {
		[RD_OUTCOME_CONFIRMED] = "is confirmed",
		[RD_OUTCOME_SAME_BOOT] = "waits for a reboot",
		[RD_OUTCOME_NOT_LOADED] = "waits to be confirmed",
		[RD_OUTCOME_UNKNOWN] = "waits to be confirmed",
		[RD_OUTCOME_OTHER_MODULE] = "is NOT confirmed",
		[RD_OUTCOME_BAD_COPY] = "is NOT confirmed",
		[RD_OUTCOME_UNFINISHED] = "is NOT finished",
	};
	bool can_be = recovery->outcome == RD_OUTCOME_CONFIRMED && !recovery->is_committed;

	return rd_text_format("recovery %04u %s: %s", recovery->id,
			      can_be ? "can be confirmed" : words[recovery->outcome],
			      recovery->reason);
}
