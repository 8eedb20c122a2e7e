/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * RD-DRV and RD-SRC: the copies on disk, modules and the sources that dkms builds from. "Loadable"
 * is the probe's word for what the next boot or modprobe could load, or the next kernel upgrade
 * rebuild; a shadowed module counts, a .backup file does not.
 */

#include <errno.h>

#include "group.h"

static bool is_installed(const struct rd_copy *copy)
{
	return copy->is_loadable && copy->kind == RD_COPY_INSTALLED;
}

static bool is_bad_module(const struct rd_copy *copy)
{
	return rules_is_loadable_module(copy) && rd_verdict_is_bad(copy->verdict);
}

static bool is_unknown_module(const struct rd_copy *copy)
{
	return rules_is_loadable_module(copy) && copy->verdict == RD_VERDICT_UNKNOWN;
}

static bool is_source(const struct rd_copy *copy)
{
	return copy->is_loadable && copy->kind == RD_COPY_SOURCE;
}

static bool is_bad_source(const struct rd_copy *copy)
{
	return is_source(copy) && rd_verdict_is_bad(copy->verdict);
}

static bool is_unknown_source(const struct rd_copy *copy)
{
	return is_source(copy) && copy->verdict == RD_VERDICT_UNKNOWN;
}

static bool is_bad_leftover(const struct rd_copy *copy)
{
	return !copy->is_loadable && copy->kind != RD_COPY_RUNNING &&
	       rd_verdict_is_bad(copy->verdict);
}

static bool is_unproven(const struct rd_copy *copy)
{
	return copy->verdict == RD_VERDICT_NO_SIGN && copy->is_loadable;
}

static size_t count(const struct rd_facts *facts, bool (*is_meant)(const struct rd_copy *copy))
{
	size_t n = 0;

	for (size_t i = 0; i < facts->copies.n; i++)
		n += is_meant(&facts->copies.items[i]);
	return n;
}

/* The result if one of @among is meant by @is_meant, PASS if none is, NA if @among is empty. */
static int judge(const struct rd_facts *facts, struct rd_evidence *ev,
		 bool (*among)(const struct rd_copy *copy),
		 bool (*is_meant)(const struct rd_copy *copy), enum rd_result result)
{
	int n;

	if (!count(facts, among))
		return RD_RESULT_NA;
	n = rules_add_copies(ev, facts, is_meant);
	if (n < 0)
		return n;
	return n ? (int)result : RD_RESULT_PASS;
}

static int driver_patch(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return judge(facts, ev, rules_is_loadable_module, is_bad_module, RD_RESULT_FAIL);
}

const struct rd_rule rd_rule_driver_patch = {
	.id = "RD-DRV-001",
	.about = RD_ABOUT_DISK,
	.eval = driver_patch,
};

static int driver_inspected(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return judge(facts, ev, rules_is_loadable_module, is_unknown_module, RD_RESULT_UNKNOWN);
}

const struct rd_rule rd_rule_driver_inspected = {
	.id = "RD-DRV-002",
	.about = RD_ABOUT_DISK,
	.eval = driver_inspected,
};

static bool has_builtin(const struct rd_facts *facts)
{
	for (size_t i = 0; i < facts->kernels.n; i++) {
		if (facts->kernels.items[i].has_builtin == RD_PRESENCE_YES)
			return true;
	}
	return false;
}

static int driver_found(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int r;

	if (count(facts, is_installed))
		return RD_RESULT_PASS;
	if (rules_no_rdna1(facts) || has_builtin(facts))
		return RD_RESULT_NA;
	if (facts->only_kernel)
		r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, facts->only_kernel,
				    "no amdgpu module of this kernel was found");
	else
		r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, "/lib/modules",
				    "no amdgpu module was found for any of %zu kernels",
				    facts->kernels.n);
	return r ? r : RD_RESULT_UNKNOWN;
}

const struct rd_rule rd_rule_driver_found = {
	.id = "RD-DRV-003",
	.about = RD_ABOUT_DISK,
	.eval = driver_found,
};

static int driver_resolved(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = RD_RESULT_NA;

	for (size_t i = 0; i < facts->kernels.n; i++) {
		const struct rd_kernel *kernel = &facts->kernels.items[i];

		if (!kernel->resolved)
			continue;
		if (rules_find_resolved(facts, kernel->release)) {
			if (result == RD_RESULT_NA)
				result = RD_RESULT_PASS;
			continue;
		}
		if (rd_evidence_add(ev, RD_EVIDENCE_LIMIT, kernel->resolved,
				    "modules.dep of %s names this file, which was not found",
				    kernel->release))
			return -ENOMEM;
		result = RD_RESULT_UNKNOWN;
	}
	return result;
}

const struct rd_rule rd_rule_driver_resolved = {
	.id = "RD-DRV-004",
	.about = RD_ABOUT_DISK,
	.eval = driver_resolved,
};

static int driver_builtin(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = facts->kernels.n ? RD_RESULT_PASS : RD_RESULT_NA;

	if (rules_no_rdna1(facts))
		return RD_RESULT_NA;
	for (size_t i = 0; i < facts->kernels.n; i++) {
		const struct rd_kernel *kernel = &facts->kernels.items[i];

		if (kernel->has_builtin != RD_PRESENCE_YES)
			continue;
		if (rd_evidence_add(
			    ev, RD_EVIDENCE_LIMIT, kernel->release,
			    "modules.builtin lists amdgpu: its code is in the kernel image"))
			return -ENOMEM;
		result = RD_RESULT_UNKNOWN;
	}
	return result;
}

const struct rd_rule rd_rule_driver_builtin = {
	.id = "RD-DRV-005",
	.about = RD_ABOUT_DISK,
	.eval = driver_builtin,
};

static int driver_leftover(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int n = rules_add_copies(ev, facts, is_bad_leftover);

	if (n < 0)
		return n;
	return n ? RD_RESULT_WARN : RD_RESULT_PASS;
}

const struct rd_rule rd_rule_driver_leftover = {
	.id = "RD-DRV-006",
	.about = RD_ABOUT_ADVICE,
	.eval = driver_leftover,
};

/* Why nothing proves a copy: what its functions could not be compared with, as far as is known. */
static const char *unproven_reason(const struct rd_copy *copy)
{
	for (size_t i = 0; i < copy->evidence.n; i++) {
		if (copy->evidence.items[i].kind == RD_EVIDENCE_LIMIT)
			return copy->evidence.items[i].detail;
	}
	return copy->kind == RD_COPY_SOURCE ? "no package has this very file"
					    : "no proven module of the same build is here";
}

/* No proof is normal: dkms builds and most local kernels have none. Said, never held against. */
static int driver_proof(const struct rd_facts *facts, struct rd_evidence *ev)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (is_unproven(copy) &&
		    rd_evidence_add(ev, RD_EVIDENCE_COVERAGE, copy->path,
				    "no sign of a patch, and no proof: %s", unproven_reason(copy)))
			return -ENOMEM;
	}
	return count(facts, rules_is_loadable_module) ? RD_RESULT_PASS : RD_RESULT_NA;
}

const struct rd_rule rd_rule_driver_proof = {
	.id = "RD-DRV-007",
	.about = RD_ABOUT_ADVICE,
	.eval = driver_proof,
};

static int source_patch(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return judge(facts, ev, is_source, is_bad_source, RD_RESULT_FAIL);
}

const struct rd_rule rd_rule_source_patch = {
	.id = "RD-SRC-001",
	.about = RD_ABOUT_DISK,
	.eval = source_patch,
};

static int source_inspected(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return judge(facts, ev, is_source, is_unknown_source, RD_RESULT_UNKNOWN);
}

const struct rd_rule rd_rule_source_inspected = {
	.id = "RD-SRC-002",
	.about = RD_ABOUT_DISK,
	.eval = source_inspected,
};
