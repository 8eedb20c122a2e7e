/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* inspect on initramfs images. */

#include "inspect/inspect.h"
#include "model/copy.h"

struct cli_image_options {
	unsigned int flags; /* RD_INSPECT_* */
	const struct rd_inspect_reference *reference; /* may be NULL */
};

enum {
	_CLI_IMAGE_OK,
	CLI_IMAGE_NONE, /* the file is no image, or cannot be read */
};

/**
 * cli_image_inspect() - append the copies in an image
 * @name: as the user gave it
 *
 * An image without amdgpu is one copy of its own that says so: without a sign, for it was looked at
 * to its end.
 *
 * Return: 0, CLI_IMAGE_NONE, or a negative errno.
 */
int cli_image_inspect(const char *name, const struct cli_image_options *options,
		      struct rd_copies *copies, struct rd_error *err);
