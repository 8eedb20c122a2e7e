/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the recipes left outside of the driver: worth knowing, and decides nothing about it. */

#include <errno.h>

#include "group.h"

static int add_unsearched(const struct rd_leftovers *leftovers, struct rd_evidence *ev)
{
	for (size_t i = 0; i < leftovers->unsearched.n; i++) {
		if (rd_evidence_add(ev, RD_EVIDENCE_LIMIT, NULL, "not searched: %s",
				    leftovers->unsearched.items[i]))
			return -ENOMEM;
	}
	return 0;
}

static int judge(const struct rd_facts *facts, struct rd_evidence *ev, bool is_library)
{
	int result = RD_RESULT_PASS;

	for (size_t i = 0; i < facts->leftovers.n; i++) {
		const struct rd_leftover *leftover = &facts->leftovers.items[i];

		if (leftover->sign->is_library != is_library)
			continue;
		if (rd_evidence_add(ev, RD_EVIDENCE_STRING, leftover->path, "%s%s%s%s",
				    leftover->sign->effect, leftover->string ? " (contains \"" : "",
				    leftover->string ? leftover->string : "",
				    leftover->string ? "\")" : ""))
			return -ENOMEM;
		result = RD_RESULT_WARN;
	}
	return result;
}

static int leftover_files(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return judge(facts, ev, false);
}

const struct rd_rule rd_rule_leftover_files = {
	.id = "RD-LEF-001",
	.about = RD_ABOUT_ADVICE,
	.eval = leftover_files,
};

static int leftover_libraries(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = judge(facts, ev, true);

	if (result == RD_RESULT_PASS && add_unsearched(&facts->leftovers, ev))
		return -ENOMEM;
	return result;
}

const struct rd_rule rd_rule_leftover_libraries = {
	.id = "RD-LEF-002",
	.about = RD_ABOUT_ADVICE,
	.eval = leftover_libraries,
};
