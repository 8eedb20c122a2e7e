/* SPDX-License-Identifier: GPL-2.0-or-later */

/* explain: the texts of data/findings.data, all titles or one in full. */

#include <errno.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli.h"
#include "model/data.h"

static int unknown_id(const char *id, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *safe = rd_text_escape(id);

	if (!safe)
		return rd_error_nomem(err);
	rd_error_set(err, EINVAL, "no finding has the id '%s' (without an id, all are listed)",
		     safe);
	return CLI_EXIT_USAGE;
}

static int explain_run(const struct cli_values *values, int argc, char **argv, struct rd_error *err)
{
	const struct rd_render_options render = cli_render_options(values);
	const struct rd_finding_text *texts;
	size_t n;

	texts = rd_data_findings(&n);
	if (!argc)
		return rd_render_titles(texts, n, &render, stdout, err);
	for (size_t i = 0; i < n; i++) {
		if (!strcasecmp(texts[i].id, argv[0]))
			return rd_render_finding_text(&texts[i], &render, stdout, err);
	}
	return unknown_id(argv[0], err);
}

const struct cli_verb cli_explain = {
	.name = "explain",
	.args = "[ID]",
	.max = 1,
	.options = CLI_COLOR,
	.help = "what a finding means, how it is found, what to do",
	.about = "Explains the finding of that id (RD-DRV-001), or lists all.\n\n"
		 "Exit code: 0, 1 the tool failed, 2 usage.",
	.run = explain_run,
};
