/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The copies of amdgpu inside initramfs images: what loads first at boot, and what stays behind
 * when only the files below lib/modules are put right. `dkms install` rebuilds no image.
 *
 * Decoding an image takes a fifth of a second, and a machine has one for each kernel: they are
 * looked into by a few threads. A thread writes to its own job only, reads the facts, which stand
 * still meanwhile, and calls nobody back; what came of the jobs is put together in their order.
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attribute.h"
#include "base/array.h"
#include "examine.h"
#include "image_places.h"
#include "inspect/codec.h"
#include "inspect/image.h"
#include "inspect/inspect.h"
#include "probe/probe.h"
#include "reference.h"

/* Each may hold a decoder's window and a module: some 30 MB, of hostile images ten times that. */
#define THREADS_MAX 4

struct job {
	const struct image_place *place;
	struct rd_image_content content;
	int result; /* of rd_system_map(), or a negative errno */
	struct rd_error why;
	bool is_done;
};

struct work {
	const struct rd_system *sys;
	const struct rd_probe_options *options;
	const struct rd_facts *facts; /* the installed copies */
	struct rd_referee referee;
	struct job *jobs;
	size_t n;
	atomic_size_t next;
	pthread_mutex_t mutex; /* guards is_done of the jobs */
	pthread_cond_t done;
};

static void work_deinit(struct work *work)
{
	for (size_t i = 0; work->jobs && i < work->n; i++)
		rd_image_content_deinit(&work->jobs[i].content);
	free(work->jobs);
	pthread_cond_destroy(&work->done);
	pthread_mutex_destroy(&work->mutex);
}

static bool is_installed(const struct rd_copy *copy)
{
	return copy->kind == RD_COPY_INSTALLED || copy->kind == RD_COPY_BACKUP;
}

/* The installed copy with these bytes, or NULL: to compare is a fraction of to inspect. */
static const struct rd_copy *find_equal(const struct work *work, const uint8_t *data, size_t len)
{
	const struct rd_copies *copies = &work->facts->copies;

	for (size_t i = 0; i < copies->n; i++) {
		RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
		const struct rd_copy *copy = &copies->items[i];
		struct stat st;

		if (!is_installed(copy) || rd_system_stat(work->sys, copy->path, &st, NULL) ||
		    (uint64_t)st.st_size != len ||
		    rd_system_map(work->sys, copy->path, len, &map, NULL))
			continue;
		if (map.len == len && !memcmp(map.data, data, len) && !rd_map_is_torn(&map))
			return copy;
	}
	return NULL;
}

struct view {
	const uint8_t *data;
	size_t len;
	struct rd_blob blob;
};

static void view_deinit(struct view *view)
{
	rd_blob_deinit(&view->blob);
}

static bool unpack(const uint8_t *data, size_t len, struct view *view)
{
	enum rd_codec codec = rd_codec_detect(data, len);

	view->data = data;
	view->len = len;
	if (codec == RD_CODEC_NONE)
		return true;
	if (rd_codec_decode(codec, data, len, RD_CODEC_MAX_MODULE, &view->blob, NULL))
		return false;
	view->data = view->blob.data;
	view->len = view->blob.len;
	return true;
}

static bool has_content(const struct work *work, const char *path, const struct view *module)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	RD_CLEANUP(view_deinit) struct view file = { 0 };

	return !rd_system_map(work->sys, path, RD_CODEC_MAX_MODULE, &map, NULL) &&
	       unpack(map.data, map.len, &file) && file.len == module->len &&
	       !memcmp(file.data, module->data, file.len) && !rd_map_is_torn(&map);
}

/* Some tools take the compression of a module away, or put one on: it is still the same module. */
static int prove(const struct work *work, const uint8_t *data, size_t len, struct rd_copy *copy)
{
	RD_CLEANUP(view_deinit) struct view module = { 0 };

	for (size_t i = 0; i < work->facts->copies.n; i++) {
		const struct rd_copy *installed = &work->facts->copies.items[i];

		if (!is_installed(installed) || installed->verdict != RD_VERDICT_CLEAN ||
		    !installed->id.build_id || !copy->id.build_id ||
		    strcmp(installed->id.build_id, copy->id.build_id) != 0)
			continue;
		if (!module.data && !unpack(data, len, &module))
			return 0;
		if (has_content(work, installed->path, &module))
			return rd_copy_prove(copy, "is %s, in another compression",
					     installed->path);
	}
	return 0;
}

static int inspect(void *userdata, const uint8_t *data, size_t len, struct rd_copy *copy,
		   struct rd_error *err)
{
	struct work *work = userdata;
	const struct rd_map module = { .data = data, .len = len };
	unsigned int flags = work->options->want_sha256 ? RD_INSPECT_SHA256 : 0;
	const struct rd_copy *equal = find_equal(work, data, len);
	int r;

	if (equal) {
		r = rd_examine_repeat(copy, equal);
		if (!r && equal->verdict == RD_VERDICT_CLEAN)
			r = rd_copy_prove(copy, "equals %s, byte for byte", equal->path);
		return r ? rd_error_nomem(err) : 0;
	}
	r = rd_inspect_bytes(data, len, flags, NULL, copy, err);
	if (!r && prove(work, data, len, copy))
		r = rd_error_nomem(err);
	/* dracut strips the modules and with that their signatures: the functions remain. */
	return r ? r : rd_reference_judge(&work->referee, &module, copy, err);
}

/* Members read from holes look like modules without a sign: nothing of it stands. */
static int forget(struct rd_image_content *content)
{
	rd_copies_deinit(&content->copies);
	content->image.has_amdgpu = RD_PRESENCE_UNKNOWN;
	content->image.format = NULL;
	free(content->image.resolved);
	content->image.resolved = NULL;
	return rd_image_content_add_unknown(content, "the file shrank while it was read");
}

static int look_into(struct work *work, struct job *job)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	const struct rd_image_inspector inspector = {
		.inspect = inspect,
		.userdata = work,
	};
	struct rd_image_content *content = &job->content;
	int r;

	content->image.role = job->place->role;
	if (rd_attribute_copy(&content->image.path, job->place->path) ||
	    rd_attribute_copy(&content->image.kernel, job->place->kernel))
		return rd_error_nomem(&job->why);
	r = rd_system_map(work->sys, job->place->path, RD_IMAGE_MAX, &map, &job->why);
	if (r == RD_SYSTEM_UNREADABLE && rd_image_content_add_unknown(content, job->why.msg))
		return rd_error_nomem(&job->why);
	if (r)
		return r;
	r = rd_image_inspect(map.data, map.len, &inspector, content, &job->why);
	if (!r && rd_map_is_torn(&map) && forget(content))
		r = rd_error_nomem(&job->why);
	return r;
}

/* Takes jobs until there are none. */
static void *run(void *userdata)
{
	struct work *work = userdata;
	size_t i;

	while ((i = atomic_fetch_add(&work->next, 1)) < work->n) {
		struct job *job = &work->jobs[i];

		job->result = look_into(work, job);
		pthread_mutex_lock(&work->mutex);
		job->is_done = true;
		pthread_cond_broadcast(&work->done);
		pthread_mutex_unlock(&work->mutex);
	}
	return NULL;
}

static size_t count_threads(const struct work *work)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = cpus > 1 ? (size_t)cpus : 1;

	n = n < THREADS_MAX ? n : THREADS_MAX;
	return n < work->n ? n : work->n;
}

/* Waits for the jobs in their order, telling of each before it is waited for. */
static void await(struct work *work, bool is_alone)
{
	const struct rd_probe_options *options = work->options;

	for (size_t i = 0; i < work->n; i++) {
		if (options->progress)
			options->progress(options->userdata, work->jobs[i].place->path);
		if (is_alone)
			work->jobs[i].result = look_into(work, &work->jobs[i]);
		pthread_mutex_lock(&work->mutex);
		while (!is_alone && !work->jobs[i].is_done)
			pthread_cond_wait(&work->done, &work->mutex);
		pthread_mutex_unlock(&work->mutex);
	}
}

/* Without a thread, for one image or where none can be had, the caller's does it all. */
static void run_all(struct work *work)
{
	pthread_t threads[THREADS_MAX];
	size_t wanted = count_threads(work), n = 0;

	while (wanted > 1 && n < wanted && !pthread_create(&threads[n], NULL, run, work))
		n++;
	await(work, !n);
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

static bool is_left_out(const struct work *work, const char *kernel)
{
	return work->options->kernel && kernel && strcmp(work->options->kernel, kernel) != 0;
}

/* An EFI program, or a kernel that brings no system with it. */
static bool is_no_image(const struct rd_image_content *content)
{
	return content->image.is_uki && !content->image.format && !content->copies.n;
}

/* Moves the copies of a job to the facts. */
static int take_copies(const struct work *work, struct rd_image_content *content,
		       struct rd_facts *facts)
{
	for (size_t i = 0; i < content->copies.n; i++) {
		struct rd_copy *copy = &content->copies.items[i];

		if (is_left_out(work, copy->kernel))
			continue;
		/* A kernel that has crashed starts it, and no boot. */
		if (content->image.role == RD_IMAGE_CRASH)
			copy->is_loadable = false;
		if (rd_array_push(&facts->copies, copy))
			return -ENOMEM;
		*copy = (struct rd_copy){ 0 };
	}
	return 0;
}

static int take_job(const struct work *work, struct job *job, struct rd_facts *facts,
		    struct rd_error *err)
{
	struct rd_image_content *content = &job->content;

	if (job->result < 0)
		return rd_error_set(err, -job->result, "%s", job->why.msg);
	if (job->result == RD_SYSTEM_ABSENT || is_no_image(content) ||
	    is_left_out(work, content->image.kernel))
		return 0;
	if (take_copies(work, content, facts))
		return rd_error_nomem(err);
	if (rd_array_push(&facts->images, &content->image))
		return rd_error_nomem(err);
	content->image = (struct rd_image){ 0 };
	return job->result ? rd_attribute_unread(facts, job->place->path, &job->why, err) : 0;
}

int rd_probe_images(const struct rd_system *sys, const struct rd_probe_options *options,
		    struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(image_places_deinit) struct image_places places = { 0 };
	RD_CLEANUP(work_deinit)
	struct work work = {
		.sys = sys,
		.options = options,
		.facts = facts,
		.referee = { .sys = sys, .facts = facts },
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};
	int r;

	r = image_places_find(sys, options->kernel, facts, &places, err);
	if (r || !places.n)
		return r;
	work.jobs = calloc(places.n, sizeof(*work.jobs));
	if (!work.jobs)
		return rd_error_nomem(err);
	work.n = places.n;
	for (size_t i = 0; i < places.n; i++)
		work.jobs[i].place = &places.items[i];
	run_all(&work);
	for (size_t i = 0; i < work.n && !r; i++)
		r = take_job(&work, &work.jobs[i], facts, err);
	return r;
}
