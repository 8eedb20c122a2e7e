/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The places that recovery may change. Whatever a journal says, nothing outside of them is written
 * or removed; src/probe looks for copies of the driver in the same ones.
 */

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "recovery/manifest.h"
#include "recovery/write.h"

/* @depth: the parts that must follow, so that no whole kernel or package version goes by mistake */
static const struct {
	const char *place;
	unsigned int depth;
} places[] = {
	{ .place = "usr/src/", .depth = 1 }, /* PACKAGE-VERSION */
	{ .place = "lib/modules/", .depth = 2 }, /* KERNEL/FILE */
	{ .place = "usr/lib/modules/", .depth = 2 },
	{ .place = "var/lib/dkms/", .depth = 2 }, /* PACKAGE/VERSION, PACKAGE/kernel-KERNEL-ARCH */
	{ .place = "boot/", .depth = 1 },
	{ .place = "efi/", .depth = 1 },
	{ .place = "etc/modprobe.d/", .depth = 1 },
	/* What the recipes leave. */
	{ .place = "etc/environment.d/", .depth = 1 },
	{ .place = "etc/profile.d/", .depth = 1 },
	{ .place = "etc/systemd/system.conf.d/", .depth = 1 },
	{ .place = "etc/udev/rules.d/", .depth = 1 },
};

static bool is_part(const char *part, size_t len)
{
	return len && len <= NAME_MAX && !(len == 1 && *part == '.') &&
	       !(len == 2 && part[0] == '.' && part[1] == '.') &&
	       !(len == strlen(RD_WRITE_NEW) &&
		 (!memcmp(part, RD_WRITE_NEW, len) || !memcmp(part, RD_WRITE_OLD, len)));
}

/* The number of parts, 0 if one of them is none. */
static unsigned int count_parts(const char *path)
{
	unsigned int n = 0;

	for (;; path++) {
		size_t len = strcspn(path, "/");

		if (!is_part(path, len))
			return 0;
		n++;
		path += len;
		if (!*path)
			return n;
	}
}

int rd_path_check(const char *path, struct rd_error *err)
{
	if (strlen(path) >= PATH_MAX)
		return rd_error_set(err, EBADMSG, "%.100s...: too long a path", path);
	for (size_t i = 0; i < RD_N_ELEMENTS(places); i++) {
		if (rd_text_has_prefix(path, places[i].place) &&
		    count_parts(path + strlen(places[i].place)) >= places[i].depth)
			return 0;
	}
	return rd_error_set(err, EBADMSG, "%s: no path that may be changed", path);
}
