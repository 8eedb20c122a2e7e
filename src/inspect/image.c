/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The system in an image has a lib/modules of its own, with an index that depmod made for it: which
 * of several copies loads first is decided there, not by the index on the disk. Arch's images have
 * the binary index only; Debian's and dracut's have the text beside it. Without an index that names
 * a member, any copy may be loaded (booster, insmod in a script).
 *
 * A unified kernel image may hold several initramfs sections, and its profiles choose among them:
 * members replace each other within one section only.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/text.h"
#include "inspect/image.h"
#include "inspect/initramfs.h"
#include "inspect/module_index.h"
#include "inspect/modules_dep.h"
#include "inspect/uki.h"

#define MODULE	    "amdgpu"
#define COPIES_MAX  16 /* of amdgpu in one image, those that a later one replaces among them */
#define INDEXES_MAX 16
#define RELEASE_MAX 255 /* NAME_MAX: it is the name of a folder */

/* Of indexes: some megabytes at most, and a few of them; each is read for all of its names. */
#define INDEX_LEN_MAX ((size_t)16 << 20)
#define INDEXES_MET   64

/* What one index says. */
struct index {
	char *kernel;
	char *resolved; /* member; NULL if the index does not have the module */
	bool is_binary;
};

/* One section under way. */
struct scan {
	struct rd_image_content *content;
	const struct rd_image_inspector *inspector;
	struct {
		struct index *items;
		size_t n, cap;
	} indexes;
	char *release; /* the first that a member is of */
	size_t first; /* copies before this one are of other sections */
	size_t met, indexes_met;
	bool has_releases; /* more than one */
	bool has_lib_link; /* lib/x is usr/lib/x from here on */
	struct rd_error why; /* what ended the scan */
};

static void index_deinit(struct index *index)
{
	free(index->kernel);
	free(index->resolved);
}

static void scan_deinit(struct scan *scan)
{
	for (size_t i = 0; i < scan->indexes.n; i++)
		index_deinit(&scan->indexes.items[i]);
	free(scan->indexes.items);
	free(scan->release);
}

void rd_image_content_deinit(struct rd_image_content *content)
{
	rd_image_deinit(&content->image);
	rd_copies_deinit(&content->copies);
	*content = (struct rd_image_content){ 0 };
}

bool rd_image_is(const uint8_t *data, size_t len)
{
	return rd_uki_is(data, len) || rd_initramfs_is(data, len);
}

static const char *skip_usr(const char *path)
{
	static const char usr[] = "usr/";

	return rd_text_has_prefix(path, usr) ? path + strlen(usr) : path;
}

/* The release in a member's path, not terminated; NULL if it has none. */
static const char *find_release(const char *member, size_t *lenp)
{
	static const char modules[] = "lib/modules/";
	const char *start = skip_usr(member), *end;

	if (!rd_text_has_prefix(start, modules))
		return NULL;
	start += strlen(modules);
	end = strchr(start, '/');
	if (!end || end == start)
		return NULL;
	*lenp = (size_t)(end - start);
	return start;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_module(const char *path)
{
	return rd_modules_dep_is(file_name(path), MODULE);
}

/* Right below the folder of a release: an overlay may have files of that name elsewhere. */
static bool is_index(const char *path)
{
	const char *name = file_name(path), *release;
	size_t n = 0;

	if (strcmp(name, "modules.dep") != 0 && strcmp(name, "modules.dep.bin") != 0)
		return false;
	release = find_release(path, &n);
	return release && release + n + 1 == name;
}

static int note_release(struct scan *scan, const char *path)
{
	size_t n = 0;
	const char *release = find_release(path, &n);

	if (!release || scan->has_releases)
		return 0;
	if (!scan->release) {
		scan->release = strndup(release, n);
		return scan->release ? 0 : rd_error_nomem(&scan->why);
	}
	scan->has_releases = strncmp(scan->release, release, n) != 0 || scan->release[n];
	return 0;
}

static int meet_entry(const char *path, unsigned int mode, void *userdata)
{
	struct scan *scan = userdata;
	int r;

	if (S_ISLNK(mode) && !strcmp(path, "lib"))
		scan->has_lib_link = true;
	if (S_ISREG(mode)) {
		r = note_release(scan, path);
		if (r)
			return r;
	}
	return is_module(path) || is_index(path) ? RD_INITRAMFS_WANTED : 0;
}

static bool is_same_member(const struct scan *scan, const char *a, const char *b)
{
	return !strcmp(a, b) || (scan->has_lib_link && !strcmp(skip_usr(a), skip_usr(b)));
}

static const char *member_of(const struct scan *scan, const struct rd_copy *copy)
{
	return copy->path + strlen(scan->content->image.path) + 1;
}

/* Puts @copy where a former member had its path, or at the end. */
static int place_copy(struct scan *scan, const char *member, struct rd_copy *copy)
{
	struct rd_copies *copies = &scan->content->copies;

	for (size_t i = scan->first; i < copies->n; i++) {
		struct rd_copy *old = &copies->items[i];

		if (!is_same_member(scan, member_of(scan, old), member))
			continue;
		rd_copy_deinit(old);
		*old = *copy;
		return 0;
	}
	return rd_array_push(copies, copy);
}

static int start_copy(struct scan *scan, const char *member, struct rd_copy *copy)
{
	RD_CLEANUP(rd_freep) char *release = NULL;
	RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
	const char *start;
	size_t n = 0;

	start = find_release(member, &n);
	if (start) {
		release = strndup(start, n);
		if (!release)
			return -ENOMEM;
	}
	if (rd_text_printf(&path, "%s:%s", scan->content->image.path, member))
		return -ENOMEM;
	return rd_copy_init(copy, RD_COPY_INITRAMFS, release, path.data);
}

static int add_copy(struct scan *scan, const struct rd_initramfs_member *member)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	int r = 0;

	if (scan->met++ >= COPIES_MAX)
		return rd_error_set(&scan->why, EFBIG, "more than %d copies of amdgpu", COPIES_MAX);
	if (start_copy(scan, member->path, &copy))
		return rd_error_nomem(&scan->why);
	copy.is_loadable = true;
	if (!member->reason)
		r = scan->inspector->inspect(scan->inspector->userdata, member->data, member->len,
					     &copy, &scan->why);
	else if (rd_evidence_add(&copy.evidence, RD_EVIDENCE_LIMIT, NULL, "%s", member->reason))
		r = rd_error_nomem(&scan->why);
	if (r)
		return r;
	if (place_copy(scan, member->path, &copy))
		return rd_error_nomem(&scan->why);
	copy = (struct rd_copy){ 0 };
	return 0;
}

/* The member that the value of an index means. */
static int set_resolved(struct index *index, const char *member, const char *value)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
	size_t folder = (size_t)(file_name(member) - member);

	if (*value == '/')
		index->resolved = strdup(value + 1);
	else if (!rd_text_printf(&path, "%.*s%s", (int)folder, member, value))
		index->resolved = rd_text_take_string(&path);
	return index->resolved ? 0 : -ENOMEM;
}

/* modprobe reads the binary one, and the text where that is missing. */
static int place_index(struct scan *scan, struct index *index)
{
	for (size_t i = 0; i < scan->indexes.n; i++) {
		struct index *old = &scan->indexes.items[i];

		if (strcmp(old->kernel, index->kernel) != 0)
			continue;
		if (old->is_binary && !index->is_binary)
			return 0;
		index_deinit(old);
		*old = *index;
		*index = (struct index){ 0 };
		return 0;
	}
	if (rd_array_push(&scan->indexes, index))
		return -ENOMEM;
	*index = (struct index){ 0 };
	return 0;
}

static int add_index(struct scan *scan, const struct rd_initramfs_member *member)
{
	RD_CLEANUP(index_deinit) struct index index = { 0 };
	RD_CLEANUP(rd_freep) char *value = NULL;
	const char *release;
	size_t n = 0;

	if (scan->indexes_met++ >= INDEXES_MET || member->len > INDEX_LEN_MAX)
		return rd_error_set(&scan->why, EFBIG, "more indexes than any image has");
	if (member->reason || scan->indexes.n >= INDEXES_MAX)
		return 0;
	release = find_release(member->path, &n);
	index.kernel = strndup(release, n);
	index.is_binary = rd_text_has_suffix(member->path, ".bin");
	if (!index.kernel || rd_module_index_find(member->data, member->len, MODULE, &value) ||
	    (value && set_resolved(&index, member->path, value)) || place_index(scan, &index))
		return rd_error_nomem(&scan->why);
	return 0;
}

static int meet_member(const struct rd_initramfs_member *member, void *userdata)
{
	struct scan *scan = userdata;

	return is_module(member->path) ? add_copy(scan, member) : add_index(scan, member);
}

static struct rd_copy *find_resolved(const struct scan *scan, const struct index *index)
{
	struct rd_copies *copies = &scan->content->copies;

	for (size_t i = scan->first; index->resolved && i < copies->n; i++) {
		struct rd_copy *copy = &copies->items[i];

		if (copy->kernel &&
		    !strcmp(skip_usr(member_of(scan, copy)), skip_usr(index->resolved)))
			return copy;
	}
	return NULL;
}

/* Marks what modprobe loads in this section, and what it never comes to. */
static int resolve(struct scan *scan)
{
	struct rd_image_content *content = scan->content;

	for (size_t i = 0; i < scan->indexes.n; i++) {
		const struct index *index = &scan->indexes.items[i];
		const char *kernel = content->image.kernel;
		struct rd_copy *resolved = find_resolved(scan, index);

		if (index->resolved && !content->image.resolved &&
		    (!kernel || !strcmp(kernel, index->kernel))) {
			content->image.resolved = strdup(index->resolved);
			if (!content->image.resolved)
				return -ENOMEM;
		}
		if (!resolved)
			continue;
		for (size_t k = scan->first; k < content->copies.n; k++) {
			struct rd_copy *copy = &content->copies.items[k];

			if (copy->kernel && !strcmp(copy->kernel, index->kernel))
				copy->is_loadable = copy == resolved;
		}
		resolved->is_resolved = true;
	}
	return 0;
}

int rd_image_content_add_unknown(struct rd_image_content *content, const char *reason)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };

	if (rd_copy_init(&copy, RD_COPY_INITRAMFS, content->image.kernel, content->image.path) ||
	    rd_evidence_add(&copy.evidence, RD_EVIDENCE_LIMIT, NULL, "%s", reason))
		return -ENOMEM;
	copy.is_loadable = true;
	if (rd_array_push(&content->copies, &copy))
		return -ENOMEM;
	copy = (struct rd_copy){ 0 };
	return 0;
}

/* Modules in folders without a release, as booster has them, are of the image's kernel. */
static int give_kernel(struct scan *scan)
{
	struct rd_image_content *content = scan->content;
	const char *kernel;

	if (!content->image.kernel && !scan->has_releases)
		content->image.kernel = RD_TAKE_PTR(scan->release);
	kernel = content->image.kernel;
	for (size_t i = scan->first; kernel && i < content->copies.n; i++) {
		struct rd_copy *copy = &content->copies.items[i];

		if (!copy->kernel)
			copy->kernel = strdup(kernel);
		if (!copy->kernel)
			return -ENOMEM;
	}
	return 0;
}

/* A copy with the path of the image itself stands for what could not be read. */
static enum rd_presence presence_of(const struct rd_image_content *content)
{
	enum rd_presence presence = RD_PRESENCE_NO;

	for (size_t i = 0; i < content->copies.n; i++) {
		if (strcmp(content->copies.items[i].path, content->image.path) != 0)
			return RD_PRESENCE_YES;
		presence = RD_PRESENCE_UNKNOWN;
	}
	return presence;
}

static int inspect_section(const struct rd_uki_part *part,
			   const struct rd_image_inspector *inspector,
			   struct rd_image_content *content, struct rd_error *err)
{
	RD_CLEANUP(scan_deinit)
	struct scan scan = {
		.content = content,
		.inspector = inspector,
		.first = content->copies.n,
	};
	const struct rd_initramfs_visitor visitor = {
		.entry = meet_entry,
		.member = meet_member,
		.userdata = &scan,
	};
	struct rd_initramfs_summary summary;
	int r;

	r = rd_initramfs_scan(part->data, part->len, &visitor, &summary, &scan.why);
	/* Too many copies or indexes are a reason like others, not a failure. */
	if (r < 0 && r != -EFBIG)
		return rd_error_set(err, -r, "%s", scan.why.msg);
	content->members += summary.members;
	if (!r)
		content->image.format = rd_codec_name(summary.codec);
	if (give_kernel(&scan) || resolve(&scan) ||
	    (r && rd_image_content_add_unknown(content, scan.why.msg)))
		return rd_error_nomem(err);
	return 0;
}

/* A release is one line (UAPI.5, .uname), and padded with NUL by some tools. */
static int take_uname(const struct rd_uki_part *uname, struct rd_image *image)
{
	size_t n = 0;

	while (n <= RELEASE_MAX && n < uname->len && uname->data[n] &&
	       !strchr(" \n", uname->data[n]))
		n++;
	if (!n || n > RELEASE_MAX)
		return 0;
	free(image->kernel);
	image->kernel = strndup((const char *)uname->data, n);
	return image->kernel ? 0 : -ENOMEM;
}

static int inspect_uki(const uint8_t *data, size_t len, const struct rd_image_inspector *inspector,
		       struct rd_image_content *content, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	struct rd_uki uki = { 0 };
	int r;

	content->image.is_uki = true;
	if (rd_uki_read(data, len, &uki, &why))
		return rd_image_content_add_unknown(content, why.msg) ? rd_error_nomem(err) : 0;
	if (uki.uname.data && take_uname(&uki.uname, &content->image))
		return rd_error_nomem(err);
	r = 0;
	for (size_t i = 0; i < uki.n && !r; i++)
		r = inspect_section(&uki.initrds[i], inspector, content, err);
	return r;
}

int rd_image_inspect(const uint8_t *data, size_t len, const struct rd_image_inspector *inspector,
		     struct rd_image_content *content, struct rd_error *err)
{
	const struct rd_uki_part whole = { .data = data, .len = len };
	int r;

	if (rd_uki_is(data, len))
		r = inspect_uki(data, len, inspector, content, err);
	else
		r = inspect_section(&whole, inspector, content, err);
	content->image.has_amdgpu = presence_of(content);
	return r;
}
