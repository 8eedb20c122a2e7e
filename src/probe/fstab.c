/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What boots a machine may lie on a file system of its own. Where fstab(5) says so and nothing is
 * mounted there, as on a disk that was mounted from a rescue system, the images that are seen are
 * not the ones that boot.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "probe/probe.h"

#define FSTAB_MAX ((size_t)1 << 20)

static const char *const places[] = { "/boot", "/boot/efi", "/efi" };

static bool is_place(const char *path)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(places); i++) {
		if (!strcmp(places[i], path))
			return true;
	}
	return false;
}

/* Whether a folder is the top of a file system; one that cannot be seen is taken for it. */
static int is_mounted(const struct rd_system *sys, const char *path, bool *yesp,
		      struct rd_error *err)
{
	char parent[16];
	struct rd_error why = RD_ERROR_INIT;
	struct stat own, above;
	int r;

	snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);
	r = rd_system_stat(sys, path, &own, &why);
	if (!r)
		r = rd_system_stat(sys, *parent ? parent : "/", &above, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	*yesp = r != RD_SYSTEM_ABSENT && (r || own.st_dev != above.st_dev);
	return 0;
}

static int add(struct rd_facts *facts, const char *path, struct rd_error *err)
{
	char *copy = strdup(path);

	if (!copy || rd_array_push(&facts->unmounted, &copy)) {
		free(copy);
		return rd_error_nomem(err);
	}
	/* Boot loaders' own partitions hold images on few machines only. */
	if (strcmp(path, "/boot") != 0)
		return 0;
	return rd_facts_add_unread(facts, path,
				   "a file system of its own by /etc/fstab, and not mounted", false)
		       ? rd_error_nomem(err)
		       : 0;
}

int rd_probe_fstab(const struct rd_system *sys, const struct rd_probe_options *options,
		   struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	char *state = NULL;
	int r;

	(void)options;
	r = rd_system_read(sys, "/etc/fstab", FSTAB_MAX, &text, &why);
	if (r)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
	for (char *line = text.data ? strtok_r(text.data, "\n", &state) : NULL; !r && line;
	     line = strtok_r(NULL, "\n", &state)) {
		char *fields = NULL, *device = strtok_r(line, " \t", &fields);
		char *path = strtok_r(NULL, " \t", &fields);
		bool has_mount = true;

		if (!device || *device == '#' || !path || !is_place(path))
			continue;
		r = is_mounted(sys, path, &has_mount, err);
		if (!r && !has_mount)
			r = add(facts, path, err);
	}
	return r;
}
