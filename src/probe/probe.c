/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * All probes in their order: each finds in the facts what those before it put there.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "probe/probe.h"

#define OS_RELEASE_MAX ((size_t)64 << 10)

/* os-release(5): a value may stand in quotes, with a backslash before some characters. */
static void unquote(char *value)
{
	char quote = *value == '"' || *value == '\'' ? *value : '\0';
	char *out = value;

	for (const char *in = value + (quote != '\0'); *in && *in != quote; in++) {
		if (*in == '\\' && quote != '\'' && in[1])
			in++;
		*out++ = *in;
	}
	*out = '\0';
}

static int read_distribution(const struct rd_system *sys, struct rd_facts *facts,
			     struct rd_error *err)
{
	static const char *const places[] = { "/etc/os-release", "/usr/lib/os-release" };

	for (size_t i = 0; i < RD_N_ELEMENTS(places) && !facts->distribution; i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		int r;

		r = rd_system_read(sys, places[i], OS_RELEASE_MAX, &text, err);
		if (r < 0)
			return r;
		if (!r && text.data &&
		    rd_attribute_assignment(text.data, "PRETTY_NAME", &facts->distribution))
			return rd_error_nomem(err);
	}
	if (facts->distribution)
		unquote(facts->distribution);
	return 0;
}

/* A mounted disk has an empty sys/ to mount on: that is none. */
static int find_sys(const struct rd_system *sys, struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_list(sys, "/sys", &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_attribute_unread(facts, "/sys", &why, err);
	facts->has_sys = entries.n > 0;
	return 0;
}

static int start_facts(const struct rd_system *sys, const struct rd_probe_options *options,
		       struct rd_facts *facts, struct rd_error *err)
{
	int r;

	facts->is_live = sys->is_live;
	if (rd_attribute_copy(&facts->root, sys->root) ||
	    rd_attribute_copy(&facts->only_kernel, options->kernel))
		return rd_error_nomem(err);
	r = find_sys(sys, facts, err);
	return r ? r : read_distribution(sys, facts, err);
}

/* In this order: what is found, then what proves it, then what only the sum of all tells. */
static const struct part {
	int (*probe)(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err);
	bool needs_sys;
} parts[] = {
	{ .probe = rd_probe_gpus, .needs_sys = true },
	{ .probe = rd_probe_running, .needs_sys = true },
	{ .probe = rd_probe_policy, .needs_sys = true },
	{ .probe = rd_probe_fstab },
	{ .probe = rd_probe_kernels },
	{ .probe = rd_probe_sources },
	{ .probe = rd_probe_dkms },
	{ .probe = rd_probe_signatures },
	{ .probe = rd_probe_packages },
	{ .probe = rd_probe_recoveries },
	{ .probe = rd_probe_built_here },
	{ .probe = rd_probe_modprobe },
	{ .probe = rd_probe_leftovers },
	{ .probe = rd_probe_references },
	{ .probe = rd_probe_images },
	{ .probe = rd_probe_loading },
	{ .probe = rd_probe_judge },
	{ .probe = rd_probe_control, .needs_sys = true },
	{ .probe = rd_probe_code, .needs_sys = true },
};

int rd_probe(const struct rd_system *sys, const struct rd_probe_options *options,
	     struct rd_facts *facts, struct rd_error *err)
{
	int r;

	r = start_facts(sys, options, facts, err);
	for (size_t i = 0; i < RD_N_ELEMENTS(parts) && !r; i++) {
		if (facts->has_sys || !parts[i].needs_sys)
			r = parts[i].probe(sys, options, facts, err);
	}
	return r;
}
