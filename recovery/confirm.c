/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The decision, in this order: is this another boot; does what runs have the build-id that its
 * kernel must have; is it good by its content; can nothing bad load. A kernel that was installed
 * after the recovery has no expected build-id, nor has a module without one: there the content
 * alone decides. Anything that is not known leaves the recovery waiting, for a later boot may tell.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "recovery/changes.h"
#include "recovery/confirm.h"

#define CHECK	"sudo rdna1-doctor check"
#define RECOVER "sudo rdna1-doctor recover"

/* The shorter form that git and others use; enough to tell two modules apart. */
#define ID_SHOWN 12

/* What recover writes for a build-id that is not known. */
#define NOT_KNOWN "none"

static int conclude(struct rd_confirmation *recovery, enum rd_outcome outcome, const char *next,
		    const char *fmt, ...) RD_PRINTF(4, 5);

static int conclude(struct rd_confirmation *recovery, enum rd_outcome outcome, const char *next,
		    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	recovery->reason = rd_text_vformat(fmt, ap);
	va_end(ap);
	recovery->next = next ? strdup(next) : NULL;
	recovery->outcome = outcome;
	return !recovery->reason || (next && !recovery->next) ? -ENOMEM : 0;
}

static const char *expected_id(const struct rd_waiting *waiting, const char *kernel)
{
	RD_CLEANUP(rd_freep) char *key = rd_text_format(RD_NOTE_BUILD_ID "%s", kernel);

	return key ? rd_notes_get(&waiting->notes, key) : NULL;
}

static const struct rd_copy *find_bad_copy(const struct rd_facts *facts)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if ((copy->is_loadable || copy->kind == RD_COPY_RUNNING) &&
		    rd_verdict_is_bad(copy->verdict))
			return copy;
	}
	return NULL;
}

/* What runs is what should; the rest of the driver decides. */
static int judge_rest(const struct rd_facts *facts, const char *why,
		      struct rd_confirmation *recovery)
{
	const struct rd_copy *bad = find_bad_copy(facts);

	if (bad && bad->kind == RD_COPY_RUNNING)
		return conclude(recovery, RD_OUTCOME_BAD_COPY, CHECK,
				"the amdgpu that runs is %s: %s", rd_verdict_name(bad->verdict),
				rd_copy_reason(bad));
	if (bad)
		return conclude(recovery, RD_OUTCOME_BAD_COPY, CHECK, "%s is %s and can still load",
				bad->path, rd_verdict_name(bad->verdict));
	return conclude(recovery, RD_OUTCOME_CONFIRMED, NULL, "kernel %s %s", facts->running.kernel,
			why);
}

/* Whether the build-id of what runs is the one that was installed. */
static int judge_identity(const struct rd_running *running, const char *expected,
			  struct rd_confirmation *recovery)
{
	if (running->is_builtin)
		return conclude(recovery, RD_OUTCOME_OTHER_MODULE, CHECK,
				"kernel %s has amdgpu built in, and a module was installed for it",
				running->kernel);
	if (!running->build_id)
		return conclude(recovery, RD_OUTCOME_UNKNOWN, CHECK,
				"the build-id of the running amdgpu could not be read");
	if (strcmp(expected, running->build_id) != 0)
		return conclude(recovery, RD_OUTCOME_OTHER_MODULE, CHECK,
				"kernel %s runs an amdgpu with build-id %.*s..., and the one that "
				"was installed has %.*s...",
				running->kernel, ID_SHOWN, running->build_id, ID_SHOWN, expected);
	return 0;
}

static int judge_loaded(const struct rd_facts *facts, const char *expected, bool is_later,
			struct rd_confirmation *recovery)
{
	const struct rd_running *running = &facts->running;
	const struct rd_copy *copy = rd_facts_running_copy(facts);
	char why[160];
	int r;

	r = expected ? judge_identity(running, expected, recovery) : 0;
	if (r || recovery->outcome)
		return r;
	if (!copy || copy->verdict == RD_VERDICT_UNKNOWN)
		return conclude(recovery, RD_OUTCOME_UNKNOWN, CHECK,
				"the amdgpu that kernel %s runs could not be judged%s%s",
				running->kernel, copy && copy->evidence.n ? ": " : "",
				copy ? rd_copy_reason(copy) : "");
	if (expected)
		snprintf(why, sizeof(why), "runs the amdgpu that was installed, build-id %.*s...",
			 ID_SHOWN, expected);
	else
		snprintf(why, sizeof(why), "%sruns an amdgpu that is %s",
			 is_later ? "was no part of the recovery, and " : "",
			 rd_verdict_name(copy->verdict));
	return judge_rest(facts, why, recovery);
}

static bool has_none(const struct rd_facts *facts)
{
	const struct rd_kernel *kernel = rd_facts_find_kernel(facts, facts->running.kernel);

	return kernel && kernel->has_amdgpu == RD_PRESENCE_NO &&
	       kernel->has_builtin == RD_PRESENCE_NO;
}

static int judge_boot(const struct rd_facts *facts, const struct rd_waiting *waiting,
		      struct rd_confirmation *recovery)
{
	const struct rd_running *running = &facts->running;
	const char *expected;
	bool is_later;

	if (!running->kernel || running->is_loaded == RD_PRESENCE_UNKNOWN)
		return conclude(recovery, RD_OUTCOME_UNKNOWN, CHECK,
				"which kernel and which amdgpu run is not known");
	expected = expected_id(waiting, running->kernel);
	is_later = !expected;
	if (expected && !strcmp(expected, NOT_KNOWN))
		expected = NULL;
	if (running->is_loaded == RD_PRESENCE_YES)
		return judge_loaded(facts, expected, is_later, recovery);
	if (!expected && !is_later && has_none(facts))
		return judge_rest(facts, "runs without amdgpu, for it has none any more", recovery);
	return conclude(recovery, RD_OUTCOME_NOT_LOADED,
			"boot once with amdgpu: without nomodeset, a blacklist or vfio-pci",
			"amdgpu is not loaded in this boot");
}

static int decide(const struct rd_facts *facts, const struct rd_waiting *waiting,
		  const char *boot_id, struct rd_confirmation *recovery)
{
	const char *armed_in = rd_notes_get(&waiting->notes, RD_NOTE_BOOT_ID);

	if (waiting->unfinished)
		return conclude(recovery, RD_OUTCOME_UNFINISHED, RECOVER,
				"the recovery was interrupted before it was done");
	if (!waiting->armed.n && waiting->last && !waiting->due)
		return conclude(recovery, RD_OUTCOME_CONFIRMED, NULL, "a boot has confirmed it");
	if (!waiting->armed.n && !waiting->due)
		return 0;
	if (!boot_id)
		return conclude(
			recovery, RD_OUTCOME_UNKNOWN, NULL,
			"only the repaired system itself can confirm it, once it is booted");
	if (!armed_in)
		return conclude(recovery, RD_OUTCOME_UNKNOWN, RECOVER,
				"in which boot the recovery was made is not on record");
	if (!strcmp(armed_in, boot_id))
		return conclude(recovery, RD_OUTCOME_SAME_BOOT, "sudo reboot",
				"this is still the boot in which the recovery was made");
	return judge_boot(facts, waiting, recovery);
}

int rd_confirm_decide(const struct rd_facts *facts, const struct rd_waiting *waiting,
		      const char *boot_id, struct rd_confirmation *recovery, struct rd_error *err)
{
	const char *user = rd_notes_get(&waiting->notes, RD_NOTE_USER);

	recovery->id = waiting->unfinished ? waiting->unfinished : waiting->last;
	recovery->is_committed = recovery->id && !waiting->unfinished && !waiting->armed.n;
	if (user) {
		recovery->profile.user = strdup(user);
		if (!recovery->profile.user)
			return rd_error_nomem(err);
	}
	return decide(facts, waiting, boot_id, recovery) ? rd_error_nomem(err) : 0;
}
