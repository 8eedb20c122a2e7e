/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Mode, owner, times and extended attributes. Private to recovery. */

#include <stdbool.h>
#include <sys/stat.h>

#include "recovery/manifest.h"

/* Type, mode, owner, times and size of what @st is of; 0, or -EINVAL for what is no file, folder
 * or link. */
int attribute_from_stat(struct rd_node *node, const struct stat *st, struct rd_error *err);

/* The extended attributes of an open file or folder, appended to @node. */
int attribute_read_xattrs(struct rd_node *node, int fd, struct rd_error *err);

/* Makes an open file or folder have the attributes of @node: what differs is set, times last. */
int attribute_write(const struct rd_node *node, int fd, struct rd_error *err);

/* The owner and the times of the link at a name. */
int attribute_write_link(const struct rd_node *node, int dirfd, const char *name,
			 struct rd_error *err);

/* Whether a file that has what @is says would be left alone by attribute_write(@should). */
bool attribute_is_like(const struct rd_node *should, const struct rd_node *is);
