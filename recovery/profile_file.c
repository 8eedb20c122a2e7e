/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * From the user's own folder on no link is followed, and everything that is passed must be the
 * user's: a folder of somebody else's in a home is a trap, or a mistake. The new file is made under
 * the fixed name RD_WRITE_NEW, which the lock on the folder allows; what a dead run left of it is
 * taken away by the next one.
 *
 * The old file gets its second name by link(2) before the new one takes the first: at no moment is
 * there nothing, and no kept file is written over, as link(2) never does. A run that died between
 * the two has left a link to the very file, which serves then.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "profile_file.h"

#define FILE_MAX ((size_t)4 << 20)
#define KEPT_MAX 1000

void profile_file_deinit(struct profile_file *file)
{
	rd_closep(&file->dirfd);
	rd_text_deinit(&file->text);
	*file = (struct profile_file)PROFILE_FILE_INIT;
}

static int refuse(struct rd_error *err, const char *name, const char *why)
{
	rd_error_set(err, EPERM, "%s: %s", name, why);
	return RD_PROFILE_REFUSED;
}

static int check_folder(int fd, const char *name, uid_t owner, struct rd_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return rd_error_set(err, errno, "%s: %s", name, strerror(errno));
	if (st.st_uid != owner)
		return refuse(err, name, "the folder belongs to somebody else");
	if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX))
		return refuse(err, name, "everybody may change the folder");
	return 0;
}

/* One folder further; *@fdp is replaced. */
static int enter(int *fdp, const char *name, uid_t owner, bool is_made, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int parent = *fdp;
	int r;

	*fdp = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fdp < 0 && errno == ENOENT && is_made) {
		if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
			return rd_error_set(err, errno, "make folder %s: %s", name,
					    strerror(errno));
		r = rd_write_sync(parent, name, err);
		if (r)
			return r;
		*fdp = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (*fdp < 0 && errno == ENOENT)
		return RD_PROFILE_ABSENT;
	if (*fdp < 0 && (errno == ELOOP || errno == ENOTDIR))
		return refuse(err, name, "no folder, or a link to one");
	if (*fdp < 0)
		return rd_error_set(err, errno, "open %s: %s", name, strerror(errno));
	return check_folder(*fdp, name, owner, err);
}

static int open_folder(int rootfd, const char *base, const char *path, uid_t owner, bool is_made,
		       struct profile_file *file, struct rd_error *err)
{
	const char *slash;
	int r;

	file->dirfd = rd_write_open(rootfd, base, O_RDONLY | O_DIRECTORY);
	if (file->dirfd < 0)
		return rd_error_set(err, -file->dirfd, "open %s: %s", base, strerror(-file->dirfd));
	r = check_folder(file->dirfd, base, owner, err);
	while (!r && (slash = strchr(path, '/'))) {
		snprintf(file->name, sizeof(file->name), "%.*s", (int)(slash - path), path);
		r = enter(&file->dirfd, file->name, owner, is_made, err);
		path = slash + 1;
	}
	snprintf(file->name, sizeof(file->name), "%s", path);
	return r;
}

/* One run at a time in a folder; flock(2) works on folders, and goes with the process. */
static int lock_folder(const struct profile_file *file, struct rd_error *err)
{
	if (!flock(file->dirfd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return rd_error_set(err, EBUSY, "%s: another run is at work in its folder",
				    file->name);
	/* Some network file systems have no locks. */
	return errno == ENOLCK || errno == EOPNOTSUPP || errno == EINVAL || errno == EBADF
		       ? 0
		       : rd_error_set(err, errno, "lock the folder of %s: %s", file->name,
				      strerror(errno));
}

static int check_file(const struct profile_file *file, uid_t owner, struct rd_error *err)
{
	if (S_ISLNK(file->st.st_mode))
		return refuse(err, file->name, "a link, which is not followed");
	if (!S_ISREG(file->st.st_mode))
		return refuse(err, file->name, "no plain file");
	if (file->st.st_uid != owner)
		return refuse(err, file->name, "it belongs to somebody else");
	if (file->st.st_size > (off_t)FILE_MAX)
		return refuse(err, file->name, "too large for such a file");
	return 0;
}

static int read_file(struct profile_file *file, uid_t owner, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	if (fstatat(file->dirfd, file->name, &file->st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return rd_error_set(err, errno, "%s: %s", file->name, strerror(errno));
	}
	r = check_file(file, owner, err);
	if (r)
		return r;
	fd = openat(file->dirfd, file->name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &file->st) < 0)
		return rd_error_set(err, errno, "open %s: %s", file->name, strerror(errno));
	r = check_file(file, owner, err);
	if (!r)
		r = rd_text_fill(&file->text, fd, FILE_MAX, err);
	if (r < 0)
		return rd_error_prefix(err, r, "read %s", file->name);
	file->exists = true;
	return r ? refuse(err, file->name, "it cannot be read, or grows meanwhile") : 0;
}

int profile_file_open(int rootfd, const char *base, const char *path, uid_t owner, bool is_made,
		      struct profile_file *filep, struct rd_error *err)
{
	RD_CLEANUP(profile_file_deinit) struct profile_file file = PROFILE_FILE_INIT;
	int r;

	r = open_folder(rootfd, base, path, owner, is_made, &file, err);
	if (!r)
		r = lock_folder(&file, err);
	if (!r)
		r = read_file(&file, owner, err);
	if (r)
		return r;
	*filep = file;
	file = (struct profile_file)PROFILE_FILE_INIT;
	return 0;
}

static int kept_name(const struct profile_file *file, unsigned int i, char *name,
		     struct rd_error *err)
{
	char number[16] = "";
	int n;

	if (i > 1)
		snprintf(number, sizeof(number), ".%u", i);
	n = snprintf(name, NAME_MAX + 1, "%s" RD_PROFILE_KEPT "%s", file->name, number);
	if (n > NAME_MAX)
		return rd_error_set(err, ENAMETOOLONG, "%s: too long a name", file->name);
	return 0;
}

static bool is_same(const struct profile_file *file, const char *name)
{
	struct stat st;

	return !fstatat(file->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) &&
	       st.st_dev == file->st.st_dev && st.st_ino == file->st.st_ino;
}

/* The second name of the old file. */
static int keep(const struct profile_file *file, char *kept, struct rd_error *err)
{
	int r = 0;

	for (unsigned int i = 1; i <= KEPT_MAX && !r; i++) {
		r = kept_name(file, i, kept, err);
		if (r)
			return r;
		if (!linkat(file->dirfd, file->name, file->dirfd, kept, 0))
			return rd_write_sync(file->dirfd, kept, err);
		if (errno != EEXIST)
			return rd_error_set(err, errno, "keep %s as %s: %s%s", file->name, kept,
					    strerror(errno),
					    errno == EPERM || errno == EOPNOTSUPP
						    ? " (a file system without links: move it "
						      "away by hand)"
						    : "");
		if (is_same(file, kept))
			return rd_write_sync(file->dirfd, kept, err);
	}
	return rd_error_set(err, EEXIST, "%s: %d older ones are kept already", file->name,
			    KEPT_MAX);
}

static int make(const struct profile_file *file, const struct rd_text *text, mode_t mode,
		struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	fd = rd_write_temporary(file->dirfd, RD_WRITE_NEW, err);
	if (fd < 0)
		return fd;
	r = rd_write_all(fd, text->data, text->len, err);
	if (!r && fchmod(fd, mode) < 0)
		r = rd_error_set(err, errno, "mode: %s", strerror(errno));
	return r ? r : rd_write_sync(fd, RD_WRITE_NEW, err);
}

int profile_file_replace(const struct profile_file *file, const struct rd_text *text, mode_t mode,
			 char *kept, struct rd_error *err)
{
	int r;

	r = make(file, text, mode, err);
	if (!r && file->exists && kept)
		r = keep(file, kept, err);
	if (!r)
		r = rd_write_rename(file->dirfd, RD_WRITE_NEW, file->name, err);
	if (!r)
		return 0;
	unlinkat(file->dirfd, RD_WRITE_NEW, 0);
	return rd_error_prefix(err, r, "%s", file->name);
}

int profile_file_remove(const struct profile_file *file, char *kept, struct rd_error *err)
{
	int r = kept ? keep(file, kept, err) : 0;

	return r ? r : rd_write_unlink(file->dirfd, file->name, err);
}
