/* SPDX-License-Identifier: GPL-2.0-or-later */

/* For people: what recover is going to do, before it is asked for, and what became of it. */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "page.h"
#include "renderers.h"

#define LINES_MOST 40 /* of a difference */
#define MIB	   ((uint64_t)1 << 20)

static const struct {
	const char *method, *words;
} methods[] = {
	{ "source", "the driver is built anew from the source that was put right, and installed" },
	{ "intree", "the distribution's own driver takes over; the set of dkms is taken away" },
	{ "package", "the packaged module is put back; what hides it is taken away" },
	{ "backup", "the set that was saved by an earlier recover is put back" },
	{ "image", "the module is good, only the initramfs is made anew" },
	{ "unbuild", "what loads is good; what dkms has built, and may install, is taken away" },
	{ "none", "nothing can be done" },
};

static const char *method_words(const char *method)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(methods); i++) {
		if (!strcmp(methods[i].method, method))
			return methods[i].words;
	}
	return "";
}

static void put_seconds(struct page *page, uint64_t seconds)
{
	if (seconds >= 90)
		page_wrapf(page, 0, 2, "  the last build took %llu minutes",
			   (unsigned long long)(seconds + 30) / 60);
	else if (seconds)
		page_wrapf(page, 0, 2, "  the last build took %llu seconds",
			   (unsigned long long)seconds);
}

static void put_kernel(struct page *page, const struct rd_repair_kernel *kernel)
{
	page_color(page, PAGE_BOLD);
	page_puts(page, "kernel ");
	page_wrapf(page, 7, 2, "%s: %s", kernel->release, kernel->method);
	page_color(page, PAGE_PLAIN);
	page_wrapf(page, 0, 2, "  %s%s%s%s", method_words(kernel->method),
		   kernel->package ? " (" : "", kernel->package ? kernel->package : "",
		   kernel->package ? ")" : "");
	if (*kernel->reason)
		page_wrapf(page, 0, 2, "  since %s", kernel->reason);
	if (kernel->fallback)
		page_wrapf(page, 0, 2, "  if that fails: %s, %s", kernel->fallback,
			   method_words(kernel->fallback));
	if (!strcmp(kernel->method, "source"))
		put_seconds(page, kernel->seconds);
}

/* The lines of a difference, as far as they help. */
static void put_difference(struct page *page, const char *difference)
{
	size_t n = 0;

	for (const char *line = difference; *line; n++) {
		size_t len = strcspn(line, "\n");

		if (n < LINES_MOST || page->options->is_verbose) {
			int blanks = (int)strspn(line + 1, " ");

			page_color(page, *line == '-' ? PAGE_BAD : PAGE_GOOD);
			page_spaces(page, 4);
			page_puts(page, *line == '-' ? "-" : *line == '+' ? "+" : "@");
			page_spaces(page, blanks);
			page_wrapf(page, 5 + blanks, 9, "%.*s", (int)len - 1 - blanks,
				   line + 1 + blanks);
			page_color(page, PAGE_PLAIN);
		}
		line += len + (line[len] == '\n');
	}
	if (n > LINES_MOST && !page->options->is_verbose)
		page_wrapf(page, 0, 6, "    and %zu more lines (--verbose)", n - LINES_MOST);
}

static void put_source(struct page *page, const struct rd_repair_source *source)
{
	page_wrapf(page, 0, 2, "%s", source->path);
	page_wrapf(page, 0, 2, "  by %s%s%s", source->way, source->detail ? ": " : "",
		   source->detail ? source->detail : "");
	if (source->difference)
		put_difference(page, source->difference);
}

static void put_paths(struct page *page, const char *heading, char *const *items, size_t n)
{
	if (n)
		page_heading(page, heading);
	for (size_t i = 0; i < n; i++)
		page_wrapf(page, 0, 2, "%s", items[i]);
}

static void put_rests(struct page *page, const struct rd_repair *repair)
{
	if (repair->rests.n)
		page_heading(page, "Stays as it is");
	for (size_t i = 0; i < repair->rests.n; i++) {
		page_wrapf(page, 0, 2, "%s", repair->rests.items[i].what);
		page_wrapf(page, 0, 2, "  %s", repair->rests.items[i].way_out);
	}
}

/* Twice what is thought to be needed, most of it for a while. */
static void put_rooms(struct page *page, const struct rd_repair *repair)
{
	if (repair->rooms.n)
		page_heading(page, "Room that must be free on the file system of");
	for (size_t i = 0; i < repair->rooms.n; i++) {
		const struct rd_repair_room *room = &repair->rooms.items[i];

		page_wrapf(page, 0, 2, "%s: %llu MiB; %llu MiB are", room->path,
			   (unsigned long long)room->wanted / MIB + 1,
			   (unsigned long long)(room->free / MIB));
	}
}

static void put_resumed(struct page *page, const struct rd_repair *repair)
{
	switch (repair->resumed) {
	case RD_REPAIR_NOT_RESUMED:
		return;
	case RD_REPAIR_PENDING:
		page_wrapf(page, 0, 0,
			   "Transaction %04u was interrupted. A run of recover that is no dry run "
			   "finishes it first, or takes it back.",
			   repair->resumed_id);
		return;
	case RD_REPAIR_FINISHED:
		page_wrapf(page, 0, 0, "Transaction %04u, which was interrupted, is finished.",
			   repair->resumed_id);
		return;
	case RD_REPAIR_TAKEN_BACK:
		page_wrapf(page, 0, 0,
			   "Transaction %04u, which was interrupted, is taken back: all is as it "
			   "was before it.",
			   repair->resumed_id);
		return;
	}
}

/* Whether a kernel has no way: then nothing of the rest is done either. */
static bool is_hopeless(const struct rd_repair *repair)
{
	for (size_t i = 0; i < repair->kernels.n; i++) {
		if (!strcmp(repair->kernels.items[i].method, "none"))
			return !repair->downloads.n;
	}
	return false;
}

/* A command to be typed, for the system that this is about; never broken. */
static void put_command(struct page *page, const struct rd_repair *repair, const char *verb)
{
	page_linef(page, "  sudo rdna1-doctor %s%s%s", verb, repair->is_live ? "" : " --root ",
		   repair->is_live ? "" : repair->root);
}

static void put_plan(struct page *page, const struct rd_repair *repair)
{
	bool is_in_vain = is_hopeless(repair);

	put_paths(page, "Downloaded first; then all is decided anew", repair->downloads.items,
		  repair->downloads.n);
	page_heading(page, is_in_vain ? "What cannot be done" : "What is going to be done");
	for (size_t i = 0; i < repair->kernels.n; i++)
		put_kernel(page, &repair->kernels.items[i]);
	if (is_in_vain) {
		put_rests(page, repair);
		return;
	}
	if (repair->sources.n)
		page_heading(page, "Sources that become what they were");
	for (size_t i = 0; i < repair->sources.n; i++)
		put_source(page, &repair->sources.items[i]);
	put_paths(
		page,
		"Taken off dkms' list, so that new kernels get the distribution's driver: what it "
		"builds would be patched, or cannot be proven",
		repair->unregistered.items, repair->unregistered.n);
	put_paths(page, "Builds for kernels that are not installed, taken away",
		  repair->stale.items, repair->stale.n);
	put_paths(page, "Images that are made anew", repair->images.items, repair->images.n);
	put_paths(page, "Leftovers of the recipes that are put away", repair->leftovers.items,
		  repair->leftovers.n);
	put_paths(page, "Leftovers of the recipes that stay, without --leftovers",
		  repair->kept_leftovers.items, repair->kept_leftovers.n);
	put_rests(page, repair);
	put_rooms(page, repair);
	page_puts(page, "\n");
	page_wrapf(page, 0, 0,
		   "All that is replaced or taken away is kept in /var/lib/rdna1-doctor, and comes "
		   "back by");
	put_command(page, repair, "rollback");
	/* With whatever else was asked for. */
	if (repair->is_dry_run)
		page_wrapf(page, 0, 0,
			   "Nothing was done. The same command without --dry-run does it.");
}

static void put_done(struct page *page, const struct rd_repair *repair)
{
	page_heading(page, "Done");
	for (size_t i = 0; i < repair->kernels.n; i++) {
		const struct rd_repair_kernel *kernel = &repair->kernels.items[i];

		page_wrapf(page, 0, 2, "kernel %s: by method %s%s%s", kernel->release,
			   kernel->method, kernel->module ? ", loads " : "",
			   kernel->module ? kernel->module : "");
		if (*kernel->reason)
			page_wrapf(page, 0, 2, "  since %s", kernel->reason);
	}
	if (!repair->kernels.n)
		page_wrapf(page, 0, 2, "%s",
			   repair->resumed == RD_REPAIR_FINISHED
				   ? "what the interrupted transaction had begun"
				   : "no module had to be replaced");
	put_rests(page, repair);
	page_puts(page, "\n");
	page_color(page, PAGE_BOLD);
	page_wrapf(page, 0, 0, "Transaction %04u is done. %s%s%s.", repair->id,
		   repair->has_unit ? "The next boot confirms it"
				    : "After the next boot, sudo rdna1-doctor boot-report --commit "
				      "confirms it",
		   repair->user ? "; then the profile is written for " : "",
		   repair->user ? repair->user : "");
	page_color(page, PAGE_PLAIN);
}

/* The last line, for whoever reads only that: by what it was done, each method once. */
static void put_methods(struct page *page, const struct rd_repair *repair)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text words = RD_TEXT_INIT;

	for (size_t i = 0; i < repair->kernels.n; i++) {
		const char *method = repair->kernels.items[i].method;
		bool is_told = false;

		for (size_t k = 0; k < i && !is_told; k++)
			is_told = !strcmp(repair->kernels.items[k].method, method);
		if (!is_told && rd_text_printf(&words, "%s%s", i ? ", " : "", method))
			page->r = -ENOMEM;
	}
	page_wrapf(page, 0, 0, "Method: %s", words.data ? words.data : "");
}

static void put_outcome(struct page *page, const struct rd_repair *repair)
{
	switch (repair->result) {
	case RD_REPAIR_PLANNED:
		put_plan(page, repair);
		return;
	case RD_REPAIR_NOTHING:
		page_wrapf(page, 0, 0, "%s",
			   repair->rests.n ? "Nothing that recover can put right by itself."
					   : "Nothing to recover: no copy of amdgpu that can load "
					     "is patched or modified.");
		put_rests(page, repair);
		break;
	case RD_REPAIR_REFUSED:
	case RD_REPAIR_UNDONE:
		page_wrapf(page, 0, 0, "%s: %s.", rd_repair_result_name(repair->result),
			   repair->reason);
		break;
	case RD_REPAIR_DONE:
		put_done(page, repair);
		break;
	}
	if (repair->sentence) {
		page_puts(page, "\n");
		page_wrapf(page, 0, 0, "%s", repair->sentence);
		page_linef(page, "Next: %s", repair->next);
	}
	if (repair->result == RD_REPAIR_DONE && repair->kernels.n)
		put_methods(page, repair);
}

int text_repair(const struct rd_repair *repair, const struct rd_render_options *options, FILE *f,
		struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	put_resumed(&page, repair);
	put_outcome(&page, repair);
	return page_write(&page, f, err);
}
