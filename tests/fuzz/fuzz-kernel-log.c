/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lines of a log, and the record of /dev/kmsg that the bytes may be. */

#include <string.h>

#include "fuzz.h"
#include "inspect/kernel_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data, *end = text + len;
	struct rd_log_record record;

	if (rd_kernel_log_record(text, len, &record))
		rd_kernel_log_match(record.text, record.len, RD_LOG_KERNEL);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);

		rd_kernel_log_match(text, n, RD_LOG_KERNEL);
		rd_kernel_log_match(text, n, RD_LOG_PROGRAM);
		text += n + (newline != NULL);
	}
	return 0;
}
