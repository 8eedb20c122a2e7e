/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * For people: what is there, what was found, one sentence, and the next command to type. Shows the
 * deciding evidence; --verbose shows all of it and the findings that pass.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "page.h"
#include "renderers.h"

#define FINDING_INDENT	9 /* "unknown  " */
#define EVIDENCE_MOST	5
#define DIFFERENCE_MOST 50

static void put_head(struct page *page, const struct rd_facts *facts)
{
	bool is_other_root = facts->root && strcmp(facts->root, "/") != 0;

	page_wrapf(page, 0, 0, "rdna1-doctor %s%s%s%s%s%s%s", RD_VERSION,
		   facts->distribution ? ", " : "", facts->distribution ? facts->distribution : "",
		   facts->running.kernel ? ", running kernel " : "",
		   facts->running.kernel ? facts->running.kernel : "",
		   is_other_root ? ", root " : "", is_other_root ? facts->root : "");
}

static const char *driver_words(const struct rd_gpu *gpu)
{
	if (!gpu->is_driver_known)
		return "driver unknown";
	return gpu->driver ? "driver " : "no driver bound";
}

static void put_gpu(struct page *page, const struct rd_gpu *gpu)
{
	char revision[16] = "";

	if (gpu->revision.known)
		snprintf(revision, sizeof(revision), " rev %02x", (unsigned int)gpu->revision.v);
	page_puts(page, "GPU ");
	page_color(page, gpu->chip_class == RD_CHIP_RDNA1 ? PAGE_BOLD : PAGE_PLAIN);
	page_wrapf(page, 4, 4, "%s %s (%04x:%04x%s)%s%s%s%s, %s%s%s", gpu->slot,
		   gpu->name ? gpu->name : "AMD display device", gpu->vendor, gpu->device, revision,
		   gpu->chip ? ", " : "", gpu->chip ? gpu->chip : "", gpu->gfx ? " " : "",
		   gpu->gfx ? gpu->gfx : "", driver_words(gpu),
		   gpu->is_driver_known && gpu->driver ? gpu->driver : "",
		   gpu->chip_class == RD_CHIP_RDNA1 ? "" : "; not RDNA1");
	page_color(page, PAGE_PLAIN);
}

static void put_gpus(struct page *page, const struct rd_facts *facts)
{
	for (size_t i = 0; i < facts->gpus.n; i++)
		put_gpu(page, &facts->gpus.items[i]);
	if (facts->gpus_known != RD_PRESENCE_YES)
		page_puts(page, "GPU unknown: the cards of this machine could not be seen\n");
	else if (!facts->gpus.n)
		page_puts(page, "GPU none by AMD\n");
}

/* What of the kernel's policy is known; nothing where nothing is, as on a mounted disk. */
static void put_policy(struct page *page, const struct rd_policy *policy)
{
	static const char *const words[] = { [RD_PRESENCE_UNKNOWN] = "unknown",
					     [RD_PRESENCE_NO] = "off",
					     [RD_PRESENCE_YES] = "on" };
	bool is_enforced = policy->enforces_signatures == RD_PRESENCE_YES;

	if (policy->secure_boot == RD_PRESENCE_UNKNOWN && !policy->lockdown && !is_enforced)
		return;
	page_puts(page, "Secure Boot ");
	page_wrapf(page, 12, 4, "%s%s%s%s", words[policy->secure_boot],
		   policy->lockdown ? ", lockdown " : "", policy->lockdown ? policy->lockdown : "",
		   is_enforced ? ", only modules signed with a known key load" : "");
}

/* Whether the line alone may keep amdgpu from loading, or load another one. */
static bool is_decisive(const struct rd_modprobe_line *line)
{
	return line->kind == RD_MODPROBE_BLACKLIST || line->kind == RD_MODPROBE_INSTALL ||
	       line->kind == RD_MODPROBE_OVERRIDE;
}

static void put_configuration(struct page *page, const struct rd_modprobe_lines *lines)
{
	bool is_first = true;

	for (size_t i = 0; i < lines->n; i++) {
		const struct rd_modprobe_line *line = &lines->items[i];

		if (!page->options->is_verbose && !is_decisive(line))
			continue;
		if (is_first)
			page_heading(page, "Configuration of modules");
		is_first = false;
		page_wrapf(page, 0, 2, "%s: %s", line->place, line->text);
	}
}

static bool needs_attention(const struct rd_finding *finding)
{
	return finding->result != RD_RESULT_PASS && finding->result != RD_RESULT_NA;
}

/* The first paragraph tells what to do; explain has the rest. */
static void put_remedy(struct page *page, const struct rd_finding *finding,
		       const struct rd_facts *facts)
{
	RD_CLEANUP(rd_freep) char *remedy = rd_finding_remedy(finding, facts);
	size_t n = remedy ? strcspn(remedy, "\n") : 0;
	bool has_more = remedy && remedy[n];

	if (!remedy)
		page->r = -ENOMEM;
	page_wrapf(page, 0, FINDING_INDENT, "Remedy: %.*s%s%s%s", (int)n, remedy ? remedy : "",
		   has_more ? " More: rdna1-doctor explain " : "",
		   has_more ? finding->text->id : "", has_more ? "." : "");
}

static void put_finding(struct page *page, const struct rd_finding *finding,
			const struct rd_facts *facts)
{
	const char *word = rd_result_name(finding->result);

	page_color(page, page_result_color(finding->result));
	page_puts(page, word);
	page_color(page, PAGE_PLAIN);
	page_wrapf(page, (int)strlen(word), FINDING_INDENT, "%s: %s", finding->text->id,
		   rd_finding_title(finding));
	page_evidence(page, FINDING_INDENT, &finding->evidence, EVIDENCE_MOST);
	if (needs_attention(finding))
		put_remedy(page, finding, facts);
}

static void put_findings(struct page *page, const struct rd_report *report)
{
	bool is_first = true;

	for (size_t i = 0; i < report->findings.n; i++) {
		if (!page->options->is_verbose && !needs_attention(&report->findings.items[i]))
			continue;
		if (is_first)
			page_heading(page, "Findings");
		is_first = false;
		put_finding(page, &report->findings.items[i], report->facts);
	}
}

static void put_good_kernel(struct page *page, const struct rd_report *report)
{
	const struct rd_kernel *kernel;

	if (!report->good_kernel)
		return;
	kernel = rd_facts_find_kernel(report->facts, report->good_kernel);
	page_puts(page, "\n");
	if (kernel && kernel->is_running)
		page_wrapf(page, 0, 0,
			   "What the running kernel %s loads shows no patch: keep to it until the "
			   "rest is put right.",
			   report->good_kernel);
	else
		page_wrapf(page, 0, 0,
			   "What kernel %s loads shows no patch: choose it at the boot menu "
			   "(Advanced options) until the rest is put right.",
			   report->good_kernel);
}

static void put_verdict(struct page *page, const struct rd_report *report)
{
	page_heading(page, "Verdict");
	page_color(page, page_state_color(report->state));
	page_wrapf(page, 0, 0, "%s", report->sentence);
	page_color(page, PAGE_PLAIN);
	put_good_kernel(page, report);
	if (report->way_in) {
		page_puts(page, "\n");
		page_wrapf(page, 0, 0, "%s", report->way_in);
	}
	page_puts(page, "\n");
	page_linef(page, "Next: %s", report->next);
}

static int text_check(const struct rd_report *report, const struct rd_render_options *options,
		      FILE *f, struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	put_head(&page, report->facts);
	put_gpus(&page, report->facts);
	put_policy(&page, &report->facts->policy);
	page_chains(&page, report->facts);
	put_configuration(&page, &report->facts->modprobe);
	put_findings(&page, report);
	put_verdict(&page, report);
	return page_write(&page, f, err);
}

static void put_file(struct page *page, const struct rd_copy *copy)
{
	page_color(page, page_verdict_color(copy->verdict));
	page_wrapf(page, 0, 0, "%s: %s", copy->path, rd_verdict_name(copy->verdict));
	page_color(page, PAGE_PLAIN);
	if (page->options->is_verbose)
		page_identity(page, 2, &copy->id);
	page_evidence(page, 2, &copy->evidence, EVIDENCE_MOST);
}

static int text_inspect(const struct rd_copies *copies, const struct rd_render_options *options,
			FILE *f, struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	for (size_t i = 0; i < copies->n; i++)
		put_file(&page, &copies->items[i]);
	return page_write(&page, f, err);
}

static void put_difference(struct page *page, const struct rd_difference *difference)
{
	const char *kind = rd_difference_kind_name(difference->kind);

	page_color(page, PAGE_BAD);
	page_puts(page, kind);
	page_color(page, PAGE_PLAIN);
	page_puts(page, " ");
	page_wrapf(page, (int)strlen(kind) + 1, 2, "%s %s",
		   difference->is_function ? "function" : "object", difference->name);
	if (difference->detail && *difference->detail)
		page_wrapf(page, 0, 2, "%s", difference->detail);
}

static void put_differences(struct page *page, const struct rd_comparison *comparison)
{
	const struct rd_differences *all = &comparison->differences;
	size_t n = all->n;

	if (!page->options->is_verbose && n > DIFFERENCE_MOST)
		n = DIFFERENCE_MOST;
	for (size_t i = 0; i < n; i++)
		put_difference(page, &all->items[i]);
	if (n < all->n)
		page_wrapf(page, 0, 0, "and %zu more (--verbose)", all->n - n);
}

static int text_compare(const char *name_a, const char *name_b,
			const struct rd_comparison *comparison,
			const struct rd_render_options *options, FILE *f, struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	page_wrapf(&page, 0, 0, "a: %s", name_a);
	page_wrapf(&page, 0, 0, "b: %s", name_b);
	if (!comparison->is_comparable) {
		page_wrapf(&page, 0, 0, "Not comparable: %s.",
			   comparison->reason ? comparison->reason : "no reason known");
		return page_write(&page, f, err);
	}
	put_differences(&page, comparison);
	if (comparison->reason)
		page_wrapf(&page, 0, 0, "Compared although %s.", comparison->reason);
	page_wrapf(&page, 0, 0, "%s: %zu functions and %zu objects were compared, %zu %s.",
		   comparison->differences.n ? "Differing" : "Identical", comparison->functions,
		   comparison->objects, comparison->differences.n,
		   comparison->differences.n == 1 ? "differs" : "differ");
	return page_write(&page, f, err);
}

const struct rd_renderer rd_renderer_text = {
	.name = "text",
	.check = text_check,
	.boot = text_boot,
	.inspect = text_inspect,
	.compare = text_compare,
	.recover = text_repair,
	.rollback = text_rollback,
	.backups = text_backups,
	.test = text_trial,
};
