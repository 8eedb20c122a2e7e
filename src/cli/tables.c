/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What can be typed, as lines of fields with tabs between: for the completions of the shells, and
 * for the lint of the manual. A program of the build, not installed, so that both read the very
 * tables that the command line is parsed by.
 *
 *	verb NAME ARGUMENTS ACTIONS HELP
 *	option VERB NAME ARGUMENT CHOICES HELP
 *	finding ID TITLE
 */

#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "model/data.h"

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void print_verb(const struct cli_verb *verb)
{
	const struct cli_option_row *row = NULL;

	printf("verb\t%s\t%s\t%s\t%s\n", verb->name, verb->args, or_empty(verb->actions),
	       verb->help);
	while ((row = cli_options_next(row, verb->options)))
		printf("option\t%s\t%s\t%s\t%s\t%s\n", verb->name, row->name, or_empty(row->arg),
		       or_empty(row->choices), row->help);
}

int main(void)
{
	const struct cli_verb *const *verbs;
	const struct rd_finding_text *findings;
	size_t n;

	verbs = cli_verbs(&n);
	for (size_t i = 0; i < n; i++)
		print_verb(verbs[i]);
	findings = rd_data_findings(&n);
	for (size_t i = 0; i < n; i++)
		printf("finding\t%s\t%s\n", findings[i].id, findings[i].title);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
