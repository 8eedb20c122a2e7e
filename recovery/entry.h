/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* An entry of the system's journal. Private to recovery. */

#include <stddef.h>

#include "base/error.h"

#ifndef WITHOUT_SYSTEMD
/**
 * entry_send() - append an entry to the journal of systemd
 * @fields: "NAME=value", as sd_journal_sendv(3) wants them
 *
 * Return: 0 (also where no journal runs), or a negative errno.
 */
int entry_send(char *const *fields, size_t n, struct rd_error *err);
#else
static inline int entry_send(char *const *fields, size_t n, struct rd_error *err)
{
	(void)fields;
	(void)n;
	(void)err;
	return 0;
}
#endif
