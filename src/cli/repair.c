/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Nothing is decided here: names become text, and what a build took is looked up. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/text.h"
#include "inspect/make_log.h"
#include "recovery/changes.h"
#include "recovery/manifest.h"
#include "repair.h"

#define BUILD_SECONDS_MAX 43200 /* twelve hours */

/* The date that dkms writes below the first line of a make.log: date(1) in the C locale, or in one
 * with AM and PM. */
static bool read_date(const char *log, time_t *timep)
{
	static const char *const formats[] = {
		"%a %b %e %H:%M:%S %Z %Y",
		"%a %b %e %I:%M:%S %p %Z %Y",
	};
	const char *line = strchr(log, '\n');
	char date[64];

	if (!line)
		return false;
	snprintf(date, sizeof(date), "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
	for (size_t i = 0; i < RD_N_ELEMENTS(formats); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(date, formats[i], &tm);

		*timep = end && !*end ? mktime(&tm) : -1;
		if (*timep != -1)
			return true;
	}
	return false;
}

/* How long the last build of a kernel took: from that date to the last line. 0: not known. */
static uint64_t read_seconds(const struct rd_system *sys, const struct rd_kernel_course *course)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text log = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *path = NULL;
	struct stat st;
	time_t begun;

	if (!course->package || !course->build)
		return 0;
	path = rd_text_format("%s/%s/%s/log/make.log", course->package->path,
			      course->kernel->release, course->build->arch);
	if (!path || rd_system_read(sys, path, RD_MAKE_LOG_MAX, &log, NULL) || !log.len ||
	    rd_system_stat(sys, path, &st, NULL) || !read_date(log.data, &begun) ||
	    st.st_mtime < begun || st.st_mtime - begun > BUILD_SECONDS_MAX)
		return 0;
	return (uint64_t)(st.st_mtime - begun);
}

static char *package_words(const struct rd_dkms_package *package)
{
	return rd_text_format("%s/%s", package->name, package->version);
}

static int add_kernel(const struct rd_system *sys, const struct rd_kernel_course *course,
		      struct rd_repair *repair)
{
	struct rd_repair_kernel kernel = {
		.release = strdup(course->kernel->release),
		.method = rd_method_name(course->method),
		.fallback = course->fallback == RD_METHOD_NONE ? NULL
							       : rd_method_name(course->fallback),
		.reason = strdup(course->reason),
		.package = course->package ? package_words(course->package) : NULL,
		.seconds = read_seconds(sys, course),
		.needs_image = course->needs_image,
	};

	if (kernel.release && kernel.reason && (kernel.package || !course->package) &&
	    !rd_array_push(&repair->kernels, &kernel))
		return 0;
	free(kernel.release);
	free(kernel.reason);
	free(kernel.package);
	return -ENOMEM;
}

static int add_source(const struct rd_source_means *source, struct rd_repair *repair)
{
	struct rd_repair_source made = {
		.path = strdup(source->path),
		.way = rd_source_way_name(source->way),
		.detail = source->reason ? strdup(source->reason) : NULL,
		.difference = source->difference ? strdup(source->difference) : NULL,
	};

	if (made.path && (made.detail || !source->reason) &&
	    (made.difference || !source->difference) && !rd_array_push(&repair->sources, &made))
		return 0;
	free(made.path);
	free(made.detail);
	free(made.difference);
	return -ENOMEM;
}

static int add_rest(const struct rd_course_rest *rest, struct rd_repair *repair)
{
	struct rd_repair_rest made = {
		.what = strdup(rest->what),
		.way_out = strdup(rest->way_out),
	};

	if (made.what && made.way_out && !rd_array_push(&repair->rests, &made))
		return 0;
	free(made.what);
	free(made.way_out);
	return -ENOMEM;
}

static int add_room(const struct rd_course_room *room, struct rd_repair *repair)
{
	struct rd_repair_room made = {
		.path = strdup(room->path),
		.wanted = room->wanted,
		.free = room->free,
	};

	if (made.path && !rd_array_push(&repair->rooms, &made))
		return 0;
	free(made.path);
	return -ENOMEM;
}

/* Takes @word. */
#define push_word(list, word)                                           \
	({                                                              \
		char *word_ = (word);                                   \
		int r_ = word_ ? rd_array_push(list, &word_) : -ENOMEM; \
		if (r_)                                                 \
			free(word_);                                    \
		r_;                                                     \
	})

int cli_repair_fill(const struct rd_system *sys, const struct rd_course *course,
		    struct rd_repair *repair, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < course->kernels.n; i++)
		r = add_kernel(sys, &course->kernels.items[i], repair);
	for (size_t i = 0; !r && i < course->sources.n; i++)
		r = add_source(course->sources.items[i], repair);
	for (size_t i = 0; !r && i < course->rests.n; i++)
		r = add_rest(&course->rests.items[i], repair);
	for (size_t i = 0; !r && i < course->rooms.n; i++)
		r = add_room(&course->rooms.items[i], repair);
	for (size_t i = 0; !r && i < course->unregistered.n; i++)
		r = push_word(&repair->unregistered, package_words(course->unregistered.items[i]));
	for (size_t i = 0; !r && i < course->stale.n; i++)
		r = push_word(&repair->stale,
			      rd_text_format("%s/%s", course->stale.items[i].package->path,
					     course->stale.items[i].build->kernel));
	return r ? rd_error_nomem(err) : 0;
}

int cli_repair_add_download(const struct rd_missing_means *missing, struct rd_repair *repair)
{
	return push_word(&repair->downloads,
			 rd_text_format("%s %s", missing->package, missing->version));
}

/* A leftover in a place where recovery changes nothing. */
static int add_left(const struct rd_leftover *leftover, struct rd_repair *repair)
{
	RD_CLEANUP(rd_freep)
	char *what = rd_text_format("%s: %s", leftover->path, leftover->sign->effect);
	const struct rd_course_rest rest = {
		.what = what,
		.way_out = (char *)(uintptr_t) "Look into it, and move it away by hand.",
	};

	return what ? add_rest(&rest, repair) : -ENOMEM;
}

int cli_repair_foresee(const struct rd_facts *facts, const struct rd_course *course,
		       bool with_leftovers, struct rd_repair *repair, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < facts->images.n; i++) {
		if (rd_changes_needs_image(course, &facts->images.items[i]))
			r = push_word(&repair->images, strdup(facts->images.items[i].path));
	}
	for (size_t i = 0; !r && i < facts->leftovers.n; i++) {
		const struct rd_leftover *leftover = &facts->leftovers.items[i];

		if (rd_changes_has_leftover(leftover))
			r = with_leftovers
				    ? push_word(&repair->leftovers, strdup(leftover->path))
				    : push_word(&repair->kept_leftovers, strdup(leftover->path));
		else if (with_leftovers && !leftover->sign->is_library)
			r = add_left(leftover, repair);
	}
	return r ? rd_error_nomem(err) : 0;
}

/* The methods as they came out, too. */
int cli_repair_add_work(const struct rd_course *course, const struct rd_work *work,
			struct rd_repair *repair, struct rd_error *err)
{
	for (size_t i = 0; i < work->kernels.n && i < repair->kernels.n; i++) {
		const struct rd_work_kernel *from = &work->kernels.items[i];
		struct rd_repair_kernel *to = &repair->kernels.items[i];
		RD_CLEANUP(rd_freep) char *reason = strdup(from->course->reason);
		RD_CLEANUP(rd_freep) char *module = from->module ? strdup(from->module) : NULL;

		if (!reason || (from->module && !module))
			return rd_error_nomem(err);
		to->method = rd_method_name(from->course->method);
		to->fallback = NULL;
		free(to->reason);
		to->reason = RD_TAKE_PTR(reason);
		free(to->module);
		to->module = RD_TAKE_PTR(module);
	}
	/* More may have come. */
	for (size_t i = repair->unregistered.n; i < course->unregistered.n; i++) {
		if (push_word(&repair->unregistered, package_words(course->unregistered.items[i])))
			return rd_error_nomem(err);
	}
	return 0;
}
