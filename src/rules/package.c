/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * RD-PKG: what the packages say. A digest that is another one than the package's proves nothing
 * against a module: it may have been signed anew, stripped or compressed again on a healthy
 * machine, and a comparison of its functions, where it was possible, has raised it to "clean" or
 * lowered it to "modified". What could not be compared is said, and not held against it; "no-sign"
 * is what it is called. Nothing of the kind is ever done to a source.
 */

#include <errno.h>
#include <string.h>

#include "group.h"

/* Of a package, and not known to be bad for what it contains: RD-DRV-001 and RD-SRC-001 say that.
 */
static bool is_asked(const struct rd_copy *copy)
{
	return copy->package && copy->kind != RD_COPY_RUNNING &&
	       (copy->is_loadable || copy->kind == RD_COPY_INSTALLED) &&
	       !rd_verdict_is_bad(copy->verdict);
}

static bool is_other(const struct rd_copy *copy)
{
	return is_asked(copy) && copy->is_packaged == RD_PRESENCE_NO &&
	       copy->verdict != RD_VERDICT_CLEAN;
}

static int add_other(struct rd_evidence *ev, const struct rd_facts *facts,
		     const struct rd_copy *copy)
{
	const struct rd_package *package = rd_packages_find(&facts->packages, copy->package);
	const char *restore = package ? package->restore : NULL;

	return rd_evidence_add(ev, RD_EVIDENCE_PROVENANCE, copy->path,
			       "is not the file of package %s%s%s. To have that one back: %s",
			       copy->package, package && package->version ? " " : "",
			       package && package->version ? package->version : "",
			       restore ? restore : "reinstall the package");
}

static enum rd_result result_of(const struct rd_copy *copy)
{
	if (is_other(copy))
		return copy->kind == RD_COPY_SOURCE ? RD_RESULT_WARN : RD_RESULT_NA;
	return copy->is_packaged == RD_PRESENCE_UNKNOWN ? RD_RESULT_NA : RD_RESULT_PASS;
}

/* The more telling one: WARN, UNKNOWN, PASS, NA. */
static enum rd_result worse(enum rd_result a, enum rd_result b)
{
	static const int rank[] = {
		[RD_RESULT_NA] = 0,
		[RD_RESULT_PASS] = 1,
		[RD_RESULT_UNKNOWN] = 2,
		[RD_RESULT_WARN] = 3,
	};

	return rank[a] > rank[b] ? a : b;
}

static int package_file(const struct rd_facts *facts, struct rd_evidence *ev)
{
	enum rd_result result = RD_RESULT_NA;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (!is_asked(copy))
			continue;
		result = worse(result, result_of(copy));
		if (is_other(copy) && add_other(ev, facts, copy))
			return -ENOMEM;
	}
	return (int)result;
}

const struct rd_rule rd_rule_package_file = {
	.id = "RD-PKG-001",
	.about = RD_ABOUT_ADVICE,
	.eval = package_file,
};

static int add_changed(struct rd_evidence *ev, const struct rd_package *package)
{
	for (size_t i = 0; i < package->changed.n; i++) {
		if (rd_evidence_add(ev, RD_EVIDENCE_SOURCE, package->changed.items[i],
				    "is not the file of package %s%s%s", package->name,
				    package->version ? " " : "",
				    package->version ? package->version : ""))
			return -ENOMEM;
	}
	return rd_evidence_add(ev, RD_EVIDENCE_PROVENANCE, package->name, "To have them back: %s",
			       package->restore);
}

/* Whether a source that the next build is made from is of that package. */
static bool has_source(const struct rd_facts *facts, const struct rd_package *package)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_SOURCE && copy->is_loadable && copy->package &&
		    !strcmp(copy->package, package->name))
			return true;
	}
	return false;
}

static int package_source(const struct rd_facts *facts, struct rd_evidence *ev)
{
	enum rd_result result = RD_RESULT_NA;

	for (size_t i = 0; i < facts->packages.n; i++) {
		const struct rd_package *package = &facts->packages.items[i];

		if (!has_source(facts, package))
			continue;
		switch (package->is_source_whole) {
		case RD_PRESENCE_YES:
			result = worse(result, RD_RESULT_PASS);
			break;
		case RD_PRESENCE_UNKNOWN:
			result = worse(result, RD_RESULT_UNKNOWN);
			break;
		case RD_PRESENCE_NO:
			result = RD_RESULT_WARN;
			if (add_changed(ev, package))
				return -ENOMEM;
			break;
		}
	}
	return (int)result;
}

const struct rd_rule rd_rule_package_source = {
	.id = "RD-PKG-002",
	.about = RD_ABOUT_ADVICE,
	.eval = package_source,
};

static int package_known(const struct rd_facts *facts, struct rd_evidence *ev)
{
	if (facts->packages.problem)
		return rd_evidence_add(ev, RD_EVIDENCE_LIMIT, NULL, "%s", facts->packages.problem)
			       ? -ENOMEM
			       : RD_RESULT_UNKNOWN;
	return facts->packages.n ? RD_RESULT_PASS : RD_RESULT_NA;
}

const struct rd_rule rd_rule_package_known = {
	.id = "RD-PKG-003",
	.about = RD_ABOUT_ADVICE,
	.eval = package_known,
};
