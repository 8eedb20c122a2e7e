/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What recover has begun on this machine. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "group.h"

bool rules_is_commit_due(const struct rd_facts *facts)
{
	const struct rd_recoveries *recoveries = &facts->recoveries;
	const struct rd_copy *running = rd_facts_running_copy(facts);

	if (!recoveries->armed || !recoveries->is_later_boot || recoveries->has_unit || !running ||
	    !rd_verdict_is_good(running->verdict))
		return false;
	return !recoveries->expected || !strcmp(recoveries->expected, "none") ||
	       (facts->running.build_id && !strcmp(facts->running.build_id, recoveries->expected));
}

static int judge_armed(const struct rd_recoveries *recoveries, struct rd_evidence *ev)
{
	if (!recoveries->armed)
		return RD_RESULT_PASS;
	return rd_evidence_add(ev, RD_EVIDENCE_LIMIT, NULL,
			       "transaction %04u is done, and waits for a boot that confirms it%s",
			       recoveries->armed,
			       recoveries->has_unit ? ", which rdna1-doctor-commit.service does"
						    : "")
		       ? -ENOMEM
		       : RD_RESULT_PASS;
}

/* What is being changed may not be called good, nor can it be called cut off. */
static int judge_progress(const struct rd_recoveries *recoveries, struct rd_evidence *ev)
{
	char pid[32] = "";

	if (recoveries->pid)
		snprintf(pid, sizeof(pid), " (pid %u)", recoveries->pid);
	return rd_evidence_add(ev, RD_EVIDENCE_LIMIT, NULL, "transaction %04u is in progress%s",
			       recoveries->in_progress, pid)
		       ? -ENOMEM
		       : RD_RESULT_UNKNOWN;
}

/* None was seen, which says something only where one could look. */
static int judge_none(const struct rd_recoveries *recoveries, struct rd_evidence *ev)
{
	switch (recoveries->is_known) {
	case RD_PRESENCE_UNKNOWN:
		return RD_RESULT_NA;
	case RD_PRESENCE_YES:
		return judge_armed(recoveries, ev);
	case RD_PRESENCE_NO:
		break;
	}
	return rd_evidence_add(ev, RD_EVIDENCE_LIMIT, NULL,
			       "whether a recovery was cut off could not be seen")
		       ? -ENOMEM
		       : RD_RESULT_UNKNOWN;
}

static int recovery_finished(const struct rd_facts *facts, struct rd_evidence *ev)
{
	const struct rd_recoveries *recoveries = &facts->recoveries;

	if (recoveries->in_progress)
		return judge_progress(recoveries, ev);
	if (!recoveries->unfinished)
		return judge_none(recoveries, ev);
	return rd_evidence_add(ev, RD_EVIDENCE_LIMIT, NULL, "transaction %04u was cut off%s",
			       recoveries->unfinished,
			       recoveries->is_undone ? " on its way back" : "")
		       ? -ENOMEM
		       : RD_RESULT_FAIL;
}

const struct rd_rule rd_rule_recovery_finished = {
	.id = "RD-REC-001",
	.about = RD_ABOUT_DISK,
	.eval = recovery_finished,
};
