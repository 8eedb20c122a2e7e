/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The report at a boot for people: in short, for the whole of it is what check prints. */

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "page.h"
#include "renderers.h"

#define MOTD_WIDTH 80 /* of a terminal that nobody has asked yet */
#define LEAD	   "rdna1-doctor: "
#define NEXT	   "  Next: "
#define INDENT	   2

static void put_line(struct page *page, const char *lead, const char *fmt, ...) RD_PRINTF(3, 4);

/* A paragraph with an indent that begins with our own words. */
static void put_line(struct page *page, const char *lead, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!line)
		page->r = -ENOMEM;
	page_puts(page, lead);
	page_wrapf(page, (int)strlen(lead), INDENT, "%s", line ? line : "");
}

static void put_recovery(struct page *page, const struct rd_confirmation *recovery)
{
	RD_CLEANUP(rd_freep)
	char *sentence = recovery->id ? rd_confirmation_sentence(recovery) : NULL;

	if (!sentence)
		return;
	put_line(page, LEAD, "%s.", sentence);
	if (recovery->next)
		page_linef(page, NEXT "%s", recovery->next);
	if (recovery->profile.problem)
		put_line(page, LEAD, "the profile of %s was not written: %s",
			 recovery->profile.user, recovery->profile.problem);
	else if (recovery->profile.is_written)
		put_line(page, LEAD, "the profile of %s is written.", recovery->profile.user);
}

static void put_machine(struct page *page, const struct rd_report *report)
{
	page_color(page, page_state_color(report->state));
	put_line(page, LEAD, "%s", report->sentence);
	page_color(page, PAGE_PLAIN);
	if (report->state != RD_STATE_SANE && report->state != RD_STATE_NO_GPU)
		page_linef(page, NEXT "%s", report->next);
}

/* One that was committed in an earlier boot is no news. */
static bool is_news(const struct rd_confirmation *recovery)
{
	return recovery->id &&
	       !(recovery->is_committed && recovery->outcome == RD_OUTCOME_CONFIRMED &&
		 !recovery->profile.user);
}

int text_boot(const struct rd_report *report, const struct rd_boot *boot,
	      const struct rd_render_options *options, FILE *f, struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	put_machine(&page, report);
	put_recovery(&page, &boot->recovery);
	return page_write(&page, f, err);
}

int rd_render_motd(const struct rd_report *report, const struct rd_boot *boot, FILE *f,
		   struct rd_error *err)
{
	const struct rd_render_options options = { .width = MOTD_WIDTH };
	RD_CLEANUP(page_deinit) struct page page = { .options = &options };

	if (report->state != RD_STATE_NO_GPU || is_news(&boot->recovery))
		put_machine(&page, report);
	if (is_news(&boot->recovery))
		put_recovery(&page, &boot->recovery);
	return page.text.len ? page_write(&page, f, err) : page.r;
}
