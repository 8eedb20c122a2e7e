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
	if (r <= 0)
		return r;
	rd_error_prefix(err, 0, "download %s", version);
	return RD_FETCH_FAILED;
}

/* A kernel that has another way does not need it. */
static bool is_needed(const struct rd_course *course, const struct rd_missing_means *missing)
{
	if (!missing->kernel)
		return true;
	for (size_t i = 0; i < course->kernels.n; i++) {
		const struct rd_kernel_course *kernel = &course->kernels.items[i];

		if (kernel->method == RD_METHOD_NONE &&
		    !strcmp(kernel->kernel->release, missing->kernel))
			return true;
	}
	return false;
}

int rd_fetch_missing(const struct rd_work_order *order, const struct rd_course *course,
		     struct rd_error *err)
{
	const struct rd_means *means = order->means;
	int r = RD_FETCH_NOTHING;

	for (size_t i = 0; i < means->missing.n && (!r || r == RD_FETCH_NOTHING); i++) {
		if (is_needed(course, &means->missing.items[i]))
			r = download(order, &means->missing.items[i], err);
	}
	return r;
}
