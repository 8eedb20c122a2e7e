/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The layout below RD_STATE_WORK:
 *
 *	source/NNNN		a restored file, NNNN its index among the course's sources
 *	packaged/KERNEL		a module of the distribution's package
 *	packages/		of fetch.c: packages that were downloaded
 *	saved/KERNEL/PATH	a set that an earlier transaction kept, under the paths it had
 *	src/, dkms/, log/	of build.c
 *
 * What is put in place later gets the attributes of what it replaces: they are set here.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attribute.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "build.h"
#include "course_private.h"
#include "inspect/inspect.h"
#include "recovery/write.h"
#include "saved.h"
#include "work_private.h"

void rd_work_deinit(struct rd_work *work)
{
	for (size_t i = 0; i < work->kernels.n; i++) {
		free(work->kernels.items[i].set);
		free(work->kernels.items[i].module);
		free(work->kernels.items[i].build_id);
	}
	free(work->kernels.items);
	*work = (struct rd_work)RD_WORK_INIT;
}

void rd_work_remove(const struct rd_state *state)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;

	if (!rd_write_place(state->rootfd, RD_STATE_WORK, &place, NULL))
		rd_write_remove(place.dirfd, place.name, NULL);
}

/* A place in a folder of our own: a link in what was copied there may lead to the machine. */
static int work_place(int rootfd, const char *path, struct rd_place *placep, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = rd_write_open(rootfd, RD_STATE_FOLDER, O_PATH | O_DIRECTORY);
	const char *below = path + strlen(RD_STATE_FOLDER "/"), *slash = strrchr(below, '/');
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - below), below);
	placep->dirfd = fd < 0 ? fd : (int)syscall(SYS_openat2, fd, folder, &how, sizeof(how));
	if (placep->dirfd < 0)
		return rd_error_set(err, fd < 0 ? -fd : errno, "%s: %s", path,
				    strerror(fd < 0 ? -fd : errno));
	snprintf(placep->name, sizeof(placep->name), "%s", slash + 1);
	return 0;
}

int work_write(const struct rd_state *state, const char *path, const struct rd_text *content,
	       const char *like, struct rd_error *err)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	RD_CLEANUP(rd_closep) int fd = -1;
	struct stat st = { .st_mode = 0644 };
	char folder[PATH_MAX];
	int r;

	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	fd = rd_write_open(state->rootfd, folder, O_PATH | O_DIRECTORY);
	if (fd < 0)
		fd = rd_write_folder(state->rootfd, folder, 0700, err);
	if (fd < 0)
		return fd;
	rd_closep(&fd);
	fd = rd_write_open(state->rootfd, like, O_RDONLY | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) < 0)
		return rd_error_set(err, errno, "stat %s: %s", like, strerror(errno));
	rd_closep(&fd);
	fd = -1;
	r = work_place(state->rootfd, path, &place, err);
	if (r)
		return r;
	fd = rd_write_temporary(place.dirfd, place.name, err);
	r = fd < 0 ? fd : rd_write_all(fd, content->data, content->len, err);
	if (!r && (fchown(fd, st.st_uid, st.st_gid) < 0 || fchmod(fd, st.st_mode & 07777) < 0))
		r = rd_error_set(err, errno, "%s", strerror(errno));
	return r ? rd_error_prefix(err, r, "write %s", path) : 0;
}

int work_inspect(const struct rd_system *sys, const char *path, struct rd_copy *copy,
		 struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	if (rd_copy_init(copy, RD_COPY_FILE, NULL, path))
		return rd_error_nomem(err);
	r = rd_system_map(sys, path, RD_CODEC_MAX_MODULE, &map, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL, "%s", why.msg)
			       ? rd_error_nomem(err)
			       : 0;
	return rd_inspect_bytes(map.data, map.len, 0, NULL, copy, err);
}

int work_prove(const struct rd_system *sys, const char *path, const char *kernel, char **build_idp,
	       struct rd_error *err)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	size_t len = strlen(kernel);
	int r;

	r = work_inspect(sys, path, &copy, err);
	if (r)
		return r;
	if (!rd_verdict_is_good(copy.verdict)) {
		rd_error_set(err, EBADMSG, "%s is %s: %s", path, rd_verdict_name(copy.verdict),
			     rd_copy_reason(&copy));
		return rd_verdict_is_bad(copy.verdict) ? WORK_BAD : RD_WORK_FAILED;
	}
	if (!copy.id.vermagic || strncmp(copy.id.vermagic, kernel, len) != 0 ||
	    copy.id.vermagic[len] != ' ') {
		rd_error_set(err, EBADMSG, "%s is made for %s, and not for %s", path,
			     copy.id.vermagic ? copy.id.vermagic : "no kernel", kernel);
		return RD_WORK_FAILED;
	}
	*build_idp = RD_TAKE_PTR(copy.id.build_id);
	return 0;
}

static int prepare_sources(const struct rd_work_order *order, const struct rd_course *course,
			   struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < course->sources.n; i++) {
		const struct rd_source_means *source = course->sources.items[i];
		char path[PATH_MAX];

		snprintf(path, sizeof(path), RD_STATE_WORK "/" WORK_SOURCE, i);
		r = work_write(order->state, path, &source->content, source->path + 1, err);
	}
	return r;
}

static int prepare_packaged(const struct rd_work_order *order, struct rd_work_kernel *kernel,
			    struct rd_error *err)
{
	const struct rd_packaged_means *packaged = kernel->course->packaged;
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), RD_STATE_WORK "/" WORK_PACKAGED, packaged->kernel);
	r = work_write(order->state, path, &packaged->content, packaged->path + 1, err);
	if (!r)
		r = work_prove(order->sys, path, packaged->kernel, &kernel->build_id, err);
	if (r)
		return r;
	kernel->module = strdup(packaged->path);
	return kernel->module ? 0 : rd_error_nomem(err);
}

/* The amdgpu of an unpacked set: below lib/modules, wherever it was. */
static int find_saved(void *userdata, enum rd_walk_event event, const char *path,
		      const struct rd_error *why, struct rd_error *err)
{
	char **foundp = userdata;
	const char *name = strrchr(path, '/') + 1;

	(void)why;
	if (event != RD_WALK_FILE || *foundp || !strstr(path, "/modules/") ||
	    !rd_text_has_prefix(name, "amdgpu.ko"))
		return 0;
	*foundp = strdup(path);
	return *foundp ? 0 : rd_error_nomem(err);
}

static int prepare_saved(const struct rd_work_order *order, struct rd_work_kernel *kernel,
			 struct rd_error *err)
{
	const struct rd_backup_means *backup = kernel->course->backup;
	RD_CLEANUP(rd_freep) char *found = NULL;
	char folder[PATH_MAX], walked[PATH_MAX + 8];
	int r;

	snprintf(folder, sizeof(folder), RD_STATE_WORK "/" WORK_SAVED, backup->kernel);
	r = saved_unpack(order->state, backup, folder, err);
	if (r == SAVED_NOTHING) {
		rd_error_set(err, ENOENT, "the set of transaction %04u is not whole", backup->id);
		return RD_WORK_FAILED;
	}
	snprintf(walked, sizeof(walked), "/%s", folder);
	if (!r)
		r = rd_system_walk(order->sys, walked, 1 << 16, find_saved, &found, err);
	if (r)
		return r < 0 ? r : -EIO;
	if (!found) {
		rd_error_set(err, ENOENT, "the set of transaction %04u has no amdgpu", backup->id);
		return RD_WORK_FAILED;
	}
	kernel->module = strdup(found + strlen(walked));
	if (!kernel->module)
		return rd_error_nomem(err);
	return work_prove(order->sys, found, backup->kernel, &kernel->build_id, err);
}

/* The distribution's module, which is in its place already. */
static int take_module(struct rd_work_kernel *kernel, const char *path, const char *build_id,
		       struct rd_error *err)
{
	kernel->module = path ? strdup(path) : NULL;
	kernel->build_id = build_id ? strdup(build_id) : NULL;
	return (path && !kernel->module) || (build_id && !kernel->build_id) ? rd_error_nomem(err)
									    : 0;
}

/* What loads now and stays; or a link to what another kernel gets, whose build-id is not known. */
static int take_resolved(const struct rd_work_order *order, struct rd_work_kernel *kernel,
			 struct rd_error *err)
{
	const struct rd_kernel *facts = kernel->course->kernel;

	for (size_t i = 0; i < order->facts->copies.n; i++) {
		const struct rd_copy *copy = &order->facts->copies.items[i];

		if (copy->kind == RD_COPY_INSTALLED && copy->is_resolved && copy->kernel &&
		    !strcmp(copy->kernel, facts->release))
			return take_module(
				kernel, copy->path,
				rd_verdict_is_bad(copy->verdict) ? NULL : copy->id.build_id, err);
	}
	return take_module(kernel, facts->resolved, NULL, err);
}

static int prepare_kernel(const struct rd_work_order *order, struct rd_work_kernel *kernel,
			  struct rd_error *err)
{
	const struct rd_kernel_course *course = kernel->course;

	switch (course->method) {
	case RD_METHOD_SOURCE:
		return build_kernel(order, kernel, err);
	case RD_METHOD_INTREE:
		return take_module(kernel, course->intree->path, course->intree->id.build_id, err);
	case RD_METHOD_PACKAGE:
		return prepare_packaged(order, kernel, err);
	case RD_METHOD_BACKUP:
		return prepare_saved(order, kernel, err);
	default:
		return take_resolved(order, kernel, err);
	}
}

static void forget(struct rd_work_kernel *kernel)
{
	free(kernel->set);
	free(kernel->module);
	free(kernel->build_id);
	*kernel = (struct rd_work_kernel){ .course = kernel->course };
}

/* What all kernels of a version get is not what was planned: begin again. */
#define AGAIN (WORK_BAD + 1)

/* A module that is bad: if dkms has just built it, it would do so again whenever it is called. */
static int give_up(struct rd_course *all, const struct rd_kernel_course *course,
		   struct rd_error *err)
{
	const struct rd_error why = err ? *err : (struct rd_error)RD_ERROR_INIT;
	int r = COURSE_NO_FALLBACK;

	if (course->method == RD_METHOD_SOURCE)
		r = course_condemn(all, course->package, &why, err);
	return r == COURSE_NO_FALLBACK ? RD_WORK_FAILED : r ? r : AGAIN;
}

static int prepare(const struct rd_work_order *order, struct rd_course *all,
		   struct rd_kernel_course *course, struct rd_work *work, struct rd_error *err)
{
	struct rd_work_kernel kernel = { .course = course };
	int r;

	r = prepare_kernel(order, &kernel, err);
	if (r == WORK_BAD)
		r = give_up(all, course, err);
	else if (r == RD_WORK_FAILED && course->fallback != RD_METHOD_NONE) {
		forget(&kernel);
		r = course_fall_back(course, err, err);
		if (!r)
			r = prepare_kernel(order, &kernel, err);
	}
	if (!r && rd_array_push(&work->kernels, &kernel))
		r = rd_error_nomem(err);
	if (r) {
		forget(&kernel);
		rd_error_prefix(err, r, "%s", course->kernel->release);
	}
	return r;
}

static int prepare_all(const struct rd_work_order *order, struct rd_course *course,
		       struct rd_work *work, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < course->kernels.n; i++)
		r = prepare(order, course, &course->kernels.items[i], work, err);
	return r;
}

int rd_work_prepare(const struct rd_work_order *order, struct rd_course *course,
		    struct rd_work *work, struct rd_error *err)
{
	RD_CLEANUP(rd_work_deinit) struct rd_work made = RD_WORK_INIT;
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	rd_work_remove(order->state);
	fd = rd_write_open(order->state->rootfd, RD_STATE_WORK, O_PATH);
	if (fd >= 0)
		return rd_error_set(err, EBUSY,
				    RD_STATE_WORK ": what an earlier run left there "
						  "cannot be removed");
	fd = rd_write_folder(order->state->rootfd, RD_STATE_WORK, 0700, err);
	if (fd < 0)
		return fd;
	r = prepare_sources(order, course, err);
	if (!r)
		r = prepare_all(order, course, &made, err);
	while (r == AGAIN) {
		rd_work_deinit(&made);
		r = prepare_all(order, course, &made, err);
	}
	if (!r && course_settle_packages(order->facts, course))
		r = rd_error_nomem(err);
	if (r)
		return r;
	*work = made;
	made = (struct rd_work)RD_WORK_INIT;
	return 0;
}
