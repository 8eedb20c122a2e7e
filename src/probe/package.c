/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * dpkg's database, read as files: var/lib/dpkg/info/PACKAGE[:ARCH].md5sums. Of its thousands of
 * lists only those are opened whose name can own the file: the kernel packages carry the release
 * in their name on Debian, Ubuntu and what derives from them (linux-image-K, linux-modules-K,
 * linux-modules-extra-K, proxmox-kernel-K), the sources of drivers come in *-dkms packages.
 * Systems without dpkg have no such folder, and nothing is proven there.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "inspect/md5sums.h"
#include "probe/package.h"

#define INFO	 "/var/lib/dpkg/info"
#define LIST_MAX ((size_t)16 << 20) /* a kernel's list has 400 KiB */

static const char suffix[] = ".md5sums";

/* What the name of a package that owns @path contains, malloc()ed; *@partp stays NULL if nothing.
 */
static int name_part(const char *path, char **partp)
{
	static const char modules[] = "/lib/modules/", sources[] = "/usr/src/";
	const char *merged = rd_text_has_prefix(path, "/usr/lib/") ? path + strlen("/usr") : path;
	const char *release = merged + strlen(modules);

	if (rd_text_has_prefix(path, sources))
		*partp = strdup("dkms");
	else if (rd_text_has_prefix(merged, modules) && strchr(release, '/'))
		*partp = strndup(release, (size_t)(strchr(release, '/') - release));
	else
		return 0;
	return *partp ? 0 : -ENOMEM;
}

/* Whether that list has the file with the digest of @data. */
static int ask_list(const struct rd_system *sys, const char *list, const char *path,
		    const uint8_t *data, size_t len, bool *is_equalp, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text name = RD_TEXT_INIT;
	char wanted[RD_MD5SUMS_DIGEST], found[RD_MD5SUMS_DIGEST];
	int r;

	if (rd_text_printf(&name, INFO "/%s", list))
		return rd_error_nomem(err);
	r = rd_system_read(sys, name.data, LIST_MAX, &text, err);
	if (r || !text.data || !rd_md5sums_find(text.data, text.len, path, wanted))
		return r < 0 ? r : 0;
	r = rd_md5sums_digest(data, len, found, err);
	if (!r)
		*is_equalp = !strcmp(wanted, found);
	return r < 0 ? r : 0;
}

/* PACKAGE.md5sums, PACKAGE:ARCH.md5sums */
static char *package_of(const char *list)
{
	const char *colon = strchr(list, ':');

	return strndup(list, colon ? (size_t)(colon - list) : strlen(list) - strlen(suffix));
}

int rd_package_find(const struct rd_system *sys, const char *path, const uint8_t *data, size_t len,
		    char **packagep, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries lists = { 0 };
	RD_CLEANUP(rd_freep) char *part = NULL;
	bool is_equal = false;
	int r;

	if (name_part(path, &part))
		return rd_error_nomem(err);
	if (!part)
		return 0;
	r = rd_system_list(sys, INFO, &lists, err);

	for (size_t i = 0; !r && !is_equal && i < lists.n; i++) {
		const char *list = lists.items[i].name;

		if (!rd_text_has_suffix(list, suffix) || !strstr(list, part))
			continue;
		r = ask_list(sys, list, path, data, len, &is_equal, err);
		if (!is_equal)
			continue;
		*packagep = package_of(list);
		return *packagep ? 0 : rd_error_nomem(err);
	}
	return r < 0 ? r : 0;
}
