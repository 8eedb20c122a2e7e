/* SPDX-License-Identifier: GPL-2.0-or-later */

/* For people: what the tool keeps, and what going back to it means. */

#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "page.h"

#define PATH_MOST     10
#define EVIDENCE_MOST 2
#define INDENT	      6 /* "0001  " */

/* In the words of a disk: 1023 bytes, 1.0 KiB, 45.2 MiB. */
static const char *size_words(uint64_t size, char words[32])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)size;
	size_t unit = 0;

	for (; value >= 1024 && unit + 1 < RD_N_ELEMENTS(units); unit++)
		value /= 1024;
	snprintf(words, 32, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return words;
}

static const char *time_words(struct rd_num begun, char words[32])
{
	time_t time = (time_t)begun.v;
	struct tm local;

	if (!begun.known || !localtime_r(&time, &local) ||
	    !strftime(words, 32, "%Y-%m-%d %H:%M", &local))
		snprintf(words, 32, "time unknown");
	return words;
}

static const char *state_words(const struct rd_saved *saved)
{
	switch (saved->state) {
	case RD_SAVED_UNREADABLE:
		return saved->reason;
	case RD_SAVED_UNFINISHED:
		return "unfinished: it was cut off, and can be finished or rolled back";
	case RD_SAVED_HALF_UNDONE:
		return "half undone: its rollback was cut off, and has to go on";
	case RD_SAVED_ARMED:
		return "done, and waits for the boot that confirms it";
	case RD_SAVED_COMMITTED:
		return "confirmed by a boot";
	case RD_SAVED_ROLLED_BACK:
		break;
	}
	return "rolled back";
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void put_paths(struct page *page, int indent, const struct rd_paths *paths)
{
	size_t n = page->options->is_verbose || paths->n <= PATH_MOST ? paths->n : PATH_MOST;

	for (size_t i = 0; i < n; i++)
		page_wrapf(page, 0, indent, "%s", paths->items[i]);
	if (n < paths->n)
		page_wrapf(page, 0, indent, "and %zu more (--verbose)", paths->n - n);
}

static void put_section(struct page *page, const char *heading, const struct rd_paths *paths)
{
	if (!paths->n)
		return;
	page_heading(page, heading);
	put_paths(page, 2, paths);
}

static void put_copies(struct page *page, const struct rd_copies *copies)
{
	if (!copies->n)
		return;
	page_heading(page, "The driver that comes back");
	for (size_t i = 0; i < copies->n; i++) {
		const struct rd_copy *copy = &copies->items[i];

		page_color(page, page_verdict_color(copy->verdict));
		page_wrapf(page, 0, 2, "%s: %s", copy->path, rd_verdict_name(copy->verdict));
		page_color(page, PAGE_PLAIN);
		page_evidence(page, 4, &copy->evidence, EVIDENCE_MOST);
	}
}

static void put_plan(struct page *page, const struct rd_rollback *rollback)
{
	const struct rd_saved *saved = &rollback->saved;
	char begun[32], size[32];

	page_wrapf(page, 0, 0, "Transaction %04u of %s%s%s: %s.", saved->id,
		   time_words(saved->begun, begun), saved->method ? ", method " : "",
		   saved->method ? saved->method : "", state_words(saved));
	if (!rollback->restored.n && !rollback->removed.n) {
		page_puts(page, "\n");
		page_wrapf(page, 0, 0,
			   "All that it may have changed is as it was before: only its own record "
			   "is closed.");
		return;
	}
	put_section(page, "Goes back to what it was", &rollback->restored);
	if (rollback->restored.n)
		page_wrapf(page, 0, 2, "%zu file%s, %s", rollback->files, plural(rollback->files),
			   size_words(rollback->size, size));
	put_section(page, "Was not there, and is removed", &rollback->removed);
	put_section(page, "Changed by others since, of these: copied before it is overwritten",
		    &rollback->foreign);
	put_copies(page, &rollback->copies);
}

/* What is old again may not fit to what is new. */
static void put_foreign(struct page *page, const struct rd_rollback *rollback)
{
	if (!rollback->foreign.n)
		return;
	page_heading(page, "Kept, since others had changed it");
	put_paths(page, 2, &rollback->foreign);
	page_wrapf(page, 0, 2,
		   "The copies are in /var/lib/rdna1-doctor/txn/%04u/aside, under their SHA-256; "
		   "aside.manifest beside it says which is which. If modules or kernels were "
		   "installed since, run depmod for each kernel and make its initramfs anew.",
		   rollback->saved.id);
}

static void put_done(struct page *page, const struct rd_rollback *rollback)
{
	put_foreign(page, rollback);
	page_puts(page, "\n");
	page_color(page, PAGE_BOLD);
	page_wrapf(page, 0, 0, "Transaction %04u is rolled back: all that it changed is as it was.",
		   rollback->saved.id);
	page_color(page, PAGE_PLAIN);
	if (rd_rollback_bad(rollback)) {
		page_color(page, PAGE_BAD);
		page_wrapf(page, 0, 0,
			   "The driver that this machine loads from now on is the one shown above: "
			   "do no compute work on the card with it.");
		page_color(page, PAGE_PLAIN);
	}
	page_puts(page, "\n");
	if (rollback->user)
		page_wrapf(
			page, 0, 0,
			"The ROCm profile that was written for %s stays. It is meant for the clean "
			"driver: sudo rdna1-doctor profile remove --user %s%s%s takes it away.",
			rollback->user, rollback->user, rollback->is_live ? "" : " --root ",
			rollback->is_live ? "" : rollback->root);
	if (rollback->is_live)
		page_wrapf(page, 0, 0,
			   "Next: reboot, so that what runs is what the disk has, then "
			   "sudo rdna1-doctor check");
	else
		page_linef(page, "Next: sudo rdna1-doctor check --root %s", rollback->root);
}

int text_rollback(const struct rd_rollback *rollback, const struct rd_render_options *options,
		  FILE *f, struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	if (rollback->result == RD_ROLLBACK_PLANNED)
		put_plan(&page, rollback);
	else if (rollback->result == RD_ROLLBACK_DONE)
		put_done(&page, rollback);
	return page_write(&page, f, err);
}

static enum page_color result_color(enum rd_saved_result result)
{
	switch (result) {
	case RD_SAVED_WHOLE:
		return PAGE_GOOD;
	case RD_SAVED_DAMAGED:
		return PAGE_BAD;
	case RD_SAVED_MAY_GO:
	case RD_SAVED_STAYS:
		return PAGE_DOUBT;
	case RD_SAVED_LISTED:
	case RD_SAVED_GONE:
		break;
	}
	return PAGE_PLAIN;
}

static void put_result(struct page *page, const struct rd_saved *saved)
{
	static const char *const words[] = {
		[RD_SAVED_WHOLE] = "whole: every copy is what was copied",
		[RD_SAVED_DAMAGED] = "damaged: missing, or not what was copied:",
		[RD_SAVED_MAY_GO] = "may go",
		[RD_SAVED_GONE] = "gone",
		[RD_SAVED_STAYS] = "stays",
	};

	if (!words[saved->result])
		return;
	page_color(page, result_color(saved->result));
	page_wrapf(page, 0, INDENT, "%s%s%s", words[saved->result], saved->reason ? ": " : "",
		   saved->reason ? saved->reason : "");
	page_color(page, PAGE_PLAIN);
	put_paths(page, INDENT + 2, &saved->damaged);
}

static void put_content(struct page *page, const struct rd_saved *saved)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text kernels = RD_TEXT_INIT;
	char size[32];

	for (size_t i = 0; !page->r && i < saved->kernels.n; i++)
		page->r = rd_text_printf(&kernels, ", %s%s", i ? "" : "kernel ",
					 saved->kernels.items[i]);
	page_wrapf(page, 0, INDENT, "%zu file%s, %s%s", saved->files, plural(saved->files),
		   size_words(saved->size, size), kernels.len ? kernels.data : "");
}

static void put_saved(struct page *page, const struct rd_saved *saved)
{
	char begun[32], id[16];
	bool is_readable = saved->state != RD_SAVED_UNREADABLE;

	snprintf(id, sizeof(id), "%04u", saved->id);
	page_color(page, PAGE_BOLD);
	page_puts(page, id);
	page_color(page, PAGE_PLAIN);
	page_wrapf(page, (int)strlen(id), INDENT, "%s%s%s%s%s",
		   is_readable && saved->begun.known ? time_words(saved->begun, begun) : "",
		   is_readable && saved->begun.known ? ", " : "",
		   saved->method ? saved->method : "", saved->method ? ", " : "",
		   state_words(saved));
	if (is_readable)
		put_content(page, saved);
	if (saved->aside.n) {
		page_wrapf(page, 0, INDENT, "kept when it was rolled back:");
		put_paths(page, INDENT + 2, &saved->aside);
	}
	if (is_readable)
		put_result(page, saved);
}

int text_backups(const struct rd_saved_list *list, const struct rd_render_options *options, FILE *f,
		 struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	for (size_t i = 0; i < list->n; i++)
		put_saved(&page, &list->items[i]);
	if (!list->n)
		page_puts(&page, "There are no backups: nothing was changed here.\n");
	return page_write(&page, f, err);
}
