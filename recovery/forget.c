/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What dkms is to forget, so that neither its autoinstall nor the next kernel brings the patch
 * back: versions whose source nobody can put right, or which build what is patched from a good one,
 * and builds that lie there for a kernel which is not installed.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "course_private.h"

bool course_is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return rd_text_has_prefix(path, folder) && path[n] == '/';
}

int course_unregister(struct rd_course *course, const struct rd_dkms_package *package)
{
	for (size_t i = 0; i < course->unregistered.n; i++) {
		if (course->unregistered.items[i] == package)
			return 0;
	}
	return rd_array_push(&course->unregistered, &package);
}

bool course_has_kernel(const struct rd_course *course, const struct rd_dkms_package *package,
		       bool is_built)
{
	for (size_t i = 0; i < course->kernels.n; i++) {
		const struct rd_kernel_course *kernel = &course->kernels.items[i];

		if (kernel->package != package || kernel->method == RD_METHOD_NONE ||
		    kernel->method == RD_METHOD_IMAGE)
			continue;
		if ((kernel->method == RD_METHOD_SOURCE) == is_built)
			return true;
	}
	return false;
}

int course_settle_packages(const struct rd_facts *facts, struct rd_course *course)
{
	for (size_t i = 0; i < facts->dkms.n; i++) {
		const struct rd_dkms_package *package = &facts->dkms.items[i];

		if (package->touched_by.n && course_has_kernel(course, package, false) &&
		    !course_has_kernel(course, package, true) && course_unregister(course, package))
			return -ENOMEM;
	}
	return 0;
}

int course_condemn(struct rd_course *course, const struct rd_dkms_package *package,
		   const struct rd_error *why, struct rd_error *err)
{
	for (size_t i = 0; i < course->kernels.n; i++) {
		const struct rd_kernel_course *kernel = &course->kernels.items[i];

		if (kernel->package == package && kernel->method == RD_METHOD_SOURCE &&
		    kernel->fallback == RD_METHOD_NONE)
			return COURSE_NO_FALLBACK;
	}
	for (size_t i = 0; i < course->kernels.n; i++) {
		struct rd_kernel_course *kernel = &course->kernels.items[i];

		if (kernel->package == package && kernel->method == RD_METHOD_SOURCE &&
		    course_fall_back(kernel, why, err))
			return -ENOMEM;
	}
	return course_unregister(course, package) ? rd_error_nomem(err) : 0;
}

bool course_is_bad_build(const struct rd_facts *facts, const struct rd_dkms_package *package,
			 const struct rd_dkms_build *build)
{
	RD_CLEANUP(rd_freep)
	char *folder = rd_text_format("%s/%s/%s", package->path, build->kernel, build->arch);

	for (size_t i = 0; folder && i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_BUILT && rd_verdict_is_bad(copy->verdict) &&
		    course_is_below(copy->path, folder))
			return true;
	}
	return false;
}

int course_find_stale(const struct rd_facts *facts, struct rd_course *course)
{
	for (size_t i = 0; !facts->only_kernel && i < facts->dkms.n; i++) {
		const struct rd_dkms_package *package = &facts->dkms.items[i];

		for (size_t k = 0; k < package->builds.n; k++) {
			const struct rd_course_stale stale = { package, &package->builds.items[k] };

			if (!rd_facts_find_kernel(facts, stale.build->kernel) &&
			    course_is_bad_build(facts, package, stale.build) &&
			    rd_array_push(&course->stale, &stale))
				return -ENOMEM;
		}
	}
	return 0;
}
