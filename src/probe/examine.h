/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From a path below the root to an inspected copy among the facts. Private to src/probe. */

#include "model/facts.h"
#include "probe/package.h"
#include "probe/probe.h"
#include "system/system.h"

/* What was examined already, so that the same bytes are not inspected twice. */
struct rd_examiner {
	const struct rd_system *sys;
	const struct rd_probe_options *options;
	struct rd_facts *facts;
	unsigned int flags; /* RD_INSPECT_* */
	size_t max; /* bytes of one file */
	struct rd_package_db packages;
	bool compares_content; /* equal bytes are one copy: not so where evidence names the file */
	struct {
		struct rd_examined {
			dev_t dev;
			ino_t ino;
			off_t size;
			size_t copy; /* index into facts->copies */
		} * items;
		size_t n, cap;
	} seen;
};

void rd_examiner_deinit(struct rd_examiner *examiner);

/* Knows the installed modules among the facts, which another examiner met. Return: 0 or -errno. */
int rd_examiner_recall(struct rd_examiner *examiner, struct rd_error *err);

/* Somebody found that @file has the bytes of @other: it need not be read again. 0 or -ENOMEM. */
int rd_examiner_note_equal(struct rd_examiner *examiner, const struct stat *file,
			   const struct stat *other);

enum {
	_RD_EXAMINE_OK,
	RD_EXAMINE_NO_FILE, /* listed as unknown: dangling, a FIFO, unreadable */
};

/**
 * rd_examine() - inspect one file and append it to the facts
 * @kernel: NULL for a source
 * @path: as seen from the root
 *
 * The same file by another name, or another one with equal content, gets a copy of the first
 * one's verdict (content: if @examiner says so). A file that cannot be read is appended as unknown,
 * with the reason.
 *
 * Return: 0, RD_EXAMINE_NO_FILE (also appended), or a negative errno.
 */
int rd_examine(struct rd_examiner *examiner, enum rd_copy_kind kind, const char *kernel,
	       const char *path, struct rd_error *err);

/* Gives @copy the identity, verdict and evidence of a copy with the same bytes. 0 or -ENOMEM. */
int rd_examine_repeat(struct rd_copy *copy, const struct rd_copy *from);
