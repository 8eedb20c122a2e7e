/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Shell text as dkms.conf, and the same bytes as the other texts that dkms leaves: all are lines.
 */

#include "fuzz.h"
#include "inspect/dkms_conf.h"
#include "inspect/dkms_version.h"
#include "inspect/make_log.h"
#include "inspect/source_change.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct rd_source_change change = RD_SOURCE_CHANGE_INIT;
	struct rd_dkms_conf conf = RD_DKMS_CONF_INIT;
	struct rd_make_log log = RD_MAKE_LOG_INIT;
	const char *text = (const char *)data;

	rd_dkms_conf_define(&conf, "kernelver", "6.1.0-28-amd64");
	rd_dkms_conf_read(&conf, text, len);
	for (size_t i = 1; i < conf.n; i++) {
		if (conf.items[i].value && conf.items[i - 1].value)
			rd_dkms_version_compare(conf.items[i].value, conf.items[i - 1].value);
	}
	rd_make_log_read(text, len, &log);
	rd_source_change_diff(text, len, "x.patch", &change);
	rd_source_change_script(text, len, "x.sh", &change);
	rd_source_change_deinit(&change);
	rd_make_log_deinit(&log);
	rd_dkms_conf_deinit(&conf);
	return 0;
}
