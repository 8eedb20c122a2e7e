/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * kmod's configuration folders: of files with one name the one in the first folder counts, all are
 * read in the order of their names, and what does not end in .conf or starts with a dot is none.
 * A link to /dev/null masks the files of its name; a picture need not have /dev.
 *
 * Format: modprobe.d(5) and depmod.d(5); the folders are those of kmod 34 (libkmod.c, depmod.c).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "conf.h"

#define FILE_MAX  ((size_t)1 << 20)
#define FILES_MAX 1024

static const char *const folders[] = { "/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib" };

struct conf_file {
	char *path;
	const char *name; /* within @path */
	size_t folder;
	bool is_masked; /* stands for an empty file */
};

struct conf_files {
	struct conf_file *items;
	size_t n, cap;
};

static void conf_files_deinit(struct conf_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->items[i].path);
	free(files->items);
}

static int file_compare(const void *a, const void *b)
{
	const struct conf_file *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : (x->folder > y->folder) - (x->folder < y->folder);
}

static bool is_wanted(const struct rd_entry *entry)
{
	return *entry->name != '.' && entry->type != DT_DIR &&
	       rd_text_has_suffix(entry->name, ".conf");
}

/* What a link is that leads nowhere: a mask whose /dev the picture lacks, or nothing. */
static int find_mask(const struct rd_system *sys, const char *path, bool *is_maskp,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *target = NULL;
	int r;

	r = rd_system_readlink(sys, path, &target, err);
	if (r < 0)
		return r;
	*is_maskp = !r && rd_text_has_suffix(target, "/dev/null");
	return 0;
}

static int add_file(const struct rd_system *sys, const char *folder, const char *name,
		    struct conf_file *file, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	struct stat st;
	int r;

	file->path = rd_attribute_path(folder, name);
	if (!file->path)
		return rd_error_nomem(err);
	file->name = strrchr(file->path, '/') + 1;
	r = rd_system_stat(sys, file->path, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_ABSENT) {
		r = find_mask(sys, file->path, &file->is_masked, err);
		return r ? r : !file->is_masked;
	}
	file->is_masked = !r && S_ISCHR(st.st_mode);
	return !r && S_ISDIR(st.st_mode);
}

/* Notes that @path could not be read. */
static int add_unread(struct rd_facts *facts, const char *path, const struct rd_error *why,
		      bool *is_completep, struct rd_error *err)
{
	*is_completep = false;
	return rd_attribute_unread(facts, path, why, err);
}

static int list_folder(const struct rd_system *sys, const char *folder, size_t rank,
		       struct conf_files *files, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	int r;

	r = rd_system_list(sys, folder, &entries, err);
	if (r)
		return r == RD_SYSTEM_ABSENT ? 0 : r;
	for (size_t i = 0; i < entries.n; i++) {
		struct conf_file file = { .folder = rank };

		if (!is_wanted(&entries.items[i]))
			continue;
		if (files->n >= FILES_MAX) {
			rd_error_set(err, EFBIG, "more files than any machine has");
			return RD_SYSTEM_UNREADABLE;
		}
		r = add_file(sys, folder, entries.items[i].name, &file, err);
		if (!r && rd_array_push(files, &file))
			r = rd_error_nomem(err);
		if (r)
			free(file.path);
		if (r < 0)
			return r;
	}
	return 0;
}

static int list_files(const struct rd_system *sys, const char *name, struct conf_files *files,
		      struct rd_facts *facts, bool *is_completep, struct rd_error *err)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(folders); i++) {
		RD_CLEANUP(rd_freep) char *folder = rd_attribute_path(folders[i], name);
		struct rd_error why = RD_ERROR_INIT;
		int r;

		if (!folder)
			return rd_error_nomem(err);
		r = list_folder(sys, folder, i, files, &why);
		if (r < 0)
			return rd_error_set(err, -r, "%s", why.msg);
		if (r && add_unread(facts, folder, &why, is_completep, err))
			return -ENOMEM;
	}
	if (files->n)
		qsort(files->items, files->n, sizeof(*files->items), file_compare);
	return 0;
}

int rd_conf_read(const struct rd_system *sys, const char *name, rd_conf_fn fn, void *userdata,
		 struct rd_facts *facts, bool *is_completep, struct rd_error *err)
{
	RD_CLEANUP(conf_files_deinit) struct conf_files files = { 0 };
	int r;

	*is_completep = true;
	r = list_files(sys, name, &files, facts, is_completep, err);
	for (size_t i = 0; !r && i < files.n; i++) {
		const struct conf_file *file = &files.items[i];
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		struct rd_error why = RD_ERROR_INIT;

		if (file->is_masked || (i && !strcmp(file->name, file[-1].name)))
			continue;
		r = rd_system_read(sys, file->path, FILE_MAX, &text, &why);
		if (r < 0)
			return rd_error_set(err, -r, "%s", why.msg);
		if (r == RD_SYSTEM_UNREADABLE &&
		    add_unread(facts, file->path, &why, is_completep, err))
			return -ENOMEM;
		r = r || !text.data ? 0 : fn(userdata, file->path, &text);
		if (r == -ENOMEM)
			return rd_error_nomem(err);
	}
	return r;
}
