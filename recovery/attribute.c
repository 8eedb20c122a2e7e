/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The attributes that a copy must carry to be the same file: mode, owner, times, ACLs, labels and
 * capabilities (the last three are extended attributes, xattr(7)).
 *
 * security.evm is bound to the inode, so no copy can have it. Labels that the kernel gave by
 * itself to a new file (security.*) stay where the manifest has none. FAT, which /boot may be, has
 * neither modes nor owners. Links have owner and times here, no more: only the descriptor of a file
 * or folder gives access to extended attributes.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attribute.h"
#include "base/array.h"

#define XATTRS_MAX ((size_t)64 << 10) /* XATTR_LIST_MAX, and XATTR_SIZE_MAX of a value */

int attribute_from_stat(struct rd_node *node, const struct stat *st, struct rd_error *err)
{
	if (S_ISREG(st->st_mode))
		node->type = RD_NODE_FILE;
	else if (S_ISDIR(st->st_mode))
		node->type = RD_NODE_FOLDER;
	else if (S_ISLNK(st->st_mode))
		node->type = RD_NODE_LINK;
	else
		return rd_error_set(err, EINVAL, "neither a file nor a folder nor a link");
	node->mode = st->st_mode & 07777;
	node->uid = st->st_uid;
	node->gid = st->st_gid;
	node->atime = st->st_atim;
	node->mtime = st->st_mtim;
	node->size = node->type == RD_NODE_FILE ? (uint64_t)st->st_size : 0;
	return 0;
}

static int xattr_compare(const void *a, const void *b)
{
	return strcmp(((const struct rd_xattr *)a)->name, ((const struct rd_xattr *)b)->name);
}

static int read_xattr(struct rd_node *node, int fd, const char *name, struct rd_error *err)
{
	struct rd_xattr xattr = { 0 };
	ssize_t n;

	xattr.name = strdup(name);
	xattr.value = malloc(XATTRS_MAX);
	n = xattr.value ? fgetxattr(fd, name, xattr.value, XATTRS_MAX) : 0;
	if (!xattr.name || !xattr.value || n < 0 || (xattr.len = (size_t)n, 0) ||
	    rd_array_push(&node->xattrs, &xattr)) {
		int errnum = n < 0 ? errno : ENOMEM;

		free(xattr.name);
		free(xattr.value);
		return rd_error_set(err, errnum, "read xattr %s: %s", name, strerror(errnum));
	}
	return 0;
}

int attribute_read_xattrs(struct rd_node *node, int fd, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *names = malloc(XATTRS_MAX);
	ssize_t n;
	int r = 0;

	if (!names)
		return rd_error_nomem(err);
	n = flistxattr(fd, names, XATTRS_MAX);
	if (n < 0 && errno != EOPNOTSUPP)
		return rd_error_set(err, errno, "list xattrs: %s", strerror(errno));
	for (ssize_t i = 0; !r && i < n; i += (ssize_t)strlen(names + i) + 1) {
		if (strcmp(names + i, "security.evm") != 0)
			r = read_xattr(node, fd, names + i, err);
	}
	if (!r && node->xattrs.n)
		qsort(node->xattrs.items, node->xattrs.n, sizeof(*node->xattrs.items),
		      xattr_compare);
	return r;
}

static const struct rd_xattr *find_xattr(const struct rd_node *node, const char *name)
{
	for (size_t i = 0; i < node->xattrs.n; i++) {
		if (!strcmp(node->xattrs.items[i].name, name))
			return &node->xattrs.items[i];
	}
	return NULL;
}

static bool has_xattr(const struct rd_node *node, const struct rd_xattr *wanted)
{
	const struct rd_xattr *xattr = find_xattr(node, wanted->name);

	return xattr && xattr->len == wanted->len &&
	       !memcmp(xattr->value, wanted->value, xattr->len);
}

/* One that @should has not, and that did not come by itself. */
static bool is_extra(const struct rd_node *should, const struct rd_xattr *xattr)
{
	return !rd_text_has_prefix(xattr->name, "security.") && !find_xattr(should, xattr->name);
}

static int write_xattrs(const struct rd_node *should, int fd, struct rd_error *err)
{
	RD_CLEANUP(rd_node_deinit) struct rd_node is = { 0 };
	int r;

	r = attribute_read_xattrs(&is, fd, err);
	if (r)
		return r;
	for (size_t i = 0; i < is.xattrs.n; i++) {
		const char *name = is.xattrs.items[i].name;

		if (is_extra(should, &is.xattrs.items[i]) && fremovexattr(fd, name) < 0)
			return rd_error_set(err, errno, "remove xattr %s: %s", name,
					    strerror(errno));
	}
	for (size_t i = 0; i < should->xattrs.n; i++) {
		const struct rd_xattr *xattr = &should->xattrs.items[i];

		if (!has_xattr(&is, xattr) &&
		    fsetxattr(fd, xattr->name, xattr->value, xattr->len, 0) < 0)
			return rd_error_set(err, errno, "set xattr %s: %s", xattr->name,
					    strerror(errno));
	}
	return 0;
}

/* A change of owner takes the set-user-id bit away, so the mode comes after it. */
static int write_rights(const struct rd_node *should, int fd, struct rd_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return rd_error_set(err, errno, "stat: %s", strerror(errno));
	if ((st.st_uid != should->uid || st.st_gid != should->gid) &&
	    fchown(fd, should->uid, should->gid) < 0)
		return rd_error_set(err, errno, "set the owner: %s", strerror(errno));
	if ((st.st_uid != should->uid || st.st_gid != should->gid ||
	     (st.st_mode & 07777) != should->mode) &&
	    fchmod(fd, should->mode) < 0)
		return rd_error_set(err, errno, "set the mode: %s", strerror(errno));
	return write_xattrs(should, fd, err);
}

int attribute_write(const struct rd_node *node, int fd, struct rd_error *err)
{
	const struct timespec times[] = { node->atime, node->mtime };
	struct statfs fs;
	int r = 0;

	if (fstatfs(fd, &fs) < 0)
		return rd_error_set(err, errno, "statfs: %s", strerror(errno));
	if (fs.f_type != MSDOS_SUPER_MAGIC && fs.f_type != EXFAT_SUPER_MAGIC)
		r = write_rights(node, fd, err);
	if (!r && futimens(fd, times) < 0)
		return rd_error_set(err, errno, "set the times: %s", strerror(errno));
	return r;
}

int attribute_write_link(const struct rd_node *node, int dirfd, const char *name,
			 struct rd_error *err)
{
	const struct timespec times[] = { node->atime, node->mtime };
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return rd_error_set(err, errno, "stat %s: %s", name, strerror(errno));
	if ((st.st_uid != node->uid || st.st_gid != node->gid) &&
	    fchownat(dirfd, name, node->uid, node->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return rd_error_set(err, errno, "set the owner of %s: %s", name, strerror(errno));
	if (utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return rd_error_set(err, errno, "set the times of %s: %s", name, strerror(errno));
	return 0;
}

bool attribute_is_like(const struct rd_node *should, const struct rd_node *is)
{
	if (should->mode != is->mode || should->uid != is->uid || should->gid != is->gid ||
	    should->mtime.tv_sec != is->mtime.tv_sec || should->mtime.tv_nsec != is->mtime.tv_nsec)
		return false;
	for (size_t i = 0; i < should->xattrs.n; i++) {
		if (!has_xattr(is, &should->xattrs.items[i]))
			return false;
	}
	for (size_t i = 0; i < is->xattrs.n; i++) {
		if (is_extra(should, &is->xattrs.items[i]))
			return false;
	}
	return true;
}
