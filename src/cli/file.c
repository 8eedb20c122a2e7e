/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The system layer opens below a root and never waits for a FIFO or a device; with "/" as root and
 * an absolute path it serves for the user's own files too.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "file.h"
#include "inspect/codec.h"
#include "inspect/image.h"

static int absolute_path(const char *name, struct rd_text *path, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *cwd = NULL;

	if (*name == '/')
		return rd_text_puts(path, name) ? rd_error_nomem(err) : 0;
	cwd = getcwd(NULL, 0);
	if (!cwd)
		return rd_error_set(err, errno, "working directory: %s", strerror(errno));
	return rd_text_printf(path, "%s/%s", cwd, name) ? rd_error_nomem(err) : 0;
}

static int map_file(const char *name, size_t max, struct rd_map *mapp, struct rd_error *why,
		    struct rd_error *err)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system sys = RD_SYSTEM_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
	int r;

	if (!*name) {
		rd_error_set(why, ENOENT, "the name is empty");
		return RD_SYSTEM_ABSENT;
	}
	r = absolute_path(name, &path, err);
	if (!r)
		r = rd_system_init(&sys, "/", err);
	if (r)
		return r;
	r = rd_system_map(&sys, path.data, max, mapp, why);
	return r < 0 ? rd_error_set(err, -r, "%s", why->msg) : r;
}

int cli_file_map(const char *name, struct rd_map *mapp, struct rd_error *why, struct rd_error *err)
{
	return map_file(name, RD_CODEC_MAX_MODULE, mapp, why, err);
}

int cli_file_map_image(const char *name, struct rd_map *mapp, struct rd_error *why,
		       struct rd_error *err)
{
	return map_file(name, RD_IMAGE_MAX, mapp, why, err);
}
