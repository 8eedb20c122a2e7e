/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Opens the module of a copy a second time. Inspection keeps nothing of the files it saw, as few of
 * them are ever asked for again: only the one that runs, and only when its code is looked at.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/image.h"
#include "running_file.h"

/* Whatever a reader minds about the file, it is lost for what is asked here. */
static int lost(int r)
{
	return r > 0 ? RD_RUNNING_FILE_LOST : r;
}

/* @path: IMAGE:MEMBER. */
static int open_member(const struct rd_system *sys, const char *path, struct rd_running_file *file,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *image = strdup(path);
	char *colon = image ? strrchr(image, ':') : NULL;
	int r;

	if (!image)
		return rd_error_nomem(err);
	if (!colon) {
		rd_error_set(err, EINVAL, "no member of an image");
		return RD_RUNNING_FILE_LOST;
	}
	*colon = '\0';
	r = rd_system_map(sys, image, RD_IMAGE_MAX, &file->map, err);
	if (!r)
		r = rd_image_read_member(file->map.data, file->map.len, colon + 1, &file->member,
					 err);
	return lost(r);
}

static int index_bytes(const uint8_t *data, size_t len, struct rd_running_file *file,
		       struct rd_error *err)
{
	enum rd_codec codec = rd_codec_detect(data, len);
	int r;

	if (codec == RD_CODEC_NONE)
		return lost(rd_elf_index(&file->elf, data, len, err));
	r = rd_codec_decode(codec, data, len, RD_CODEC_MAX_MODULE, &file->blob, err);
	if (!r)
		r = rd_elf_index(&file->elf, file->blob.data, file->blob.len, err);
	return lost(r);
}

int rd_running_file_open(const struct rd_system *sys, const struct rd_copy *copy,
			 struct rd_running_file *file, struct rd_error *err)
{
	int r;

	*file = (struct rd_running_file)RD_RUNNING_FILE_INIT;
	if (copy->kind == RD_COPY_INITRAMFS) {
		r = open_member(sys, copy->path, file, err);
		if (!r)
			r = index_bytes((const uint8_t *)file->member.data, file->member.len, file,
					err);
	} else {
		r = rd_system_map(sys, copy->path, RD_CODEC_MAX_MODULE, &file->map, err);
		r = r ? lost(r) : index_bytes(file->map.data, file->map.len, file, err);
	}
	if (r)
		rd_running_file_deinit(file);
	return r;
}

void rd_running_file_deinit(struct rd_running_file *file)
{
	rd_elf_deinit(&file->elf);
	rd_blob_deinit(&file->blob);
	rd_text_deinit(&file->member);
	rd_map_deinit(&file->map);
	*file = (struct rd_running_file)RD_RUNNING_FILE_INIT;
}
