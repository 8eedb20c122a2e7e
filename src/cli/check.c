/* SPDX-License-Identifier: GPL-2.0-or-later */

/* check: look at the machine, judge, tell. */

#include <errno.h>
#include <string.h>

#include "cli.h"
#include "probe/probe.h"
#include "progress.h"
#include "rules/rules.h"

static int check_run(const struct cli_values *values, int argc, char **argv, struct rd_error *err)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system sys = RD_SYSTEM_INIT;
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	const struct rd_render_options render = cli_render_options(values);
	struct cli_progress progress;
	const struct rd_probe_options probe = {
		.kernel = values->kernel,
		.is_deep = values->is_deep,
		.want_sha256 = values->is_verbose || !strcmp(values->format, "json"),
		.wants_packages = values->wants_packages,
		.progress = cli_progress_tell,
		.userdata = &progress,
	};
	int r;

	(void)argc;
	(void)argv;
	cli_progress_init(&progress);
	r = rd_system_init(&sys, values->root, err);
	if (!r && values->is_deep && !sys.is_live) {
		rd_error_set(err, EINVAL,
			     "--deep reads this machine's memory, and no other root's");
		return CLI_EXIT_USAGE;
	}
	if (!r)
		r = rd_probe(&sys, &probe, &facts, err);
	cli_progress_end(&progress);
	if (!r)
		r = rd_rules_evaluate(&facts, &report, err);
	if (!r)
		r = rd_renderer_find(values->format)->check(&report, &render, stdout, err);
	return r ? r : report.exit_code;
}

const struct cli_verb cli_check = {
	.name = "check",
	.args = "",
	.options = CLI_ROOT | CLI_KERNEL | CLI_PACKAGES | CLI_DEEP | CLI_CHECK_FORMAT |
		   CLI_VERBOSE | CLI_COLOR,
	.help = "where is the patch, is this machine sane, what is next",
	.about =
		"Finds the RDNA1 cards and every copy of amdgpu that is running, installed, in an\n"
		"initramfs or a source of dkms, inspects each for the known patches and says\n"
		"whether the machine is sane. Reads only. Run it as root: a user may not read all\n"
		"that matters.\n\n"
		"Exit code: 0 sane, 1 the tool failed, 2 usage, 3 unsafe, 4 good on disk but a\n"
		"reboot is needed, 5 no RDNA1 card, 6 undetermined. With --format nagios: 0 sane,\n"
		"1 a reboot is needed, 2 unsafe, 3 all else.",
	.run = check_run,
};
