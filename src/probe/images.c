/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The copies of amdgpu inside initramfs images: what loads first at boot, and what stays behind
 * when only the files below lib/modules are put right. `dkms install` rebuilds no image.
 *
 * An image is found by its name (Debian and Ubuntu initrd.img-K, Fedora initramfs-K.img, openSUSE
 * initrd-K, Arch initramfs-PRESET.img and booster-PRESET.img); the kernel of a copy is told by the
 * member's own path, lib/modules/K/. Of several members with one path the kernel keeps the last.
 */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "folder_set.h"
#include "inspect/initramfs.h"
#include "inspect/inspect.h"
#include "probe/probe.h"

#define IMAGE_MAX  ((size_t)1 << 30) /* DESIGN: bytes of one image */
#define IMAGES_MAX 64
#define COPIES_MAX 16 /* of amdgpu in one image, those that a later one replaces among them */

/* One image under way. */
struct scan {
	const struct rd_system *sys;
	const struct rd_probe_options *options;
	const struct rd_facts *facts; /* the installed copies */
	const char *path;
	struct rd_copies copies;
	size_t met;
	struct rd_error why; /* what ended the scan */
};

static void scan_deinit(struct scan *scan)
{
	rd_copies_deinit(&scan->copies);
}

static bool is_image(const char *name)
{
	static const char *const prefixes[] = { "initrd", "initramfs", "booster-" };
	/* What package tools and people leave beside an image; no boot entry names it. */
	static const char *const left[] = { ".old-dkms", ".dpkg-bak", ".bak", ".backup",
					    ".new",	 ".tmp",      ".old", "~" };

	for (size_t i = 0; i < RD_N_ELEMENTS(left); i++) {
		/* initrd.img.old is Debian's link to the image of the kernel before. */
		if (rd_text_has_suffix(name, left[i]) && strcmp(name, "initrd.img.old") != 0)
			return false;
	}
	for (size_t i = 0; i < RD_N_ELEMENTS(prefixes); i++) {
		if (rd_text_has_prefix(name, prefixes[i]))
			return true;
	}
	return false;
}

/* The release in a member's path, malloc()ed; *@releasep stays NULL if it has none. */
static int release_of(const char *member, char **releasep)
{
	static const char modules[] = "lib/modules/";
	const char *start, *end;

	start = rd_text_has_prefix(member, "usr/") ? member + strlen("usr/") : member;
	if (!rd_text_has_prefix(start, modules))
		return 0;
	start += strlen(modules);
	end = strchr(start, '/');
	if (!end)
		return 0;
	*releasep = strndup(start, (size_t)(end - start));
	return *releasep ? 0 : -ENOMEM;
}

/* Two names of one file where /lib is a link to /usr/lib. */
static bool is_same_member(const char *a, const char *b)
{
	static const char usr[] = "usr/";

	a = rd_text_has_prefix(a, usr) ? a + strlen(usr) : a;
	b = rd_text_has_prefix(b, usr) ? b + strlen(usr) : b;
	return !strcmp(a, b);
}

/* The place of a copy of that member, a new one unless a former member had its path. */
static int find_place(struct scan *scan, const char *member, struct rd_copy **copyp)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	RD_CLEANUP(rd_freep) char *release = NULL;
	RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
	size_t skip = strlen(scan->path) + 1;

	if (release_of(member, &release) || rd_text_printf(&path, "%s:%s", scan->path, member) ||
	    rd_copy_init(&copy, RD_COPY_INITRAMFS, release, path.data))
		return -ENOMEM;
	copy.is_loadable = true;

	for (size_t i = 0; i < scan->copies.n; i++) {
		struct rd_copy *old = &scan->copies.items[i];

		if (!is_same_member(old->path + skip, member))
			continue;
		rd_copy_deinit(old);
		*old = copy;
		copy = (struct rd_copy){ 0 };
		*copyp = old;
		return 0;
	}
	if (rd_array_push(&scan->copies, &copy))
		return -ENOMEM;
	copy = (struct rd_copy){ 0 };
	*copyp = &scan->copies.items[scan->copies.n - 1];
	return 0;
}

/* The same bytes as an installed copy that is proven are proven too. */
static int prove(const struct scan *scan, const struct rd_initramfs_member *member,
		 struct rd_copy *copy)
{
	for (size_t i = 0; i < scan->facts->copies.n; i++) {
		const struct rd_copy *installed = &scan->facts->copies.items[i];
		RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;

		if (installed->kind != RD_COPY_INSTALLED ||
		    installed->verdict != RD_VERDICT_CLEAN || !installed->id.build_id ||
		    !copy->id.build_id || strcmp(installed->id.build_id, copy->id.build_id) != 0)
			continue;
		if (!rd_system_map(scan->sys, installed->path, member->len, &map, NULL) &&
		    map.len == member->len && !memcmp(map.data, member->data, map.len) &&
		    !rd_map_is_torn(&map))
			return rd_copy_prove(copy, "equals %s, byte for byte", installed->path);
	}
	return 0;
}

static int meet(const struct rd_initramfs_member *member, void *userdata)
{
	struct scan *scan = userdata;
	unsigned int flags = scan->options->want_sha256 ? RD_INSPECT_SHA256 : 0;
	struct rd_copy *copy = NULL;
	int r;

	if (scan->met++ >= COPIES_MAX)
		return rd_error_set(&scan->why, EFBIG, "more than %d copies of amdgpu", COPIES_MAX);
	if (find_place(scan, member->path, &copy))
		return rd_error_nomem(&scan->why);
	if (!member->reason) {
		r = rd_inspect_bytes(member->data, member->len, flags, NULL, copy, &scan->why);
		if (!r && prove(scan, member, copy))
			r = rd_error_nomem(&scan->why);
		return r;
	}
	if (rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL, "%s", member->reason))
		return rd_error_nomem(&scan->why);
	return 0;
}

/* Appends the image itself as a copy that nobody could judge. */
static int add_unknown(struct rd_facts *facts, const char *path, const char *reason)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };

	if (rd_copy_init(&copy, RD_COPY_INITRAMFS, NULL, path) ||
	    rd_evidence_add(&copy.evidence, RD_EVIDENCE_LIMIT, NULL, "%s", reason))
		return -ENOMEM;
	copy.is_loadable = true;
	if (rd_array_push(&facts->copies, &copy))
		return -ENOMEM;
	copy = (struct rd_copy){ 0 };
	return 0;
}

static bool is_left_out(const struct scan *scan, const struct rd_copy *copy)
{
	return scan->options->kernel && copy->kernel &&
	       strcmp(scan->options->kernel, copy->kernel) != 0;
}

/* Moves the copies of the scan to the facts. */
static int take_copies(struct scan *scan, struct rd_facts *facts)
{
	for (size_t i = 0; i < scan->copies.n; i++) {
		if (is_left_out(scan, &scan->copies.items[i]))
			continue;
		if (rd_array_push(&facts->copies, &scan->copies.items[i]))
			return -ENOMEM;
		scan->copies.items[i] = (struct rd_copy){ 0 };
	}
	return 0;
}

static int scan_map(struct scan *scan, const struct rd_map *map, struct rd_facts *facts,
		    struct rd_error *err)
{
	struct rd_initramfs_summary summary;
	int r;

	r = rd_initramfs_scan(map->data, map->len, "amdgpu.ko", meet, scan, &summary, &scan->why);
	if (r == -ENOMEM)
		return rd_error_nomem(err);
	/* Members read from holes look like modules without a sign. */
	if (rd_map_is_torn(map)) {
		rd_copies_deinit(&scan->copies);
		rd_error_set(&scan->why, EAGAIN, "the file shrank while it was read");
		r = -EAGAIN;
	}
	/* What was found stands; that nothing else is in there cannot be said. */
	if (take_copies(scan, facts) || (r && add_unknown(facts, scan->path, scan->why.msg)))
		return rd_error_nomem(err);
	return 0;
}

static int probe_image(const struct rd_system *sys, const struct rd_probe_options *options,
		       const char *path, struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	RD_CLEANUP(scan_deinit)
	struct scan scan = { .sys = sys, .options = options, .facts = facts, .path = path };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	if (options->progress)
		options->progress(options->userdata, path);
	r = rd_system_map(sys, path, IMAGE_MAX, &map, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_ABSENT)
		return 0;
	if (!r)
		return scan_map(&scan, &map, facts, err);
	if (add_unknown(facts, path, why.msg))
		return rd_error_nomem(err);
	return rd_attribute_unread(facts, path, &why, err);
}

/* An image named for another release than the one asked for. */
static bool is_other_kernel(const struct rd_facts *facts, const char *name, const char *wanted)
{
	if (!wanted || strstr(name, wanted))
		return false;
	for (size_t i = 0; i < facts->kernels.n; i++) {
		if (strstr(name, facts->kernels.items[i].release))
			return true;
	}
	/* A release starts with a digit: initramfs-linux.img names a preset. */
	return name[strcspn(name, "0123456789")] != '\0';
}

/* Links (/boot/initrd.img, a folder under two names) lead to images that were met. */
static int probe_entry(const struct rd_system *sys, const struct rd_probe_options *options,
		       const char *path, struct rd_folder_set *seen, struct rd_facts *facts,
		       struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	bool is_new = false;
	struct stat st;
	int r;

	r = rd_system_stat(sys, path, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r || S_ISDIR(st.st_mode))
		return 0;
	if (rd_folder_set_add(seen, &st, &is_new))
		return rd_error_nomem(err);
	return is_new ? probe_image(sys, options, path, facts, err) : 0;
}

int rd_probe_images(const struct rd_system *sys, const struct rd_probe_options *options,
		    struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_folder_set_deinit) struct rd_folder_set seen = { 0 };
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	size_t n = 0;
	int r;

	r = rd_system_list(sys, "/boot", &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_attribute_unread(facts, "/boot", &why, err);

	r = 0;
	/* Links last: an image is shown by its own name. */
	for (size_t i = 0; i < 2 * entries.n && !r; i++) {
		const struct rd_entry *entry = &entries.items[i % entries.n];
		RD_CLEANUP(rd_freep) char *path = NULL;
		const char *name = entry->name;

		if ((entry->type == DT_LNK) != (i >= entries.n) || !is_image(name) ||
		    is_other_kernel(facts, name, options->kernel))
			continue;
		path = rd_attribute_path("/boot", name);
		if (!path)
			return rd_error_nomem(err);
		if (++n > IMAGES_MAX)
			return rd_facts_add_unread(facts, path, "more images than any machine has",
						   false);
		r = probe_entry(sys, options, path, &seen, facts, err);
	}
	return r;
}
