/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The journal's native protocol, by libsystemd: fields that can be asked for, not only a line. */

#define SD_JOURNAL_SUPPRESS_LOCATION

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "base/cleanup.h"
#include "entry.h"

int entry_send(char *const *fields, size_t n, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) struct iovec *iov = calloc(n, sizeof(*iov));
	int r;

	if (!iov)
		return rd_error_nomem(err);
	for (size_t i = 0; i < n; i++)
		iov[i] = (struct iovec){ .iov_base = fields[i], .iov_len = strlen(fields[i]) };
	r = sd_journal_sendv(iov, (int)n);
	/* A socket that nobody listens at, or none: this machine has another init. */
	if (r == -ENOENT || r == -ECONNREFUSED)
		return 0;
	return r < 0 ? rd_error_set(err, -r, "the entry for the journal: %s", strerror(-r)) : 0;
}
