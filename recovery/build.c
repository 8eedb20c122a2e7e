/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * dkms builds, and does nothing else for us: in a tree below RD_STATE_WORK, from a copy of the
 * source in which the bad files are replaced, so that neither /usr/src nor /var/lib/dkms is touched
 * by a build that fails. What it may leave on the machine is a signing key, where it finds none.
 *
 * A set is taken if every module of the old one is in it, and if its amdgpu is inspected without a
 * finding. How far a build is tells its log, against the log of the build before.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build.h"
#include "inspect/make_log.h"
#include "proof.h"
#include "recovery/spawn.h"
#include "recovery/write.h"
#include "tool.h"
#include "work_private.h"

#define BUILD_SECONDS (4 * 3600)
#define COPY_SECONDS  1800

/* A build under way. */
struct build {
	const struct rd_work_order *order;
	const struct rd_kernel_course *course;
	const struct rd_dkms_package *package;
	char what[128]; /* for the progress */
	char log[PATH_MAX]; /* that dkms writes, from the root */
	size_t steps; /* objects of the build before; 0: not known */
};

/* The objects that a log of make tells of: kbuild writes a line for each. */
static size_t count_objects(const char *log, size_t len)
{
	static const char mark[] = " CC [M] ";
	size_t n = 0;

	for (const char *p = log; (p = memmem(p, (size_t)(log + len - p), mark, sizeof(mark) - 1));
	     p++)
		n++;
	return n;
}

static size_t read_objects(const struct rd_system *sys, const char *path)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text log = RD_TEXT_INIT;

	return rd_system_read(sys, path, RD_MAKE_LOG_MAX, &log, NULL) || !log.len
		       ? 0
		       : count_objects(log.data, log.len);
}

static void tell(void *userdata)
{
	struct build *build = userdata;
	const struct rd_progress *progress = &build->order->progress;

	if (progress->tell)
		progress->tell(progress->userdata, build->what,
			       read_objects(build->order->sys, build->log), build->steps);
}

/* Runs a tool that has nothing to say of its progress. */
static int run(const struct build *build, const char *name, const char *const *arguments,
	       unsigned int seconds, int logfd, struct rd_error *err)
{
	struct tool tool = {
		.sys = build->order->sys,
		.name = name,
		.arguments = arguments,
		.seconds = seconds,
		.logfd = logfd,
		.tick = tell,
		.userdata = (void *)(uintptr_t)build,
	};
	int r = tool_run(&tool, err);

	return r > 0 ? RD_WORK_FAILED : r;
}

/* A file of the package's source, in the copy. */
static int replace_file(const struct build *build, const struct rd_source_means *source,
			const char *copy, struct rd_error *err)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s%s", copy, source->path + strlen(build->package->source));
	r = work_write(build->order->state, path, &source->content, source->path + 1, err);
	/* A link in the source leads out of the copy. */
	return r == -ELOOP || r == -EXDEV ? RD_WORK_FAILED : r;
}

static bool is_of_package(const struct rd_source_means *source,
			  const struct rd_dkms_package *package)
{
	size_t len = strlen(package->source);

	return source->is_bad && !strncmp(source->path, package->source, len) &&
	       source->path[len] == '/';
}

/* Of a copy that was cut off nothing is built. */
static void remove_copy(const struct rd_state *state, const char *copy)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;

	if (!rd_write_place(state->rootfd, copy, &place, NULL))
		rd_write_remove(place.dirfd, place.name, NULL);
}

/* The copy of the source, once for all kernels. */
static int copy_source(const struct build *build, struct rd_error *err)
{
	const struct rd_means *means = build->order->means;
	const struct rd_dkms_package *package = build->package;
	RD_CLEANUP(rd_closep) int fd = -1;
	char copy[PATH_MAX], target[PATH_MAX + 1];
	RD_CLEANUP(rd_freep) char *from = rd_text_format("%s/.", package->source);
	const char *arguments[] = { "-a", "--reflink=auto", "--", from, target, NULL };
	int r;

	if (!from)
		return rd_error_nomem(err);

	snprintf(copy, sizeof(copy), RD_STATE_WORK "/" WORK_SRC, package->name, package->version);
	fd = rd_write_open(build->order->state->rootfd, copy, O_PATH | O_DIRECTORY);
	if (fd >= 0)
		return 0;
	/* What is in it, into a folder of ours: it may be a link itself. */
	fd = rd_write_folder(build->order->state->rootfd, copy, 0700, err);
	if (fd < 0)
		return fd;
	snprintf(target, sizeof(target), "/%s", copy);
	r = run(build, "cp", arguments, COPY_SECONDS, -1, err);
	for (size_t i = 0; !r && i < means->sources.n; i++) {
		if (is_of_package(&means->sources.items[i], package))
			r = replace_file(build, &means->sources.items[i], copy, err);
	}
	if (r)
		remove_copy(build->order->state, copy);
	return r;
}

/* The version is registered in our tree: a folder with a link to the source. */
static int register_version(const struct build *build, struct rd_error *err)
{
	const struct rd_dkms_package *package = build->package;
	RD_CLEANUP(rd_closep) int fd = -1;
	char folder[PATH_MAX], source[PATH_MAX];

	snprintf(folder, sizeof(folder), RD_STATE_WORK "/" WORK_DKMS "/%s/%s", package->name,
		 package->version);
	snprintf(source, sizeof(source), "/" RD_STATE_WORK "/" WORK_SRC, package->name,
		 package->version);
	fd = rd_write_folder(build->order->state->rootfd, folder, 0755, err);
	if (fd < 0)
		return fd;
	if (symlinkat(source, fd, "source") < 0 && errno != EEXIST)
		return rd_error_set(err, errno, "link %s/source: %s", folder, strerror(errno));
	return 0;
}

/* Why a build failed, as its log has it; the log stays where people find it. */
static int explain_failure(const struct build *build, struct rd_error *err)
{
	RD_CLEANUP(rd_make_log_deinit) struct rd_make_log log = RD_MAKE_LOG_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	const char *kernel = build->course->kernel->release;
	char path[PATH_MAX];

	if (rd_system_read(build->order->sys, build->log, RD_MAKE_LOG_MAX, &text, NULL) ||
	    !text.len)
		return RD_WORK_FAILED;
	snprintf(path, sizeof(path), TOOL_LOGS "/make-%.200s.log", kernel);
	if (work_write(build->order->state, path, &text, "dev/null", NULL))
		*path = '\0';
	if (rd_make_log_read(text.data, text.len, &log))
		return rd_error_nomem(err);
	rd_error_set(err, EIO, "the build failed: %s%s%s",
		     log.error ? log.error : "no error in its log", *path ? "; log: /" : "", path);
	return RD_WORK_FAILED;
}

static int run_dkms(struct build *build, const char *arch, struct rd_error *err)
{
	const struct rd_dkms_package *package = build->package;
	const char *kernel = build->course->kernel->release;
	const char *arguments[] = {
		"build",
		"--dkmstree",
		"/" RD_STATE_WORK "/" WORK_DKMS,
		"-m",
		package->name,
		"-v",
		package->version,
		"-k",
		kernel,
		"-a",
		arch,
		NULL,
	};
	RD_CLEANUP(rd_closep) int logfd = -1;
	int r;

	logfd = tool_open_log(build->order->sys, "dkms", kernel, err);
	if (logfd < 0)
		return logfd;
	snprintf(build->log, sizeof(build->log),
		 "/" RD_STATE_WORK "/" WORK_DKMS "/%s/%s/build/make.log", package->name,
		 package->version);
	r = run(build, "dkms", arguments, BUILD_SECONDS, logfd, err);
	return r == RD_WORK_FAILED ? explain_failure(build, err) : r;
}

/* Whether a folder has a file of that module. */
static bool has_module(const struct rd_entries *entries, const char *name, size_t len)
{
	for (size_t i = 0; i < entries->n; i++) {
		const char *file = entries->items[i].name;

		if (!strncmp(file, name, len) && rd_text_has_prefix(file + len, ".ko"))
			return true;
	}
	return false;
}

/* Every module that was installed, and that dkms.conf says is always built, must be there. */
static int check_set(const struct build *build, const struct rd_entries *entries,
		     struct rd_error *err)
{
	const struct rd_dkms_build *old = build->course->build;
	const struct rd_dkms_package *package = build->package;
	const char *missing = NULL;

	for (size_t i = 0; i < package->modules.n; i++) {
		const struct rd_dkms_module *module = &package->modules.items[i];

		if (!module->is_conditional &&
		    !has_module(entries, module->name, strlen(module->name)))
			missing = module->name;
	}
	for (size_t i = 0; i < old->files.n; i++) {
		const char *name = strrchr(old->files.items[i], '/') + 1;
		const char *end = strstr(name, ".ko");

		if (end && !has_module(entries, name, (size_t)(end - name)))
			missing = name;
	}
	if (!missing)
		return 0;
	rd_error_set(err, ENOENT, "the build made no %s", missing);
	return RD_WORK_FAILED;
}

/* Under Secure Boot the new module must be signed by the key of the old one, which was taken. */
static int check_signature(const struct build *build, const char *path, struct rd_error *err)
{
	const struct rd_facts *facts = build->order->facts;
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	int r;

	if (facts->policy.enforces_signatures != RD_PRESENCE_YES &&
	    facts->policy.secure_boot != RD_PRESENCE_YES)
		return 0;
	r = work_inspect(build->order->sys, path, &copy, err);
	for (size_t i = 0; !r && i < facts->copies.n; i++) {
		const struct rd_copy *old = &facts->copies.items[i];

		if (old->kind != RD_COPY_INSTALLED || !old->is_resolved || !old->kernel ||
		    strcmp(old->kernel, build->course->kernel->release) != 0)
			continue;
		if (copy.id.sig_key && old->id.sig_key && !strcmp(copy.id.sig_key, old->id.sig_key))
			return 0;
		rd_error_set(err, EBADMSG,
			     "the module that was built is not signed with the key of the one that "
			     "it replaces, and under Secure Boot may not be loaded");
		return RD_WORK_FAILED;
	}
	return r;
}

/* One of the others: whole, and of this kernel. What it does nobody knows; it is built of the same
 * source. */
static int check_sibling(const struct build *build, const char *folder, const char *name,
			 struct rd_error *err)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	RD_CLEANUP(rd_freep) char *path = rd_text_format("%s/%s", folder, name);
	const char *kernel = build->course->kernel->release;
	size_t len = strlen(kernel);
	int r;

	if (!path)
		return rd_error_nomem(err);
	r = work_inspect(build->order->sys, path, &copy, err);
	if (r)
		return r;
	if (copy.id.vermagic && !strncmp(copy.id.vermagic, kernel, len) &&
	    copy.id.vermagic[len] == ' ')
		return 0;
	rd_error_set(err, EBADMSG, "%s is no module for %s", path, kernel);
	return RD_WORK_FAILED;
}

/* Where a module of the set goes: beside the one that it replaces. */
static int find_place(const struct build *build, const char *file, struct rd_work_kernel *kernel,
		      struct rd_error *err)
{
	const struct rd_dkms_build *old = build->course->build;

	for (size_t i = 0; i < old->files.n; i++) {
		const char *path = old->files.items[i], *name = strrchr(path, '/') + 1;

		if (!rd_text_has_prefix(name, "amdgpu.ko"))
			continue;
		kernel->module = rd_text_format("%.*s%s", (int)(name - path), path, file);
		return kernel->module ? 0 : rd_error_nomem(err);
	}
	rd_error_set(err, ENOENT, "dkms has no amdgpu installed that could be replaced");
	return RD_WORK_FAILED;
}

/* Judges what was made. */
static int take_set(const struct build *build, struct rd_work_kernel *kernel, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	RD_CLEANUP(rd_freep) char *folder = rd_text_format("/%s/module", kernel->set);
	struct rd_error why = RD_ERROR_INIT;
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = rd_system_list(build->order->sys, folder, &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	r = check_set(build, &entries, err);
	for (size_t i = 0; !r && i < entries.n; i++)
		r = check_sibling(build, folder, entries.items[i].name, err);
	for (size_t i = 0; !r && i < entries.n; i++) {
		const char *name = entries.items[i].name;
		RD_CLEANUP(rd_freep) char *path = rd_text_format("%s/%s", folder, name);

		if (!rd_text_has_prefix(name, "amdgpu.ko"))
			continue;
		r = path ? work_prove(build->order->sys, path, build->course->kernel->release,
				      &kernel->build_id, err)
			 : rd_error_nomem(err);
		if (!r)
			r = check_signature(build, path, err);
		return r ? r : find_place(build, name, kernel, err);
	}
	if (r)
		return r;
	rd_error_set(err, ENOENT, "the build made no amdgpu");
	return RD_WORK_FAILED;
}

/* dkms builds in a copy of the copy, which is as it was. */
static int prove(const struct build *build, struct rd_work_kernel *kernel, struct rd_error *err)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "/" RD_STATE_WORK "/" WORK_SRC, build->package->name,
		 build->package->version);
	return proof_of_source(build->order, build->package, copy, &kernel->is_proven, err);
}

int build_kernel(const struct rd_work_order *order, struct rd_work_kernel *kernel,
		 struct rd_error *err)
{
	const struct rd_kernel_course *course = kernel->course;
	struct build build = { .order = order, .course = course, .package = course->package };
	const char *arch = course->build->arch;
	char old_log[PATH_MAX];
	int r;

	snprintf(build.what, sizeof(build.what), "building %s/%s for %s", course->package->name,
		 course->package->version, course->kernel->release);
	snprintf(old_log, sizeof(old_log), "%s/%s/%s/log/make.log", course->package->path,
		 course->kernel->release, arch);
	build.steps = read_objects(order->sys, old_log);
	r = copy_source(&build, err);
	if (!r)
		r = register_version(&build, err);
	if (!r)
		r = run_dkms(&build, arch, err);
	if (r)
		return r;
	r = prove(&build, kernel, err);
	if (r)
		return r;
	kernel->set = rd_text_format(RD_STATE_WORK "/" WORK_DKMS "/%s/%s/%s/%s",
				     course->package->name, course->package->version,
				     course->kernel->release, arch);
	return kernel->set ? take_set(&build, kernel, err) : rd_error_nomem(err);
}
