/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `apt-get download` resolves no dependencies, so it works where packages are broken, and it leaves
 * its files where it runs. Its sandbox user may not write there, and its caches below var/cache are
 * not for us to change: both are turned off.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "recovery/fetch.h"
#include "recovery/write.h"
#include "tool.h"

#define SECONDS 3600 /* of a kernel's 70 MB, over a bad line */

struct fetch {
	const struct rd_work_order *order;
	char what[128]; /* for the progress */
};

static void tell(void *userdata)
{
	struct fetch *fetch = userdata;
	const struct rd_progress *progress = &fetch->order->progress;

	if (progress->tell)
		progress->tell(progress->userdata, fetch->what, 0, 0);
}

static int download(const struct rd_work_order *order, const struct rd_missing_means *missing,
		    struct rd_error *err)
{
	RD_CLEANUP(rd_freep)
	char *version = rd_text_format("%s=%s", missing->package, missing->version);
	RD_CLEANUP(rd_closep) int folder = -1, logfd = -1;
	const char *const arguments[] = {
		"-q",
		"-o",
		"APT::Sandbox::User=root",
		"-o",
		"Dir::Cache::pkgcache=",
		"-o",
		"Dir::Cache::srcpkgcache=",
		"download",
		version,
		NULL,
	};
	struct fetch fetch = { .order = order };
	struct tool tool = {
		.sys = order->sys,
		.name = "apt-get",
		.arguments = arguments,
		.folder = "/" RD_STATE_FETCHED,
		.seconds = SECONDS,
		.tick = tell,
		.userdata = &fetch,
	};
	int r;

	if (!version)
		return rd_error_nomem(err);
	folder = rd_write_folder(order->state->rootfd, RD_STATE_FETCHED, 0700, err);
	if (folder < 0)
		return folder;
	logfd = tool_open_log(order->sys, tool.name, missing->package, err);
	if (logfd < 0)
		return logfd;
	tool.logfd = logfd;
	snprintf(fetch.what, sizeof(fetch.what), "downloading %s", missing->package);
	r = tool_run(&tool, err);
	return r > 0 ? RD_FETCH_FAILED : r;
}

/* A kernel that has another way, or is to take one, does not need it. */
bool rd_fetch_is_needed(const struct rd_course *course, enum rd_method asked,
			const struct rd_missing_means *missing)
{
	if (!missing->kernel)
		return true;
	for (size_t i = 0; i < course->kernels.n; i++) {
		const struct rd_kernel_course *kernel = &course->kernels.items[i];

		if (kernel->method == RD_METHOD_NONE &&
		    !strcmp(kernel->kernel->release, missing->kernel))
			return asked == RD_METHOD_AUTO || asked == RD_METHOD_PACKAGE;
	}
	return false;
}

/* What a download that was killed has left would be taken for a package. */
static void clear(const struct rd_state *state)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;

	if (!rd_write_place(state->rootfd, RD_STATE_FETCHED, &place, NULL))
		rd_write_remove(place.dirfd, place.name, NULL);
}

int rd_fetch_missing(const struct rd_work_order *order, const struct rd_course *course,
		     enum rd_method asked, struct rd_error *err)
{
	const struct rd_means *means = order->means;
	int result = RD_FETCH_NOTHING;

	clear(order->state);
	/* One may help without the other. The first reason is told. */
	for (size_t i = 0; i < means->missing.n; i++) {
		struct rd_error why = RD_ERROR_INIT;
		int r;

		if (!rd_fetch_is_needed(course, asked, &means->missing.items[i]))
			continue;
		r = download(order, &means->missing.items[i], &why);
		if (r < 0)
			return rd_error_set(err, -r, "%s", why.msg);
		if (r && result != RD_FETCH_FAILED)
			rd_error_set(err, why.errnum, "%s", why.msg);
		if (result != RD_FETCH_FAILED)
			result = r;
	}
	return result;
}
