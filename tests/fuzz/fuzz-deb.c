/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A package, of Debian or pacman, from which a file is taken. */

#include "fuzz.h"
#include "inspect/deb.h"

static volatile char sink;

static void use(struct rd_text *text)
{
	for (size_t i = 0; i < text->len; i++)
		sink ^= text->data[i];
	rd_text_deinit(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd_text text = RD_TEXT_INIT;
	struct rd_error err = RD_ERROR_INIT;

	rd_deb_extract(data, len, "/lib/modules/k/a.ko", &text, &err);
	use(&text);
	rd_deb_extract_tar(data, len, "/lib/modules/k/a.ko", &text, &err);
	use(&text);
	return 0;
}
