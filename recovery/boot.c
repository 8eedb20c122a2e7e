/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The files of a report. They lie in run/, which is empty after a boot, so that what stands there
 * is never about another one.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "recovery/boot.h"
#include "recovery/write.h"

static const char boot_id[] = "/proc/sys/kernel/random/boot_id";

/* A rescue system mounts its own /proc below the root that it repairs. */
static bool has_foreign_proc(const struct rd_system *sys)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	struct statfs st;

	if (sys->is_live)
		return false;
	fd = rd_write_open(sys->rootfd, "proc", O_RDONLY | O_DIRECTORY);
	return fd >= 0 && !fstatfs(fd, &st) && st.f_type == PROC_SUPER_MAGIC;
}

static int set_time(struct rd_boot *boot)
{
	time_t now = time(NULL);
	char text[32];
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		*text = '\0';
	boot->time = strdup(text);
	return boot->time ? 0 : -ENOMEM;
}

int rd_boot_identify(const struct rd_system *sys, struct rd_boot *boot, struct rd_error *err)
{
	int r;

	if (set_time(boot))
		return rd_error_nomem(err);
	if (has_foreign_proc(sys))
		return 0;
	r = rd_system_read_line(sys, boot_id, &boot->id, err);
	if (!r && !*boot->id) {
		free(boot->id);
		boot->id = NULL;
	}
	return r < 0 ? r : 0;
}

static int put(int rootfd, const char *folder, const char *name, const char *text, size_t len,
	       struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int dirfd = -1;
	int r;

	dirfd = rd_write_folder(rootfd, folder, 0755, err);
	r = dirfd < 0 ? dirfd : rd_write_publish(dirfd, name, text, len, err);
	return r ? rd_error_prefix(err, r, "/%s", folder) : 0;
}

int rd_boot_write_health(int rootfd, const char *text, size_t len, struct rd_error *err)
{
	return put(rootfd, RD_BOOT_FOLDER, RD_BOOT_HEALTH, text, len, err);
}

int rd_boot_write_motd(int rootfd, const char *text, size_t len, struct rd_error *err)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	int r;

	if (len)
		return put(rootfd, RD_BOOT_MOTD_FOLDER, RD_BOOT_MOTD, text, len, err);
	r = rd_write_place(rootfd, RD_BOOT_MOTD_FOLDER "/" RD_BOOT_MOTD, &place, err);
	if (!r)
		r = rd_write_unlink(place.dirfd, place.name, err);
	return r < 0 ? rd_error_prefix(err, r, "/" RD_BOOT_MOTD_FOLDER) : 0;
}
