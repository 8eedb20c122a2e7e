/* SPDX-License-Identifier: GPL-2.0-or-later */

/* compare: which functions of two modules differ. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "file.h"
#include "inspect/compare.h"

/* Not comparable, for a reason that lies before any comparison. */
static int set_reason(struct rd_comparison *comparison, const char *reason, struct rd_error *err)
{
	rd_comparison_deinit(comparison);
	comparison->reason = strdup(reason);
	return comparison->reason ? 0 : rd_error_nomem(err);
}

static int compare_files(char **names, unsigned int flags, struct rd_comparison *comparison,
			 struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map a = RD_MAP_INIT;
	RD_CLEANUP(rd_map_deinit) struct rd_map b = RD_MAP_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = cli_file_map(names[0], &a, &why, err);
	if (!r)
		r = cli_file_map(names[1], &b, &why, err);
	if (r > 0)
		return set_reason(comparison, why.msg, err);
	if (!r)
		r = rd_compare_bytes(a.data, a.len, b.data, b.len, flags, comparison, err);
	if (!r && (rd_map_is_torn(&a) || rd_map_is_torn(&b)))
		r = set_reason(comparison, "a file shrank while it was read", err);
	return r;
}

static int compare_run(const struct cli_values *values, int argc, char **argv, struct rd_error *err)
{
	RD_CLEANUP(rd_comparison_deinit) struct rd_comparison comparison = RD_COMPARISON_INIT;
	const struct rd_render_options render = cli_render_options(values);
	int r;

	(void)argc;
	r = compare_files(argv, values->is_forced ? RD_COMPARE_FORCE : 0, &comparison, err);
	if (!r)
		r = rd_renderer_find(values->format)
			    ->compare(argv[0], argv[1], &comparison, &render, stdout, err);
	if (r)
		return r;
	if (!comparison.is_comparable)
		return CLI_EXIT_UNKNOWN;
	return comparison.differences.n ? CLI_EXIT_BAD : CLI_EXIT_OK;
}

const struct cli_verb cli_compare = {
	.name = "compare",
	.args = "A B",
	.min = 2,
	.max = 2,
	.options = CLI_FORCE | CLI_FORMAT | CLI_VERBOSE | CLI_COLOR,
	.help = "which functions of two modules differ",
	.about =
		"Compares two modules function by function and object by object, whatever their\n"
		"compression. Targets of calls and references are resolved: code and data that only\n"
		"moved are no difference, a call to another function is.\n\n"
		"Exit code: 0 identical, 1 the tool failed, 2 usage, 3 differing, 6 not comparable.",
	.run = compare_run,
};
