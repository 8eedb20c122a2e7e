/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The order of steps is what keeps a driver loadable at each moment: new modules are put in place
 * first (40), then the index (50) and the images (60) lead to what shall load, and only what
 * nothing leads to any more is removed (70). In-tree takes the same way without the first step.
 *
 * Everything that dkms knows of a set goes or comes with it, the built tree and the link that says
 * which version is installed, so that `dkms status` tells the truth afterwards and `dkms
 * autoinstall` finds nothing patched to install.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "course_private.h"
#include "depmod.h"
#include "initramfs.h"
#include "model/data.h"
#include "recovery/changes.h"
#include "recovery/manifest.h"
#include "saved.h"
#include "work_private.h"

struct paths {
	char **items;
	size_t n, cap;
};

static void paths_deinit(struct paths *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		free(paths->items[i]);
	free(paths->items);
}

/* What is planned so far. Paths are from the root, without a leading slash. */
struct changes {
	const struct rd_changes_order *order;
	struct rd_plan *plan;
	struct paths puts; /* pairs: path, source */
	struct paths removals;
};

static bool is_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

static int push(struct paths *paths, const char *path)
{
	char *copy = strdup(path);

	if (copy && !rd_array_push(paths, &copy))
		return 0;
	free(copy);
	return -ENOMEM;
}

/* Whether a path goes, or lies in what goes. */
static bool is_dropped(const struct changes *changes, const char *path)
{
	for (size_t i = 0; i < changes->removals.n; i++) {
		if (is_in(path, changes->removals.items[i]))
			return true;
	}
	return false;
}

static bool is_put(const struct changes *changes, const char *path)
{
	for (size_t i = 0; i < changes->puts.n; i += 2) {
		if (!strcmp(changes->puts.items[i], path))
			return true;
	}
	return false;
}

static int put(struct changes *changes, const char *path, const char *source)
{
	path += *path == '/';
	if (is_put(changes, path))
		return 0;
	return push(&changes->puts, path) || push(&changes->puts, source) ? -ENOMEM : 0;
}

/* Whether something is put at a path, or below it. */
static bool has_put(const struct changes *changes, const char *path)
{
	path += *path == '/';
	for (size_t i = 0; i < changes->puts.n; i += 2) {
		if (is_in(changes->puts.items[i], path))
			return true;
	}
	return false;
}

/* Once, and not where something is put, there or within, or a folder around it goes. */
static int drop(struct changes *changes, const char *path)
{
	path += *path == '/';
	if (has_put(changes, path) || is_dropped(changes, path))
		return 0;
	return push(&changes->removals, path);
}

static int note(struct changes *changes, const char *key, const char *of, const char *value)
{
	RD_CLEANUP(rd_freep) char *whole = rd_text_format("%s%s", key, of);

	return whole ? rd_notes_add(&changes->plan->notes, whole, value) : -ENOMEM;
}

/* --- dkms ------------------------------------------------------------------------------------ */

static bool is_unregistered(const struct changes *changes, const struct rd_dkms_package *package)
{
	const struct rd_course *course = changes->order->course;

	for (size_t i = 0; i < course->unregistered.n; i++) {
		if (course->unregistered.items[i] == package)
			return true;
	}
	return false;
}

/* The link by which dkms has a version as installed. */
static int drop_link(struct changes *changes, const struct rd_dkms_package *package,
		     const struct rd_dkms_build *build)
{
	RD_CLEANUP(rd_freep)
	char *path = rd_text_format("%.*s/kernel-%s-%s",
				    (int)(strrchr(package->path, '/') - package->path),
				    package->path, build->kernel, build->arch);

	return path ? drop(changes, path) : -ENOMEM;
}

/* A kernel's built tree, with the link if it leads there. */
static int drop_build(struct changes *changes, const struct rd_dkms_package *package,
		      const struct rd_dkms_build *build, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *kernel = rd_text_format("%s/%s", package->path, build->kernel);
	RD_CLEANUP(rd_freep) char *arch = NULL;
	RD_CLEANUP(rd_entries_deinit) struct rd_entries archs = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	arch = kernel ? rd_text_format("%s/%s", kernel, build->arch) : NULL;
	if (!arch)
		return rd_error_nomem(err);
	if (has_put(changes, arch))
		return 0;
	if (build->is_active && drop_link(changes, package, build))
		return rd_error_nomem(err);
	r = rd_system_list(changes->order->sys, kernel, &archs, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r || is_unregistered(changes, package))
		return 0;
	/* An empty folder of the kernel would be a riddle for dkms. */
	return drop(changes, archs.n == 1 ? kernel : arch) ? rd_error_nomem(err) : 0;
}

/* Every built tree of a kernel that is bad, whatever version; and that of @with, if not NULL. */
static int drop_builds(struct changes *changes, const char *kernel,
		       const struct rd_dkms_build *with, struct rd_error *err)
{
	const struct rd_facts *facts = changes->order->facts;
	int r = 0;

	for (size_t i = 0; !r && i < facts->dkms.n; i++) {
		const struct rd_dkms_package *package = &facts->dkms.items[i];

		for (size_t k = 0; !r && k < package->builds.n; k++) {
			const struct rd_dkms_build *build = &package->builds.items[k];

			if (strcmp(build->kernel, kernel) != 0)
				continue;
			if (build == with || course_is_bad_build(facts, package, build))
				r = drop_build(changes, package, build, err);
		}
	}
	return r;
}

/* A version whose source cannot be proven: nothing of it may be built or installed again. */
static int drop_version(struct changes *changes, const struct rd_dkms_package *package)
{
	int r = drop(changes, package->path);

	for (size_t i = 0; !r && i < package->builds.n; i++) {
		if (package->builds.items[i].is_active)
			r = drop_link(changes, package, &package->builds.items[i]);
	}
	return r;
}

/* --- The modules of a kernel ----------------------------------------------------------------- */

/* The rest of a set beside its amdgpu: its siblings would stand in the way of another driver. */
static int drop_siblings(struct changes *changes, const char *path, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	RD_CLEANUP(rd_freep) char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
	struct rd_error why = RD_ERROR_INIT;
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = rd_system_list(changes->order->sys, folder, &entries, &why);
	if (r)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
	for (size_t i = 0; !r && i < entries.n; i++) {
		RD_CLEANUP(rd_freep)
		char *file = rd_text_format("%s/%s", folder, entries.items[i].name);

		if (!file || (rd_data_is_of_dkms_set(entries.items[i].name) && drop(changes, file)))
			r = rd_error_nomem(err);
	}
	return r;
}

/* What is bad below lib/modules, and is not the distribution's own. */
static int drop_bad_modules(struct changes *changes, const char *kernel, struct rd_error *err)
{
	const struct rd_facts *facts = changes->order->facts;
	int r = 0;

	for (size_t i = 0; !r && i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_INSTALLED && rd_verdict_is_bad(copy->verdict) &&
		    copy->kernel && !strcmp(copy->kernel, kernel) &&
		    !strstr(copy->path, "/kernel/drivers/"))
			r = has_put(changes, copy->path) ? 0
							 : drop_siblings(changes, copy->path, err);
	}
	return r;
}

static int drop_old_set(struct changes *changes, const struct rd_dkms_build *build)
{
	int r = 0;

	for (size_t i = 0; build && !r && i < build->files.n; i++)
		r = drop(changes, build->files.items[i]);
	return r;
}

/* The folder where a module of the set goes: that of the old file, else that of amdgpu. */
static int put_module(struct changes *changes, const struct rd_work_kernel *kernel,
		      const char *file, struct rd_error *err)
{
	const struct rd_dkms_build *old = kernel->course->build;
	const char *end = strstr(file, ".ko"), *place = kernel->module;
	RD_CLEANUP(rd_freep) char *path = NULL;
	RD_CLEANUP(rd_freep) char *source = NULL;

	for (size_t i = 0; end && i < old->files.n; i++) {
		const char *name = strrchr(old->files.items[i], '/') + 1;

		if (!strncmp(name, file, (size_t)(end - file) + 3))
			place = old->files.items[i];
	}
	path = rd_text_format("%.*s/%s", (int)(strrchr(place, '/') - place), place, file);
	source = rd_text_format(RD_PLAN_WORK "%s/module/%s",
				kernel->set + strlen(RD_STATE_WORK) + 1, file);
	return path && source && !put(changes, path, source) ? 0 : rd_error_nomem(err);
}

static int plan_source(struct changes *changes, const struct rd_work_kernel *kernel,
		       struct rd_error *err)
{
	const struct rd_kernel_course *course = kernel->course;
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	RD_CLEANUP(rd_freep) char *folder = rd_text_format("/%s/module", kernel->set);
	RD_CLEANUP(rd_freep)
	char *tree = rd_text_format("%s/%s/%s", course->package->path, course->kernel->release,
				    course->build->arch);
	RD_CLEANUP(rd_freep)
	char *source = rd_text_format(RD_PLAN_WORK "%s", kernel->set + strlen(RD_STATE_WORK) + 1);
	int r;

	if (!folder || !tree || !source)
		return rd_error_nomem(err);
	r = rd_system_list(changes->order->sys, folder, &entries, err);
	for (size_t i = 0; !r && i < entries.n; i++)
		r = put_module(changes, kernel, entries.items[i].name, err);
	if (!r && put(changes, tree, source))
		r = rd_error_nomem(err);
	if (!r && drop_old_set(changes, course->build))
		r = rd_error_nomem(err);
	return r > 0 ? -EIO : r;
}

/* The set that was saved, its built tree and link with it, under the paths that it had. */
struct unpacking {
	struct changes *changes;
	const char *folder; /* with its leading slash */
	const char *kernel;
};

static int put_saved(void *userdata, enum rd_walk_event event, const char *path,
		     const struct rd_error *why, struct rd_error *err)
{
	const struct unpacking *unpacking = userdata;
	const char *place = path + strlen(unpacking->folder) + 1;
	RD_CLEANUP(rd_freep) char *source = NULL;
	bool is_built = rd_text_has_prefix(place, "var/lib/dkms/");

	if (event == RD_WALK_UNREADABLE)
		return rd_error_set(err, EIO, "%s", why->msg);
	/* Of a version that goes, the modules stay and dkms knows nothing of them. */
	if (is_dropped(unpacking->changes, place))
		return event == RD_WALK_FOLDER ? RD_WALK_SKIP : 0;
	/* Of dkms' tree what the transaction put: VERSION/KERNEL/ARCH as a whole. */
	if (event == RD_WALK_FOLDER && !(is_built && strstr(place, unpacking->kernel) &&
					 strstr(strstr(place, unpacking->kernel), "/")))
		return 0;
	source = rd_text_format(RD_PLAN_WORK WORK_SAVED "/%s", unpacking->kernel, place);
	if (!source || put(unpacking->changes, place, source))
		return rd_error_nomem(err);
	return event == RD_WALK_FOLDER ? RD_WALK_SKIP : 0;
}

static int plan_backup(struct changes *changes, const struct rd_work_kernel *kernel,
		       struct rd_error *err)
{
	const struct rd_kernel_course *course = kernel->course;
	RD_CLEANUP(rd_freep)
	char *folder = rd_text_format("/" RD_STATE_WORK "/" WORK_SAVED, course->kernel->release);
	struct unpacking unpacking = { .changes = changes,
				       .folder = folder,
				       .kernel = course->kernel->release };
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = rd_system_walk(changes->order->sys, folder, 1 << 16, put_saved, &unpacking, err);
	if (!r && drop_old_set(changes, course->build))
		r = rd_error_nomem(err);
	return r > 0 ? -EIO : r;
}

/* The distribution's module takes over: what hides it goes. */
static int plan_intree(struct changes *changes, const struct rd_work_kernel *kernel,
		       struct rd_error *err)
{
	const struct rd_kernel_course *course = kernel->course;
	RD_CLEANUP(rd_freep) char *source = NULL;

	if (course->method == RD_METHOD_PACKAGE) {
		source = rd_text_format(RD_PLAN_WORK WORK_PACKAGED, course->kernel->release);
		if (!source || put(changes, course->packaged->path, source))
			return rd_error_nomem(err);
	}
	if (drop_old_set(changes, course->build))
		return rd_error_nomem(err);
	return drop_builds(changes, course->kernel->release,
			   course->build && course->build->is_active ? course->build : NULL, err);
}

static int plan_kernel(struct changes *changes, const struct rd_work_kernel *kernel,
		       struct rd_error *err)
{
	const struct rd_kernel_course *course = kernel->course;
	const char *release = course->kernel->release;
	bool has_new_module = true;
	int r = 0;

	switch (course->method) {
	case RD_METHOD_SOURCE:
		r = plan_source(changes, kernel, err);
		break;
	case RD_METHOD_BACKUP:
		r = plan_backup(changes, kernel, err);
		break;
	case RD_METHOD_INTREE:
	case RD_METHOD_PACKAGE:
		r = plan_intree(changes, kernel, err);
		break;
	default:
		has_new_module = false;
	}
	if (!r && has_new_module)
		r = drop_bad_modules(changes, release, err);
	if (!r)
		r = drop_builds(changes, release, NULL, err);
	if (!r && (note(changes, RD_NOTE_KERNEL, release, rd_method_name(course->method)) ||
		   note(changes, RD_NOTE_BUILD_ID, release,
			kernel->build_id ? kernel->build_id : "none") ||
		   (kernel->is_proven && note(changes, RD_NOTE_PROVEN, release, "yes")) ||
		   (has_new_module && note(changes, RD_NOTE_MODULE, release, kernel->module))))
		r = rd_error_nomem(err);
	return r;
}

/* --- The phases ------------------------------------------------------------------------------ */

static int add_sources(struct changes *changes)
{
	const struct rd_course *course = changes->order->course;
	int r = 0;

	if (course->sources.n)
		r = rd_plan_add_phase(changes->plan, RD_STEP_SOURCE, false);
	for (size_t i = 0; !r && i < course->sources.n; i++) {
		char source[64];

		snprintf(source, sizeof(source), RD_PLAN_WORK WORK_SOURCE, i);
		r = rd_plan_put(changes->plan, course->sources.items[i]->path + 1, source);
		snprintf(source, sizeof(source), "%zu", i);
		if (!r)
			r = note(changes, RD_NOTE_SOURCE, source, course->sources.items[i]->path);
	}
	return r;
}

static int add_puts(struct changes *changes)
{
	int r = 0;

	if (changes->puts.n)
		r = rd_plan_add_phase(changes->plan, RD_STEP_INSTALLED, false);
	for (size_t i = 0; !r && i < changes->puts.n; i += 2)
		r = rd_plan_put(changes->plan, changes->puts.items[i], changes->puts.items[i + 1]);
	return r;
}

static int add_indexes(struct changes *changes, struct rd_error *err)
{
	const struct rd_work *work = changes->order->work;
	bool has_phase = false;
	int r = 0;

	for (size_t i = 0; !r && i < work->kernels.n; i++) {
		const struct rd_kernel_course *course = work->kernels.items[i].course;

		if (course->method == RD_METHOD_IMAGE || course->method == RD_METHOD_UNBUILD)
			continue;
		if (!has_phase && rd_plan_add_phase(changes->plan, RD_STEP_DEPMOD, true))
			return rd_error_nomem(err);
		has_phase = true;
		r = depmod_plan(changes->order->sys, course->kernel->release, changes->plan, err);
	}
	return r;
}

bool rd_changes_needs_image(const struct rd_course *course, const struct rd_image *image)
{
	for (size_t i = 0; image->kernel && i < course->kernels.n; i++) {
		const struct rd_kernel_course *kernel = &course->kernels.items[i];

		if (kernel->needs_image && !strcmp(kernel->kernel->release, image->kernel))
			return image->has_amdgpu != RD_PRESENCE_NO && !image->is_uki &&
			       image->role == RD_IMAGE_BOOT;
	}
	return false;
}

static int add_images(struct changes *changes, struct rd_error *err)
{
	const struct rd_facts *facts = changes->order->facts;
	bool has_phase = false;
	int r = 0;

	for (size_t i = 0; !r && i < facts->images.n; i++) {
		const struct rd_image *image = &facts->images.items[i];

		if (!rd_changes_needs_image(changes->order->course, image))
			continue;
		if (!has_phase && rd_plan_add_phase(changes->plan, RD_STEP_INITRAMFS, true))
			return rd_error_nomem(err);
		has_phase = true;
		r = initramfs_plan(changes->order->sys, image, changes->plan, err);
	}
	return r == INITRAMFS_NO_TOOL ? RD_CHANGES_REFUSED : r;
}

static int add_removals(struct changes *changes)
{
	const struct paths *removals = &changes->removals;
	char n[24];
	int r = 0;

	if (removals->n)
		r = rd_plan_add_phase(changes->plan, RD_STEP_REMOVED, false);
	for (size_t i = 0; !r && i < removals->n; i++) {
		snprintf(n, sizeof(n), "%zu", i);
		r = rd_plan_remove(changes->plan, removals->items[i]);
		if (!r && strstr(removals->items[i], "lib/modules/"))
			r = note(changes, RD_NOTE_WITHOUT, n, removals->items[i]);
	}
	return r;
}

/* Programs' libraries are no such files, nor what stands where recovery may change nothing. */
bool rd_changes_has_leftover(const struct rd_leftover *leftover)
{
	return !leftover->sign->is_library && !rd_path_check(leftover->path + 1, NULL);
}

static int drop_leftovers(struct changes *changes)
{
	const struct rd_leftovers *leftovers = &changes->order->facts->leftovers;
	int r = 0;

	for (size_t i = 0; !r && changes->order->with_leftovers && i < leftovers->n; i++) {
		const struct rd_leftover *leftover = &leftovers->items[i];

		if (rd_changes_has_leftover(leftover))
			r = drop(changes, leftover->path);
	}
	return r;
}

static int note_order(struct changes *changes)
{
	const struct rd_changes_order *order = changes->order;

	if (note(changes, RD_NOTE_METHOD, "", rd_method_name(order->asked)) ||
	    note(changes, RD_NOTE_BEGUN_BY, "", RD_VERSION))
		return -ENOMEM;
	return order->user ? note(changes, RD_NOTE_USER, "", order->user) : 0;
}

int rd_changes_plan(const struct rd_changes_order *order, struct rd_plan *plan,
		    struct rd_error *err)
{
	RD_CLEANUP(rd_plan_deinit) struct rd_plan made = RD_PLAN_INIT;
	struct changes changes = { .order = order, .plan = &made };
	const struct rd_course *course = order->course;
	int r;

	r = note_order(&changes) ? rd_error_nomem(err) : 0;
	/* Before the kernels: what lies in a version that goes needs no removal of its own. */
	for (size_t i = 0; !r && i < course->unregistered.n; i++)
		r = drop_version(&changes, course->unregistered.items[i]) ? rd_error_nomem(err) : 0;
	for (size_t i = 0; !r && i < order->work->kernels.n; i++)
		r = plan_kernel(&changes, &order->work->kernels.items[i], err);
	for (size_t i = 0; !r && i < course->stale.n; i++)
		r = drop_build(&changes, course->stale.items[i].package,
			       course->stale.items[i].build, err);
	if (!r && (drop_leftovers(&changes) || add_sources(&changes) || add_puts(&changes)))
		r = rd_error_nomem(err);
	if (!r)
		r = add_indexes(&changes, err);
	if (!r)
		r = add_images(&changes, err);
	if (!r && add_removals(&changes))
		r = rd_error_nomem(err);
	if (!r)
		r = rd_plan_check(&made, err);
	paths_deinit(&changes.puts);
	paths_deinit(&changes.removals);
	if (r)
		return r;
	*plan = made;
	made = (struct rd_plan)RD_PLAN_INIT;
	return 0;
}
