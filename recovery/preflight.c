/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Room is counted by file systems: the folder of our own holds copies of all that changes, what is
 * put in place, and for a build the source twice with its objects; below lib/modules the new set
 * lies beside the old one. Images take their places one after the other: the largest counts.
 *
 * The package manager's locks are those by which its own programs exclude each other: fcntl(2)
 * locks of dpkg and rpm, a file of pacman. That stays if we are killed, so that it has our name in
 * it: the next run, which holds the lock of our own, knows it for nobody's.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "course_private.h"
#include "inhibit.h"
#include "initramfs.h"
#include "probe/probe.h"
#include "recovery/changes.h"
#include "recovery/manifest.h"
#include "recovery/preflight.h"
#include "recovery/write.h"

#define MIB	       ((uint64_t)1 << 20)
#define MARGIN	       2 /* wanted is so many times what is needed */
#define SMALL_FILES    (16 * MIB) /* indexes, links, sources, the journal */
#define BUILD_SOURCES  4 /* the copy, dkms' own copy, and objects that are as large again */
#define SOURCE_ENTRIES ((size_t)1 << 18)
#define STATUS_MAX     ((size_t)64 << 20)
#define PACMAN	       "var/lib/pacman/local"
#define PACMAN_LOCK    "var/lib/pacman/db.lck"

static const char pacman_word[] = "rdna1-doctor\n";

/* --- Locks of package managers --------------------------------------------------------------- */

static void unlink_pacman(int rootfd)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;

	if (!rd_write_place(rootfd, PACMAN_LOCK, &place, NULL))
		rd_write_unlink(place.dirfd, place.name, NULL);
}

void rd_hold_deinit(struct rd_hold *hold)
{
	for (size_t i = 0; i < hold->fds.n; i++)
		close(hold->fds.items[i]);
	free(hold->fds.items);
	if (hold->has_pacman)
		unlink_pacman(hold->rootfd);
	*hold = (struct rd_hold)RD_HOLD_INIT;
}

static const char *const locks[] = {
	"var/lib/dpkg/lock-frontend",
	"var/lib/dpkg/lock",
	"var/lib/rpm/.rpm.lock",
	"usr/lib/sysimage/rpm/.rpm.lock",
};

/* One lock file, if its package manager is there. */
static int hold_lock(int rootfd, const char *path, struct rd_hold *hold, struct rd_error *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	RD_CLEANUP(rd_closep)
	int fd = rd_write_open(rootfd, path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return rd_error_set(err, -fd, "open /%s: %s", path, strerror(-fd));
	if (fcntl(fd, F_SETLK, &lock) < 0) {
		if (errno != EACCES && errno != EAGAIN)
			return rd_error_set(err, errno, "lock /%s: %s", path, strerror(errno));
		if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
			lock.l_pid = 0;
		rd_error_set(err, EBUSY,
			     "the package manager is at work (process %d holds /%s): wait until it "
			     "is done, then try again",
			     lock.l_pid, path);
		return RD_PREFLIGHT_REFUSED;
	}
	if (rd_array_push(&hold->fds, &fd))
		return rd_error_nomem(err);
	fd = -1;
	return 0;
}

/* What an interrupted package manager leaves. */
static int check_interrupted(const struct rd_system *sys, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries updates = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_list(sys, "/var/lib/dpkg/updates", &updates, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (!r && updates.n) {
		rd_error_set(err, EBUSY, "dpkg was interrupted: run dpkg --configure -a first");
		return RD_PREFLIGHT_REFUSED;
	}
	return 0;
}

/* Written by a run of ours that did not come to its end. */
static bool is_ours(int fd)
{
	char word[sizeof(pacman_word)] = "";

	return pread(fd, word, sizeof(word) - 1, 0) == (ssize_t)sizeof(word) - 1 &&
	       !strcmp(word, pacman_word);
}

/* pacman takes its lock by making the file (libalpm's handle.c). */
static int hold_pacman(int rootfd, struct rd_hold *hold, struct rd_error *err)
{
	RD_CLEANUP(rd_place_deinit) struct rd_place place = RD_PLACE_INIT;
	RD_CLEANUP(rd_closep) int old = rd_write_open(rootfd, PACMAN_LOCK, O_RDONLY | O_NONBLOCK);
	RD_CLEANUP(rd_closep) int fd = -1;
	int local = rd_write_open(rootfd, PACMAN, O_PATH | O_DIRECTORY);
	int r;

	if (local == -ENOENT || local == -ENOTDIR)
		return 0;
	if (local >= 0)
		close(local);
	if (old >= 0 && is_ours(old))
		unlink_pacman(rootfd);
	r = rd_write_place(rootfd, PACMAN_LOCK, &place, err);
	if (r)
		return r > 0 ? 0 : r;
	fd = openat(place.dirfd, place.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST) {
		rd_error_set(err, EBUSY,
			     "pacman is at work, or was interrupted: /" PACMAN_LOCK
			     " is there; wait, or remove it if no pacman runs");
		return RD_PREFLIGHT_REFUSED;
	}
	if (fd < 0)
		return rd_error_set(err, errno, "lock /%s: %s", PACMAN_LOCK, strerror(errno));
	hold->rootfd = rootfd;
	hold->has_pacman = true;
	return rd_write_all(fd, pacman_word, strlen(pacman_word), err);
}

/* This machine must not go down, whichever system is worked on. */
static int hold_machine(struct rd_hold *hold, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = inhibit_shutdown();

	if (fd < 0)
		return 0;
	if (rd_array_push(&hold->fds, &fd))
		return rd_error_nomem(err);
	fd = -1;
	return 0;
}

/* The images that boot must be there to be looked at. */
static int check_fstab(const struct rd_system *sys, const struct rd_facts *facts,
		       struct rd_error *err)
{
	const char *path = facts->unmounted.n ? facts->unmounted.items[0] : NULL;

	if (!path)
		return 0;
	rd_error_set(
		err, ENXIO,
		"%s is a file system of its own by /etc/fstab, and not mounted: mount it%s%s%s "
		"first, for the images on it may hold the driver",
		path, sys->is_live ? "" : " at ", sys->is_live ? "" : sys->root,
		sys->is_live ? "" : path);
	return RD_PREFLIGHT_REFUSED;
}

/* Systems that find their partitions without fstab(5) leave an empty folder on their disk. */
static int check_boot(const struct rd_system *sys, struct rd_error *err)
{
	static const char *const folders[] = { "/boot", "/boot/efi", "/efi" };

	for (size_t i = 0; i < RD_N_ELEMENTS(folders); i++) {
		RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
		struct rd_error why = RD_ERROR_INIT;
		int r = rd_system_list(sys, folders[i], &entries, &why);

		if (r < 0)
			return rd_error_set(err, -r, "%s", why.msg);
		for (size_t k = 0; k < entries.n; k++) {
			if (strcmp(entries.items[k].name, "efi") != 0 &&
			    strcmp(entries.items[k].name, "lost+found") != 0)
				return 0;
		}
	}
	rd_error_set(err, ENXIO,
		     "nothing lies in %s/boot: mount there what that system boots from first, for "
		     "the images on it may hold the driver",
		     sys->root);
	return RD_PREFLIGHT_REFUSED;
}

int rd_preflight_mounts(const struct rd_system *sys, struct rd_error *err)
{
	static const struct rd_probe_options options;
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	int r = rd_probe_fstab(sys, &options, &facts, err);

	return r ? r : check_fstab(sys, &facts, err);
}

int rd_preflight_hold(const struct rd_system *sys, struct rd_hold *hold, struct rd_error *err)
{
	int r = check_interrupted(sys, err);

	for (size_t i = 0; !r && i < RD_N_ELEMENTS(locks); i++)
		r = hold_lock(sys->rootfd, locks[i], hold, err);
	if (!r)
		r = hold_pacman(sys->rootfd, hold, err);
	if (!r)
		r = hold_machine(hold, err);
	if (r)
		rd_hold_deinit(hold);
	return r;
}

/* --- Room ------------------------------------------------------------------------------------ */

/* A file system, and what it is to take. */
struct volume {
	dev_t dev;
	char *path; /* a folder on it, from the root */
	uint64_t need, free; /* bytes */
	uint64_t largest; /* of what lies there one after the other; also needed */
	bool is_read_only;
};

struct room {
	const struct rd_system *sys;
	const struct rd_facts *facts;
	struct volume *items;
	size_t n, cap;
};

static void room_deinit(struct room *room)
{
	for (size_t i = 0; i < room->n; i++)
		free(room->items[i].path);
	free(room->items);
}

/* The nearest folder that is there, at or above a path. */
static int open_above(int rootfd, const char *path, char **folderp, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *folder = strdup(path);
	int fd = -ENOENT;

	if (!folder)
		return rd_error_nomem(err);
	for (;;) {
		char *slash;

		fd = rd_write_open(rootfd, *folder ? folder : ".", O_RDONLY | O_DIRECTORY);
		slash = strrchr(folder, '/');
		if (fd >= 0 || (fd != -ENOENT && fd != -ENOTDIR) || !*folder)
			break;
		*(slash ? slash : folder) = '\0';
	}
	if (fd < 0)
		return rd_error_set(err, -fd, "open /%s: %s", folder, strerror(-fd));
	*folderp = RD_TAKE_PTR(folder);
	return fd;
}

static int add_volume(struct room *room, struct volume *volume, const struct statvfs *vfs)
{
	volume->free = (uint64_t)vfs->f_bavail * vfs->f_frsize;
	volume->is_read_only = vfs->f_flag & ST_RDONLY;
	return rd_array_push(room, volume);
}

/* The file system of a path, as seen from the root. */
static int find_volume(struct room *room, const char *path, struct volume **volumep,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *folder = NULL;
	RD_CLEANUP(rd_closep) int fd = open_above(room->sys->rootfd, path + 1, &folder, err);
	struct volume volume = { 0 };
	struct statvfs vfs;
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || fstatvfs(fd, &vfs) < 0)
		return rd_error_set(err, errno, "/%s: %s", folder, strerror(errno));
	for (size_t i = 0; i < room->n; i++) {
		if (room->items[i].dev == st.st_dev) {
			*volumep = &room->items[i];
			return 0;
		}
	}
	volume.dev = st.st_dev;
	volume.path = folder;
	if (add_volume(room, &volume, &vfs))
		return rd_error_nomem(err);
	folder = NULL;
	*volumep = &room->items[room->n - 1];
	return 0;
}

/* So many bytes more. */
static int want(struct room *room, const char *path, uint64_t bytes, struct rd_error *err)
{
	struct volume *volume = NULL;
	int r = find_volume(room, path, &volume, err);

	if (!r)
		volume->need += bytes;
	return r;
}

/* So many bytes, for a moment. */
static int want_once(struct room *room, const char *path, uint64_t bytes, struct rd_error *err)
{
	struct volume *volume = NULL;
	int r = find_volume(room, path, &volume, err);

	if (!r && bytes > volume->largest)
		volume->largest = bytes;
	return r;
}

static uint64_t wanted(const struct volume *volume)
{
	return (volume->need + volume->largest) * MARGIN;
}

static uint64_t size_of(const struct rd_system *sys, const char *path)
{
	struct stat st;

	return rd_system_stat(sys, path, &st, NULL) ? 0 : (uint64_t)st.st_size;
}

/* The set of a kernel as it lies there now. */
static uint64_t size_of_set(const struct room *room, const struct rd_kernel_course *course)
{
	uint64_t size = 0;

	for (size_t i = 0; course->build && i < course->build->files.n; i++)
		size += size_of(room->sys, course->build->files.items[i]);
	for (size_t i = 0; i < room->facts->copies.n; i++) {
		const struct rd_copy *copy = &room->facts->copies.items[i];

		if (copy->kind == RD_COPY_INSTALLED && copy->kernel &&
		    !strcmp(copy->kernel, course->kernel->release))
			size += size_of(room->sys, copy->path);
	}
	return size;
}

static int want_images(struct room *room, const struct rd_kernel_course *course,
		       struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < room->facts->images.n; i++) {
		const struct rd_image *image = &room->facts->images.items[i];
		uint64_t size;

		if (!image->kernel || strcmp(image->kernel, course->kernel->release) != 0)
			continue;
		size = size_of(room->sys, image->path);
		r = want_once(room, image->path, size, err);
		/* The old one, the new one in the stage and among the contents, and what a tool
		 * unpacks. */
		if (!r)
			r = want(room, "/" RD_STATE_FOLDER, 4 * size, err);
	}
	return r;
}

static int want_kernel(struct room *room, const struct rd_kernel_course *course,
		       struct rd_error *err)
{
	uint64_t size = size_of_set(room, course);
	int r;

	r = want(room, "/lib/modules", size, err);
	if (!r)
		r = want(room, "/" RD_STATE_FOLDER, 4 * size, err);
	if (!r && course->build)
		r = want(room, "/var/lib/dkms", size, err);
	if (!r && course->needs_image)
		r = want_images(room, course, err);
	return r;
}

static int add_size(void *userdata, enum rd_walk_event event, const char *path,
		    const struct rd_error *why, struct rd_error *err)
{
	struct {
		const struct rd_system *sys;
		uint64_t size;
	} *sum = userdata;

	(void)why;
	(void)err;
	if (event == RD_WALK_FILE)
		sum->size += (size_of(sum->sys, path) + 4095) & ~(uint64_t)4095;
	return 0;
}

/* What a build takes of the folder of our own. */
static int size_build(const struct room *room, const struct rd_kernel_course *course,
		      uint64_t *sizep, struct rd_error *err)
{
	struct {
		const struct rd_system *sys;
		uint64_t size;
	} sum = { .sys = room->sys };
	int r;

	*sizep = 0;
	if (!course->package || !course->package->source)
		return 0;
	r = rd_system_walk(room->sys, course->package->source, SOURCE_ENTRIES, add_size, &sum, err);
	if (!r)
		*sizep = sum.size * BUILD_SOURCES;
	return r < 0 ? r : 0;
}

/* The first file system that cannot take its share. */
static const struct volume *find_full(const struct room *room)
{
	for (size_t i = 0; i < room->n; i++) {
		if (wanted(&room->items[i]) > room->items[i].free)
			return &room->items[i];
	}
	return NULL;
}

/* For the plan that is shown. */
static int note_room(const struct room *room, struct rd_course *course)
{
	for (size_t i = 0; i < room->n; i++) {
		const struct volume *volume = &room->items[i];
		struct rd_course_room made = {
			.path = rd_text_format("/%s", volume->path),
			.wanted = wanted(volume),
			.free = volume->free,
		};

		if (!made.path || rd_array_push(&course->rooms, &made)) {
			free(made.path);
			return -ENOMEM;
		}
	}
	return 0;
}

static int refuse(const struct room *room, struct rd_error *err)
{
	const struct volume *full = find_full(room);

	for (size_t i = 0; i < room->n; i++) {
		if (!room->items[i].is_read_only)
			continue;
		rd_error_set(err, EROFS,
			     "/%s is on a file system that is mounted read-only: mount it for "
			     "writing (mount -o remount,rw), then try again",
			     room->items[i].path);
		return RD_PREFLIGHT_REFUSED;
	}
	if (!full)
		return 0;
	rd_error_set(err, ENOSPC,
		     "/%s is on a file system with %llu MiB free, and %llu MiB are wanted: make "
		     "room there (old kernels, journalctl --vacuum-size, apt-get clean), then try "
		     "again",
		     full->path, (unsigned long long)(full->free / MIB),
		     (unsigned long long)(wanted(full) / MIB + 1));
	return RD_PREFLIGHT_REFUSED;
}

/* The build of a kernel, where it fits; else what the distribution has, if it may. */
static int fit_build(struct room *room, struct rd_kernel_course *course, struct rd_error *err)
{
	/* The folder of our own was asked for first. */
	struct volume *volume = &room->items[0];
	struct rd_error why = RD_ERROR_INIT;
	uint64_t size, before = volume->need;
	int r;

	r = size_build(room, course, &size, err);
	if (r)
		return r;
	volume->need += size;
	if (wanted(volume) <= volume->free || course->fallback == RD_METHOD_NONE)
		return 0;
	rd_error_set(&why, ENOSPC, "no room to build: /%s has %llu MiB free, %llu are wanted",
		     volume->path, (unsigned long long)(volume->free / MIB),
		     (unsigned long long)(wanted(volume) / MIB + 1));
	volume->need = before;
	return course_fall_back(course, &why, err);
}

/* --- Packages -------------------------------------------------------------------------------- */

/* Whether a package is one of those whose installation fails where the driver cannot be built. */
static bool is_of_driver(const struct rd_facts *facts, const char *name, size_t len)
{
	for (size_t i = 0; i < facts->packages.n; i++) {
		const char *known = facts->packages.items[i].name;

		if (strlen(known) == len && !strncmp(known, name, len))
			return true;
	}
	/* A kernel's own, whose installation calls dkms: held up until the source is clean. */
	if (rd_text_has_prefix(name, "linux-image-") || rd_text_has_prefix(name, "linux-headers-"))
		return true;
	return len > 5 && !strncmp(name + len - 5, "-dkms", 5);
}

/*
 * A package that its manager has not finished with: the next call of it would go on, and run dkms.
 * That of the driver itself is let pass, since it cannot be finished before the driver is clean.
 * Format: deb822(5), a paragraph a package, Status as in dpkg-query(1).
 */
static int check_packages(const struct rd_system *sys, const struct rd_facts *facts,
			  struct rd_error *err)
{
	static const char *const states[] = { "half-configured", "half-installed", "unpacked",
					      "triggers-awaited" };
	static const char package[] = "\nPackage: ", status[] = "\nStatus: ";
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	const char *p, *line;
	int r;

	r = rd_system_read(sys, "/var/lib/dpkg/status", STATUS_MAX, &text, &why);
	if (r)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
	for (p = text.data; p && (line = strstr(p, status)); p = line + 1) {
		size_t len = strcspn(line + 1, "\n");
		const char *name = NULL;

		/* The name stands above its status. */
		for (const char *n = p; (n = strstr(n, package)) && n < line; n++)
			name = n + strlen(package);
		if (!name && rd_text_has_prefix(text.data, package + 1))
			name = text.data + strlen(package + 1);
		for (size_t i = 0; name && i < RD_N_ELEMENTS(states); i++) {
			size_t n = strlen(states[i]), name_len = strcspn(name, "\n");

			if (len < n || strncmp(line + 1 + len - n, states[i], n) != 0 ||
			    is_of_driver(facts, name, name_len))
				continue;
			rd_error_set(err, EBUSY,
				     "the package %.*s is %s: run dpkg --configure -a first",
				     (int)name_len, name, states[i]);
			return RD_PREFLIGHT_REFUSED;
		}
	}
	return 0;
}

/* --- Tools -------------------------------------------------------------------------------- */

/* Whatever is needed to make the images anew, before anything is built for it. */
static int check_makers(const struct rd_system *sys, const struct rd_facts *facts,
			const struct rd_course *course, struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < facts->images.n; i++) {
		if (rd_changes_needs_image(course, &facts->images.items[i]))
			r = initramfs_can_make(sys, &facts->images.items[i], err);
	}
	return r == INITRAMFS_NO_TOOL ? RD_PREFLIGHT_REFUSED : r;
}

/* By the boot's id the next one is told from this one; tools want /proc too. */
static int check_proc(struct rd_error *err)
{
	if (!access("/proc/sys/kernel/random/boot_id", R_OK))
		return 0;
	rd_error_set(err, ENOENT, "/proc is not mounted here: mount -t proc proc /proc");
	return RD_PREFLIGHT_REFUSED;
}

static int check_path(const char *path, struct rd_error *err)
{
	return rd_path_check(path + (*path == '/'), err) ? RD_PREFLIGHT_REFUSED : 0;
}

/* All that is known by now to be changed must lie where recovery may change things. */
static int check_paths(const struct rd_facts *facts, const struct rd_course *course,
		       struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < course->sources.n; i++)
		r = check_path(course->sources.items[i]->path, err);
	for (size_t i = 0; !r && i < course->unregistered.n; i++)
		r = check_path(course->unregistered.items[i]->path, err);
	for (size_t i = 0; !r && i < course->stale.n; i++)
		r = check_path(course->stale.items[i].package->path, err);
	for (size_t i = 0; !r && i < course->kernels.n; i++) {
		const struct rd_kernel_course *kernel = &course->kernels.items[i];

		if (kernel->package)
			r = check_path(kernel->package->path, err);
		for (size_t k = 0; !r && kernel->build && k < kernel->build->files.n; k++)
			r = check_path(kernel->build->files.items[k], err);
		for (size_t k = 0; !r && k < facts->images.n; k++) {
			const struct rd_image *image = &facts->images.items[k];

			if (kernel->needs_image && image->kernel &&
			    !strcmp(image->kernel, kernel->kernel->release))
				r = check_path(image->path, err);
		}
	}
	return r;
}

int rd_preflight_check(const struct rd_system *sys, const struct rd_facts *facts,
		       struct rd_course *course, struct rd_error *err)
{
	RD_CLEANUP(room_deinit) struct room room = { .sys = sys, .facts = facts };
	int r;

	r = check_proc(err);
	if (!r)
		r = check_packages(sys, facts, err);
	if (!r)
		r = check_fstab(sys, facts, err);
	/* Of this machine everything that boots was mounted, or boots without. */
	if (!r && !sys->is_live)
		r = check_boot(sys, err);
	if (!r)
		r = check_paths(facts, course, err);
	if (!r)
		r = want(&room, "/" RD_STATE_FOLDER, SMALL_FILES, err);
	for (size_t i = 0; !r && i < course->sources.n; i++)
		r = want(&room, course->sources.items[i]->path, SMALL_FILES / 16, err);
	for (size_t i = 0; !r && i < course->kernels.n; i++)
		r = want_kernel(&room, &course->kernels.items[i], err);
	/* Builds come one after the other, from one copy: the largest counts. */
	for (size_t i = 0; !r && i < course->kernels.n; i++) {
		if (course->kernels.items[i].method == RD_METHOD_SOURCE) {
			r = fit_build(&room, &course->kernels.items[i], err);
			if (course->kernels.items[i].method == RD_METHOD_SOURCE)
				break;
		}
	}
	if (!r && note_room(&room, course))
		return rd_error_nomem(err);
	if (!r)
		r = refuse(&room, err);
	return r ? r : check_makers(sys, facts, course, err);
}
