/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What `dkms autoinstall`, which kernel packages and a unit at boot run, does to each kernel: of
 * every package the newest version, if its dkms.conf wants that, unless it is installed there. What
 * is built already is put in place as it is, the rest is built if the kernel has headers and no
 * BUILD_EXCLUSIVE_ line is against it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "dkms.h"
#include "inspect/dkms_version.h"
#include "inspect/pattern.h"

/* Headers as dkms looks for them, and as make needs them. */
static int find_headers(const struct rd_dkms *dkms, struct rd_kernel *kernel, struct rd_error *err)
{
	static const char *const signs[] = { "include", "Makefile" };

	kernel->has_headers = RD_PRESENCE_NO;
	for (size_t i = 0; i < RD_N_ELEMENTS(signs); i++) {
		RD_CLEANUP(rd_freep)
		char *path = rd_text_format("/lib/modules/%s/build/%s", kernel->release, signs[i]);
		struct rd_error why = RD_ERROR_INIT;
		struct stat st;
		int r;

		if (!path)
			return rd_error_nomem(err);
		r = rd_system_stat(dkms->examiner.sys, path, &st, &why);
		if (r < 0)
			return rd_error_set(err, -r, "%s", why.msg);
		if (!r) {
			kernel->has_headers = RD_PRESENCE_YES;
			return 0;
		}
		if (r == RD_SYSTEM_UNREADABLE)
			kernel->has_headers = RD_PRESENCE_UNKNOWN;
	}
	return 0;
}

/*
 * Whether bash's =~ would find @pattern. One that is not tried matches, so that what it might keep
 * out is still reported.
 */
static bool matches(const char *pattern, const char *text)
{
	bool is_match = false;

	return rd_pattern_match(pattern, text, &is_match) || is_match;
}

/* The value of a line that holds for sure, else NULL. */
static const char *find_line(const struct rd_dkms_conf *conf, const char *name)
{
	const struct rd_dkms_variable *line = rd_dkms_conf_find(conf, name, 0);

	return line && line->value && *line->value && !line->is_conditional ? line->value : NULL;
}

static bool is_excluded(const struct rd_dkms_conf *conf, const char *kernel, const char *arch)
{
	const char *kernels = find_line(conf, "BUILD_EXCLUSIVE_KERNEL");
	const char *min = find_line(conf, "BUILD_EXCLUSIVE_KERNEL_MIN");
	const char *max = find_line(conf, "BUILD_EXCLUSIVE_KERNEL_MAX");
	const char *archs = find_line(conf, "BUILD_EXCLUSIVE_ARCH");

	return (kernels && !matches(kernels, kernel)) || (archs && arch && !matches(archs, arch)) ||
	       (min && rd_dkms_version_compare(kernel, min) < 0) ||
	       (max && rd_dkms_version_compare(kernel, max) > 0);
}

/* Whether a newer version of the same package is registered. */
static bool is_older(const struct rd_dkms_packages *packages, const struct rd_dkms_package *package)
{
	for (size_t i = 0; i < packages->n; i++) {
		const struct rd_dkms_package *other = &packages->items[i];

		if (other->source && !strcmp(other->name, package->name) &&
		    rd_dkms_version_compare(other->version, package->version) > 0)
			return true;
	}
	return false;
}

/* What autoinstall does with the version: nothing, or its installation, built before or not. */
static int will_install(const struct rd_dkms *dkms, const struct rd_dkms_package *package,
			const struct rd_kernel *kernel, bool *willp, struct rd_error *err)
{
	RD_CLEANUP(rd_dkms_conf_deinit) struct rd_dkms_conf conf = RD_DKMS_CONF_INIT;
	const struct rd_dkms_build *build =
		rd_dkms_package_find_build(package, kernel->release, NULL);
	const char *arch = package->builds.n ? package->builds.items[0].arch : NULL;
	enum rd_dkms_state state = build ? build->state : RD_DKMS_ADDED;
	int r;

	if (package->has_autoinstall == RD_PRESENCE_NO)
		return 0;
	*willp = state == RD_DKMS_BUILT;
	if (state != RD_DKMS_ADDED || kernel->has_headers != RD_PRESENCE_YES)
		return 0;
	r = rd_dkms_read_conf(dkms, package, kernel->release, arch, &conf, err);
	if (!r)
		*willp = !is_excluded(&conf, kernel->release, arch);
	return r < 0 ? r : 0;
}

static int judge_kernel(const struct rd_dkms *dkms, struct rd_kernel *kernel, struct rd_error *err)
{
	const struct rd_dkms_packages *packages = &dkms->examiner.facts->dkms;
	int r = find_headers(dkms, kernel, err);

	for (size_t i = 0; i < packages->n && !r; i++) {
		const struct rd_dkms_package *package = &packages->items[i];
		bool will = false;

		if (!package->is_newest)
			continue;
		r = will_install(dkms, package, kernel, &will, err);
		if (r || !will)
			continue;
		free(kernel->autoinstall);
		kernel->autoinstall = rd_text_format("%s/%s", package->name, package->version);
		if (!kernel->autoinstall)
			return rd_error_nomem(err);
	}
	return r;
}

int rd_dkms_judge_kernels(const struct rd_dkms *dkms, struct rd_error *err)
{
	struct rd_dkms_packages *packages = &dkms->examiner.facts->dkms;
	struct rd_kernels *kernels = &dkms->examiner.facts->kernels;
	int r = 0;

	for (size_t i = 0; i < packages->n; i++)
		packages->items[i].is_newest = packages->items[i].source &&
					       !is_older(packages, &packages->items[i]);
	for (size_t i = 0; i < kernels->n && !r; i++)
		r = judge_kernel(dkms, &kernels->items[i], err);
	return r;
}
