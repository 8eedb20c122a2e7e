/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * RD-DKM: what dkms will do, where RD-DRV and RD-SRC judge what lies there. A patched copy that it
 * would bring back is a fault of the disk; disorder in its tree and builds that failed are advice.
 * Only kernels that are installed count: dkms keeps builds of kernels long gone.
 */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "group.h"

static bool is_installed_kernel(const struct rd_facts *facts, const struct rd_dkms_build *build)
{
	return rd_facts_find_kernel(facts, build->kernel) != NULL;
}

/* Whether @path lies below @folder. */
static bool is_below(const char *path, const char *folder)
{
	size_t len = folder ? strlen(folder) : 0;

	return len && !strncmp(path, folder, len) && path[len] == '/';
}

static bool is_source_of(const struct rd_copy *copy, const struct rd_dkms_package *package)
{
	return copy->kind == RD_COPY_SOURCE &&
	       (is_below(copy->path, package->source) || is_below(copy->path, package->path));
}

static bool is_build_of(const struct rd_copy *copy, const struct rd_dkms_package *package,
			const char *kernel)
{
	return copy->kind == RD_COPY_BUILT && is_below(copy->path, package->path) &&
	       (!kernel || !strcmp(copy->kernel, kernel));
}

/* The version that autoinstall would put on the kernel; NULL if none. */
static const struct rd_dkms_package *find_autoinstalled(const struct rd_facts *facts,
							const struct rd_kernel *kernel)
{
	for (size_t i = 0; i < facts->dkms.n; i++) {
		if (rd_dkms_package_is(&facts->dkms.items[i], kernel->autoinstall))
			return &facts->dkms.items[i];
	}
	return NULL;
}

/* What a copy that is put in place, or built from, makes of the result. */
static int judge_copy(const struct rd_copy *copy, const struct rd_kernel *kernel,
		      struct rd_evidence *ev)
{
	bool is_source = copy->kind == RD_COPY_SOURCE;

	if (copy->verdict == RD_VERDICT_UNKNOWN)
		return RD_RESULT_UNKNOWN;
	if (!rd_verdict_is_bad(copy->verdict))
		return RD_RESULT_PASS;
	return rd_evidence_add(ev, RD_EVIDENCE_PROVENANCE, kernel->release,
			       "the next dkms autoinstall %s %s, which is %s",
			       is_source ? "builds" : "installs", copy->path,
			       rd_verdict_name(copy->verdict))
		       ? -ENOMEM
		       : RD_RESULT_FAIL;
}

static int judge_autoinstall(const struct rd_facts *facts, const struct rd_kernel *kernel,
			     struct rd_evidence *ev)
{
	const struct rd_dkms_package *package = find_autoinstalled(facts, kernel);
	const struct rd_dkms_build *build =
		package ? rd_dkms_package_find_build(package, kernel->release, NULL) : NULL;
	bool is_built = build && build->state == RD_DKMS_BUILT;
	int result = RD_RESULT_PASS;

	for (size_t i = 0; package && i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];
		int r;

		if (is_built ? !is_build_of(copy, package, kernel->release)
			     : !is_source_of(copy, package))
			continue;
		r = judge_copy(copy, kernel, ev);
		if (r < 0)
			return r;
		result = rules_worse(result, r);
	}
	return result;
}

static int dkms_autoinstall(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = facts->dkms.n ? RD_RESULT_PASS : RD_RESULT_NA;

	for (size_t i = 0; i < facts->kernels.n && result != RD_RESULT_NA; i++) {
		int r = judge_autoinstall(facts, &facts->kernels.items[i], ev);

		if (r < 0)
			return r;
		result = rules_worse(result, r);
	}
	return result;
}

const struct rd_rule rd_rule_dkms_autoinstall = {
	.id = "RD-DKM-001",
	.about = RD_ABOUT_DISK,
	.eval = dkms_autoinstall,
};

/* The newest version of the same package; NULL if @package is it. */
static const struct rd_dkms_package *find_newer(const struct rd_facts *facts,
						const struct rd_dkms_package *package)
{
	for (size_t i = 0; i < facts->dkms.n; i++) {
		const struct rd_dkms_package *other = &facts->dkms.items[i];

		if (other->is_newest && other != package && !strcmp(other->name, package->name))
			return other;
	}
	return NULL;
}

static int judge_older(const struct rd_facts *facts, const struct rd_dkms_package *package,
		       struct rd_evidence *ev)
{
	const struct rd_dkms_package *newer = find_newer(facts, package);

	for (size_t i = 0; newer && i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (!rd_verdict_is_bad(copy->verdict) ||
		    (!is_source_of(copy, package) && !is_build_of(copy, package, NULL)))
			continue;
		return rd_evidence_add(ev, RD_EVIDENCE_PROVENANCE, copy->path,
				       "%s: of %s/%s, which comes back when %s/%s is removed",
				       rd_verdict_name(copy->verdict), package->name,
				       package->version, newer->name, newer->version)
			       ? -ENOMEM
			       : RD_RESULT_WARN;
	}
	return RD_RESULT_PASS;
}

/* The result of @judge for every registered version; NA where there is none. */
static int for_each(const struct rd_facts *facts, struct rd_evidence *ev,
		    int (*judge)(const struct rd_facts *facts,
				 const struct rd_dkms_package *package, struct rd_evidence *ev))
{
	int result = RD_RESULT_NA;

	for (size_t i = 0; i < facts->dkms.n; i++) {
		int r = judge(facts, &facts->dkms.items[i], ev);

		if (r < 0)
			return r;
		result = rules_worse(result, r);
	}
	return result;
}

static int dkms_older(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return for_each(facts, ev, judge_older);
}

const struct rd_rule rd_rule_dkms_older = {
	.id = "RD-DKM-002",
	.about = RD_ABOUT_ADVICE,
	.eval = dkms_older,
};

static const char *describe(enum rd_dkms_state state)
{
	switch (state) {
	case RD_DKMS_DIFFERS:
		return "another module is installed than dkms has built";
	case RD_DKMS_ABSENT:
		return "dkms has it as installed, and a module of the set is not there";
	case RD_DKMS_BROKEN:
		return "a part of the build is missing";
	default:
		return NULL;
	}
}

static int judge_order(const struct rd_facts *facts, const struct rd_dkms_package *package,
		       struct rd_evidence *ev)
{
	int result = RD_RESULT_PASS;

	if (!package->source) {
		if (rd_evidence_add(ev, RD_EVIDENCE_LIMIT, package->path,
				    "the link to its source leads nowhere: dkms refuses to build, "
				    "install or remove this version"))
			return -ENOMEM;
		return RD_RESULT_WARN;
	}
	for (size_t i = 0; i < package->builds.n; i++) {
		const struct rd_dkms_build *build = &package->builds.items[i];
		const char *what = describe(build->state);

		/* A build that failed is RD-DKM-004's. */
		if (build->state == RD_DKMS_UNKNOWN)
			result = rules_worse(result, RD_RESULT_UNKNOWN);
		if (!what || build->log || !is_installed_kernel(facts, build))
			continue;
		if (rd_evidence_add(ev, RD_EVIDENCE_LIMIT, build->kernel, "%s/%s: %s",
				    package->name, package->version, what))
			return -ENOMEM;
		result = RD_RESULT_WARN;
	}
	return result;
}

static int dkms_order(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return for_each(facts, ev, judge_order);
}

const struct rd_rule rd_rule_dkms_order = {
	.id = "RD-DKM-003",
	.about = RD_ABOUT_ADVICE,
	.eval = dkms_order,
};

static int judge_failure(const struct rd_facts *facts, const struct rd_dkms_package *package,
			 struct rd_evidence *ev)
{
	int result = RD_RESULT_PASS;

	for (size_t i = 0; i < package->builds.n; i++) {
		const struct rd_dkms_build *build = &package->builds.items[i];

		if (!build->log || !is_installed_kernel(facts, build))
			continue;
		if (rd_evidence_add(ev, RD_EVIDENCE_LIMIT, build->log, "kernel %s: %s",
				    build->kernel,
				    build->error ? build->error : "the build did not end"))
			return -ENOMEM;
		result = RD_RESULT_WARN;
	}
	return result;
}

static int dkms_failure(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return for_each(facts, ev, judge_failure);
}

const struct rd_rule rd_rule_dkms_failure = {
	.id = "RD-DKM-004",
	.about = RD_ABOUT_ADVICE,
	.eval = dkms_failure,
};

static int judge_patched_by(const struct rd_facts *facts, const struct rd_dkms_package *package,
			    struct rd_evidence *ev)
{
	(void)facts;
	if (rd_evidence_copy(ev, &package->patched_by))
		return -ENOMEM;
	return package->patched_by.n ? RD_RESULT_FAIL : RD_RESULT_PASS;
}

static int dkms_recipe(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return for_each(facts, ev, judge_patched_by);
}

const struct rd_rule rd_rule_dkms_recipe = {
	.id = "RD-DKM-006",
	.about = RD_ABOUT_DISK,
	.eval = dkms_recipe,
};

static int judge_touched_by(const struct rd_facts *facts, const struct rd_dkms_package *package,
			    struct rd_evidence *ev)
{
	(void)facts;
	if (rd_evidence_copy(ev, &package->touched_by))
		return -ENOMEM;
	if (package->touched_by.n)
		return RD_RESULT_WARN;
	if (!package->problem)
		return RD_RESULT_PASS;
	return rd_evidence_add(ev, RD_EVIDENCE_LIMIT, package->source, "dkms.conf, %s",
			       package->problem)
		       ? -ENOMEM
		       : RD_RESULT_UNKNOWN;
}

static int dkms_touched(const struct rd_facts *facts, struct rd_evidence *ev)
{
	return for_each(facts, ev, judge_touched_by);
}

const struct rd_rule rd_rule_dkms_touched = {
	.id = "RD-DKM-007",
	.about = RD_ABOUT_ADVICE,
	.eval = dkms_touched,
};
