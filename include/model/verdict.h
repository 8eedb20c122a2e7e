/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What is known of one copy of the driver, and of the machine. DESIGN: five and five words. */

/* Of a copy. Zero is "unknown", so that what nobody judged is never clean. */
enum rd_verdict {
	RD_VERDICT_UNKNOWN, /* could not be inspected */
	RD_VERDICT_CLEAN, /* proven */
	RD_VERDICT_NO_SIGN, /* inspected to the end, nothing found, nothing to prove it by */
	RD_VERDICT_MODIFIED, /* differs from its reference, by no known patch */
	RD_VERDICT_PATCHED, /* carries a known patch */
};

/* Of a machine. */
enum rd_machine_state {
	RD_STATE_UNDETERMINED,
	RD_STATE_SANE,
	RD_STATE_UNSAFE,
	RD_STATE_REBOOT_REQUIRED,
	RD_STATE_NO_GPU,
};

/* The words of the output: "clean", "no-sign", ...; "sane", "unsafe", ...; static. */
const char *rd_verdict_name(enum rd_verdict verdict);
const char *rd_state_name(enum rd_machine_state state);

/* Whether the verdict is one of the two that a sane machine may have. */
static inline int rd_verdict_is_good(enum rd_verdict verdict)
{
	return verdict == RD_VERDICT_CLEAN || verdict == RD_VERDICT_NO_SIGN;
}

/* Whether the verdict makes a machine unsafe. */
static inline int rd_verdict_is_bad(enum rd_verdict verdict)
{
	return verdict == RD_VERDICT_PATCHED || verdict == RD_VERDICT_MODIFIED;
}
