/* SPDX-License-Identifier: GPL-2.0-or-later */

/* For people: the test of convolutions as a table of its stages, and what it showed. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "page.h"
#include "renderers.h"

#define HEAD_INDENT 12

/* All runs of one stage. */
struct row {
	const struct rd_stage *stage;
	unsigned int tried, passed;
	double fastest, slowest, error; /* negative: not told */
	const struct rd_stage_run *worst; /* the first that did not pass, or NULL */
};

static double time_of(const struct rd_stage_run *run)
{
	return run->work >= 0 ? run->work : run->seconds;
}

static struct row make_row(const struct rd_trial *trial, const struct rd_stage *stage)
{
	struct row row = { .stage = stage, .fastest = -1, .slowest = -1, .error = -1 };

	for (size_t i = 0; i < trial->stages.n; i++) {
		const struct rd_stage_run *run = &trial->stages.items[i];

		if (run->stage != stage || run->result == RD_STAGE_NOT_RUN)
			continue;
		row.tried++;
		row.passed += run->result == RD_STAGE_PASSED;
		if (row.fastest < 0 || time_of(run) < row.fastest)
			row.fastest = time_of(run);
		if (time_of(run) > row.slowest)
			row.slowest = time_of(run);
		if (!(run->error <= row.error))
			row.error = run->error;
		if (!row.worst && run->result != RD_STAGE_PASSED)
			row.worst = run;
	}
	return row;
}

static void RD_PRINTF(3, 4) put_headf(struct page *page, const char *name, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *text = NULL;
	char lead[HEAD_INDENT + 1];
	va_list ap;

	va_start(ap, fmt);
	text = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!text && !page->r)
		page->r = -ENOMEM;
	snprintf(lead, sizeof(lead), "%-*s", HEAD_INDENT, name);
	page_puts(page, lead);
	page_wrapf(page, HEAD_INDENT, HEAD_INDENT, "%s", text ? text : "");
}

static void put_log(struct page *page, const struct rd_trial *trial)
{
	if (!trial->is_log_watched)
		put_headf(page, "kernel log", "not watched: %s. Root may (sudo).",
			  trial->log_reason ? trial->log_reason : "no reason known");
	else
		put_headf(page, "kernel log", "watched%s",
			  trial->is_log_lost ? ", but parts were overwritten before they were read"
					     : "");
	if (trial->refusal)
		put_headf(page, "", "It had this before: %s", trial->refusal);
}

static void put_head(struct page *page, const struct rd_trial *trial)
{
	page_wrapf(page, 0, 0, "rdna1-doctor %s, staged test of convolutions on %s, %u %s",
		   RD_VERSION, trial->device, trial->runs, trial->runs == 1 ? "run" : "runs");
	if (trial->card)
		put_headf(page, "card", "%s%s%s", trial->card, trial->arch ? ", " : "",
			  trial->arch ? trial->arch : "");
	put_headf(page, "python", "%s%s%s%s%s", trial->python, trial->python_version ? ", " : "",
		  trial->python_version ? trial->python_version : "",
		  trial->torch ? ", torch " : "", trial->torch ? trial->torch : "");
	put_headf(page, "profile", "%s%s%s", trial->profile,
		  trial->profile_reason ? ", because " : "",
		  trial->profile_reason ? trial->profile_reason : "");
	put_headf(page, "run as", "%s%s", trial->user,
		  trial->is_sudo ? ", who called sudo or the like" : "");
	put_log(page, trial);
}

/* "0.010 s", "0.010-0.012 s" */
static void put_times(struct page *page, const struct row *row)
{
	char text[48], cell[32];

	if (row->slowest < 0)
		*text = '\0';
	else if (row->slowest - row->fastest < 0.001)
		snprintf(text, sizeof(text), "%.3f s", row->slowest);
	else
		snprintf(text, sizeof(text), "%.3f-%.3f s", row->fastest, row->slowest);
	snprintf(cell, sizeof(cell), "%-18s", text);
	page_puts(page, cell);
}

static void put_cells(struct page *page, const struct row *row)
{
	char cells[64], passed[24] = "", error[16] = "";

	if (row->tried)
		snprintf(passed, sizeof(passed), "%u of %u", row->passed, row->tried);
	snprintf(cells, sizeof(cells), "%-13s%-11s", row->stage->name, passed);
	page_puts(page, cells);
	put_times(page, row);
	if (row->error >= 0)
		snprintf(error, sizeof(error), "%.2g", row->error);
	snprintf(cells, sizeof(cells), "%-12s", error);
	page_puts(page, cells);
}

static void put_faults(struct page *page, const struct rd_stage_run *run)
{
	for (size_t i = 0; i < run->faults.n; i++) {
		const struct rd_trial_fault *fault = &run->faults.items[i];

		page_wrapf(page, 0, 4, "kernel log: %s", fault->line);
		if (fault->signature->kind == RD_LOG_FAULT &&
		    (!i || fault->signature != run->faults.items[i - 1].signature))
			page_wrapf(page, 0, 6, "(%s)", fault->signature->title);
	}
}

/* What went wrong in one run, or (verbose) how it went. */
static void put_run(struct page *page, const struct rd_stage_run *run)
{
	if (run->result == RD_STAGE_NOT_RUN)
		return;
	if (run->result == RD_STAGE_PASSED) {
		if (page->options->is_verbose)
			page_wrapf(page, 0, 4,
				   "run %u: passed in %.3f s, the whole process took %.3f s",
				   run->run, time_of(run), run->seconds);
		return;
	}
	page_wrapf(page, 0, 4, "run %u: %s%s%s", run->run, rd_stage_result_name(run->result),
		   run->reason ? ": " : "", run->reason ? run->reason : "");
	put_faults(page, run);
}

static void put_row(struct page *page, const struct rd_trial *trial, const struct rd_stage *stage)
{
	struct row row = make_row(trial, stage);

	put_cells(page, &row);
	page_color(page, row.worst ? PAGE_BAD : row.tried ? PAGE_GOOD : PAGE_DIM);
	page_puts(page, rd_stage_result_name(row.worst	 ? row.worst->result
					     : row.tried ? RD_STAGE_PASSED
							 : RD_STAGE_NOT_RUN));
	page_color(page, PAGE_PLAIN);
	page_puts(page, "\n");
	for (size_t i = 0; i < trial->stages.n; i++) {
		if (trial->stages.items[i].stage == stage)
			put_run(page, &trial->stages.items[i]);
	}
}

static void put_table(struct page *page, const struct rd_trial *trial)
{
	size_t n;
	const struct rd_stage *stages = rd_data_stages(&n);

	page_heading(page, "Stage        Passed     Time              Difference  Result");
	for (size_t i = 0; i < n; i++)
		put_row(page, trial, &stages[i]);
}

static void put_marks(struct page *page, const struct rd_trial *trial)
{
	static const struct {
		const char *box, *after;
		enum page_color color;
	} looks[] = {
		[RD_SEEN_NOT] = { "[ ] ", " (not seen)", PAGE_DIM },
		[RD_SEEN_NO] = { "[ ] ", " (no)", PAGE_BAD },
		[RD_SEEN_YES] = { "[x] ", "", PAGE_GOOD },
	};

	page_heading(page, "Seen");
	for (size_t i = 0; i < trial->marks.n; i++) {
		const struct rd_trial_mark *mark = &trial->marks.items[i];

		page_color(page, looks[mark->seen].color);
		page_puts(page, looks[mark->seen].box);
		page_wrapf(page, 4, 4, "%s%s", mark->criterion->title, looks[mark->seen].after);
		page_color(page, PAGE_PLAIN);
	}
}

static bool has_result(const struct rd_trial *trial, enum rd_stage_result result)
{
	for (size_t i = 0; i < trial->stages.n; i++) {
		if (trial->stages.items[i].result == result)
			return true;
	}
	return false;
}

static const char *conclusion(const struct rd_trial *trial)
{
	if (trial->is_stopped)
		return "Stopped before the end.";
	if (has_result(trial, RD_STAGE_STUCK))
		return "Failed, and a process waits inside the driver for ever: reboot before anything "
		       "else uses the card. Then: rdna1-doctor check";
	if (trial->exit_code)
		return "Failed: what to look at stands below the stages. Is the driver in order? "
		       "rdna1-doctor check tells.";
	if (!strcmp(trial->device, "cpu"))
		return "All passed, on the processor: so the test itself works. It says nothing of a "
		       "card.";
	return "All passed. That shows that these convolutions ran this often on this card, and no "
	       "more: other sizes, other programs and hours of work have not been tried.";
}

int text_trial(const struct rd_trial *trial, const struct rd_render_options *options, FILE *f,
	       struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	put_head(&page, trial);
	if (trial->untried) {
		page_wrapf(&page, 0, 0, "\nNothing could be tried: %s", trial->untried);
		page_wrapf(&page, 0, 0,
			   "Name the Python of the environment that has torch: --python "
			   "PATH");
		return page_write(&page, f, err);
	}
	put_table(&page, trial);
	put_marks(&page, trial);
	page_puts(&page, "\n");
	page_wrapf(&page, 0, 0, "%s", conclusion(trial));
	return page_write(&page, f, err);
}
