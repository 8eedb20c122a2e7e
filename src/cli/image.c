/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What the probe does for a machine's images, for one that the user names. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "file.h"
#include "image.h"
#include "inspect/image.h"

static int inspect_member(void *userdata, const uint8_t *data, size_t len, struct rd_copy *copy,
			  struct rd_error *err)
{
	const struct cli_image_options *options = userdata;

	return rd_inspect_bytes(data, len, options->flags, options->reference, copy, err);
}

static int start_file(const char *name, struct rd_copies *copies, struct rd_copy **copyp)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };

	if (rd_copy_init(&copy, RD_COPY_FILE, NULL, name) || rd_array_push(copies, &copy))
		return -ENOMEM;
	copy = (struct rd_copy){ 0 };
	*copyp = &copies->items[copies->n - 1];
	return 0;
}

static int add_torn(const char *name, struct rd_copies *copies)
{
	struct rd_copy *copy;

	return start_file(name, copies, &copy) ||
			       rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL,
					       "the file shrank while it was read")
		       ? -ENOMEM
		       : 0;
}

static int add_empty(const struct rd_image_content *content, struct rd_copies *copies)
{
	const struct rd_image *image = &content->image;
	struct rd_copy *copy;

	if (start_file(image->path, copies, &copy))
		return -ENOMEM;
	copy->verdict = RD_VERDICT_NO_SIGN;
	return rd_evidence_add(&copy->evidence, RD_EVIDENCE_COVERAGE, NULL,
			       "%s with %zu members, compression %s: no amdgpu inside",
			       image->is_uki ? "an initramfs in a unified kernel image"
					     : "an initramfs",
			       content->members, image->format);
}

static int take_copies(struct rd_image_content *content, struct rd_copies *copies)
{
	for (size_t i = 0; i < content->copies.n; i++) {
		if (rd_array_push(copies, &content->copies.items[i]))
			return -ENOMEM;
		content->copies.items[i] = (struct rd_copy){ 0 };
	}
	return content->copies.n ? 0 : add_empty(content, copies);
}

int cli_image_inspect(const char *name, const struct cli_image_options *options,
		      struct rd_copies *copies, struct rd_error *err)
{
	RD_CLEANUP(rd_image_content_deinit) struct rd_image_content content = { 0 };
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	const struct rd_image_inspector inspector = {
		.inspect = inspect_member,
		.userdata = (void *)(uintptr_t)options,
	};
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = cli_file_map_image(name, &map, &why, err);
	if (r)
		return r < 0 ? r : CLI_IMAGE_NONE;
	if (!rd_image_is(map.data, map.len))
		return CLI_IMAGE_NONE;
	content.image.path = strdup(name);
	if (!content.image.path)
		return rd_error_nomem(err);
	r = rd_image_inspect(map.data, map.len, &inspector, &content, err);
	if (r)
		return rd_error_prefix(err, r, "%s", name);
	/* A kernel by itself may have the driver built in: nothing was looked at. */
	if (!content.image.format && !content.copies.n)
		return CLI_IMAGE_NONE;
	r = rd_map_is_torn(&map) ? add_torn(name, copies) : take_copies(&content, copies);
	return r ? rd_error_nomem(err) : 0;
}
