/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A tree /usr/src/NAME-VERSION stays when its version is taken off dkms' list (dkms remove without
 * --all's care, or recover): dkms builds what is registered below its own tree and nothing else, so
 * such a source does no harm until somebody calls `dkms add`. It is told from a tree of which
 * nothing is known by the folder NAME, which dkms has kept.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "dkms.h"

static const char trees[] = "/usr/src/";

static int is_folder(const struct rd_dkms *dkms, const char *path, bool *yesp, bool *absentp,
		     struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	struct stat st;
	int r;

	if (!path)
		return rd_error_nomem(err);
	r = rd_system_stat(dkms->examiner.sys, path, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	*yesp = !r && S_ISDIR(st.st_mode);
	*absentp = r == RD_SYSTEM_ABSENT;
	return 0;
}

/* NAME-VERSION, wherever the name ends: dkms knows the name, and not the version. */
static int is_unlisted(const struct rd_dkms *dkms, const char *folder, bool *yesp,
		       struct rd_error *err)
{
	int r = 0;

	*yesp = false;
	for (const char *p = strchr(folder, '-'); !r && p; p = strchr(p + 1, '-')) {
		RD_CLEANUP(rd_freep)
		char *name = rd_text_format("%s/%.*s", dkms->tree, (int)(p - folder), folder);
		RD_CLEANUP(rd_freep) char *version = NULL;
		bool is_name = false, is_version = false, is_absent = false;

		r = is_folder(dkms, name, &is_name, &is_absent, err);
		if (r || !is_name)
			continue;
		version = rd_text_format("%s/%s", name, p + 1);
		r = is_folder(dkms, version, &is_version, &is_absent, err);
		*yesp = !r && is_absent;
		if (!is_absent)
			return r;
	}
	return r;
}

/* Whether a registered version, of whatever name, has this folder as its source. */
static int is_source(const struct rd_dkms *dkms, const char *path, bool *yesp, struct rd_error *err)
{
	const struct rd_facts *facts = dkms->examiner.facts;
	struct rd_error why = RD_ERROR_INIT;
	struct stat own, other;
	int r;

	*yesp = true; /* what cannot be told apart is left as it was */
	r = rd_system_stat(dkms->examiner.sys, path, &own, &why);
	for (size_t i = 0; !r && i < facts->dkms.n; i++) {
		if (!facts->dkms.items[i].source)
			continue;
		r = rd_system_stat(dkms->examiner.sys, facts->dkms.items[i].source, &other, &why);
		if (!r && own.st_dev == other.st_dev && own.st_ino == other.st_ino)
			return 0;
	}
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	*yesp = r;
	return 0;
}

int rd_dkms_forget_sources(const struct rd_dkms *dkms, struct rd_error *err)
{
	const struct rd_facts *facts = dkms->examiner.facts;
	int r = 0;

	for (size_t i = 0; !r && i < facts->copies.n; i++) {
		struct rd_copy *copy = &facts->copies.items[i];
		const char *folder = copy->path + strlen(trees);
		RD_CLEANUP(rd_freep) char *name = NULL;
		RD_CLEANUP(rd_freep) char *path = NULL;
		bool is_gone = false, is_known = true;

		if (copy->kind != RD_COPY_SOURCE || !copy->is_loadable ||
		    !rd_text_has_prefix(copy->path, trees))
			continue;
		name = strndup(folder, strcspn(folder, "/"));
		path = name ? rd_text_format("%s%s", trees, name) : NULL;
		if (!path)
			return rd_error_nomem(err);
		r = is_unlisted(dkms, name, &is_gone, err);
		if (!r && is_gone)
			r = is_source(dkms, path, &is_known, err);
		copy->is_loadable = !is_gone || is_known;
	}
	return r;
}
