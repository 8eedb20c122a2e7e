/* SPDX-License-Identifier: GPL-2.0-or-later */

/* RD-SYS: what could not be read. Unread is neither clean nor absent. */

#include <errno.h>

#include "base/text.h"
#include "group.h"

/* proc/ and sys/ speak of what runs; everything else is the disk. */
static bool is_about_running(const struct rd_unread *unread)
{
	return rd_text_has_prefix(unread->path, "/sys/") ||
	       rd_text_has_prefix(unread->path, "/proc/");
}

static int judge_unreads(const struct rd_facts *facts, struct rd_evidence *ev, bool of_running)
{
	int result = RD_RESULT_PASS;

	for (size_t i = 0; i < facts->unreads.n; i++) {
		const struct rd_unread *unread = &facts->unreads.items[i];

		if (is_about_running(unread) != of_running)
			continue;
		if (rd_evidence_add(ev, RD_EVIDENCE_LIMIT, unread->path, "%s%s", unread->reason,
				    unread->is_permission ? " (root may read it)" : ""))
			return -ENOMEM;
		result = RD_RESULT_UNKNOWN;
	}
	return result;
}

static int access_disk(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return judge_unreads(facts, ev, false);
}

const struct rd_rule rd_rule_access_disk = {
	.id = "RD-SYS-001",
	.about = RD_ABOUT_DISK,
	.eval = access_disk,
};

static int access_running(const struct rd_facts *facts, struct rd_evidence *ev)
{
	if (!facts->has_sys)
		return RD_RESULT_NA;
	return judge_unreads(facts, ev, true);
}

const struct rd_rule rd_rule_access_running = {
	.id = "RD-SYS-002",
	.about = RD_ABOUT_RUNNING,
	.eval = access_running,
};
