/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The texts and records of package managers: whichever one the bytes may be, all read them. */

#include "fuzz.h"
#include "inspect/deb_status.h"
#include "inspect/md5sums.h"
#include "inspect/mtree.h"
#include "inspect/rpm_header.h"

#define PATH "/lib/modules/k/a.ko"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct rd_deb_status status = RD_DEB_STATUS_INIT;
	struct rd_rpm_file file = RD_RPM_FILE_INIT;
	struct rd_deb_diversion diversion;
	struct rd_mtree_entry entry;
	char digest[RD_MD5SUMS_DIGEST];
	size_t pos = 0;

	rd_md5sums_find(text, len, PATH, digest);
	rd_deb_status_find(text, len, "linux-image-k:amd64", &status);
	while (rd_deb_diversion_next(text, len, &pos, &diversion)) {
		rd_md5sums_is_same_path(diversion.from.s, diversion.from.len, diversion.to.s,
					diversion.to.len);
	}
	rd_mtree_find(text, len, PATH, &entry);
	rd_rpm_header_find(data, len, PATH, &file);
	rd_deb_status_deinit(&status);
	rd_rpm_file_deinit(&file);
	return 0;
}
