/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Environment profiles for people: each variable with what it really does. */

#include <string.h>

#include "base/cleanup.h"
#include "page.h"

#define INDENT 4

static void put_part(struct page *page, const struct rd_stack_part *part)
{
	static const char *const kinds[] = {
		[RD_STACK_TORCH] = "PyTorch", [RD_STACK_BLAS] = "rocBLAS"
	};
	static const char *const words[] = { [RD_PRESENCE_UNKNOWN] = "unknown",
					     [RD_PRESENCE_NO] = "no code for the card",
					     [RD_PRESENCE_YES] = "code for the card" };

	page_puts(page, kinds[part->kind]);
	page_wrapf(page, 7, INDENT, " %s: %s%s%s", part->path, words[part->has_code],
		   part->detail ? ": " : "", part->detail ? part->detail : "");
}

static void put_stack(struct page *page, const struct rd_profile_basis *basis)
{
	page_heading(page, "ROCm software that was seen");
	for (size_t i = 0; i < basis->stack.n; i++)
		put_part(page, &basis->stack.items[i]);
	if (!basis->stack.n)
		page_puts(page, "none\n");
	if (basis->is_cut)
		page_wrapf(page, 0, 0, "There is more than is looked into, or may be read.");
}

static void put_setting(struct page *page, const struct rd_profile_setting *setting)
{
	page_color(page, PAGE_BOLD);
	page_wrapf(page, 0, 0, "%s%s%s", setting->name, setting->value ? "=" : ": not set",
		   setting->value ? setting->value : "");
	page_color(page, PAGE_PLAIN);
}

/* What is told once of a variable, below the last of its settings. */
static void put_variable(struct page *page, const struct rd_profile_variable *variable,
			 bool has_source)
{
	page_wrapf(page, 0, INDENT, "%s %s%s%s%s", variable->does, variable->note,
		   has_source ? " [" : "", has_source ? variable->source : "",
		   has_source ? "]" : "");
}

static void put_choice(struct page *page, const struct rd_profile *profile)
{
	if (profile->reason)
		page_wrapf(page, 0, 0, "Chosen because %s.", profile->reason);
	if (profile->remark)
		page_wrapf(page, 0, 0, "%s", profile->remark);
}

int rd_render_profile(const struct rd_profile *profile, const struct rd_profile_basis *basis,
		      const struct rd_render_options *options, FILE *f, struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };

	page_wrapf(&page, 0, 0, "Profile %s: %s; %s.", profile->kind->name, profile->kind->title,
		   profile->kind->purpose);
	put_choice(&page, profile);
	page_puts(&page, "\n");
	for (size_t i = 0; i < profile->settings.n; i++) {
		const struct rd_profile_setting *setting = &profile->settings.items[i];

		put_setting(&page, setting);
		if (i + 1 == profile->settings.n || setting[1].variable != setting->variable)
			put_variable(&page, setting->variable, basis);
	}
	if (basis)
		put_stack(&page, basis);
	return page_write(&page, f, err);
}

static void put_value(struct page *page, const char *where, const char *value, bool is_open)
{
	const char *shown = value     ? value
			    : is_open ? "what only running the file tells"
				      : "not set";

	page_spaces(page, 9);
	page_puts(page, where);
	page_spaces(page, 13 - (int)strlen(where));
	page_wrapf(page, 22, 22, "%s", shown);
}

static void put_row(struct page *page, const struct rd_profile_row *row)
{
	page_color(page, row->is_equal ? PAGE_GOOD : PAGE_BAD);
	page_puts(page, row->is_equal ? "same     " : "differs  ");
	page_color(page, PAGE_PLAIN);
	page_wrapf(page, 9, 9, "%s", row->name);
	if (row->is_equal && !page->options->is_verbose)
		return;
	put_value(page, "profile", row->wanted, false);
	put_value(page, "file", row->in_file, row->is_open);
	put_value(page, "environment", row->in_environment, false);
}

static bool has_environment(const struct rd_profile_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->items[i].in_environment)
			return true;
	}
	return false;
}

static void put_mentions(struct page *page, const struct rd_profile_mentions *mentions)
{
	if (!mentions->n)
		return;
	page_heading(page, "Set elsewhere too");
	for (size_t i = 0; i < mentions->n; i++)
		page_wrapf(page, 0, INDENT, "%s:%u: %s", mentions->items[i].path,
			   mentions->items[i].line, mentions->items[i].text);
}

int rd_render_profile_comparison(const struct rd_profile_comparison *comparison,
				 const struct rd_render_options *options, FILE *f,
				 struct rd_error *err)
{
	RD_CLEANUP(page_deinit) struct page page = { .options = options };
	const struct rd_profile *profile = comparison->profile;
	const struct rd_profile_rows *rows = comparison->rows;

	page_wrapf(&page, 0, 0, "Profile %s; file %s; environment of this process",
		   profile->kind->name, comparison->path ? comparison->path : "none");
	put_choice(&page, profile);
	page_puts(&page, "\n");
	for (size_t i = 0; i < rows->n; i++)
		put_row(&page, &rows->items[i]);
	if (!has_environment(rows))
		page_wrapf(&page, 0, 0,
			   "\nNothing of it is set in this process: the file was not read where it "
			   "was started, or sudo has taken the variables away.");
	put_mentions(&page, comparison->mentions);
	return page_write(&page, f, err);
}
