/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * RD-RUN: the module that the kernel has loaded, held against the files. Its build-id is what links
 * it to a file; the file's verdict is then its own (facts from the probe). A running module that
 * equals no file is normal after an upgrade without a reboot, so that is said calmly and ends in
 * "reboot-required" where the disk is good.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "group.h"

static bool is_running_installed(const struct rd_facts *facts)
{
	const struct rd_kernel *kernel;

	if (!facts->running.kernel)
		return true;
	kernel = rd_facts_find_kernel(facts, facts->running.kernel);
	return kernel && kernel->has_amdgpu != RD_PRESENCE_NO;
}

static int running_patch(const struct rd_facts *facts, struct rd_evidence *ev)
{
	const struct rd_copy *running = rd_facts_running_copy(facts);
	int r;

	if (!facts->has_sys || facts->running.is_loaded == RD_PRESENCE_NO)
		return RD_RESULT_NA;
	if (facts->running.is_loaded == RD_PRESENCE_UNKNOWN || !running) {
		r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, "/sys/module/amdgpu",
				    "whether amdgpu is loaded could not be told");
		return r ? r : RD_RESULT_UNKNOWN;
	}
	if (rd_verdict_is_good(running->verdict))
		return RD_RESULT_PASS;
	if (!rd_verdict_is_bad(running->verdict) && rules_is_module_loaded(facts) &&
	    facts->running.build_id && !rules_find_build_id(facts, facts->running.build_id, NULL))
		return RD_RESULT_NA; /* no file to judge it by: RD-RUN-003 and -004 say so */
	r = rules_add_copy(ev, running);
	if (r)
		return r;
	return rd_verdict_is_bad(running->verdict) ? RD_RESULT_FAIL : RD_RESULT_UNKNOWN;
}

const struct rd_rule rd_rule_running_patch = {
	.id = "RD-RUN-001",
	.about = RD_ABOUT_RUNNING,
	.eval = running_patch,
};

/* Says which two differ, and where the running one comes from if a file has it. */
static int add_difference(const struct rd_facts *facts, const struct rd_copy *resolved,
			  struct rd_evidence *ev)
{
	const struct rd_copy *origin;
	int r;

	r = rd_evidence_add(ev, RD_EVIDENCE_BUILD_ID, resolved->path,
			    "would be loaded: build-id %s; running: build-id %s",
			    resolved->id.build_id, facts->running.build_id);
	if (r)
		return r;
	origin = rules_find_build_id(facts, facts->running.build_id, facts->running.kernel);
	if (!origin)
		return 0;
	return rd_evidence_add(ev, RD_EVIDENCE_BUILD_ID, origin->path,
			       "is the file that the running module equals");
}

static int compare_sources(const struct rd_facts *facts, const struct rd_copy *resolved,
			   struct rd_evidence *ev)
{
	const char *running = facts->running.srcversion, *file = resolved->id.srcversion;
	int r;

	if (running && file && strcmp(running, file) != 0) {
		r = rd_evidence_add(ev, RD_EVIDENCE_BUILD_ID, resolved->path,
				    "would be loaded: srcversion %s; running: srcversion %s", file,
				    running);
		return r ? r : RD_RESULT_WARN;
	}
	r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, resolved->path,
			    "%s has no build-id that could be read",
			    facts->running.build_id ? "this file" : "the running module");
	return r ? r : RD_RESULT_UNKNOWN;
}

/*
 * What the next boot of the running kernel loads: the copy in the initramfs comes first, where one
 * is; of several images (a fallback, a preset) the one with the running module, as nobody can tell
 * which the boot loader takes. A driver that waits for the root file system is the resolved one.
 */
static const struct rd_copy *find_next(const struct rd_facts *facts)
{
	const char *kernel = facts->running.kernel, *build_id = facts->running.build_id;
	const struct rd_copy *resolved = rules_find_resolved(facts, kernel);
	const struct rd_copy *in_image;

	if (resolved && build_id && resolved->id.build_id &&
	    !strcmp(resolved->id.build_id, build_id))
		return resolved;
	in_image = build_id ? rules_find_in_image(facts, kernel, build_id) : NULL;
	if (!in_image)
		in_image = rules_find_in_image(facts, kernel, NULL);
	return in_image ? in_image : resolved;
}

static int running_current(const struct rd_facts *facts, struct rd_evidence *ev)
{
	const struct rd_copy *next;
	int r;

	if (!rules_is_module_loaded(facts) || rules_is_running_left_out(facts))
		return RD_RESULT_NA;
	if (!facts->running.kernel) {
		r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, "/proc/sys/kernel/osrelease",
				    "the running kernel's release is not known");
		return r ? r : RD_RESULT_UNKNOWN;
	}
	next = find_next(facts);
	if (!next)
		return RD_RESULT_NA; /* RD-RUN-003, RD-DRV-003 or RD-DRV-004 says so */
	if (!facts->running.build_id || !next->id.build_id)
		return compare_sources(facts, next, ev);
	if (!strcmp(facts->running.build_id, next->id.build_id))
		return RD_RESULT_PASS;
	r = add_difference(facts, next, ev);
	return r ? r : RD_RESULT_WARN;
}

const struct rd_rule rd_rule_running_current = {
	.id = "RD-RUN-002",
	.about = RD_ABOUT_RUNNING,
	.eval = running_current,
};

static int running_kernel(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int r;

	if (!rules_is_module_loaded(facts) || rules_is_running_left_out(facts) || !facts->kernels.n)
		return RD_RESULT_NA;
	if (is_running_installed(facts))
		return RD_RESULT_PASS;
	r = rd_evidence_add(ev, RD_EVIDENCE_COVERAGE, facts->running.kernel,
			    "runs, and has no amdgpu module below lib/modules any more");
	return r ? r : RD_RESULT_WARN;
}

const struct rd_rule rd_rule_running_kernel = {
	.id = "RD-RUN-003",
	.about = RD_ABOUT_RUNNING,
	.eval = running_kernel,
};

static int running_origin(const struct rd_facts *facts, struct rd_evidence *ev)
{
	const struct rd_copy *origin;
	int r;

	if (!rules_is_module_loaded(facts) || rules_is_running_left_out(facts) ||
	    !is_running_installed(facts))
		return RD_RESULT_NA;
	if (!facts->running.build_id) {
		r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT,
				    "/sys/module/amdgpu/notes/.note.gnu.build-id",
				    "could not be read");
		return r ? r : RD_RESULT_UNKNOWN;
	}
	origin = rules_find_build_id(facts, facts->running.build_id, facts->running.kernel);
	if (origin) {
		r = rd_evidence_add(ev, RD_EVIDENCE_BUILD_ID, origin->path,
				    "has the running module's build-id %s",
				    facts->running.build_id);
		return r ? r : RD_RESULT_PASS;
	}
	r = rd_evidence_add(ev, RD_EVIDENCE_BUILD_ID, "",
			    "the running module's build-id %s is that of no file found",
			    facts->running.build_id);
	return r ? r : RD_RESULT_UNKNOWN;
}

const struct rd_rule rd_rule_running_origin = {
	.id = "RD-RUN-004",
	.about = RD_ABOUT_RUNNING,
	.eval = running_origin,
};

/* With a livepatch the loaded file says too little about the code that runs. */
static int running_livepatch(const struct rd_facts *facts, struct rd_evidence *ev)
{
	if (facts->running.is_loaded != RD_PRESENCE_YES)
		return RD_RESULT_NA;
	for (size_t i = 0; i < facts->running.livepatches.n; i++) {
		if (rd_evidence_add(ev, RD_EVIDENCE_LIMIT, "/sys/kernel/livepatch",
				    "%s replaces code of amdgpu",
				    facts->running.livepatches.items[i]))
			return -ENOMEM;
	}
	return facts->running.livepatches.n ? RD_RESULT_UNKNOWN : RD_RESULT_PASS;
}

const struct rd_rule rd_rule_running_livepatch = {
	.id = "RD-RUN-005",
	.about = RD_ABOUT_RUNNING,
	.eval = running_livepatch,
};

/* Letters of Linux Documentation/admin-guide/tainted-kernels.rst. */
static const struct {
	char letter;
	bool is_normal; /* for a module that dkms built */
	const char *meaning;
} taints[] = {
	{ .letter = 'O', .is_normal = true, .meaning = "built outside the kernel tree" },
	{ .letter = 'E', .is_normal = true, .meaning = "loaded without a signature" },
	{ .letter = 'F', .meaning = "loaded by force, against its version" },
	{ .letter = 'P', .meaning = "says that it has a proprietary license" },
};

static int running_taint(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = RD_RESULT_PASS, r;

	if (!rules_is_module_loaded(facts))
		return RD_RESULT_NA;
	if (!facts->running.taint) {
		r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, "/sys/module/amdgpu/taint",
				    "could not be read");
		return r ? r : RD_RESULT_UNKNOWN;
	}
	for (size_t i = 0; i < RD_N_ELEMENTS(taints); i++) {
		if (!strchr(facts->running.taint, taints[i].letter))
			continue;
		if (rd_evidence_add(ev, RD_EVIDENCE_PROVENANCE, "/sys/module/amdgpu/taint",
				    "%c: %s%s", taints[i].letter, taints[i].meaning,
				    taints[i].is_normal ? ", as every module built by dkms may be"
							: ""))
			return -ENOMEM;
		if (!taints[i].is_normal)
			result = RD_RESULT_WARN;
	}
	return result;
}

const struct rd_rule rd_rule_running_taint = {
	.id = "RD-RUN-006",
	.about = RD_ABOUT_ADVICE,
	.eval = running_taint,
};

static int judge_parameter(const struct rd_parameter *parameter, struct rd_evidence *ev)
{
	const struct rd_recipe_parameter *known;
	size_t n;
	int r;

	known = rd_data_recipe_parameters(&n);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(known[i].name, parameter->name) != 0 || !parameter->value ||
		    strcmp(known[i].value, parameter->value) != 0)
			continue;
		r = rd_evidence_add(ev, RD_EVIDENCE_COVERAGE, parameter->name, "is %s: %s",
				    known[i].value, known[i].effect);
		return r ? r : RD_RESULT_WARN;
	}
	return RD_RESULT_PASS;
}

static int running_parameters(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = RD_RESULT_PASS;

	if (facts->running.is_loaded != RD_PRESENCE_YES || rules_no_rdna1(facts))
		return RD_RESULT_NA;
	for (size_t i = 0; i < facts->running.parameters.n; i++) {
		int r = judge_parameter(&facts->running.parameters.items[i], ev);

		if (r < 0)
			return r;
		if (r == RD_RESULT_WARN)
			result = r;
	}
	return result;
}

const struct rd_rule rd_rule_running_parameters = {
	.id = "RD-RUN-007",
	.about = RD_ABOUT_ADVICE,
	.eval = running_parameters,
};
