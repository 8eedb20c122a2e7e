/* SPDX-License-Identifier: GPL-2.0-or-later */

/* check: look at the machine, judge, tell. */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli.h"
#include "probe/probe.h"
#include "progress.h"
#include "rules/rules.h"

/* Releases with an index, which a folder that a removed kernel has left lacks. */
static int append_releases(const struct rd_system *sys, const char *folder, struct rd_text *text,
			   struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	int r;

	r = rd_system_list(sys, folder, &entries, err);
	for (size_t i = 0; !r && i < entries.n; i++) {
		RD_CLEANUP(rd_freep)
		char *index = rd_text_format("%s/%s/modules.dep", folder, entries.items[i].name);
		struct rd_error why = RD_ERROR_INIT;
		struct stat st;

		if (!index)
			return rd_error_nomem(err);
		if (!rd_system_stat(sys, index, &st, &why) &&
		    rd_text_printf(text, "%s%s", text->len ? ", " : "", entries.items[i].name))
			return rd_error_nomem(err);
	}
	return r;
}

/* A release that nobody has is a slip of the keyboard, and no matter of the disk; but where the
 * folder cannot be read nobody knows. */
static int refuse_kernel(const struct rd_system *sys, const char *release, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	r = append_releases(sys, "/lib/modules", &text, err);
	if (r == RD_SYSTEM_ABSENT)
		r = append_releases(sys, "/usr/lib/modules", &text, err);
	if (r < 0 || r == RD_SYSTEM_UNREADABLE)
		return r < 0 ? r : 0;
	rd_error_set(err, ENOENT, "there is no kernel %s below /lib/modules%s%s", release,
		     text.len ? ", but: " : "", text.len ? text.data : "");
	return CLI_EXIT_USAGE;
}

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
	r = cli_system_open(values, &sys, err);
	if (!r && values->is_deep && !sys.is_live) {
		rd_error_set(err, EINVAL,
			     "--deep reads this machine's memory, and no other root's");
		return CLI_EXIT_USAGE;
	}
	if (!r)
		r = rd_probe(&sys, &probe, &facts, err);
	cli_progress_end(&progress);
	if (!r && values->kernel && !rd_facts_find_kernel(&facts, values->kernel))
		r = refuse_kernel(&sys, values->kernel, err);
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
