/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * RD-DEP: which amdgpu is loaded, or whether any is: depmod's index against the files that are
 * there, the configuration of modprobe, kernels without a driver, drivers in front of each other.
 * All is advice: what of it could load a patched copy is judged by RD-DRV-001, as such copies are
 * loadable. A dkms driver that shadows the kernel's own is how it is meant to be.
 */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "group.h"

static bool is_installed(const struct rd_copy *copy, const struct rd_kernel *kernel)
{
	return copy->kind == RD_COPY_INSTALLED && copy->kernel &&
	       !strcmp(copy->kernel, kernel->release);
}

static bool has_copy(const struct rd_facts *facts, const struct rd_kernel *kernel)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		if (is_installed(&facts->copies.items[i], kernel))
			return true;
	}
	return false;
}

static bool is_unread(const struct rd_facts *facts, const char *part)
{
	for (size_t i = 0; i < facts->unreads.n; i++) {
		if (strstr(facts->unreads.items[i].path, part))
			return true;
	}
	return false;
}

/* A folder without modules.builtin was left by a kernel that is gone: nobody runs depmod for it. */
static bool is_whole(const struct rd_kernel *kernel)
{
	return kernel->has_builtin != RD_PRESENCE_UNKNOWN;
}

static int judge_index(const struct rd_facts *facts, const struct rd_kernel *kernel,
		       struct rd_evidence *ev)
{
	int r;

	if (!has_copy(facts, kernel) || (!kernel->resolved && !is_whole(kernel)))
		return RD_RESULT_NA;
	if (!kernel->expected || (!kernel->resolved && is_unread(facts, "/modules.dep"))) {
		r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, kernel->release,
				    "what depmod would choose now cannot be told");
		return r ? r : RD_RESULT_UNKNOWN;
	}
	if (kernel->resolved && !strcmp(kernel->resolved, kernel->expected))
		return RD_RESULT_PASS;
	r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, kernel->release,
			    "modules.dep names %s; the next depmod will choose %s",
			    kernel->resolved ? kernel->resolved : "no amdgpu", kernel->expected);
	return r ? r : RD_RESULT_WARN;
}

/* Judges each kernel, and gives the worst result, NA without any. */
static int judge_kernels(const struct rd_facts *facts, struct rd_evidence *ev,
			 int (*judge)(const struct rd_facts *facts, const struct rd_kernel *kernel,
				      struct rd_evidence *ev))
{
	int result = RD_RESULT_NA;

	for (size_t i = 0; i < facts->kernels.n; i++) {
		int r = judge(facts, &facts->kernels.items[i], ev);

		if (r < 0)
			return r;
		result = rules_worse(result, r);
	}
	return result;
}

static int depmod_current(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return judge_kernels(facts, ev, judge_index);
}

const struct rd_rule rd_rule_depmod_current = {
	.id = "RD-DEP-001",
	.about = RD_ABOUT_ADVICE,
	.eval = depmod_current,
};

static bool is_driver(const char *module)
{
	return module && !strcmp(module, "amdgpu");
}

/* Whether a line keeps amdgpu, or what it needs, from being loaded as usual. */
static bool is_in_the_way(const struct rd_modprobe_line *line)
{
	switch (line->kind) {
	case RD_MODPROBE_BLACKLIST:
		/* dracut's holds in the initramfs alone; udev loads the driver later. */
		return is_driver(line->module) && !rd_text_has_prefix(line->text, "rd.");
	case RD_MODPROBE_INSTALL:
		return true;
	case RD_MODPROBE_ALIAS:
		return !is_driver(line->module);
	default:
		return false;
	}
}

int rules_add_lines_in_the_way(struct rd_evidence *ev, const struct rd_facts *facts)
{
	int n = 0;

	for (size_t i = 0; i < facts->modprobe.n; i++) {
		const struct rd_modprobe_line *line = &facts->modprobe.items[i];

		if (!is_in_the_way(line))
			continue;
		if (rd_evidence_add(ev, RD_EVIDENCE_LIMIT, line->place, "%s", line->text))
			return -ENOMEM;
		n++;
	}
	return n;
}

/* Whether every RDNA1 card was given to another driver, as for a virtual machine. */
static bool is_given_away(const struct rd_facts *facts)
{
	bool is_given = false;

	for (size_t i = 0; i < facts->gpus.n; i++) {
		const struct rd_gpu *gpu = &facts->gpus.items[i];

		if (gpu->chip_class != RD_CHIP_RDNA1)
			continue;
		if (!gpu->is_driver_known || !gpu->driver || is_driver(gpu->driver))
			return false;
		is_given = true;
	}
	return is_given;
}

static int depmod_loading(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int n;

	if (rules_no_rdna1(facts) || is_given_away(facts))
		return RD_RESULT_NA;
	n = rules_add_lines_in_the_way(ev, facts);
	if (n)
		return n < 0 ? n : RD_RESULT_WARN;
	return is_unread(facts, "/modprobe.d") || is_unread(facts, "/proc/cmdline")
		       ? RD_RESULT_UNKNOWN
		       : RD_RESULT_PASS;
}

const struct rd_rule rd_rule_depmod_loading = {
	.id = "RD-DEP-002",
	.about = RD_ABOUT_ADVICE,
	.eval = depmod_loading,
};

static bool has_driver(const struct rd_kernel *kernel)
{
	return kernel->has_amdgpu == RD_PRESENCE_YES || kernel->has_builtin == RD_PRESENCE_YES;
}

static bool is_any_with_driver(const struct rd_facts *facts)
{
	for (size_t i = 0; i < facts->kernels.n; i++) {
		if (has_driver(&facts->kernels.items[i]))
			return true;
	}
	return false;
}

/* A kernel that dkms could build for and did not: it boots with another driver than the others. */
static bool is_left_out(const struct rd_facts *facts, const struct rd_kernel *kernel)
{
	for (size_t i = 0; i < facts->dkms.n; i++) {
		const struct rd_dkms_build *build =
			rd_dkms_package_find_build(&facts->dkms.items[i], kernel->release, NULL);

		if (build && build->state != RD_DKMS_ADDED)
			return false;
	}
	return facts->dkms.n && kernel->has_headers == RD_PRESENCE_YES;
}

static int judge_present(const struct rd_facts *facts, const struct rd_kernel *kernel,
			 struct rd_evidence *ev)
{
	int r = 0;

	if (is_left_out(facts, kernel))
		r = rd_evidence_add(ev, RD_EVIDENCE_COVERAGE, kernel->release,
				    "has no module of dkms, and boots with the kernel's own "
				    "driver");
	return r ? r : RD_RESULT_PASS;
}

static int judge_driver(const struct rd_facts *facts, const struct rd_kernel *kernel,
			struct rd_evidence *ev)
{
	const char *next = kernel->autoinstall;
	int r;

	if (has_driver(kernel))
		return judge_present(facts, kernel, ev);
	if (!is_whole(kernel))
		return RD_RESULT_NA;
	if (kernel->has_amdgpu == RD_PRESENCE_UNKNOWN)
		return RD_RESULT_UNKNOWN;
	r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, kernel->release,
			    "no amdgpu in its modules, and none built in%s%s%s",
			    kernel->is_running ? "; this kernel is running" : "",
			    next ? "; the next dkms autoinstall installs " : "", next ? next : "");
	return r ? r : RD_RESULT_WARN;
}

/* Without a driver in any kernel the machine has other questions (RD-DRV-003). */
static int depmod_present(const struct rd_facts *facts, struct rd_evidence *ev)
{
	if (rules_no_rdna1(facts) || !is_any_with_driver(facts))
		return RD_RESULT_NA;
	return judge_kernels(facts, ev, judge_driver);
}

const struct rd_rule rd_rule_depmod_present = {
	.id = "RD-DEP-003",
	.about = RD_ABOUT_ADVICE,
	.eval = depmod_present,
};

/* Below /lib/modules/RELEASE/; NULL if the path is not. */
static const char *below_kernel(const struct rd_copy *copy)
{
	const char *part = strstr(copy->path, "/modules/");

	part = part ? strchr(part + strlen("/modules/"), '/') : NULL;
	return part ? part + 1 : NULL;
}

static bool is_own(const struct rd_copy *copy)
{
	const char *below = below_kernel(copy);

	return below && rd_text_has_prefix(below, "kernel/");
}

/* weak-modules(8) links another kernel's driver there, where it waits behind the kernel's own. */
static bool is_weak(const struct rd_copy *copy)
{
	const char *below = below_kernel(copy);

	return below && rd_text_has_prefix(below, "weak-updates/");
}

static bool is_other(const struct rd_copy *a, const struct rd_copy *b)
{
	return a->id.build_id && b->id.build_id && strcmp(a->id.build_id, b->id.build_id) != 0;
}

/* Whether another driver than @first, that is none of the kernel's own, is there too. */
static bool has_rival(const struct rd_facts *facts, const struct rd_kernel *kernel,
		      const struct rd_copy *first)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy != first && is_installed(copy, kernel) && !is_own(copy) &&
		    !is_weak(copy) && is_other(copy, first))
			return true;
	}
	return false;
}

/* Where the lines of depmod.d decide, they are the reason. */
static int add_overrides(const struct rd_facts *facts, struct rd_evidence *ev)
{
	for (size_t i = 0; i < facts->modprobe.n; i++) {
		const struct rd_modprobe_line *line = &facts->modprobe.items[i];

		if (line->kind == RD_MODPROBE_OVERRIDE &&
		    rd_evidence_add(ev, RD_EVIDENCE_LIMIT, line->place, "%s", line->text))
			return -ENOMEM;
	}
	return 0;
}

static int judge_shadow(const struct rd_facts *facts, const struct rd_kernel *kernel,
			struct rd_evidence *ev)
{
	const struct rd_copy *first = rules_find_resolved(facts, kernel->release);
	bool is_crowded;

	/* What is in front now will not be for long: RD-DEP-001. */
	if (!first || (kernel->expected && strcmp(kernel->expected, first->path) != 0))
		return RD_RESULT_NA;
	is_crowded = has_rival(facts, kernel, first);
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy == first || !is_installed(copy, kernel))
			continue;
		if (rd_evidence_add(ev, RD_EVIDENCE_COVERAGE, copy->path, "%s; behind %s (%s)",
				    rd_verdict_name(copy->verdict), first->path,
				    rd_verdict_name(first->verdict)))
			return -ENOMEM;
	}
	if (!is_crowded)
		return RD_RESULT_PASS;
	return add_overrides(facts, ev) ? -ENOMEM : RD_RESULT_WARN;
}

static int depmod_shadow(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return judge_kernels(facts, ev, judge_shadow);
}

const struct rd_rule rd_rule_depmod_shadow = {
	.id = "RD-DEP-004",
	.about = RD_ABOUT_ADVICE,
	.eval = depmod_shadow,
};
