/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * References: a module that differs from its package's is often healthy, since it was signed,
 * compressed or stripped anew, or built again; and a copy that nothing proves may be, function for
 * function, one that is proven. So each is held against the best proven module of the same kernel
 * and the same version: one among the facts, or the package's own as it lies in the cache.
 *
 * A compare takes a tenth of a second and is made only where the answer hangs on it. No proof is
 * made of a source: what a module was built from cannot be told by looking at a source that may
 * have been cleaned since.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "inspect/codec.h"
#include "inspect/compare.h"
#include "probe/package.h"
#include "probe/probe.h"
#include "reference.h"

/*
 * Another source, or another configuration of the kernel, changes hundreds of functions; a patch
 * changes those that it means to. Up to one in a hundred, or this many, count as a modification.
 */
#define FUNCTIONS_CHANGED 8
#define FUNCTIONS_PERCENT 100

/* A proven module to compare with. */
struct reference {
	const char *name; /* for people */
	const char *path; /* as rd_copy has it */
	const uint8_t *data;
	size_t len;
};

static bool is_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool wants_proof(const struct rd_facts *facts, const struct rd_copy *copy)
{
	bool is_module = copy->id.vermagic && copy->id.name && !strcmp(copy->id.name, "amdgpu");
	bool matters = copy->is_loadable ||
		       (copy->id.build_id && is_equal(copy->id.build_id, facts->running.build_id));

	return is_module && matters && !rd_verdict_is_bad(copy->verdict) &&
	       copy->verdict != RD_VERDICT_CLEAN;
}

/* How well a proven copy serves as reference. */
enum rank {
	RANK_NONE,
	RANK_OTHER_VERSION, /* only to say why it does not */
	RANK_SAME_VERSION,
	RANK_SAME_SOURCE,
	RANK_SAME_BUILD,
};

static enum rank rank_of(const struct rd_copy *proven, const struct rd_copy *copy)
{
	bool is_file = proven->kind == RD_COPY_INSTALLED || proven->kind == RD_COPY_ORIGINAL ||
		       proven->kind == RD_COPY_BUILT || proven->kind == RD_COPY_BACKUP;

	if (!is_file || proven == copy || proven->verdict != RD_VERDICT_CLEAN ||
	    !is_equal(proven->id.vermagic, copy->id.vermagic))
		return RANK_NONE;
	if (!is_equal(proven->id.version, copy->id.version))
		return RANK_OTHER_VERSION;
	if (copy->id.build_id && is_equal(proven->id.build_id, copy->id.build_id))
		return RANK_SAME_BUILD;
	return is_equal(proven->id.srcversion, copy->id.srcversion) ? RANK_SAME_SOURCE
								    : RANK_SAME_VERSION;
}

/* The best proven copy for the same kernel, or NULL. */
static const struct rd_copy *find_proven(const struct rd_facts *facts, const struct rd_copy *copy,
					 enum rank *rankp)
{
	const struct rd_copy *best = NULL;

	*rankp = RANK_NONE;
	for (size_t i = 0; i < facts->copies.n; i++) {
		enum rank rank = rank_of(&facts->copies.items[i], copy);

		if (rank > *rankp) {
			*rankp = rank;
			best = &facts->copies.items[i];
		}
	}
	return best;
}

static const char *version_of(const struct rd_copy *copy)
{
	return copy->id.version ? copy->id.version : "none";
}

/* Appends why a copy was not compared. */
static int add_limit(struct rd_copy *copy, const char *name, const char *reason)
{
	return rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL, "not compared with %s: %s",
			       name, reason);
}

static bool is_other_source(const struct rd_comparison *comparison)
{
	size_t n = comparison->differences.n;

	return n > FUNCTIONS_CHANGED && n > comparison->functions / FUNCTIONS_PERCENT;
}

static int set_modified(const struct reference *ref, const struct rd_comparison *comparison,
			struct rd_copy *copy)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence before = copy->evidence;

	copy->evidence = (struct rd_evidence)RD_EVIDENCE_INIT;
	for (size_t i = 0; i < comparison->differences.n; i++) {
		const struct rd_difference *d = &comparison->differences.items[i];

		if (rd_evidence_add(
			    &copy->evidence, RD_EVIDENCE_FUNCTION, d->name,
			    "%s %s (against %s)%s%s", d->is_function ? "function" : "object",
			    rd_difference_kind_name(d->kind), ref->name,
			    d->detail && *d->detail ? ": " : "", d->detail ? d->detail : ""))
			return -ENOMEM;
	}
	copy->verdict = RD_VERDICT_MODIFIED;
	return rd_evidence_copy(&copy->evidence, &before);
}

static int apply(const struct reference *ref, const struct rd_comparison *comparison,
		 struct rd_copy *copy)
{
	if (!comparison->is_comparable)
		return add_limit(copy, ref->name, comparison->reason ? comparison->reason : "");
	if (is_other_source(comparison))
		return rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL,
				       "%zu of %zu functions and %zu objects differ from %s: built "
				       "from another source or with other options",
				       comparison->differences.n, comparison->functions,
				       comparison->objects, ref->name);
	if (rd_attribute_copy(&copy->reference, ref->path))
		return -ENOMEM;
	if (comparison->differences.n)
		return set_modified(ref, comparison, copy);
	return rd_copy_prove(copy, "%zu functions and %zu objects are those of %s, which is proven",
			     comparison->functions, comparison->objects, ref->name);
}

/* @map: of the reference, NULL if it is no file. What was read of one that shrank tells nothing. */
static int compare(struct rd_referee *referee, const struct reference *ref,
		   const struct rd_map *map, const struct rd_map *module, struct rd_copy *copy)
{
	RD_CLEANUP(rd_comparison_deinit) struct rd_comparison comparison = RD_COMPARISON_INIT;

	if (atomic_fetch_add(&referee->compares, 1) >= RD_REFEREE_COMPARES)
		return add_limit(copy, ref->name, "too many copies to compare");
	if (rd_compare_bytes(ref->data, ref->len, module->data, module->len, 0, &comparison, NULL))
		return -ENOMEM;
	if ((map && rd_map_is_torn(map)) || rd_map_is_torn(module))
		return add_limit(copy, ref->name, "a file shrank while it was read");
	return apply(ref, &comparison, copy);
}

static int compare_proven(struct rd_referee *referee, const struct rd_copy *proven,
			  const struct rd_map *module, struct rd_copy *copy, struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct reference ref = { .name = proven->path, .path = proven->path };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_map(referee->sys, proven->path, RD_CODEC_MAX_MODULE, &map, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	ref.data = map.data;
	ref.len = map.len;
	r = r ? add_limit(copy, proven->path, why.msg) : compare(referee, &ref, &map, module, copy);
	return r ? rd_error_nomem(err) : 0;
}

int rd_reference_judge(struct rd_referee *referee, const struct rd_map *module,
		       struct rd_copy *copy, struct rd_error *err)
{
	const struct rd_copy *proven;
	enum rank rank;
	int r = 0;

	if (!wants_proof(referee->facts, copy))
		return 0;
	proven = find_proven(referee->facts, copy, &rank);
	if (rank > RANK_OTHER_VERSION)
		return compare_proven(referee, proven, module, copy, err);
	if (proven)
		r = rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL,
				    "not compared with %s: its version is %s, that of this module "
				    "%s",
				    proven->path, version_of(proven), version_of(copy));
	return r ? rd_error_nomem(err) : 0;
}

/* All files of one run. */
struct pass {
	struct rd_referee referee;
	const struct rd_probe_options *options;
	struct rd_facts *facts;
	struct rd_package_db packages;
	struct {
		size_t *items; /* indexes of copies that were held against something */
		size_t n, cap;
	} done;
};

static void pass_deinit(struct pass *pass)
{
	rd_package_db_deinit(&pass->packages);
	free(pass->done.items);
}

/* A copy with the same bytes that has its answer, or NULL. */
static const struct rd_copy *find_done(const struct pass *pass, const struct rd_map *module)
{
	for (size_t i = 0; i < pass->done.n; i++) {
		const struct rd_copy *copy = &pass->facts->copies.items[pass->done.items[i]];
		RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;

		if (!rd_system_map(pass->referee.sys, copy->path, module->len, &map, NULL) &&
		    map.len == module->len && !memcmp(map.data, module->data, map.len) &&
		    !rd_map_is_torn(&map) && !rd_map_is_torn(module))
			return copy;
	}
	return NULL;
}

static int repeat(const struct rd_copy *from, struct rd_copy *copy)
{
	copy->verdict = from->verdict;
	rd_evidence_deinit(&copy->evidence);
	if (rd_attribute_copy(&copy->reference, from->reference))
		return -ENOMEM;
	return rd_evidence_copy(&copy->evidence, &from->evidence);
}

/* Against the file as the package in the cache has it: seconds, where that has to be unpacked. */
static int compare_package(struct pass *pass, const struct rd_map *module, struct rd_copy *copy,
			   struct rd_error *err)
{
	RD_CLEANUP(rd_package_original_deinit)
	struct rd_package_original original = RD_PACKAGE_ORIGINAL_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text name = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	struct reference ref;
	int r;

	r = rd_package_original(&pass->packages, copy->path, &original, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return add_limit(copy, "the package's own file", why.msg) ? rd_error_nomem(err) : 0;
	if (rd_text_printf(&name, "the file in %s", original.archive))
		return rd_error_nomem(err);
	ref = (struct reference){
		.name = name.data,
		.path = original.archive,
		.data = (const uint8_t *)original.content.data,
		.len = original.content.len,
	};
	return compare(&pass->referee, &ref, NULL, module, copy) ? rd_error_nomem(err) : 0;
}

static int judge(struct pass *pass, struct rd_copy *copy, bool is_changed, struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map module = RD_MAP_INIT;
	size_t index = (size_t)(copy - pass->facts->copies.items);
	const struct rd_copy *same;
	int r;

	if (pass->options->progress)
		pass->options->progress(pass->options->userdata, copy->path);
	if (rd_system_map(pass->referee.sys, copy->path, RD_CODEC_MAX_MODULE, &module, NULL))
		return 0; /* it was read a moment ago, and has its verdict from then */
	same = find_done(pass, &module);
	if (same)
		return repeat(same, copy) ? rd_error_nomem(err) : 0;
	r = is_changed ? compare_package(pass, &module, copy, err)
		       : rd_reference_judge(&pass->referee, &module, copy, err);
	if (r)
		return r;
	return rd_array_push(&pass->done, &index) ? rd_error_nomem(err) : 0;
}

static int judge_kind(struct pass *pass, enum rd_copy_kind kind, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; i < pass->facts->copies.n && !r; i++) {
		struct rd_copy *copy = &pass->facts->copies.items[i];
		const struct rd_copy *proven;
		bool is_changed;
		enum rank rank;

		if (copy->kind != kind || !wants_proof(pass->facts, copy))
			continue;
		proven = find_proven(pass->facts, copy, &rank);
		is_changed = rank <= RANK_OTHER_VERSION && copy->is_packaged == RD_PRESENCE_NO;
		if (proven || is_changed)
			r = judge(pass, copy, is_changed, err);
	}
	return r;
}

int rd_probe_references(const struct rd_system *sys, const struct rd_probe_options *options,
			struct rd_facts *facts, struct rd_error *err)
{
	/* What is proven in one kind serves the next. */
	static const enum rd_copy_kind kinds[] = { RD_COPY_INSTALLED, RD_COPY_ORIGINAL,
						   RD_COPY_BUILT, RD_COPY_BACKUP };
	RD_CLEANUP(pass_deinit)
	struct pass pass = {
		.referee = { .sys = sys, .facts = facts },
		.options = options,
		.facts = facts,
		.packages = { .sys = sys, .is_thorough = options->wants_packages },
	};
	int r = 0;

	for (size_t i = 0; i < RD_N_ELEMENTS(kinds) && !r; i++)
		r = judge_kind(&pass, kinds[i], err);
	return r;
}
