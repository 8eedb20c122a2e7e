/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Prints the path of every member that a scan of an image meets, in their order, for test-images.py
 * to hold against what the tool that made the image prints: image-members FILE
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "inspect/initramfs.h"
#include "inspect/uki.h"

static int print(const char *path, unsigned int mode, void *userdata)
{
	(void)mode;
	(void)userdata;
	puts(path);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct rd_initramfs_visitor visitor = { .entry = print };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_fclosep) FILE *f = argc == 2 ? fopen(argv[1], "re") : NULL;
	struct rd_initramfs_summary summary;
	struct rd_error err = RD_ERROR_INIT;
	struct rd_uki uki = { 0 };

	if (!f || rd_text_fill(&text, fileno(f), SIZE_MAX / 2, &err))
		return EXIT_FAILURE;
	uki.initrds[0] = (struct rd_uki_part){ .data = (uint8_t *)text.data, .len = text.len };
	uki.n = 1;
	if (rd_uki_is((uint8_t *)text.data, text.len) &&
	    rd_uki_read((uint8_t *)text.data, text.len, &uki, &err))
		return EXIT_FAILURE;
	for (size_t i = 0; i < uki.n; i++) {
		if (rd_initramfs_scan(uki.initrds[i].data, uki.initrds[i].len, &visitor, &summary,
				      &err)) {
			fprintf(stderr, "%s: %s\n", argv[1], err.msg);
			return EXIT_FAILURE;
		}
	}
	return EXIT_SUCCESS;
}
