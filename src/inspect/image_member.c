/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One member of an image, by its path. The inspection keeps nothing of what it saw, and few members
 * are ever asked for again.
 */

#include <errno.h>
#include <string.h>

#include "inspect/image.h"
#include "inspect/initramfs.h"
#include "inspect/uki.h"

struct wanted {
	const char *path;
	struct rd_text *to;
	struct rd_error *err;
};

static int meet_entry(const char *path, unsigned int mode, void *userdata)
{
	const struct wanted *wanted = userdata;

	(void)mode;
	return strcmp(path, wanted->path) ? 0 : RD_INITRAMFS_WANTED;
}

/* The last of that path counts, as for the kernel. */
static int meet_member(const struct rd_initramfs_member *member, void *userdata)
{
	const struct wanted *wanted = userdata;

	rd_text_deinit(wanted->to);
	if (member->data && rd_text_append(wanted->to, member->data, member->len))
		return rd_error_nomem(wanted->err);
	return 0;
}

int rd_image_read_member(const uint8_t *data, size_t len, const char *member,
			 struct rd_text *content, struct rd_error *err)
{
	struct wanted wanted = { .path = member, .to = content, .err = err };
	const struct rd_initramfs_visitor visitor = {
		.entry = meet_entry,
		.member = meet_member,
		.userdata = &wanted,
	};
	struct rd_uki uki = { .initrds = { { .data = data, .len = len } }, .n = 1 };
	struct rd_initramfs_summary summary;
	int r = 0;

	if (rd_uki_is(data, len) && rd_uki_read(data, len, &uki, err))
		return RD_IMAGE_LOST;
	for (size_t i = 0; i < uki.n && !r; i++)
		r = rd_initramfs_scan(uki.initrds[i].data, uki.initrds[i].len, &visitor, &summary,
				      err);
	if (r)
		return r < 0 ? r : RD_IMAGE_LOST;
	if (content->len)
		return 0;
	rd_error_set(err, ENOENT, "not in the image any more");
	return RD_IMAGE_LOST;
}
