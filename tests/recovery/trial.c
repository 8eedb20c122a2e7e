/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "trial.h"

struct trial trial;

static int check_step(void *userdata, enum rd_step step, struct rd_error *err)
{
	if (trial.at_check)
		trial.at_check(step);
	return machine_tools.check(userdata, step, err);
}

static int perform(const struct rd_state *state, enum verb verb, struct rd_error *err)
{
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;
	const char *path = trial.root;
	struct rd_tools tools = machine_tools;

	tools.userdata = &path;
	tools.check = check_step;
	switch (verb) {
	case RUN:
		return machine_plan(&plan) ? rd_error_nomem(err)
					   : rd_transaction_run(state, &plan, &tools, err);
	case RESUME:
		return rd_transaction_resume(state, &tools, err);
	default:
		return rd_transaction_rollback(state, 0, &tools, err);
	}
}

int trial_start(enum verb verb, char *said, size_t len)
{
	RD_CLEANUP(rd_state_deinit) struct rd_state state = RD_STATE_INIT;
	RD_CLEANUP(rd_closep) int rootfd = open(trial.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct rd_error err = RD_ERROR_INIT;
	int r;

	r = rd_state_lock(&state, rootfd, &err);
	if (!r)
		r = perform(&state, verb, &err);
	snprintf(said, len, "%s", r ? err.msg : "");
	if (r < 0)
		return FAILED;
	return r == RD_TRANSACTION_UNDONE ? UNDONE : r == RD_TRANSACTION_NOTHING ? NOTHING : DONE;
}

void trial_complain(const char *what, const char *said)
{
	trial.n_failed++;
	if (trial.is_silent)
		return;
	printf("# %s%s%s\n", what, said ? "; said: " : "", said ? said : "");
	printf("%s", picture_difference);
}

bool trial_is_as(const struct picture *should, bool has_times)
{
	RD_CLEANUP(picture_deinit) struct picture is = { 0 };

	picture_take(&is, trial.root);
	return picture_is_equal(&is, should, has_times);
}

bool trial_is_between(void)
{
	RD_CLEANUP(picture_deinit) struct picture is = { 0 };

	picture_take(&is, trial.root);
	return picture_is_between(&is, &trial.before, &trial.after);
}

int trial_recover(enum verb verb, const char *said)
{
	char says[512];
	int code = trial_start(verb, says, sizeof(says));

	if (code == FAILED) {
		trial_complain("the next start failed", says);
	} else if (code == DONE && verb == RESUME && !trial_is_as(&trial.after, false))
		trial_complain("resumed, and not what it should become", said);
	else if ((code == UNDONE || verb == ROLLBACK) && !trial_is_as(&trial.before, true))
		trial_complain("undone, and not what it was", said);
	else if (code == NOTHING && !trial_is_as(&trial.after, false) &&
		 !trial_is_as(&trial.before, true))
		trial_complain("nothing to resume, and neither what it was nor what it should "
			       "become",
			       said);
	return code;
}

void trial_begin(const char *root)
{
	char said[512];

	snprintf(trial.root, sizeof(trial.root), "%s", root);
	machine_make(root);
	picture_take(&trial.before, root);
	if (trial_start(RUN, said, sizeof(said)) != DONE)
		trial_complain("an undisturbed run failed", said);
	picture_take(&trial.after, root);
}

void trial_end(void)
{
	picture_deinit(&trial.before);
	picture_deinit(&trial.after);
}
