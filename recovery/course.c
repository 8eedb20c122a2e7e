/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The methods, by rank: a build from proven source keeps what the user has; the module of the
 * distribution is a driver in seconds where nothing can be built; a saved set or the packaged file
 * do for what neither of them reaches. Each is a question to the facts that answers with a reason
 * when it is no. The first yes is the method, and the proven module of the distribution stands
 * behind a build, since that is the one thing which can still fail after the plan was shown.
 *
 * A copy without a proof is never what another one is replaced by.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/name.h"
#include "base/text.h"
#include "course_private.h"
#include "recovery/course.h"

static const struct rd_name methods[] = {
	{ .name = "auto", .value = RD_METHOD_AUTO },
	{ .name = "source", .value = RD_METHOD_SOURCE },
	{ .name = "intree", .value = RD_METHOD_INTREE },
	{ .name = "package", .value = RD_METHOD_PACKAGE },
	{ .name = "backup", .value = RD_METHOD_BACKUP },
	/* Not to be asked for. */
	{ .name = "image", .value = RD_METHOD_IMAGE },
	{ .name = "unbuild", .value = RD_METHOD_UNBUILD },
	{ .name = "none", .value = RD_METHOD_NONE },
};

static const struct rd_name ways_of_source[] = {
	{ .name = "none", .value = RD_SOURCE_WAY_NONE },
	{ .name = "good", .value = RD_SOURCE_WAY_GOOD },
	{ .name = "package", .value = RD_SOURCE_WAY_PACKAGE },
	{ .name = "backup", .value = RD_SOURCE_WAY_BACKUP },
	{ .name = "reversal", .value = RD_SOURCE_WAY_REVERSAL },
};

const char *rd_source_way_name(enum rd_source_way way)
{
	return rd_name_of(ways_of_source, RD_N_ELEMENTS(ways_of_source), (int)way);
}

const char *rd_method_name(enum rd_method method)
{
	return rd_name_of(methods, RD_N_ELEMENTS(methods), (int)method);
}

int rd_method_find(const char *name)
{
	int method = rd_name_find(methods, RD_N_ELEMENTS(methods), name);

	return method >= RD_METHOD_IMAGE || method == RD_METHOD_NONE ? -1 : method;
}

/* One decision under way. */
struct decision {
	const struct rd_facts *facts;
	const struct rd_means *means;
	enum rd_method asked;
	struct rd_course *course;
	struct rd_text reasons; /* why the methods asked so far will not do */
};

static bool is_bad(const struct rd_copy *copy)
{
	return copy->is_loadable && rd_verdict_is_bad(copy->verdict);
}

/* The image that a copy is in; NULL: it is in none. */
static const struct rd_image *find_image(const struct rd_facts *facts, const struct rd_copy *copy)
{
	for (size_t i = 0; copy->kind == RD_COPY_INITRAMFS && i < facts->images.n; i++) {
		const struct rd_image *image = &facts->images.items[i];
		size_t len = strlen(image->path);

		if (!strncmp(copy->path, image->path, len) && copy->path[len] == ':')
			return image;
	}
	return NULL;
}

/* A unified kernel image is the work of another tool, and a rescue image of another day. */
static bool is_out_of_reach(const struct rd_image *image)
{
	return image && (image->is_uki || image->role != RD_IMAGE_BOOT);
}

static bool has_bad(const struct rd_facts *facts, const char *kernel, enum rd_copy_kind kind)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == kind && is_bad(copy) && copy->kernel &&
		    !strcmp(copy->kernel, kernel) && !is_out_of_reach(find_image(facts, copy)))
			return true;
	}
	return false;
}

/* Notes why a method will not do. Always false, or -ENOMEM. */
static int RD_PRINTF(2, 3) no(struct decision *decision, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *reason = NULL;
	va_list ap;

	va_start(ap, fmt);
	reason = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!reason)
		return -ENOMEM;
	return rd_text_printf(&decision->reasons, "%s%s", decision->reasons.len ? "; " : "",
			      reason);
}

/* The registered set of this kernel: the one that is installed, else one that is built. */
static void find_build(const struct rd_facts *facts, struct rd_kernel_course *course)
{
	for (size_t i = 0; i < facts->dkms.n; i++) {
		const struct rd_dkms_package *package = &facts->dkms.items[i];

		for (size_t k = 0; k < package->builds.n; k++) {
			const struct rd_dkms_build *build = &package->builds.items[k];

			if (build->state == RD_DKMS_ADDED ||
			    build->state == RD_DKMS_INSTALLED_WEAK ||
			    strcmp(build->kernel, course->kernel->release) != 0 ||
			    (course->build && course->build->is_active))
				continue;
			course->package = package;
			course->build = build;
		}
	}
}

/* Of another version as a rule: what is installed is good. */
static void find_bad_build(const struct rd_facts *facts, struct rd_kernel_course *course)
{
	for (size_t i = 0; i < facts->dkms.n; i++) {
		const struct rd_dkms_package *package = &facts->dkms.items[i];

		for (size_t k = 0; k < package->builds.n; k++) {
			const struct rd_dkms_build *build = &package->builds.items[k];

			if (strcmp(build->kernel, course->kernel->release) != 0 ||
			    !course_is_bad_build(facts, package, build))
				continue;
			course->package = package;
			course->build = build;
			return;
		}
	}
}

/* The kernel's own copy below kernel/, where packages of the distribution put it, if proven. */
static const struct rd_copy *find_intree(const struct rd_facts *facts, const char *kernel)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_INSTALLED && copy->verdict == RD_VERDICT_CLEAN &&
		    copy->kernel && !strcmp(copy->kernel, kernel) &&
		    strstr(copy->path, "/kernel/drivers/"))
			return copy;
	}
	return NULL;
}

/* The means for the source of a package, of several files one that has no way; NULL if none was
 * looked at. */
static const struct rd_source_means *find_source(const struct decision *decision,
						 const struct rd_dkms_package *package)
{
	const struct rd_source_means *found = NULL;

	for (size_t i = 0; package->source && i < decision->means->sources.n; i++) {
		const struct rd_source_means *source = &decision->means->sources.items[i];

		if (course_is_below(source->path, package->source) &&
		    (!found || source->way == RD_SOURCE_WAY_NONE))
			found = source;
	}
	return found;
}

/* Whether the kernel takes what is signed here, where it wants signatures: as it takes what was. */
static int is_taken(struct decision *decision, const struct rd_kernel_course *course)
{
	const struct rd_facts *facts = decision->facts;
	const struct rd_policy *policy = &facts->policy;

	if (policy->enforces_signatures != RD_PRESENCE_YES &&
	    policy->secure_boot != RD_PRESENCE_YES)
		return 1;
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind != RD_COPY_INSTALLED || !copy->is_resolved || !copy->kernel ||
		    strcmp(copy->kernel, course->kernel->release) != 0)
			continue;
		if (copy->would_load == RD_PRESENCE_NO || !copy->id.sig_key)
			return no(decision,
				  "under Secure Boot the kernel takes no module that is built "
				  "here, unless its signing key is enrolled (mokutil --import)");
		return 1;
	}
	return 1;
}

/* Each can_… : 1 yes, 0 no and why, -ENOMEM. */
static int can_source(struct decision *decision, struct rd_kernel_course *course)
{
	const struct rd_dkms_package *package = course->package;
	const struct rd_source_means *source;

	if (!package)
		return no(decision, "no dkms package builds it");
	source = find_source(decision, package);
	if (!source)
		return no(decision, "the source of %s/%s is missing", package->name,
			  package->version);
	if (source->way == RD_SOURCE_WAY_NONE)
		return no(decision, "%s cannot be restored: %s", source->path, source->reason);
	if (package->patched_by.n)
		return no(decision, "%s/%s patches its source at every build", package->name,
			  package->version);
	if (!course->build->is_active)
		return no(decision, "%s/%s is not installed for %s", package->name,
			  package->version, course->kernel->release);
	if (!decision->means->has_dkms)
		return no(decision, "dkms is not installed");
	if (!decision->means->has_compiler)
		return no(decision, "no compiler is installed");
	if (course->kernel->has_headers != RD_PRESENCE_YES)
		return no(decision, "the headers of %s are not installed", course->kernel->release);
	return is_taken(decision, course);
}

static int can_intree(struct decision *decision, struct rd_kernel_course *course)
{
	if (course->intree)
		return 1;
	if (course->build && course->build->has_original)
		return no(decision,
			  "dkms has moved the distribution's amdgpu of %s aside (original_module), "
			  "from where it is not put back here",
			  course->kernel->release);
	return no(decision, "%s has no amdgpu of the distribution that is proven clean",
		  course->kernel->release);
}

/* The package of a kernel's own module that is bad, where apt could fetch it; NULL: none. */
static const struct rd_missing_means *find_missing(const struct rd_means *means,
						   const char *release)
{
	for (size_t i = 0; i < means->missing.n; i++) {
		const struct rd_missing_means *missing = &means->missing.items[i];

		if (missing->kernel && !strcmp(missing->kernel, release))
			return missing;
	}
	return NULL;
}

static int can_package(struct decision *decision, struct rd_kernel_course *course)
{
	const struct rd_means *means = decision->means;
	const char *release = course->kernel->release;
	const struct rd_missing_means *missing = find_missing(means, release);

	for (size_t i = 0; i < means->packaged.n; i++) {
		if (!strcmp(means->packaged.items[i].kernel, release)) {
			course->packaged = &means->packaged.items[i];
			return 1;
		}
	}
	if (missing)
		return no(decision, "no package archive with the module of %s is at hand: %s",
			  release, missing->words);
	return no(decision, "no package archive with the module of %s is at hand", release);
}

/* The last one that was saved. */
static int can_backup(struct decision *decision, struct rd_kernel_course *course)
{
	const struct rd_means *means = decision->means;
	const char *release = course->kernel->release;

	for (size_t i = means->backups.n; i-- > 0;) {
		if (!strcmp(means->backups.items[i].kernel, release)) {
			course->backup = &means->backups.items[i];
			return 1;
		}
	}
	return no(decision, "no set of %s that shows no patch was saved", release);
}

/* By rank. */
static const struct way {
	enum rd_method method;
	int (*can)(struct decision *decision, struct rd_kernel_course *course);
} ways[] = {
	{ .method = RD_METHOD_SOURCE, .can = can_source },
	{ .method = RD_METHOD_INTREE, .can = can_intree },
	{ .method = RD_METHOD_BACKUP, .can = can_backup },
	{ .method = RD_METHOD_PACKAGE, .can = can_package },
};

static int choose_method(struct decision *decision, struct rd_kernel_course *course)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(ways); i++) {
		int r;

		if (decision->asked != RD_METHOD_AUTO && decision->asked != ways[i].method)
			continue;
		r = ways[i].can(decision, course);
		if (r < 0)
			return r;
		if (!r)
			continue;
		course->method = ways[i].method;
		break;
	}
	if (course->method == RD_METHOD_SOURCE && course->intree &&
	    decision->asked == RD_METHOD_AUTO)
		course->fallback = RD_METHOD_INTREE;
	return 0;
}

static int decide_kernel(struct decision *decision, const struct rd_kernel *kernel)
{
	const struct rd_facts *facts = decision->facts;
	bool has_bad_image = has_bad(facts, kernel->release, RD_COPY_INITRAMFS);
	bool has_bad_module = has_bad(facts, kernel->release, RD_COPY_INSTALLED);
	bool has_bad_built = has_bad(facts, kernel->release, RD_COPY_BUILT);
	struct rd_kernel_course course = {
		.kernel = kernel,
		.intree = find_intree(facts, kernel->release),
		.needs_image = has_bad_image,
	};

	if (!has_bad_image && !has_bad_module && !has_bad_built)
		return 0;
	rd_text_deinit(&decision->reasons);
	find_build(facts, &course);
	if (has_bad_module) {
		if (choose_method(decision, &course))
			return -ENOMEM;
	} else if (has_bad_built) {
		course.method = RD_METHOD_UNBUILD;
		find_bad_build(facts, &course);
	} else {
		course.method = RD_METHOD_IMAGE;
	}
	for (size_t i = 0; i < facts->images.n; i++) {
		const struct rd_image *image = &facts->images.items[i];

		if (has_bad_module && image->kernel && !strcmp(image->kernel, kernel->release) &&
		    image->has_amdgpu != RD_PRESENCE_NO)
			course.needs_image = true;
	}
	if (course.method == RD_METHOD_NONE)
		decision->course->is_refused = true;
	course.reason = rd_text_take_string(&decision->reasons);
	if (course.reason && !rd_array_push(&decision->course->kernels, &course))
		return 0;
	free(course.reason);
	return -ENOMEM;
}

/* Of what cannot be restored: what was built from it is bad, or there is a kernel that shows it. */
static bool is_beyond_help(const struct rd_course *course, const struct rd_dkms_package *package,
			   const struct rd_source_means *source)
{
	return source && source->way == RD_SOURCE_WAY_NONE &&
	       (source->is_bad || course_has_kernel(course, package, false));
}

/* Sources that are bad: put right, or the registration of what builds from them goes. */
static int decide_sources(struct decision *decision)
{
	struct rd_course *course = decision->course;

	for (size_t i = 0; i < decision->means->sources.n; i++) {
		const struct rd_source_means *source = &decision->means->sources.items[i];

		if (source->is_bad && source->way != RD_SOURCE_WAY_NONE &&
		    rd_array_push(&course->sources, &source))
			return -ENOMEM;
	}
	for (size_t i = 0; i < decision->facts->dkms.n; i++) {
		const struct rd_dkms_package *package = &decision->facts->dkms.items[i];
		const struct rd_source_means *source = find_source(decision, package);

		if ((is_beyond_help(course, package, source) || package->patched_by.n) &&
		    course_unregister(course, package))
			return -ENOMEM;
	}
	return course_settle_packages(decision->facts, course);
}

static int add_rest(struct rd_course *course, const struct rd_copy *copy, const char *way_out)
{
	struct rd_course_rest rest = { .way_out = strdup(way_out) };

	if (asprintf(&rest.what, "%s is %s: %s", copy->path, rd_verdict_name(copy->verdict),
		     rd_copy_reason(copy)) < 0)
		rest.what = NULL;
	if (rest.what && rest.way_out && !rd_array_push(&course->rests, &rest))
		return 0;
	free(rest.what);
	free(rest.way_out);
	return -ENOMEM;
}

/* The package of which a kernel uses another one's build, by links (weak-updates); NULL: none. */
static const struct rd_dkms_package *find_weak(const struct rd_facts *facts, const char *kernel)
{
	for (size_t i = 0; i < facts->dkms.n; i++) {
		const struct rd_dkms_package *package = &facts->dkms.items[i];
		const struct rd_dkms_build *build =
			rd_dkms_package_find_build(package, kernel, NULL);

		if (build && build->state == RD_DKMS_INSTALLED_WEAK)
			return package;
	}
	return NULL;
}

static struct rd_kernel_course *find_owner(struct rd_course *course,
					   const struct rd_dkms_package *package)
{
	for (size_t i = 0; i < course->kernels.n; i++) {
		struct rd_kernel_course *kernel = &course->kernels.items[i];

		if (kernel->package == package && kernel->build && kernel->build->is_active)
			return kernel;
	}
	return NULL;
}

static struct rd_kernel_course *find_kernel_course(struct rd_course *course, const char *release)
{
	for (size_t i = 0; i < course->kernels.n; i++) {
		if (!strcmp(course->kernels.items[i].kernel->release, release))
			return &course->kernels.items[i];
	}
	return NULL;
}

static int set_method(struct rd_kernel_course *kernel, enum rd_method method, const char *why,
		      const char *other)
{
	char *reason = rd_text_format("%s %s", why, other);

	if (!reason)
		return -ENOMEM;
	free(kernel->reason);
	kernel->reason = reason;
	kernel->method = method;
	kernel->fallback = RD_METHOD_NONE;
	return 0;
}

static int settle_link(struct rd_kernel_course *owner, struct rd_kernel_course *user,
		       const char *release)
{
	bool is_replaced = owner->method == RD_METHOD_SOURCE || owner->method == RD_METHOD_BACKUP;

	/* What stands behind the build would leave links behind that lead nowhere. */
	if (is_replaced)
		owner->fallback = RD_METHOD_NONE;
	if (is_replaced && user)
		return set_method(user, RD_METHOD_IMAGE, "its modules are links to those of",
				  owner->kernel->release);
	if (!is_replaced && owner->method != RD_METHOD_NONE &&
	    (!user || user->method == RD_METHOD_NONE))
		return set_method(owner, RD_METHOD_NONE,
				  "its modules are used, by links, by kernel", release);
	return 0;
}

/*
 * A kernel whose modules are links to those of another one gets what that one gets. Where the set
 * goes altogether, its links must go with it, or a driver that is not there would be loaded.
 */
static int settle_links(struct decision *decision)
{
	struct rd_course *course = decision->course;
	int r = 0;

	for (size_t i = 0; !r && i < decision->facts->kernels.n; i++) {
		const char *release = decision->facts->kernels.items[i].release;
		const struct rd_dkms_package *package = find_weak(decision->facts, release);
		struct rd_kernel_course *owner = package ? find_owner(course, package) : NULL;

		if (owner)
			r = settle_link(owner, find_kernel_course(course, release), release);
	}
	course->is_refused = false;
	for (size_t i = 0; i < course->kernels.n; i++)
		course->is_refused |= course->kernels.items[i].method == RD_METHOD_NONE;
	return r;
}

/* Why a bad copy in an image stays, and what to do; NULL: it does not stay. */
static const char *find_way_out(const struct rd_facts *facts, const struct rd_copy *copy)
{
	const struct rd_image *image = find_image(facts, copy);

	if (image && image->is_uki)
		return "A unified kernel image is made by another tool: after this recovery, and "
		       "before the reboot, make it anew (kernel-install add RELEASE /boot/vmlinuz-"
		       "RELEASE, mkinitcpio -P, or dracut --uefi).";
	if (image && image->role == RD_IMAGE_RESCUE)
		return "A rescue image is made once: move it away, and its entry in the boot menu "
		       "with it; the next installation of a kernel makes another one.";
	if (image && !image->kernel)
		return "Which kernel goes with this image cannot be told: make it anew with the "
		       "tool that made it, after this recovery and before the reboot.";
	if (!copy->kernel || !rd_facts_find_kernel(facts, copy->kernel))
		return "No installed kernel goes with this image: move it away, and its entry in "
		       "the boot menu with it.";
	return NULL;
}

static bool has_package(const struct rd_facts *facts, const char *path)
{
	for (size_t i = 0; i < facts->dkms.n; i++) {
		if (facts->dkms.items[i].source &&
		    course_is_below(path, facts->dkms.items[i].source))
			return true;
	}
	return false;
}

/* Sources that cannot be put right, and that no registration is known for that could go. */
static int find_source_rests(struct decision *decision)
{
	for (size_t i = 0; i < decision->facts->copies.n; i++) {
		const struct rd_copy *copy = &decision->facts->copies.items[i];

		if (copy->kind != RD_COPY_SOURCE || !is_bad(copy) ||
		    has_package(decision->facts, copy->path))
			continue;
		for (size_t k = 0; k < decision->means->sources.n; k++) {
			const struct rd_source_means *source = &decision->means->sources.items[k];

			if (source->way == RD_SOURCE_WAY_NONE &&
			    !strcmp(source->path, copy->path) &&
			    add_rest(decision->course, copy,
				     "It cannot be restored: put the file of its package there, or "
				     "take its version out of what dkms builds."))
				return -ENOMEM;
		}
	}
	return 0;
}

/* Bad copies that no kernel's course and no source reaches. */
static int find_rests(struct decision *decision)
{
	const struct rd_facts *facts = decision->facts;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];
		const char *way_out;

		if (copy->kind != RD_COPY_INITRAMFS || !is_bad(copy))
			continue;
		way_out = find_way_out(facts, copy);
		if (way_out && add_rest(decision->course, copy, way_out))
			return -ENOMEM;
	}
	return find_source_rests(decision);
}

int rd_course_decide(const struct rd_facts *facts, const struct rd_means *means,
		     enum rd_method asked, struct rd_course *course, struct rd_error *err)
{
	RD_CLEANUP(rd_course_deinit) struct rd_course out = RD_COURSE_INIT;
	struct decision decision = {
		.facts = facts,
		.means = means,
		.asked = asked,
		.course = &out,
		.reasons = RD_TEXT_INIT,
	};
	int r = 0;

	for (size_t i = 0; i < facts->kernels.n && !r; i++) {
		const struct rd_kernel *kernel = &facts->kernels.items[i];

		if (!facts->only_kernel || !strcmp(facts->only_kernel, kernel->release))
			r = decide_kernel(&decision, kernel);
	}
	if (!r)
		r = settle_links(&decision);
	if (!r)
		r = decide_sources(&decision);
	if (!r)
		r = course_find_stale(facts, &out);
	if (!r)
		r = find_rests(&decision);
	rd_text_deinit(&decision.reasons);
	if (r)
		return rd_error_nomem(err);
	*course = out;
	out = (struct rd_course)RD_COURSE_INIT;
	return 0;
}

int course_fall_back(struct rd_kernel_course *course, const struct rd_error *why,
		     struct rd_error *err)
{
	char *reason = rd_text_format("%s%s%s: %s", course->reason, *course->reason ? "; " : "",
				      rd_method_name(course->method), why ? why->msg : "");

	if (!reason)
		return rd_error_nomem(err);
	free(course->reason);
	course->reason = reason;
	course->method = course->fallback;
	course->fallback = RD_METHOD_NONE;
	return 0;
}

void rd_means_deinit(struct rd_means *means)
{
	for (size_t i = 0; i < means->sources.n; i++) {
		free(means->sources.items[i].path);
		free(means->sources.items[i].reason);
		free(means->sources.items[i].difference);
		rd_text_deinit(&means->sources.items[i].content);
	}
	free(means->sources.items);
	for (size_t i = 0; i < means->backups.n; i++) {
		free(means->backups.items[i].kernel);
		free(means->backups.items[i].build_id);
	}
	free(means->backups.items);
	for (size_t i = 0; i < means->packaged.n; i++) {
		free(means->packaged.items[i].kernel);
		free(means->packaged.items[i].path);
		free(means->packaged.items[i].package);
		rd_text_deinit(&means->packaged.items[i].content);
	}
	free(means->packaged.items);
	for (size_t i = 0; i < means->missing.n; i++) {
		free(means->missing.items[i].package);
		free(means->missing.items[i].version);
		free(means->missing.items[i].kernel);
		free(means->missing.items[i].words);
	}
	free(means->missing.items);
	*means = (struct rd_means)RD_MEANS_INIT;
}

void rd_course_deinit(struct rd_course *course)
{
	for (size_t i = 0; i < course->kernels.n; i++)
		free(course->kernels.items[i].reason);
	free(course->kernels.items);
	free(course->sources.items);
	free(course->unregistered.items);
	free(course->stale.items);
	for (size_t i = 0; i < course->rests.n; i++) {
		free(course->rests.items[i].what);
		free(course->rests.items[i].way_out);
	}
	free(course->rests.items);
	for (size_t i = 0; i < course->rooms.n; i++)
		free(course->rooms.items[i].path);
	free(course->rooms.items);
	*course = (struct rd_course)RD_COURSE_INIT;
}
