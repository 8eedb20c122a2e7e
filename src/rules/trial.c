/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The criteria of a test: ticked only when seen. */

#include <string.h>

#include "base/array.h"
#include "rules/trial.h"

enum { PASSED = 0, STAGE_FAILED = 3, UNTRIED = 6 };

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; (p = strstr(p, word)); p += n) {
		if ((p == words || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	}
	return false;
}

/* What one run of one of its stages says of a criterion. */
static enum rd_seen judge_run(const struct rd_trial *trial, const struct rd_criterion *criterion,
			      const struct rd_stage_run *run)
{
	if (criterion->wants_log) {
		if (run->faults.n)
			return RD_SEEN_NO;
		return trial->is_log_watched && !trial->is_log_lost &&
				       run->result == RD_STAGE_PASSED
			       ? RD_SEEN_YES
			       : RD_SEEN_NOT;
	}
	switch (run->result) {
	case RD_STAGE_NOT_RUN:
		return RD_SEEN_NOT;
	case RD_STAGE_PASSED:
	case RD_STAGE_FAULT: /* the criterion of the log has that */
		return RD_SEEN_YES;
	default:
		return RD_SEEN_NO;
	}
}

/* No counts more than what was not tried, and that more than yes. */
static enum rd_seen judge(const struct rd_trial *trial, const struct rd_criterion *criterion)
{
	enum rd_seen seen = RD_SEEN_YES;
	size_t n = 0;

	if (!strcmp(trial->device, "cpu"))
		return RD_SEEN_NOT;
	for (size_t i = 0; i < trial->stages.n; i++) {
		const struct rd_stage_run *run = &trial->stages.items[i];
		enum rd_seen one;

		if (!has_word(criterion->stages, run->stage->name))
			continue;
		n++;
		one = judge_run(trial, criterion, run);
		if (one == RD_SEEN_NO)
			return RD_SEEN_NO;
		if (one == RD_SEEN_NOT)
			seen = RD_SEEN_NOT;
	}
	return n ? seen : RD_SEEN_NOT;
}

static int exit_code(const struct rd_trial *trial)
{
	if (trial->untried)
		return UNTRIED;
	for (size_t i = 0; i < trial->stages.n; i++) {
		if (trial->stages.items[i].result != RD_STAGE_PASSED)
			return STAGE_FAILED;
	}
	return PASSED;
}

int rd_rules_judge_trial(struct rd_trial *trial, struct rd_error *err)
{
	size_t n;
	const struct rd_criterion *criteria = rd_data_criteria(&n);

	trial->marks.n = 0;
	for (size_t i = 0; i < n; i++) {
		const struct rd_trial_mark mark = {
			.criterion = &criteria[i],
			.seen = judge(trial, &criteria[i]),
		};

		if (rd_array_push(&trial->marks, &mark))
			return rd_error_nomem(err);
	}
	trial->exit_code = exit_code(trial);
	return 0;
}
