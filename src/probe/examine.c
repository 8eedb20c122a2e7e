/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The one place where bytes meet rd_inspect_bytes(). Weak-updates links, a second name of a folder
 * and copies made by recipes repeat the same module: equal files are recognised by device and
 * inode, or by comparing the bytes (1 ms for 20 MB, where inspecting takes 5 and unpacking 200).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "examine.h"
#include "inspect/inspect.h"
#include "probe/package.h"

void rd_examiner_deinit(struct rd_examiner *examiner)
{
	free(examiner->seen.items);
	rd_package_db_deinit(&examiner->packages);
}

int rd_examiner_recall(struct rd_examiner *examiner, struct rd_error *err)
{
	const struct rd_copies *copies = &examiner->facts->copies;

	for (size_t i = 0; i < copies->n; i++) {
		const struct rd_copy *copy = &copies->items[i];
		struct rd_error why = RD_ERROR_INIT;
		struct rd_examined seen = { .copy = i };
		struct stat st;
		int r;

		if (copy->kind != RD_COPY_INSTALLED)
			continue;
		r = rd_system_stat(examiner->sys, copy->path, &st, &why);
		if (r < 0)
			return rd_error_set(err, -r, "%s", why.msg);
		if (r)
			continue;
		seen.dev = st.st_dev;
		seen.ino = st.st_ino;
		seen.size = st.st_size;
		if (rd_array_push(&examiner->seen, &seen))
			return rd_error_nomem(err);
	}
	return 0;
}

static bool is_file(const struct rd_examined *seen, const struct stat *st)
{
	return seen->dev == st->st_dev && seen->ino == st->st_ino;
}

int rd_examiner_note_equal(struct rd_examiner *examiner, const struct stat *file,
			   const struct stat *other)
{
	for (size_t i = 0; examiner->compares_content && i < examiner->seen.n; i++) {
		struct rd_examined seen = examiner->seen.items[i];

		if (!is_file(&seen, other))
			continue;
		seen.dev = file->st_dev;
		seen.ino = file->st_ino;
		return rd_array_push(&examiner->seen, &seen);
	}
	return 0;
}

int rd_examine_repeat(struct rd_copy *copy, const struct rd_copy *from)
{
	struct rd_identity *id = &copy->id;

	copy->verdict = from->verdict;
	copy->signature = from->signature;
	id->machine = from->id.machine;
	id->sites = from->id.sites;
	if (rd_attribute_copy(&id->name, from->id.name) ||
	    rd_attribute_copy(&id->build_id, from->id.build_id) ||
	    rd_attribute_copy(&id->srcversion, from->id.srcversion) ||
	    rd_attribute_copy(&id->version, from->id.version) ||
	    rd_attribute_copy(&id->vermagic, from->id.vermagic) ||
	    rd_attribute_copy(&id->compiler, from->id.compiler) ||
	    rd_attribute_copy(&id->sha256, from->id.sha256) ||
	    rd_attribute_copy(&id->signer, from->id.signer) ||
	    rd_attribute_copy(&id->sig_key, from->id.sig_key))
		return -ENOMEM;
	return rd_evidence_copy(&copy->evidence, &from->evidence);
}

/* Whether the file at @path still has the bytes of @map. Unreadable by now: no. */
static bool has_content(const struct rd_system *sys, const char *path, const struct rd_map *map)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map other = RD_MAP_INIT;

	if (rd_system_map(sys, path, map->len, &other, NULL) || other.len != map->len)
		return false;
	return !map->len || (!memcmp(other.data, map->data, map->len) && !rd_map_is_torn(&other) &&
			     !rd_map_is_torn(map));
}

/* The index of a copy with the same content, or facts->copies.n. */
static size_t find_equal(const struct rd_examiner *examiner, const struct stat *st,
			 const struct rd_map *map)
{
	const struct rd_copies *copies = &examiner->facts->copies;

	for (size_t i = 0; i < examiner->seen.n; i++) {
		if (is_file(&examiner->seen.items[i], st))
			return examiner->seen.items[i].copy;
	}
	for (size_t i = 0; examiner->compares_content && i < examiner->seen.n; i++) {
		const struct rd_examined *seen = &examiner->seen.items[i];

		if (seen->size == st->st_size &&
		    has_content(examiner->sys, copies->items[seen->copy].path, map))
			return seen->copy;
	}
	return copies->n;
}

/* Appends an unknown copy, and writes down what could not be read. */
static int add_unreadable(struct rd_examiner *examiner, struct rd_copy *copy, int result,
			  const struct rd_error *why, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *target = NULL;
	const char *reason = why->msg;
	int r;

	if (result == RD_SYSTEM_ABSENT) {
		r = rd_system_readlink(examiner->sys, copy->path, &target, err);
		if (r < 0)
			return r;
		reason = target ? "a link that leads nowhere" : "the file is missing";
	}
	if (rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL, "%s", reason))
		return rd_error_nomem(err);
	if (result == RD_SYSTEM_UNREADABLE &&
	    rd_attribute_unread(examiner->facts, copy->path, why, err))
		return -ENOMEM;
	return RD_EXAMINE_NO_FILE;
}

/* Packages have modules and sources; what is left beside them is nobody's. */
static int prove(struct rd_examiner *examiner, const struct rd_map *map, struct rd_copy *copy,
		 struct rd_error *err)
{
	RD_CLEANUP(rd_package_owner_deinit) struct rd_package_owner owner = RD_PACKAGE_OWNER_INIT;
	const struct rd_package_file file = {
		.path = copy->path,
		.data = map->data,
		.len = map->len,
	};
	int r;

	if (copy->kind == RD_COPY_BACKUP)
		return 0;
	examiner->packages.sys = examiner->sys;
	examiner->packages.is_thorough = examiner->options->wants_packages;
	r = rd_package_find(&examiner->packages, &file, &owner, err);
	if (r || !owner.name)
		return r;
	r = rd_package_note(&owner, copy->path, &examiner->facts->packages, err);
	if (r)
		return r;
	copy->is_packaged = owner.is_equal;
	copy->package = RD_TAKE_PTR(owner.name);
	if (copy->is_packaged == RD_PRESENCE_YES &&
	    rd_copy_prove(copy, "equals the file of package %s (%s)", copy->package, owner.digest))
		return rd_error_nomem(err);
	return 0;
}

static int inspect(struct rd_examiner *examiner, const struct stat *st, struct rd_copy *copy,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct rd_error why = RD_ERROR_INIT;
	struct rd_examined seen = {
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.copy = examiner->facts->copies.n,
	};
	size_t equal;
	int r;

	r = rd_system_map(examiner->sys, copy->path, examiner->max, &map, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return add_unreadable(examiner, copy, r, &why, err);

	equal = find_equal(examiner, st, &map);
	if (equal < examiner->facts->copies.n)
		return rd_examine_repeat(copy, &examiner->facts->copies.items[equal])
			       ? rd_error_nomem(err)
			       : 0;

	r = rd_inspect_bytes(map.data, map.len, examiner->flags, NULL, copy, err);
	if (r)
		return rd_error_prefix(err, r, "%s", copy->path);
	r = prove(examiner, &map, copy, err);
	if (r)
		return r;
	if (rd_map_is_torn(&map)) {
		rd_evidence_deinit(&copy->evidence);
		copy->verdict = RD_VERDICT_UNKNOWN;
		rd_error_set(&why, EAGAIN, "the file shrank while it was read");
		return add_unreadable(examiner, copy, RD_SYSTEM_UNREADABLE, &why, err);
	}
	return rd_array_push(&examiner->seen, &seen) ? rd_error_nomem(err) : 0;
}

int rd_examine(struct rd_examiner *examiner, enum rd_copy_kind kind, const char *kernel,
	       const char *path, struct rd_error *err)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	struct stat st;
	int r;

	if (examiner->options->progress)
		examiner->options->progress(examiner->options->userdata, path);
	if (rd_copy_init(&copy, kind, kernel, path))
		return rd_error_nomem(err);
	r = rd_system_stat(examiner->sys, path, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	r = r ? add_unreadable(examiner, &copy, r, &why, err) : inspect(examiner, &st, &copy, err);
	if (r < 0)
		return r;
	if (rd_array_push(&examiner->facts->copies, &copy))
		return rd_error_nomem(err);
	copy = (struct rd_copy){ 0 };
	return r;
}
