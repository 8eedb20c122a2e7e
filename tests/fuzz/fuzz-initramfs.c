/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Archives in archives, PE sections around them, depmod's index among the members. What would be
 * inspected is read to its last byte: the inspection has a fuzzer of its own.
 */

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "inspect/image.h"
#include "inspect/module_index.h"

static volatile uint8_t sink;

static int inspect(void *userdata, const uint8_t *data, size_t len, struct rd_copy *copy,
		   struct rd_error *err)
{
	(void)userdata, (void)copy, (void)err;
	for (size_t i = 0; i < len; i++)
		sink ^= data[i];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct rd_image_inspector inspector = { .inspect = inspect };
	RD_CLEANUP(rd_image_content_deinit) struct rd_image_content content = { 0 };
	RD_CLEANUP(rd_freep) char *path = NULL;
	struct rd_error err = RD_ERROR_INIT;

	content.image.path = strdup("image");
	if (!content.image.path)
		abort();
	sink ^= rd_image_is(data, len);
	if (rd_image_inspect(data, len, &inspector, &content, &err))
		abort();
	if (rd_module_index_find(data, len, "amdgpu", &path))
		abort();
	return 0;
}
