/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The help texts, made from the tables of verbs and options. */

#include <string.h>

#include "cli.h"

static int usage_width(const struct cli_verb *verb)
{
	return (int)(strlen(verb->name) + 1 + strlen(verb->args));
}

void cli_help(FILE *f)
{
	const struct cli_verb *const *verbs;
	int width = 0;
	size_t n;

	fputs("usage: rdna1-doctor VERB [OPTION]... [ARGUMENT]...\n"
	      "Says whether the amdgpu driver of a machine with an RDNA1 card is patched, where,\n"
	      "and what to do. Only recover, rollback, backups prune and profile change anything;\n"
	      "boot-report leaves reports.\n\n",
	      f);
	verbs = cli_verbs(&n);
	for (size_t i = 0; i < n; i++)
		width = usage_width(verbs[i]) > width ? usage_width(verbs[i]) : width;
	for (size_t i = 0; i < n; i++)
		fprintf(f, "  %s %-*s  %s\n", verbs[i]->name,
			width - (int)strlen(verbs[i]->name) - 1, verbs[i]->args, verbs[i]->help);
	fputs("\n"
	      "  --help             this text; after a verb, the help of that verb\n"
	      "  --version          the version\n\n"
	      "Full manual: man rdna1-doctor\n",
	      f);
}

void cli_help_verb(const struct cli_verb *verb, FILE *f)
{
	fprintf(f, "usage: rdna1-doctor %s [OPTION]...%s%s\n\n%s\n\n", verb->name,
		*verb->args ? " " : "", verb->args, verb->about);
	cli_options_help(verb->options, f);
}
