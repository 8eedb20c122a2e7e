/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table of verbs: what can be typed, in the order of the help. */

#include "base/cleanup.h"
#include "cli.h"

static const struct cli_verb *const verbs[] = {
	&cli_check, &cli_recover,     &cli_rollback, &cli_backups, &cli_profile, &cli_run,
	&cli_test,  &cli_boot_report, &cli_inspect,  &cli_compare, &cli_explain,
};

const struct cli_verb *const *cli_verbs(size_t *np)
{
	*np = RD_N_ELEMENTS(verbs);
	return verbs;
}
