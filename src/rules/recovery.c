/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What recover has begun on this machine. */

#include <errno.h>

#include "group.h"

/* Who may not look has no say in it: the copies of the driver are judged by themselves. */
static int recovery_finished(const struct rd_facts *facts, struct rd_evidence *ev)
{
	const struct rd_recoveries *recoveries = &facts->recoveries;

	if (recoveries->is_known != RD_PRESENCE_YES)
		return RD_RESULT_NA;
	if (!recoveries->unfinished)
		return RD_RESULT_PASS;
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
