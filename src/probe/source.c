/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Source trees that build amdgpu: every kfd_crat.c of a DKMS tree that names amdgpu, and the one
 * of any other tree below usr/src (an unpacked kernel). A tree with dkms.conf is what dkms builds
 * from at the next kernel upgrade: its files count as loadable, those of other trees do not.
 *
 * Trees are taken from usr/src and from the `source` links of var/lib/dkms, each folder once.
 * dkms.conf: dkms(8); shell assignments, of which only plain ones are understood, none executed.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "examine.h"
#include "folder_set.h"
#include "inspect/inspect.h"
#include "probe/probe.h"

#define MODULE		 "amdgpu"
#define CRAT_SOURCE	 "kfd_crat.c"
#define SOURCE_FOLDER	 "/usr/src"
#define DKMS_FOLDER	 "/var/lib/dkms"
#define CONF_MAX	 ((size_t)1 << 20)
#define SOURCE_MAX	 ((size_t)16 << 20) /* the file has 80 KiB */
#define TREE_ENTRIES_MAX ((size_t)1 << 18) /* a whole kernel has 90,000 */
#define TREES_MAX	 4096
#define FILES_MAX	 64 /* per tree */

enum builds {
	BUILDS_OTHER, /* no word of amdgpu */
	BUILDS_MAYBE, /* is called after amdgpu */
	BUILDS_AMDGPU, /* builds the module of that name */
};

struct sources {
	struct rd_examiner examiner;
	struct rd_folder_set seen;
};

/* A tree under way. */
struct source_tree {
	struct sources *sources;
	bool is_dkms;
	size_t n_files;
};

/* The value of one assignment: without quotes, up to white space. */
static void unquote(const char *value, char *out, size_t size)
{
	size_t n = 0;

	for (; *value && *value != '\n' && n + 1 < size; value++) {
		if (*value == '"' || *value == '\'')
			continue;
		if (strchr(" \t\r;#", *value))
			break;
		out[n++] = *value;
	}
	out[n] = '\0';
}

/* What one line of dkms.conf says. */
static enum builds parse_line(const char *line)
{
	static const char built[] = "BUILT_MODULE_NAME", package[] = "PACKAGE_NAME";
	const char *value;
	char name[64];

	line += strspn(line, " \t");
	if (!rd_text_has_prefix(line, built) && !rd_text_has_prefix(line, package))
		return BUILDS_OTHER;
	value = line + strcspn(line, "=\n");
	if (*value != '=')
		return BUILDS_OTHER;
	unquote(value + 1, name, sizeof(name));
	if (rd_text_has_prefix(line, package))
		return rd_text_has_prefix(name, MODULE) ? BUILDS_MAYBE : BUILDS_OTHER;
	if (!strcmp(name, MODULE))
		return BUILDS_AMDGPU;
	return strstr(name, MODULE) ? BUILDS_MAYBE : BUILDS_OTHER;
}

static enum builds parse_conf(const char *text)
{
	enum builds builds = BUILDS_OTHER;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		enum builds said = parse_line(line);

		if (said > builds)
			builds = said;
	}
	return builds;
}

/* Examines the file if it is a kfd_crat.c, or one that was put aside under a longer name. */
static int meet_file(struct source_tree *tree, const char *path, struct rd_error *err)
{
	struct rd_examiner *examiner = &tree->sources->examiner;
	struct rd_copies *copies = &examiner->facts->copies;
	const char *name = strrchr(path, '/') + 1;
	bool is_source = !strcmp(name, CRAT_SOURCE);
	int r;

	/* .rej holds what patch(1) could not put in: no copy of anything. */
	if (!rd_text_has_prefix(name, CRAT_SOURCE) || rd_text_has_suffix(name, ".rej"))
		return 0;
	if (tree->n_files++ >= FILES_MAX)
		return rd_facts_add_unread(examiner->facts, path, "too many copies in one tree",
					   false)
			       ? rd_error_nomem(err)
			       : -ECANCELED;
	r = rd_examine(examiner, is_source ? RD_COPY_SOURCE : RD_COPY_BACKUP, NULL, path, err);
	if (r < 0)
		return r;
	copies->items[copies->n - 1].is_loadable = is_source && tree->is_dkms;
	return 0;
}

static int meet(void *userdata, enum rd_walk_event event, const char *path,
		const struct rd_error *why, struct rd_error *err)
{
	struct source_tree *tree = userdata;

	if (event == RD_WALK_UNREADABLE)
		return rd_attribute_unread(tree->sources->examiner.facts, path, why, err);
	return event == RD_WALK_FILE ? meet_file(tree, path, err) : 0;
}

static int add_tree_without_source(struct rd_facts *facts, const char *folder, struct rd_error *err)
{
	struct rd_copy copy;

	if (rd_copy_init(&copy, RD_COPY_SOURCE, NULL, folder))
		return rd_error_nomem(err);
	copy.is_loadable = true;
	if (rd_evidence_add(&copy.evidence, RD_EVIDENCE_LIMIT, NULL,
			    "dkms.conf builds " MODULE ", but the tree holds no " CRAT_SOURCE) ||
	    rd_array_push(&facts->copies, &copy)) {
		rd_copy_deinit(&copy);
		return rd_error_nomem(err);
	}
	return 0;
}

/* A DKMS tree may have the file anywhere. */
static int read_dkms_tree(struct source_tree *tree, const char *folder, enum builds builds,
			  struct rd_error *err)
{
	struct rd_examiner *examiner = &tree->sources->examiner;
	size_t unread = examiner->facts->unreads.n;
	int r;

	r = rd_system_walk(examiner->sys, folder, TREE_ENTRIES_MAX, meet, tree, err);
	if (r < 0 && r != -ECANCELED)
		return r;
	if (tree->n_files || builds != BUILDS_AMDGPU || examiner->facts->unreads.n > unread)
		return 0;
	return add_tree_without_source(examiner->facts, folder, err);
}

/* Other trees have it in one of two places, or it is none of ours. */
static int read_other_tree(struct source_tree *tree, const char *folder, struct rd_error *err)
{
	static const char *const places[] = { "amd/amdkfd", "drivers/gpu/drm/amd/amdkfd" };

	for (size_t i = 0; i < RD_N_ELEMENTS(places); i++) {
		RD_CLEANUP(rd_freep) char *place = rd_attribute_path(folder, places[i]);
		RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
		struct rd_error why = RD_ERROR_INIT;
		int r;

		if (!place)
			return rd_error_nomem(err);
		r = rd_system_list(tree->sources->examiner.sys, place, &entries, &why);
		if (r == RD_SYSTEM_UNREADABLE)
			r = rd_attribute_unread(tree->sources->examiner.facts, place, &why, err);
		for (size_t j = 0; !r && j < entries.n; j++) {
			RD_CLEANUP(rd_freep)
			char *path = rd_attribute_path(place, entries.items[j].name);

			if (!path)
				return rd_error_nomem(err);
			r = meet_file(tree, path, err);
		}
		if (r < 0)
			return r == -ECANCELED ? 0 : r;
	}
	return 0;
}

static int read_tree(struct sources *sources, const char *folder, struct rd_error *err)
{
	struct source_tree tree = { .sources = sources };
	RD_CLEANUP(rd_freep) char *conf = rd_attribute_path(folder, "dkms.conf");
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	enum builds builds = BUILDS_OTHER;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	if (!conf)
		return rd_error_nomem(err);
	r = rd_system_read(sources->examiner.sys, conf, CONF_MAX, &text, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE &&
	    rd_attribute_unread(sources->examiner.facts, conf, &why, err))
		return -ENOMEM;
	if (text.data)
		builds = parse_conf(text.data);
	tree.is_dkms = r != RD_SYSTEM_ABSENT;
	return builds == BUILDS_OTHER ? read_other_tree(&tree, folder, err)
				      : read_dkms_tree(&tree, folder, builds, err);
}

/* Reads the tree at @folder, unless it is none or was read by another name. */
static int add_tree(struct sources *sources, const char *folder, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	bool is_new = false;
	struct stat st;
	int r;

	r = rd_system_stat(sources->examiner.sys, folder, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_attribute_unread(sources->examiner.facts, folder, &why, err);
	if (r || !S_ISDIR(st.st_mode))
		return 0;
	if (rd_folder_set_add(&sources->seen, &st, &is_new))
		return rd_error_nomem(err);
	return is_new ? read_tree(sources, folder, err) : 0;
}

/* Calls @fn for FOLDER/NAME of each entry that may be a folder. */
static int for_each(struct sources *sources, const char *folder,
		    int (*fn)(struct sources *sources, const char *path, struct rd_error *err),
		    struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_list(sources->examiner.sys, folder, &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (!r && entries.n > TREES_MAX) {
		rd_error_set(&why, EFBIG, "%s has %zu entries, more than any machine", folder,
			     entries.n);
		r = RD_SYSTEM_UNREADABLE;
	}
	if (r)
		return r == RD_SYSTEM_UNREADABLE
			       ? rd_attribute_unread(sources->examiner.facts, folder, &why, err)
			       : 0;

	for (size_t i = 0; !r && i < entries.n; i++) {
		RD_CLEANUP(rd_freep) char *path = NULL;

		if (entries.items[i].type != DT_DIR && entries.items[i].type != DT_LNK)
			continue;
		path = rd_attribute_path(folder, entries.items[i].name);
		if (!path)
			return rd_error_nomem(err);
		r = fn(sources, path, err);
	}
	return r;
}

/* @path: var/lib/dkms/MODULE/VERSION, whose `source` leads to the tree. */
static int add_dkms_version(struct sources *sources, const char *path, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *source = rd_attribute_path(path, "source");

	return source ? add_tree(sources, source, err) : rd_error_nomem(err);
}

static int add_dkms_module(struct sources *sources, const char *path, struct rd_error *err)
{
	return for_each(sources, path, add_dkms_version, err);
}

static void sources_deinit(struct sources *sources)
{
	rd_examiner_deinit(&sources->examiner);
	rd_folder_set_deinit(&sources->seen);
}

int rd_probe_sources(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(sources_deinit)
	struct sources sources = {
		.examiner = {
			.sys = sys,
			.options = options,
			.facts = facts,
			.flags = options->want_sha256 ? RD_INSPECT_SHA256 : 0,
			.max = SOURCE_MAX,
		},
	};
	int r;

	r = for_each(&sources, SOURCE_FOLDER, add_tree, err);
	return r ? r : for_each(&sources, DKMS_FOLDER, add_dkms_module, err);
}
