/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Archives in archives; the members handed out are read to their last byte. */

#include "fuzz.h"
#include "inspect/initramfs.h"

static volatile uint8_t sink;

static int member(const struct rd_initramfs_member *member, void *userdata)
{
	(void)userdata;
	for (size_t i = 0; member->data && i < member->len; i++)
		sink ^= member->data[i];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd_initramfs_summary summary;
	struct rd_error err = RD_ERROR_INIT;

	rd_initramfs_scan(data, len, "amdgpu.ko", member, NULL, &summary, &err);
	return 0;
}
