/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of struct rd_trial. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "model/trial.h"

static const struct rd_name results[] = {
	{ .name = "not-run", .value = RD_STAGE_NOT_RUN },
	{ .name = "passed", .value = RD_STAGE_PASSED },
	{ .name = "wrong-result", .value = RD_STAGE_WRONG },
	{ .name = "failed", .value = RD_STAGE_FAILED },
	{ .name = "crashed", .value = RD_STAGE_CRASHED },
	{ .name = "timeout", .value = RD_STAGE_TIMEOUT },
	{ .name = "stuck", .value = RD_STAGE_STUCK },
	{ .name = "kernel-fault", .value = RD_STAGE_FAULT },
};

static const struct rd_name seens[] = {
	{ .name = "not-seen", .value = RD_SEEN_NOT },
	{ .name = "no", .value = RD_SEEN_NO },
	{ .name = "yes", .value = RD_SEEN_YES },
};

static void stage_run_deinit(struct rd_stage_run *run)
{
	for (size_t i = 0; i < run->faults.n; i++)
		free(run->faults.items[i].line);
	free(run->faults.items);
	free(run->reason);
}

void rd_trial_deinit(struct rd_trial *trial)
{
	for (size_t i = 0; i < trial->stages.n; i++)
		stage_run_deinit(&trial->stages.items[i]);
	free(trial->stages.items);
	free(trial->marks.items);
	free(trial->device);
	free(trial->profile);
	free(trial->profile_reason);
	free(trial->python);
	free(trial->user);
	free(trial->log_reason);
	free(trial->python_version);
	free(trial->torch);
	free(trial->card);
	free(trial->arch);
	free(trial->untried);
	free(trial->refusal);
	*trial = (struct rd_trial)RD_TRIAL_INIT;
}

const char *rd_stage_result_name(enum rd_stage_result result)
{
	return rd_name_of(results, RD_N_ELEMENTS(results), (int)result);
}

const char *rd_seen_name(enum rd_seen seen)
{
	return rd_name_of(seens, RD_N_ELEMENTS(seens), (int)seen);
}
