/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Asking. Anything but a yes is a no: an empty line, the end of the input, an error. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "consent.h"

static bool is_yes(FILE *f)
{
	RD_CLEANUP(rd_freep) char *line = NULL;
	size_t cap = 0;
	ssize_t n = getline(&line, &cap, f);

	while (n > 0 && strchr(" \t\r\n", line[n - 1]))
		line[--n] = '\0';
	return n > 0 && (!strcasecmp(line, "y") || !strcasecmp(line, "yes"));
}

int cli_consent(const char *question, const struct cli_values *values, struct rd_error *err)
{
	/* What is going to be done stands there before it is done, whoever reads it. */
	fflush(stdout);
	if (values->says_yes)
		return 0;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
		rd_error_set(err, EPERM,
			     "nothing was done: there is no terminal to ask on, and --yes was not "
			     "given");
		return CLI_REFUSED;
	}
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	if (is_yes(stdin))
		return 0;
	rd_error_set(err, ECANCELED, "nothing was done: the answer was not yes");
	return CLI_REFUSED;
}
