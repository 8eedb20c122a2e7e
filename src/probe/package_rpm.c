/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * rpm's data base, asked only when that was asked for (--packages): it has hundreds of megabytes.
 * Since rpm 4.16 it is one SQLite file, rpmdb.sqlite, in var/lib/rpm or usr/lib/sysimage/rpm. What
 * came before (Berkeley DB, Packages) and openSUSE's ndb (Packages.db) are not read, and said.
 *
 * rpm writes ahead into rpmdb.sqlite-wal and empties it when it is done. What stands in one is not
 * seen here, so that a difference says nothing then; an equal digest is one all the same.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/rpm_header.h"
#include "package_private.h"
#include "package_sqlite.h"

static const char *const folders[] = { "/usr/lib/sysimage/rpm", "/var/lib/rpm" };

static const struct format {
	const char *file;
	const char *name; /* of one that is not read */
} formats[] = {
	{ .file = "rpmdb.sqlite" },
	{ .file = "Packages.db", .name = "ndb" },
	{ .file = "Packages", .name = "Berkeley DB" },
};

/* Where the data base was found. */
struct place {
	char *path; /* NULL: nowhere */
	const struct format *format;
};

/* One question on its way through the headers. */
struct question {
	const struct rd_package_file *file;
	struct rd_package_owner *owner;
};

static void place_deinit(struct place *place)
{
	free(place->path);
}

static int find_place(const struct rd_system *sys, struct place *place, struct rd_error *err)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(folders) * RD_N_ELEMENTS(formats); i++) {
		const struct format *format = &formats[i % RD_N_ELEMENTS(formats)];
		RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
		struct stat st;
		int r;

		if (rd_text_printf(&path, "%s/%s", folders[i / RD_N_ELEMENTS(formats)],
				   format->file))
			return rd_error_nomem(err);
		r = rd_system_stat(sys, path.data, &st, err);
		if (r < 0)
			return r;
		if (r || !S_ISREG(st.st_mode))
			continue;
		place->format = format;
		place->path = rd_text_take_string(&path);
		return place->path ? 0 : rd_error_nomem(err);
	}
	return 0;
}

static int has_unmerged(const struct rd_system *sys, const char *path, bool *has_unmergedp,
			struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text wal = RD_TEXT_INIT;
	struct stat st;
	int r;

	if (rd_text_printf(&wal, "%s-wal", path))
		return rd_error_nomem(err);
	r = rd_system_stat(sys, wal.data, &st, err);
	*has_unmergedp = r != RD_SYSTEM_ABSENT && (r || st.st_size);
	return r < 0 ? r : 0;
}

/* Several packages may list a path; one whose file it is ends the search. */
static int meet_header(void *userdata, const uint8_t *data, size_t len, struct rd_error *err)
{
	const struct question *question = userdata;
	struct rd_package_owner *owner = question->owner;
	RD_CLEANUP(rd_rpm_file_deinit) struct rd_rpm_file file = RD_RPM_FILE_INIT;
	int r;

	if (owner->is_equal == RD_PRESENCE_YES)
		return 0;
	r = rd_rpm_header_find(data, len, question->file->path, &file);
	if (r)
		return r < 0 ? rd_error_nomem(err) : 0;
	rd_package_owner_deinit(owner);
	owner->name = RD_TAKE_PTR(file.name);
	owner->version = RD_TAKE_PTR(file.version);
	return package_compare(question->file, file.kind, file.digest, owner, err);
}

/* Asks the data base for the packages with a file of some name. Return: as package_sqlite.h. */
static int ask(const struct rd_system *sys, const char *path, const char *name,
	       struct question *question, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	r = rd_system_open(sys, path, &fd, err);
	if (r)
		return r < 0 ? r : PACKAGE_SQLITE_BAD;
	return package_sqlite_headers(fd, name, meet_header, question, err);
}

static int find(struct rd_package_db *db, const struct rd_package_file *file,
		struct rd_package_owner *owner, struct rd_error *err)
{
	RD_CLEANUP(place_deinit) struct place place = { 0 };
	struct question question = { .file = file, .owner = owner };
	bool is_stale = false;
	int r;

	if (!db->is_thorough || !strrchr(file->path, '/'))
		return 0;
	r = find_place(db->sys, &place, err);
	if (r || !place.path || place.format->name)
		return r;
	r = has_unmerged(db->sys, place.path, &is_stale, err);
	if (!r)
		r = ask(db->sys, place.path, strrchr(file->path, '/') + 1, &question, err);
	if (is_stale && owner->is_equal == RD_PRESENCE_NO)
		owner->is_equal = RD_PRESENCE_UNKNOWN;
	return r < 0 ? r : 0;
}

/* What is wrong with a data base: no package has a file without a name. */
static int explain(const struct rd_system *sys, const struct place *place, struct rd_text *text,
		   struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	struct question none = { 0 };
	int r;

	if (place->format->name)
		return rd_text_printf(text, "%s is in %s, which is not read", place->path,
				      place->format->name)
			       ? rd_error_nomem(err)
			       : 0;
	r = ask(sys, place->path, "", &none, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	return r && rd_text_printf(text, "%s: %s", place->path, why.msg) ? rd_error_nomem(err) : 0;
}

int package_rpm_problem(const struct rd_system *sys, char **problemp, struct rd_error *err)
{
	RD_CLEANUP(place_deinit) struct place place = { 0 };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	r = find_place(sys, &place, err);
	if (!r && place.path)
		r = explain(sys, &place, &text, err);
	if (r || !text.len)
		return r;
	*problemp = rd_text_take_string(&text);
	return *problemp ? 0 : rd_error_nomem(err);
}

const struct package_manager package_rpm = {
	.manager = RD_PACKAGE_RPM,
	.find = find,
};
