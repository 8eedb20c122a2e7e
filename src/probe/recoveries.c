/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The transactions of recover, by the names in their folders (recovery/journal.c): nothing in them
 * is read. The folder is root's; that a user may not look is no reason to doubt the machine.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/step.h"
#include "probe/probe.h"

#define TRANSACTIONS "/var/lib/rdna1-doctor/txn"

static int read_steps(const struct rd_system *sys, const char *name, bool has[_RD_STEP_N],
		      struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	char path[64];
	int r;

	snprintf(path, sizeof(path), TRANSACTIONS "/%.16s", name);
	r = rd_system_list(sys, path, &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	for (size_t i = 0; !r && i < entries.n; i++) {
		int step = rd_step_find(entries.items[i].name);

		if (step >= 0)
			has[step] = true;
	}
	return 0;
}

static void take(struct rd_recoveries *recoveries, unsigned int id, const bool has[_RD_STEP_N])
{
	bool is_finished = has[RD_STEP_UNDO] ? has[RD_STEP_ROLLED_BACK]
					     : has[RD_STEP_ARMED] || has[RD_STEP_COMMITTED];

	if (!has[RD_STEP_INTENT])
		return;
	if (!is_finished) {
		recoveries->unfinished = id;
		recoveries->is_undone = has[RD_STEP_UNDO];
	} else if (has[RD_STEP_ARMED] && !has[RD_STEP_UNDO] && !has[RD_STEP_COMMITTED]) {
		recoveries->armed = id;
	}
}

int rd_probe_recoveries(const struct rd_system *sys, const struct rd_probe_options *options,
			struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	(void)options;
	r = rd_system_list(sys, TRANSACTIONS, &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	facts->recoveries.is_known = r == RD_SYSTEM_UNREADABLE ? RD_PRESENCE_NO : RD_PRESENCE_YES;
	r = 0;
	for (size_t i = 0; !r && i < entries.n; i++) {
		const char *name = entries.items[i].name;
		bool has[_RD_STEP_N] = { 0 };

		if (entries.items[i].type != DT_DIR || !isdigit((unsigned char)*name))
			continue;
		r = read_steps(sys, name, has, err);
		if (!r)
			take(&facts->recoveries, (unsigned int)strtoul(name, NULL, 10), has);
	}
	return r;
}
