/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What recover is going to do about a machine, kernel by kernel: decided from facts alone, before
 * anything is touched, so that it can be shown, refused, and tested without a machine.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "model/facts.h"

enum rd_method {
	RD_METHOD_NONE, /* nothing can be done */
	RD_METHOD_AUTO, /* asked for: source, with intree behind it */
	RD_METHOD_SOURCE, /* put the source right, build anew, prove, install */
	RD_METHOD_INTREE, /* the distribution's own module takes over; the other set goes */
	RD_METHOD_PACKAGE, /* put the packaged file back */
	RD_METHOD_BACKUP, /* put a proven set back that was saved earlier */
	RD_METHOD_IMAGE, /* the module is good: only the initramfs is made anew */
	RD_METHOD_UNBUILD, /* what loads is good: what dkms has built, and may install, goes */
};

/* "source", "intree", ...; static. And back, -1 for what cannot be asked for. */
const char *rd_method_name(enum rd_method method);
int rd_method_find(const char *name);

/* How a driver source becomes what it was; tried in this order by rd_means_gather(). */
enum rd_source_way {
	RD_SOURCE_WAY_NONE, /* cannot be proven by any of them */
	RD_SOURCE_WAY_GOOD, /* it is: no sign, or proven */
	RD_SOURCE_WAY_PACKAGE, /* the file of the installed package, out of its archive */
	RD_SOURCE_WAY_BACKUP, /* one that was saved and verified */
	RD_SOURCE_WAY_REVERSAL, /* the hunk taken out by tokens, and the result proven */
};

/* "package", "reversal", ...; static. */
const char *rd_source_way_name(enum rd_source_way way);

/* A file of a driver's source. */
struct rd_source_means {
	char *path; /* as seen from the root, with its leading slash */
	enum rd_source_way way;
	char *reason; /* of RD_SOURCE_WAY_NONE; of the others where it is from, or NULL */
	struct rd_text content; /* what it becomes, by PACKAGE, BACKUP, REVERSAL */
	char *difference; /* between the two, in lines; NULL: not made */
	bool is_bad; /* it is patched or modified, and dkms builds from it */
};

/* A module as the distribution's package has it, in place of a bad one. */
struct rd_packaged_means {
	char *kernel, *path, *package;
	struct rd_text content;
};

/* A set of modules of a kernel that a transaction kept, and that shows no patch. */
struct rd_backup_means {
	char *kernel;
	unsigned int id; /* of the transaction */
	char *build_id; /* of its amdgpu */
};

/* A package that would be a means, and is not at hand: apt could fetch it. */
struct rd_missing_means {
	char *package, *version;
	char *words; /* how to get it, or why it could not be got */
	char *kernel; /* whose module it has; NULL: it has a source that has no way */
};

/* What this machine has to work with; the rest of what is known stands in the facts. */
struct rd_means {
	bool has_dkms, has_compiler;
	struct {
		struct rd_source_means *items;
		size_t n, cap;
	} sources;
	struct {
		struct rd_backup_means *items;
		size_t n, cap;
	} backups;
	struct {
		struct rd_packaged_means *items;
		size_t n, cap;
	} packaged;
	struct {
		struct rd_missing_means *items;
		size_t n, cap;
	} missing;
};

#define RD_MEANS_INIT \
	{             \
		0     \
	}

void rd_means_deinit(struct rd_means *means);

struct rd_kernel_course {
	const struct rd_kernel *kernel; /* borrowed, as all below */
	enum rd_method method; /* NONE: see @reason */
	enum rd_method fallback; /* if @method fails on the way; NONE: there is none */
	const struct rd_dkms_package *package; /* whose set is replaced or goes; NULL: no set */
	const struct rd_dkms_build *build; /* of that package for this kernel; NULL: no set */
	const struct rd_copy *intree; /* the proven module of the distribution, if there is one */
	const struct rd_packaged_means *packaged; /* of RD_METHOD_PACKAGE */
	const struct rd_backup_means *backup; /* of RD_METHOD_BACKUP */
	bool needs_image; /* an initramfs of this kernel holds a bad copy, or will hold an old one
			   */
	char *reason; /* why this method and not the one before it in rank; one line */
};

/* Something bad that this run leaves as it is, and what to do about it by hand. */
struct rd_course_rest {
	char *what, *way_out;
};

/* A bad build for a kernel that is not installed: dkms would put it in place if that came back. */
struct rd_course_stale {
	const struct rd_dkms_package *package;
	const struct rd_dkms_build *build;
};

/* A file system that recovery writes to. */
struct rd_course_room {
	char *path; /* a folder on it */
	uint64_t wanted, free; /* bytes */
};

struct rd_course {
	struct {
		struct rd_kernel_course *items;
		size_t n, cap;
	} kernels; /* those with a bad copy */
	struct {
		const struct rd_source_means **items;
		size_t n, cap;
	} sources; /* to be put right */
	struct {
		const struct rd_dkms_package **items;
		size_t n, cap;
	} unregistered; /* whose source cannot be proven, or builds what is patched: taken off dkms'
			   list */
	struct {
		struct rd_course_stale *items;
		size_t n, cap;
	} stale; /* taken away */
	struct {
		struct rd_course_rest *items;
		size_t n, cap;
	} rests;
	struct {
		struct rd_course_room *items;
		size_t n, cap;
	} rooms; /* filled by rd_preflight_check() */
	bool is_refused; /* a kernel has no method: nothing is begun */
};

#define RD_COURSE_INIT \
	{              \
		0      \
	}

void rd_course_deinit(struct rd_course *course);

/**
 * rd_course_decide() - from facts to a course
 * @facts, @means: borrowed by the course; kernels other than @facts->only_kernel are left alone
 * @asked: RD_METHOD_AUTO, or the one method that may be used
 * @course: filled; without a kernel, a source or a rest there is nothing to recover
 *
 * Return: 0 or -ENOMEM.
 */
int rd_course_decide(const struct rd_facts *facts, const struct rd_means *means,
		     enum rd_method asked, struct rd_course *course, struct rd_error *err);
