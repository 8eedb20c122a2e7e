/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * How each bad file could become a good one. A source is taken from the package that owns it, if
 * its archive is still at hand and has the file with the digest that the data base of packages
 * names; else from what an earlier transaction kept; else the patch is taken out by tokens. Each
 * result is inspected as any file is: what shows a patch, or cannot be inspected, is no means.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "difference.h"
#include "inspect/crat_restore.h"
#include "inspect/inspect.h"
#include "probe/package.h"
#include "recovery/backup.h"
#include "recovery/fetch.h"
#include "recovery/means.h"
#include "saved.h"
#include "tool.h"

#define SOURCE_MAX ((size_t)16 << 20)

struct gathering {
	const struct rd_system *sys;
	const struct rd_state *state; /* NULL: nothing was ever done here */
	const struct rd_facts *facts;
	const char *unfetched; /* NULL: nothing was tried */
	struct rd_package_db packages;
	struct rd_means *means;
};

/* How a package would be got; @why: what is the matter with the archive that there is. */
static char *describe_fetch(const struct gathering *gathering,
			    const struct rd_package_original *original, const char *why)
{
	if (gathering->unfetched)
		return rd_text_format("%s %s could not be fetched: %s", original->package,
				      original->version, gathering->unfetched);
	return rd_text_format("%s%s--download fetches %s %s", why ? why : "", why ? "; " : "",
			      original->package, original->version);
}

/*
 * A package that apt could fetch, as it is not at hand, or not whole; @kernel NULL: for a source.
 * @missingp: it, borrowed; NULL if it is no such package.
 */
static int add_missing(struct gathering *gathering, const struct rd_package_original *original,
		       int result, const char *why, const char *kernel,
		       const struct rd_missing_means **missingp, struct rd_error *err)
{
	struct rd_means *means = gathering->means;
	struct rd_missing_means missing = { 0 };

	*missingp = NULL;
	if ((result != RD_PACKAGE_NOT_CACHED && result != RD_PACKAGE_UNUSABLE) ||
	    original->manager != RD_PACKAGE_DPKG || !original->package || !original->version)
		return 0;
	for (size_t i = 0; i < means->missing.n && !*missingp; i++) {
		if (!strcmp(means->missing.items[i].package, original->package))
			*missingp = &means->missing.items[i];
	}
	if (*missingp)
		return 0;
	missing.package = strdup(original->package);
	missing.version = strdup(original->version);
	missing.kernel = kernel ? strdup(kernel) : NULL;
	missing.words =
		describe_fetch(gathering, original, result == RD_PACKAGE_UNUSABLE ? why : NULL);
	if (missing.package && missing.version && missing.words && (missing.kernel || !kernel) &&
	    !rd_array_push(&means->missing, &missing)) {
		*missingp = &means->missing.items[means->missing.n - 1];
		return 0;
	}
	free(missing.package);
	free(missing.version);
	free(missing.kernel);
	free(missing.words);
	return rd_error_nomem(err);
}

/* Whether a content may stand in the place of a bad file; @reason: filled if not. */
static int is_presentable(const struct rd_text *content, bool *yesp, char **reasonp,
			  struct rd_error *err)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	int r;

	if (rd_copy_init(&copy, RD_COPY_FILE, NULL, "restored"))
		return rd_error_nomem(err);
	r = rd_inspect_bytes((const uint8_t *)content->data, content->len, 0, NULL, &copy, err);
	if (r)
		return r;
	*yesp = rd_verdict_is_good(copy.verdict);
	if (!*yesp) {
		*reasonp = strdup(rd_copy_reason(&copy));
		return *reasonp ? 0 : rd_error_nomem(err);
	}
	return 0;
}

/* Each way: 1 it is one, 0 it is not and why, negative. */
static int try_package(struct gathering *gathering, struct rd_source_means *source,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_package_original_deinit)
	struct rd_package_original original = RD_PACKAGE_ORIGINAL_INIT;
	RD_CLEANUP(rd_freep) char *reason = NULL;
	struct rd_error why = RD_ERROR_INIT;
	bool is_good = false;
	int r;

	r = rd_package_original(&gathering->packages, source->path, &original, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return 0;
	r = is_presentable(&original.content, &is_good, &reason, err);
	/* Only a kfd_crat.c is inspected as one; of others the package's digest is the proof. */
	if (r || (!is_good && rd_text_has_suffix(source->path, "/kfd_crat.c")))
		return r;
	source->reason = rd_text_format("%s of package %s %s", original.archive, original.package,
					original.version);
	if (!source->reason)
		return rd_error_nomem(err);
	source->content = rd_text_take(&original.content);
	source->way = RD_SOURCE_WAY_PACKAGE;
	return 1;
}

static int try_backup(struct gathering *gathering, struct rd_source_means *source,
		      struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text content = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *reason = NULL;
	unsigned int id = 0;
	bool is_good = false;
	int r;

	if (!gathering->state)
		return 0;
	/* The newest that is good. */
	while (!(r = saved_file(gathering->state, source->path + 1, &id, &content, err))) {
		RD_CLEANUP(rd_freep) char *unused = NULL;

		r = is_presentable(&content, &is_good, &unused, err);
		if (r)
			return r;
		if (is_good)
			break;
	}
	if (r)
		return r == SAVED_NOTHING ? 0 : r;
	source->reason = rd_text_format("the copy that transaction %04u kept", id);
	if (!source->reason)
		return rd_error_nomem(err);
	source->content = rd_text_take(&content);
	source->way = RD_SOURCE_WAY_BACKUP;
	return 1;
}

static int try_reversal(struct gathering *gathering, struct rd_source_means *source,
			struct rd_error *err)
{
	RD_CLEANUP(rd_crat_restoration_deinit)
	struct rd_crat_restoration restoration = RD_CRAT_RESTORATION_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_read(gathering->sys, source->path, SOURCE_MAX, &text, &why);
	if (!r)
		r = rd_crat_restore(text.data, text.len, &restoration, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r) {
		source->reason = strdup(*why.msg ? why.msg : "its function is the stock one");
		return source->reason ? 0 : rd_error_nomem(err);
	}
	source->reason = rd_text_format("%zu %s taken out by tokens", restoration.edits.n,
					restoration.edits.n == 1 ? "change" : "changes");
	if (!source->reason)
		return rd_error_nomem(err);
	source->content = rd_text_take(&restoration.text);
	source->way = RD_SOURCE_WAY_REVERSAL;
	return 1;
}

/* For people to see what goes: all of it is kept, and a change of theirs may be worth having. */
static int compare(struct gathering *gathering, struct rd_source_means *source,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text old = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_read(gathering->sys, source->path, SOURCE_MAX, &old, &why);
	if (r)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
	return difference_lines(&old, &source->content, &source->difference) ? rd_error_nomem(err)
									     : 0;
}

static int find_way(struct gathering *gathering, struct rd_source_means *source,
		    struct rd_error *err)
{
	int r;

	r = try_package(gathering, source, err);
	if (!r)
		r = try_backup(gathering, source, err);
	if (!r)
		r = try_reversal(gathering, source, err);
	if (r == 1)
		r = compare(gathering, source, err);
	return r < 0 ? r : 0;
}

static int add_source(struct gathering *gathering, struct rd_source_means *source,
		      struct rd_error *err)
{
	if (source->path && !rd_array_push(&gathering->means->sources, source))
		return 0;
	free(source->path);
	free(source->reason);
	rd_text_deinit(&source->content);
	return rd_error_nomem(err);
}

/* No way leads to a source: the package that has it may be one, once it is at hand. */
static int miss_source(struct gathering *gathering, struct rd_source_means *source,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_package_original_deinit)
	struct rd_package_original original = RD_PACKAGE_ORIGINAL_INIT;
	const struct rd_missing_means *missing = NULL;
	RD_CLEANUP(rd_freep) char *reason = NULL;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_package_original(&gathering->packages, source->path, &original, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	r = add_missing(gathering, &original, r, why.msg, NULL, &missing, err);
	if (r || !missing)
		return r;
	reason = rd_text_format("%s; %s", source->reason, missing->words);
	if (!reason)
		return rd_error_nomem(err);
	free(source->reason);
	source->reason = RD_TAKE_PTR(reason);
	return 0;
}

/* The kfd_crat.c of what dkms builds. */
static int gather_source(struct gathering *gathering, const struct rd_copy *copy,
			 struct rd_error *err)
{
	struct rd_source_means source = {
		.path = strdup(copy->path),
		.is_bad = rd_verdict_is_bad(copy->verdict),
	};
	int r = 0;

	if (!source.path)
		return rd_error_nomem(err);
	if (rd_verdict_is_good(copy->verdict))
		source.way = RD_SOURCE_WAY_GOOD;
	else
		r = find_way(gathering, &source, err);
	/* What cannot be judged is put right where it can be, and else told as it was found. */
	if (source.way != RD_SOURCE_WAY_NONE && source.way != RD_SOURCE_WAY_GOOD)
		source.is_bad = true;
	if (!r && source.way == RD_SOURCE_WAY_NONE && !source.is_bad) {
		free(source.reason);
		source.reason = strdup(rd_copy_reason(copy));
	}
	if (!r && source.way == RD_SOURCE_WAY_NONE && source.reason)
		r = miss_source(gathering, &source, err);
	return r ? r : add_source(gathering, &source, err);
}

static bool has_source(const struct rd_means *means, const char *path)
{
	for (size_t i = 0; i < means->sources.n; i++) {
		if (!strcmp(means->sources.items[i].path, path))
			return true;
	}
	return false;
}

/*
 * Other files of a package of sources that are not the package's, if the original is at hand. Where
 * it is not, they stay: a driver that is built with them is inspected, and people have reasons.
 */
static int gather_file(struct gathering *gathering, const char *path, struct rd_error *err)
{
	struct rd_source_means source = { .path = strdup(path), .is_bad = true };
	int r;

	r = source.path ? try_package(gathering, &source, err) : rd_error_nomem(err);
	if (r != 1) {
		free(source.path);
		return r;
	}
	r = compare(gathering, &source, err);
	return add_source(gathering, &source, err) ? -ENOMEM : r;
}

static int gather_changed(struct gathering *gathering, const struct rd_package *package,
			  struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < package->changed.n; i++) {
		const char *path = package->changed.items[i];

		if (!rd_text_has_suffix(path, " (missing)") && !has_source(gathering->means, path))
			r = gather_file(gathering, path, err);
	}
	return r;
}

static int gather_sources(struct gathering *gathering, struct rd_error *err)
{
	const struct rd_facts *facts = gathering->facts;
	int r = 0;

	for (size_t i = 0; !r && i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_SOURCE && copy->is_loadable)
			r = gather_source(gathering, copy, err);
	}
	for (size_t i = 0; !r && i < facts->packages.n; i++)
		r = gather_changed(gathering, &facts->packages.items[i], err);
	return r;
}

/* A bad module that the distribution's package has too: what the package has. */
static int gather_packaged(struct gathering *gathering, const struct rd_copy *copy,
			   struct rd_error *err)
{
	RD_CLEANUP(rd_package_original_deinit)
	struct rd_package_original original = RD_PACKAGE_ORIGINAL_INIT;
	RD_CLEANUP(rd_freep) char *reason = NULL;
	struct rd_packaged_means packaged = { 0 };
	const struct rd_missing_means *missing;
	struct rd_error why = RD_ERROR_INIT;
	bool is_good = false;
	int r;

	r = rd_package_original(&gathering->packages, copy->path, &original, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return add_missing(gathering, &original, r, why.msg, copy->kernel, &missing, err);
	if (!r)
		r = is_presentable(&original.content, &is_good, &reason, err);
	if (r || !is_good)
		return r > 0 ? 0 : r;
	packaged = (struct rd_packaged_means){
		.kernel = strdup(copy->kernel),
		.path = strdup(copy->path),
		.package = rd_text_format("%s %s", original.package, original.version),
		.content = rd_text_take(&original.content),
	};
	if (packaged.kernel && packaged.path && packaged.package &&
	    !rd_array_push(&gathering->means->packaged, &packaged))
		return 0;
	free(packaged.kernel);
	free(packaged.path);
	free(packaged.package);
	rd_text_deinit(&packaged.content);
	return rd_error_nomem(err);
}

static int gather_modules(struct gathering *gathering, struct rd_error *err)
{
	const struct rd_facts *facts = gathering->facts;
	int r = 0;

	for (size_t i = 0; !r && i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_INSTALLED && copy->kernel &&
		    rd_verdict_is_bad(copy->verdict) && strstr(copy->path, "/kernel/drivers/"))
			r = gather_packaged(gathering, copy, err);
	}
	return r;
}

/* Which of the programs are there: one is enough. */
static int has_program(const struct rd_system *sys, const char *const *names, bool *yesp,
		       struct rd_error *err)
{
	*yesp = false;
	for (; *names && !*yesp; names++) {
		RD_CLEANUP(rd_freep) char *path = NULL;
		int r = tool_find(sys, *names, &path, err);

		if (r)
			return r;
		*yesp = path;
	}
	return 0;
}

static int meet_compiler(void *userdata, const char *path, struct rd_error *err)
{
	(void)path;
	(void)err;
	*(bool *)userdata = true;
	return 1;
}

/* A kernel names the compiler that it wants: gcc-12 will do where no gcc is. */
static int find_compiler(const struct rd_system *sys, bool *yesp, struct rd_error *err)
{
	static const char *const patterns[] = { "/usr/bin/gcc-[0-9]*", "/usr/bin/clang-[0-9]*" };
	int r = 0;

	for (size_t i = 0; !r && !*yesp && i < RD_N_ELEMENTS(patterns); i++)
		r = rd_system_glob(sys, patterns[i], 16, meet_compiler, yesp, err);
	return r > 0 ? 0 : r;
}

static int gather_programs(struct gathering *gathering, struct rd_error *err)
{
	static const char *const dkms[] = { "dkms", NULL };
	static const char *const compilers[] = { "gcc", "cc", "clang", NULL };
	static const char *const make[] = { "make", NULL };
	bool has_make = false;
	int r;

	r = has_program(gathering->sys, dkms, &gathering->means->has_dkms, err);
	if (!r)
		r = has_program(gathering->sys, compilers, &gathering->means->has_compiler, err);
	if (!r)
		r = find_compiler(gathering->sys, &gathering->means->has_compiler, err);
	if (!r)
		r = has_program(gathering->sys, make, &has_make, err);
	gathering->means->has_compiler &= has_make;
	return r;
}

int rd_means_gather(const struct rd_system *sys, const struct rd_state *state,
		    const struct rd_facts *facts, const char *unfetched, struct rd_means *means,
		    struct rd_error *err)
{
	struct gathering gathering = {
		.sys = sys,
		.state = state,
		.facts = facts,
		.unfetched = unfetched,
		.packages = { .sys = sys, .archives = "/" RD_STATE_FETCHED },
		.means = means,
	};
	int r;

	r = gather_programs(&gathering, err);
	if (!r)
		r = gather_sources(&gathering, err);
	if (!r)
		r = gather_modules(&gathering, err);
	if (!r && state)
		r = saved_sets(state, facts, means, err);
	rd_package_db_deinit(&gathering.packages);
	return r;
}
