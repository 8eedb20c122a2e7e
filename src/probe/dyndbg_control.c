/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The pr_debug sites of the running amdgpu, which the kernel lists for root. Against the file with
 * the running build-id: both must have the same, for a build-id survives an edit of the finished
 * file. Alone: a known patch's message among them is proof, also where every file was replaced.
 *
 * The list is no snapshot: while it is read, a module that comes or goes shifts it, and lines are
 * lost or repeated. So a difference counts only if a second reading shows it too.
 *
 * Source: Linux Documentation/admin-guide/dynamic-debug-howto.rst.
 */

#include <errno.h>
#include <string.h>

#include "attribute.h"
#include "inspect/dyndbg_control.h"
#include "judge.h"
#include "probe/probe.h"
#include "running_file.h"

#define CONTROL_MAX ((size_t)16 << 20) /* a Debian kernel with amdgpu: 600 KB */

/* The second place is that of kernels before 5.7, where debugfs is mounted. */
static const char *const places[] = {
	"/proc/dynamic_debug/control",
	"/sys/kernel/debug/dynamic_debug/control",
};

struct control {
	struct rd_text text;
	struct rd_dyndbg sites; /* of amdgpu, in @text */
	bool is_whole;
};

static void control_deinit(struct control *control)
{
	rd_dyndbg_deinit(&control->sites);
	rd_text_deinit(&control->text);
}

/* The first place that can be read. Return: as rd_system_read(), @pathp being the place. */
static int read_control(const struct rd_system *sys, struct control *control, const char **pathp,
			struct rd_error *err)
{
	int r = RD_SYSTEM_ABSENT;

	for (size_t i = 0; i < RD_N_ELEMENTS(places) && r == RD_SYSTEM_ABSENT; i++) {
		*pathp = places[i];
		r = rd_system_read(sys, places[i], CONTROL_MAX, &control->text, err);
	}
	if (r)
		return r;
	if (rd_dyndbg_control_parse(&control->text, "amdgpu", &control->sites, &control->is_whole))
		return rd_error_nomem(err);
	return 0;
}

/* Whether the file of that copy can be held against the running code. */
static bool is_file(const struct rd_copy *copy)
{
	return copy->kind != RD_COPY_RUNNING && copy->is_same_as_running && copy->id.sites.is_known;
}

/* A file with the running build-id: one whose sites are those of the running code, if there is. */
static const struct rd_copy *find_file(const struct rd_facts *facts, const struct rd_sites *sites)
{
	const struct rd_copy *found = NULL;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (!is_file(copy))
			continue;
		if (rd_dyndbg_sites_equal(&copy->id.sites, sites))
			return copy;
		if (!found)
			found = copy;
	}
	return found;
}

/* Which sites differ, in words. */
static int name_difference(const struct rd_system *sys, const struct rd_dyndbg *sites,
			   const struct rd_copy *copy, struct rd_evidence *ev, struct rd_error *err)
{
	RD_CLEANUP(rd_running_file_deinit) struct rd_running_file file = RD_RUNNING_FILE_INIT;
	RD_CLEANUP(rd_dyndbg_deinit) struct rd_dyndbg own = RD_DYNDBG_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_running_file_open(sys, copy, &file, &why);
	if (r)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
	r = rd_dyndbg_read(&file.elf, &own, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r != RD_DYNDBG_BAD && rd_dyndbg_difference(sites, &own, ev))
		return rd_error_nomem(err);
	return 0;
}

/* The same question to a second reading. */
static int confirm(const struct rd_system *sys, const struct rd_facts *facts, bool *yesp,
		   struct rd_error *err)
{
	RD_CLEANUP(control_deinit) struct control again = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	const struct rd_copy *copy;
	struct rd_sites sites;
	const char *path;
	int r;

	r = read_control(sys, &again, &path, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	sites = rd_dyndbg_sites(&again.sites);
	copy = find_file(facts, &sites);
	*yesp = !r && again.is_whole && again.sites.n && copy &&
		!rd_dyndbg_sites_equal(&copy->id.sites, &sites);
	return 0;
}

static int report_difference(const struct rd_system *sys, const struct control *control,
			     const struct rd_copy *copy, struct rd_copy *running,
			     struct rd_error *err)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence found = RD_EVIDENCE_INIT;
	int r;

	r = name_difference(sys, &control->sites, copy, &found, err);
	if (r)
		return r;
	if (rd_evidence_add(&found, RD_EVIDENCE_DYNDBG, copy->path,
			    "has the running build-id, and %zu pr_debug sites; %zu run",
			    copy->id.sites.n, control->sites.n) ||
	    rd_judge_found(running, RD_VERDICT_MODIFIED, &found))
		return rd_error_nomem(err);
	return 0;
}

static int hold_against_file(const struct rd_system *sys, const struct rd_facts *facts,
			     const struct control *control, struct rd_copy *running,
			     struct rd_error *err)
{
	const struct rd_sites sites = rd_dyndbg_sites(&control->sites);
	const struct rd_copy *copy = find_file(facts, &sites);
	bool yes = false;
	int r;

	if (!copy || !control->is_whole || !sites.n)
		return 0;
	if (rd_dyndbg_sites_equal(&copy->id.sites, &sites))
		return rd_evidence_add(&running->evidence, RD_EVIDENCE_COVERAGE, copy->path,
				       "has the %zu pr_debug sites that run", sites.n)
			       ? rd_error_nomem(err)
			       : 0;
	r = confirm(sys, facts, &yes, err);
	return r || !yes ? r : report_difference(sys, control, copy, running, err);
}

static int look_for_patches(const struct control *control, struct rd_copy *running)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence found = RD_EVIDENCE_INIT;

	if (rd_dyndbg_find_patches(&control->sites, &found))
		return -ENOMEM;
	return found.n ? rd_judge_found(running, RD_VERDICT_PATCHED, &found) : 0;
}

int rd_probe_control(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err)
{
	struct rd_copy *running = (struct rd_copy *)rd_facts_running_copy(facts);
	RD_CLEANUP(control_deinit) struct control control = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	const char *path;
	int r;

	(void)options;
	if (!running)
		return 0;
	r = read_control(sys, &control, &path, &why);
	if (r < 0)
		return rd_error_set(err, -r, "running code: %s", why.msg);
	if (r == RD_SYSTEM_ABSENT)
		return 0; /* no CONFIG_DYNAMIC_DEBUG */
	if (r == RD_SYSTEM_UNREADABLE) /* a file that was judged speaks for what runs */
		return running->verdict == RD_VERDICT_UNKNOWN
			       ? rd_attribute_unread(facts, path, &why, err)
			       : 0;
	if (look_for_patches(&control, running))
		return rd_error_nomem(err);
	return hold_against_file(sys, facts, &control, running, err);
}
