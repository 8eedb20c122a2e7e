/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Keeping the machine from going down. Private to recovery. */

#ifndef WITHOUT_SYSTEMD
/* Asks logind not to shut down or suspend; -1 where there is no logind, or it will not. The lock is
 * held for as long as the descriptor is open. */
int inhibit_shutdown(void);
#else
static inline int inhibit_shutdown(void)
{
	return -1;
}
#endif
