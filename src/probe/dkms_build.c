/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The builds of one version: VERSION/KERNEL/ARCH/module holds what was built, the link
 * NAME/kernel-KERNEL-ARCH says which version is installed, and what really lies below lib/modules
 * is compared with it byte for byte, as `dkms status` does. A build that failed leaves
 * VERSION/build/make.log; one that succeeds takes that folder away.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "dkms.h"
#include "inspect/make_log.h"

#define MODULE	   "amdgpu"
#define MODULE_MAX ((size_t)1 << 30) /* of a file that is compared */

/* One build under way. */
struct build {
	struct rd_dkms *dkms;
	const struct rd_dkms_package *package;
	const char *kernel, *arch;
	char *folder; /* VERSION/KERNEL/ARCH */
	bool is_active; /* the link of the kernel leads here */
	bool is_complete; /* every module of the set is there */
	bool has_kernel; /* lib/modules/KERNEL is there to install into */
	struct rd_dkms_build result; /* its files, so far */
};

int rd_dkms_find_file(const struct rd_system *sys, const char *folder, const char *name,
		      char **pathp, struct rd_error *err)
{
	static const char *const suffixes[] = { ".ko", ".ko.gz", ".ko.xz", ".ko.zst" };

	for (size_t i = 0; i < RD_N_ELEMENTS(suffixes); i++) {
		RD_CLEANUP(rd_freep)
		char *path = rd_text_format("%s/%s%s", folder, name, suffixes[i]);
		struct rd_error why = RD_ERROR_INIT;
		struct stat st;
		int r;

		if (!path)
			return rd_error_nomem(err);
		r = rd_system_stat(sys, path, &st, &why);
		if (r < 0)
			return rd_error_set(err, -r, "%s", why.msg);
		if (!r) {
			*pathp = RD_TAKE_PTR(path);
			return 0;
		}
	}
	return 0;
}

static int exists(const struct rd_system *sys, const char *path, struct stat *st, bool *existsp,
		  struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r = path ? rd_system_stat(sys, path, st, &why) : rd_error_nomem(&why);

	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	*existsp = !r;
	return 0;
}

/*
 * Whether two files have the same bytes; what cannot be read is equal to nothing. The examiner gets
 * to know of it, and does not compare them again.
 */
static int compare_files(struct rd_examiner *examiner, const char *a, const char *b, bool *samep,
			 struct rd_error *err)
{
	const struct rd_system *sys = examiner->sys;
	RD_CLEANUP(rd_map_deinit) struct rd_map x = RD_MAP_INIT;
	RD_CLEANUP(rd_map_deinit) struct rd_map y = RD_MAP_INIT;
	struct stat st_a, st_b;
	bool has_a = false, has_b = false;
	int r;

	*samep = false;
	r = exists(sys, a, &st_a, &has_a, err);
	if (!r)
		r = exists(sys, b, &st_b, &has_b, err);
	if (r || !has_a || !has_b || st_a.st_size != st_b.st_size)
		return r;
	*samep = st_a.st_dev == st_b.st_dev && st_a.st_ino == st_b.st_ino;
	if (*samep)
		return 0;
	r = rd_system_map(sys, a, MODULE_MAX, &x, err);
	if (!r)
		r = rd_system_map(sys, b, MODULE_MAX, &y, err);
	*samep = !r && x.len == y.len && (!x.len || !memcmp(x.data, y.data, x.len)) &&
		 !rd_map_is_torn(&x) && !rd_map_is_torn(&y);
	if (*samep && rd_examiner_note_equal(examiner, &st_a, &st_b))
		return rd_error_nomem(err);
	return r < 0 ? r : 0;
}

/*
 * How the installed file of a module stands to the built one. dkms looks in the distribution's
 * folder and in the one that dkms.conf names; in the latter the kernel's own module may lie, which
 * is not ours and says nothing, unless dkms installs there.
 */
static int judge_module(struct build *build, const struct rd_dkms_module *module, const char *built,
			enum rd_dkms_state *statep, struct rd_error *err)
{
	const struct rd_system *sys = build->dkms->examiner.sys;
	const char *own = build->dkms->folder;
	const char *const unknown[] = { "/updates/dkms", "/extra", "/updates", module->location };
	const char *const known[] = { own ? own : module->location, module->location };
	bool is_known = build->dkms->is_folder_known;
	const char *const *folders = is_known ? known : unknown;
	size_t n = is_known ? RD_N_ELEMENTS(known) : RD_N_ELEMENTS(unknown);

	*statep = RD_DKMS_ABSENT;
	for (size_t i = 0; i < n && *statep != RD_DKMS_INSTALLED; i++) {
		RD_CLEANUP(rd_freep) char *folder = NULL;
		RD_CLEANUP(rd_freep) char *file = NULL;
		bool is_same = false;
		int r;

		if (!folders[i])
			continue;
		folder = rd_text_format("/lib/modules/%s%s", build->kernel, folders[i]);
		if (!folder)
			return rd_error_nomem(err);
		r = rd_dkms_find_file(sys, folder, module->name, &file, err);
		if (!r && file)
			r = compare_files(&build->dkms->examiner, built, file, &is_same, err);
		if (r)
			return r;
		if (is_same)
			*statep = RD_DKMS_INSTALLED;
		else if (file && (!own || folders[i] != module->location))
			*statep = RD_DKMS_DIFFERS;
		/* At the place that dkms.conf names, only its bytes tell whose it is. */
		if (!is_same &&
		    (!file || (module->location && !strcmp(folders[i], module->location))))
			continue;
		if (rd_array_push(&build->result.files, &file))
			return rd_error_nomem(err);
		file = NULL;
	}
	return 0;
}

/* The state of a build that has its folder: the worst of its modules' states. */
static int judge_modules(struct build *build, const struct rd_dkms_modules *modules,
			 enum rd_dkms_state *statep, struct rd_error *err)
{
	const struct rd_system *sys = build->dkms->examiner.sys;
	RD_CLEANUP(rd_freep) char *folder = rd_attribute_path(build->folder, "module");
	enum rd_dkms_state worst = build->is_active ? RD_DKMS_INSTALLED : RD_DKMS_BUILT;
	struct stat st;
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = exists(sys, folder, &st, &build->is_complete, err);
	for (size_t i = 0; i < modules->n && !r; i++) {
		const struct rd_dkms_module *module = &modules->items[i];
		RD_CLEANUP(rd_freep) char *built = NULL;
		enum rd_dkms_state state = RD_DKMS_BUILT;

		r = rd_dkms_find_file(sys, folder, module->name, &built, err);
		if (!r && built && build->is_active)
			r = judge_module(build, module, built, &state, err);
		if (!built && !module->is_conditional)
			build->is_complete = false;
		if (state > worst)
			worst = state;
	}
	*statep = build->is_complete ? worst : RD_DKMS_BROKEN;
	return r;
}

static int judge(struct build *build, enum rd_dkms_state *statep, struct rd_error *err)
{
	RD_CLEANUP(rd_dkms_conf_deinit) struct rd_dkms_conf conf = RD_DKMS_CONF_INIT;
	RD_CLEANUP(rd_dkms_modules_deinit) struct rd_dkms_modules modules = { 0 };
	int r;

	r = rd_dkms_read_conf(build->dkms, build->package, build->kernel, build->arch, &conf, err);
	if (r == RD_SYSTEM_ABSENT)
		*statep = RD_DKMS_BROKEN;
	if (r)
		return r < 0 ? r : 0;
	if (rd_dkms_find_modules(&conf, &modules))
		return rd_error_nomem(err);
	return judge_modules(build, &modules, statep, err);
}

/* A module of the build, or of what dkms moved aside; a missing one is said by the state. */
static int add_copy(const struct build *build, enum rd_copy_kind kind, const char *folder,
		    bool is_loadable, struct rd_error *err)
{
	struct rd_examiner *examiner = &build->dkms->examiner;
	const char *only = examiner->options->kernel;
	RD_CLEANUP(rd_freep) char *path = NULL;
	int r;

	if (only && strcmp(only, build->kernel) != 0)
		return 0;
	r = rd_dkms_find_file(examiner->sys, folder, MODULE, &path, err);
	if (r || !path)
		return r;
	r = rd_examine(examiner, kind, build->kernel, path, err);
	if (r < 0)
		return r;
	examiner->facts->copies.items[examiner->facts->copies.n - 1].is_loadable = is_loadable;
	return 0;
}

/*
 * A build that dkms may put in place without building again: at once, at the next boot, or when its
 * installed files are gone. dkms up to 3.0.10 does that with an older version as well.
 */
static bool is_installable(const struct build *build)
{
	return build->is_complete && build->has_kernel && build->package->source &&
	       (build->is_active || build->package->has_autoinstall != RD_PRESENCE_NO);
}

static int add_copies(const struct build *build, bool *has_originalp, struct rd_error *err)
{
	const struct rd_dkms *dkms = build->dkms;
	RD_CLEANUP(rd_freep) char *built = rd_attribute_path(build->folder, "module");
	RD_CLEANUP(rd_freep)
	char *original = rd_text_format("%s/%s/original_module/%s/%s", dkms->tree,
					build->package->name, build->kernel, build->arch);
	struct stat st;
	int r;

	if (!built)
		return rd_error_nomem(err);
	r = exists(dkms->examiner.sys, original, &st, has_originalp, err);
	if (!r)
		r = add_copy(build, RD_COPY_BUILT, built, is_installable(build), err);
	/* Comes back only when the version is taken out of dkms, once: with the one that is in. */
	if (!r && *has_originalp && build->is_active)
		r = add_copy(build, RD_COPY_ORIGINAL, original, false, err);
	return r;
}

static int find_links(struct build *build, struct rd_error *err)
{
	const struct rd_dkms *dkms = build->dkms;
	RD_CLEANUP(rd_freep)
	char *link = rd_text_format("%s/%s/kernel-%s-%s", dkms->tree, build->package->name,
				    build->kernel, build->arch);
	RD_CLEANUP(rd_freep) char *kernel = rd_attribute_path("/lib/modules", build->kernel);
	struct stat target, own, st;
	bool has_target = false, has_own = false;
	int r;

	r = exists(dkms->examiner.sys, link, &target, &has_target, err);
	if (!r)
		r = exists(dkms->examiner.sys, build->folder, &own, &has_own, err);
	if (!r)
		r = exists(dkms->examiner.sys, kernel, &st, &build->has_kernel, err);
	build->is_active = has_target && has_own && target.st_dev == own.st_dev &&
			   target.st_ino == own.st_ino;
	return r;
}

/* Hands the files of @from on, with the rest of what a build with its own folder has. */
static void take_result(struct build *from, bool has_original, struct rd_dkms_build *build)
{
	build->has_original = has_original;
	build->is_active = from->is_active;
	build->files.items = RD_TAKE_PTR(from->result.files.items);
	build->files.n = from->result.files.n;
	build->files.cap = from->result.files.cap;
}

static int push(struct rd_dkms_package *package, const char *kernel, const char *arch,
		enum rd_dkms_state state, struct rd_dkms_build **buildp)
{
	struct rd_dkms_build build = {
		.kernel = strdup(kernel),
		.arch = strdup(arch),
		.state = state,
	};

	if (!build.kernel || !build.arch || rd_array_push(&package->builds, &build)) {
		free(build.kernel);
		free(build.arch);
		return -ENOMEM;
	}
	*buildp = &package->builds.items[package->builds.n - 1];
	return 0;
}

static int add_build(struct rd_dkms *dkms, struct rd_dkms_package *package, const char *kernel,
		     const char *arch, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *folder = rd_text_format("%s/%s/%s", package->path, kernel, arch);
	struct build build = {
		.dkms = dkms,
		.package = package,
		.kernel = kernel,
		.arch = arch,
		.folder = folder,
	};
	enum rd_dkms_state state = RD_DKMS_UNKNOWN;
	struct rd_dkms_build *added;
	bool has_original = false;
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = find_links(&build, err);
	if (!r)
		r = judge(&build, &state, err);
	if (!r)
		r = add_copies(&build, &has_original, err);
	if (!r && push(package, kernel, arch, state, &added))
		r = rd_error_nomem(err);
	if (!r)
		take_result(&build, has_original, added);
	for (size_t i = 0; build.result.files.items && i < build.result.files.n; i++)
		free(build.result.files.items[i]);
	free(build.result.files.items);
	return r;
}

/* VERSION/KERNEL/ARCH: kernels start with a digit, and ".tmp_ARCH" is a build under way. */
static int add_kernel(struct rd_dkms *dkms, struct rd_dkms_package *package, const char *kernel,
		      struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries archs = { 0 };
	RD_CLEANUP(rd_freep) char *folder = rd_attribute_path(package->path, kernel);
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = rd_dkms_list(dkms, folder, &archs, err);
	for (size_t i = 0; !r && i < archs.n; i++) {
		if (archs.items[i].type == DT_DIR && *archs.items[i].name != '.')
			r = add_build(dkms, package, kernel, archs.items[i].name, err);
	}
	return r;
}

/* The log of a build that did not get to its end, unless the kernel has a build by now. */
static int add_failure(const struct rd_dkms *dkms, struct rd_dkms_package *package,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_make_log_deinit) struct rd_make_log log = RD_MAKE_LOG_INIT;
	RD_CLEANUP(rd_freep) char *path = rd_attribute_path(package->path, "build/make.log");
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct rd_error why = RD_ERROR_INIT;
	struct rd_dkms_build *build;
	int r;

	if (!path)
		return rd_error_nomem(err);
	r = rd_system_map(dkms->examiner.sys, path, RD_MAKE_LOG_MAX, &map, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r || !map.len)
		return 0; /* none, or one that nobody can learn from: no build depends on it */
	if (rd_make_log_read((const char *)map.data, map.len, &log))
		return rd_error_nomem(err);
	if (!log.kernel)
		return 0;
	build = rd_dkms_package_find_build(package, log.kernel, log.arch);
	if (build && build->state != RD_DKMS_BROKEN && build->state != RD_DKMS_UNKNOWN)
		return 0;
	if (!build && push(package, log.kernel, log.arch, RD_DKMS_ADDED, &build))
		return rd_error_nomem(err);
	build->log = RD_TAKE_PTR(path);
	build->error = RD_TAKE_PTR(log.error);
	return 0;
}

int rd_dkms_add_builds(struct rd_dkms *dkms, struct rd_dkms_package *package, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries kernels = { 0 };
	int r;

	r = rd_dkms_list(dkms, package->path, &kernels, err);
	for (size_t i = 0; !r && i < kernels.n; i++) {
		const struct rd_entry *entry = &kernels.items[i];

		if (entry->type == DT_DIR && isdigit((unsigned char)*entry->name))
			r = add_kernel(dkms, package, entry->name, err);
	}
	return r ? r : add_failure(dkms, package, err);
}

/* The package that has @path installed for @kernel, if any does. */
static int add_weak_of(const struct rd_dkms *dkms, const char *target, const char *kernel)
{
	struct rd_dkms_packages *packages = &dkms->examiner.facts->dkms;

	for (size_t i = 0; i < packages->n; i++) {
		struct rd_dkms_package *package = &packages->items[i];

		for (size_t k = 0; k < package->builds.n; k++) {
			const struct rd_dkms_build *build = &package->builds.items[k];
			const char *place = strstr(target, build->kernel);
			struct rd_dkms_build *added;

			if (build->state != RD_DKMS_INSTALLED || !place || place == target ||
			    place[-1] != '/' || place[strlen(build->kernel)] != '/' ||
			    rd_dkms_package_find_build(package, kernel, build->arch))
				continue;
			return push(package, kernel, build->arch, RD_DKMS_INSTALLED_WEAK, &added);
		}
	}
	return 0;
}

int rd_dkms_add_weak(const struct rd_dkms *dkms, struct rd_error *err)
{
	const struct rd_kernels *kernels = &dkms->examiner.facts->kernels;

	for (size_t i = 0; i < kernels->n; i++) {
		const char *release = kernels->items[i].release;
		RD_CLEANUP(rd_freep)
		char *folder = rd_text_format("/lib/modules/%s/weak-updates", release);
		RD_CLEANUP(rd_freep) char *path = NULL;
		RD_CLEANUP(rd_freep) char *target = NULL;
		int r;

		if (!folder)
			return rd_error_nomem(err);
		r = rd_dkms_find_file(dkms->examiner.sys, folder, MODULE, &path, err);
		if (!r && path)
			r = rd_system_readlink(dkms->examiner.sys, path, &target, err);
		if (r < 0)
			return r;
		if (target && add_weak_of(dkms, target, release))
			return rd_error_nomem(err);
	}
	return 0;
}
