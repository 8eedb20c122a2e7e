/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What only the sum of the probes tells: whether the running driver is one of the copies on disk.
 * Nothing less than an equal build-id makes two copies one; srcversion and version are equal too
 * when a patched tree kept them.
 *
 * A build-id survives an edit of the finished file, so among several copies that carry the running
 * one the worst verdict is the running one's. What the running code itself shows comes on top
 * (dyndbg_control.c; kcore.c where it was asked for), and can only make the verdict worse.
 */

#include <errno.h>
#include <string.h>

#include "judge.h"
#include "probe/probe.h"

/* From harmless to harmful; what is unknown may be harmful. */
static int severity(enum rd_verdict verdict)
{
	static const int of[] = {
		[RD_VERDICT_CLEAN] = 0,	   [RD_VERDICT_NO_SIGN] = 1, [RD_VERDICT_UNKNOWN] = 2,
		[RD_VERDICT_MODIFIED] = 3, [RD_VERDICT_PATCHED] = 4,
	};

	return of[verdict];
}

/* Marks the copies with the running build-id; the worst of them, the resolved one among equals. */
static const struct rd_copy *find_same(struct rd_facts *facts)
{
	const char *build_id = facts->running.build_id;
	const struct rd_copy *worst = NULL;

	for (size_t i = 0; build_id && i < facts->copies.n; i++) {
		struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_RUNNING || !copy->id.build_id ||
		    strcmp(copy->id.build_id, build_id) != 0)
			continue;
		copy->is_same_as_running = true;
		if (!worst || severity(copy->verdict) > severity(worst->verdict) ||
		    (copy->verdict == worst->verdict && copy->is_resolved && !worst->is_resolved))
			worst = copy;
	}
	return worst;
}

static int add_livepatches(const struct rd_running *running, struct rd_copy *copy)
{
	for (size_t i = 0; i < running->livepatches.n; i++) {
		if (rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT,
				    running->livepatches.items[i],
				    "a live patch replaces functions of the running driver"))
			return -ENOMEM;
	}
	return 0;
}

/* Why the running driver is none of the copies, or cannot be known to be. */
static int explain_unknown(const struct rd_facts *facts, struct rd_copy *copy)
{
	const struct rd_running *running = &facts->running;

	if (running->is_builtin)
		return rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL,
				       "built into the kernel image, which was not inspected");
	if (!running->build_id)
		return rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL,
				       "the running module shows no build-id: nothing less proves "
				       "which file it came from");
	return rd_evidence_add(&copy->evidence, RD_EVIDENCE_BUILD_ID, running->build_id,
			       "no copy that was inspected has the running module's build-id");
}

static int judge(struct rd_facts *facts)
{
	struct rd_copy *running = (struct rd_copy *)rd_facts_running_copy(facts);
	const struct rd_copy *same;

	if (!running)
		return 0;
	same = find_same(facts);
	if (!same)
		return explain_unknown(facts, running) || add_livepatches(&facts->running, running)
			       ? -ENOMEM
			       : 0;

	running->verdict = same->verdict;
	if (facts->running.livepatches.n && !rd_verdict_is_bad(same->verdict)) {
		running->verdict = RD_VERDICT_UNKNOWN;
		if (add_livepatches(&facts->running, running))
			return -ENOMEM;
	}
	return rd_evidence_add(&running->evidence, RD_EVIDENCE_BUILD_ID, facts->running.build_id,
			       "identical build-id with %s", same->path);
}

int rd_judge_found(struct rd_copy *running, enum rd_verdict verdict,
		   const struct rd_evidence *found)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence rest = RD_EVIDENCE_INIT;

	if (severity(verdict) <= severity(running->verdict))
		return rd_evidence_copy(&running->evidence, found);
	running->verdict = verdict;
	rest = running->evidence;
	running->evidence = (struct rd_evidence)RD_EVIDENCE_INIT;
	return rd_evidence_copy(&running->evidence, found) ||
			       rd_evidence_copy(&running->evidence, &rest)
		       ? -ENOMEM
		       : 0;
}

int rd_probe_judge(const struct rd_system *sys, const struct rd_probe_options *options,
		   struct rd_facts *facts, struct rd_error *err)
{
	(void)sys;
	(void)options;
	return judge(facts) ? rd_error_nomem(err) : 0;
}
