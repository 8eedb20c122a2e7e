/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The file behind a copy of the driver once more, decoded and indexed, to hold running code
 * against. Private to src/probe. */

#include "base/text.h"
#include "inspect/codec.h"
#include "inspect/elf.h"
#include "model/copy.h"
#include "system/system.h"

struct rd_running_file {
	struct rd_map map;
	struct rd_text member; /* of an initramfs image */
	struct rd_blob blob; /* decoded */
	struct rd_elf elf; /* borrows from one of the above */
};

#define RD_RUNNING_FILE_INIT \
	{                    \
		0            \
	}

enum {
	_RD_RUNNING_FILE_OK,
	RD_RUNNING_FILE_LOST, /* cannot be read any more; @err says why */
};

/**
 * rd_running_file_open() - read a copy's file again
 * @copy: on disk, or a member of an initramfs image
 *
 * The ELF file is indexed, its relocations are not loaded.
 * Return: 0, RD_RUNNING_FILE_LOST, or a negative errno.
 */
int rd_running_file_open(const struct rd_system *sys, const struct rd_copy *copy,
			 struct rd_running_file *file, struct rd_error *err);
void rd_running_file_deinit(struct rd_running_file *file);
