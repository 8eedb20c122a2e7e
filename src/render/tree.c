/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The chains as trees, each kernel's a branch for each link: its mark, what it is, its verdict, its
 * place, and below it the one line that decides. What nothing loads is dim. A path is shown from
 * the folder of its kernel on where it is below one; --verbose shows all of it, and all evidence.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "chain.h"
#include "page.h"

#define STAGE_COLUMNS	11 /* "installed" and two spaces */
#define VERDICT_COLUMNS 10
#define INDENT		5 /* of what stands below a link */

/* What a terminal without UTF-8 gets stands second. */
static const char *const branches[][2] = { { "├─ ", "|- " }, { "└─ ", "`- " } };
static const char *const margins[][2] = { { "│  ", "|  " }, { "   ", "   " } };
static const char *const marks[][2] = {
	[RD_VERDICT_UNKNOWN] = { "?", "?" }, [RD_VERDICT_CLEAN] = { "✓", "+" },
	[RD_VERDICT_NO_SIGN] = { "·", "." }, [RD_VERDICT_MODIFIED] = { "!", "!" },
	[RD_VERDICT_PATCHED] = { "✗", "x" },
};

/* One chain under way. */
struct tree {
	struct page *page;
	const struct rd_facts *facts;
	const char *release; /* NULL: of no kernel */
	struct chain chain;
	bool *is_told; /* by index of the copy: its reason stands above */
};

static void tree_deinit(struct tree *tree)
{
	chain_deinit(&tree->chain);
}

/* @path from the folder of the release on, if it is below that. */
static const char *below_release(const char *path, const char *release)
{
	static const char modules[] = "lib/modules/";
	const char *rest = path + (*path == '/');
	size_t n = release ? strlen(release) : 0;

	rest += rd_text_has_prefix(rest, "usr/") ? strlen("usr/") : 0;
	if (!n || !rd_text_has_prefix(rest, modules))
		return path;
	rest += strlen(modules);
	return !strncmp(rest, release, n) && rest[n] == '/' ? rest + n + 1 : path;
}

/* The copy that modprobe loads for the kernel of this chain, or NULL. */
static const struct rd_copy *find_resolved(const struct tree *tree)
{
	for (size_t i = 0; i < tree->chain.n; i++) {
		if (tree->chain.items[i].stage == CHAIN_RESOLVED)
			return tree->chain.items[i].copy;
	}
	return NULL;
}

/* An image, and which of its members where that is not the very path of the installed module. */
static char *place_in_image(const struct tree *tree, const struct rd_copy *copy, const char *colon)
{
	const struct rd_copy *resolved = find_resolved(tree);
	const char *member = below_release(colon + 1, tree->release);
	char *place = NULL;

	if (resolved && !strcmp(below_release(resolved->path, tree->release), member))
		return strndup(copy->path, (size_t)(colon - copy->path));
	if (asprintf(&place, "%.*s: %s", (int)(colon - copy->path), copy->path, member) < 0)
		return NULL;
	return place;
}

/* A copy's place in a malloc()ed string that is not escaped; NULL when memory is short. */
static char *place_of(const struct tree *tree, const struct rd_copy *copy)
{
	const char *colon = strrchr(copy->path, ':');

	if (tree->page->options->is_verbose || !tree->release)
		return strdup(copy->path);
	if (copy->kind == RD_COPY_INITRAMFS && colon)
		return place_in_image(tree, copy, colon);
	return strdup(below_release(copy->path, tree->release));
}

static bool has_shadowed(const struct chain *chain)
{
	for (size_t i = 0; i < chain->n; i++) {
		if (chain->items[i].stage == CHAIN_SHADOWED)
			return true;
	}
	return false;
}

/* What a copy's stage alone does not tell. */
static const char *note_of(const struct tree *tree, const struct chain_link *link)
{
	switch (link->stage) {
	case CHAIN_RESOLVED:
		return has_shadowed(&tree->chain) ? "(modprobe loads this one)" : "";
	case CHAIN_SHADOWED:
		return "(shadowed: another is loaded)";
	case CHAIN_INITRAMFS:
		return link->copy->is_loadable ? "" : "(no boot loads it)";
	case CHAIN_ORIGINAL:
		return "(put aside by dkms)";
	case CHAIN_BACKUP:
		return "(nothing loads it)";
	default:
		return "";
	}
}

/* The branch, the mark and the words before the place. Return: the columns they take. */
static int put_lead(struct tree *tree, const struct chain_link *link, const char *mark,
		    const char *stage, const char *verdict)
{
	bool is_last = link + 1 == tree->chain.items + tree->chain.n;
	bool is_ascii = !tree->page->options->is_utf8;
	enum page_color plain = chain_is_idle(link) ? PAGE_DIM : PAGE_PLAIN;
	enum page_color color = link->copy ? page_verdict_color(link->copy->verdict) : plain;
	int fill = VERDICT_COLUMNS - (int)strlen(verdict);
	struct page *page = tree->page;

	fill = fill > 0 ? fill : 1;
	page_puts(page, branches[is_last][is_ascii]);
	page_color(page, color);
	page_puts(page, mark);
	page_color(page, PAGE_PLAIN);
	page_color(page, plain);
	page_puts(page, " ");
	page_puts(page, stage);
	page_spaces(page, STAGE_COLUMNS - (int)strlen(stage));
	page_color(page, color);
	page_puts(page, verdict);
	page_color(page, PAGE_PLAIN);
	page_color(page, plain);
	page_spaces(page, fill);
	page->margin = margins[is_last][is_ascii];
	return INDENT + STAGE_COLUMNS + (int)strlen(verdict) + fill;
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* A copy further up that has the same build-id and the same reason, or NULL. */
static const struct rd_copy *find_alike(const struct tree *tree, const struct chain_link *link)
{
	const struct rd_copy *copy = link->copy;

	for (const struct chain_link *other = tree->chain.items; other < link; other++) {
		if (other->copy && copy->evidence.n && other->copy->evidence.n &&
		    is_same_text(copy->id.build_id, other->copy->id.build_id) &&
		    is_same_text(copy->evidence.items[0].where,
				 other->copy->evidence.items[0].where) &&
		    is_same_text(rd_copy_reason(copy), rd_copy_reason(other->copy)))
			return other->copy;
	}
	return NULL;
}

static void put_all(struct page *page, const struct rd_copy *copy)
{
	page_identity(page, INDENT, &copy->id);
	page_provenance(page, INDENT, copy);
	page_evidence(page, INDENT, &copy->evidence, 1);
}

/* The line that decides, or all of them. */
static void put_reason(struct tree *tree, const struct chain_link *link)
{
	const struct rd_copy *copy = link->copy, *alike = find_alike(tree, link);
	bool *is_told = &tree->is_told[copy - tree->facts->copies.items];
	struct page *page = tree->page;

	if (page->options->is_verbose)
		put_all(page, copy);
	else if (*is_told)
		page_wrapf(page, 0, INDENT, "see above");
	else if (alike)
		page_wrapf(page, 0, INDENT, "same build-id, same evidence as the %s copy above",
			   rd_copy_kind_name(alike->kind));
	else
		page_evidence(page, INDENT, &copy->evidence, 1);
	if (copy->would_load == RD_PRESENCE_NO)
		page_wrapf(page, 0, INDENT, "would not load here%s%s",
			   copy->load_reason ? ": " : "",
			   copy->load_reason ? copy->load_reason : "");
	*is_told = true;
}

static void put_copy(struct tree *tree, const struct chain_link *link)
{
	const struct rd_copy *copy = link->copy;
	const char *mark = marks[copy->verdict][!tree->page->options->is_utf8];
	RD_CLEANUP(rd_freep) char *place = place_of(tree, copy);
	int column;

	if (!place) {
		tree->page->r = -ENOMEM;
		return;
	}
	column = put_lead(tree, link, mark, rd_copy_kind_name(copy->kind),
			  rd_verdict_name(copy->verdict));
	if (copy->kind == RD_COPY_RUNNING && !tree->page->options->is_verbose) {
		/* It has no place, and no number but the reason. */
		page_wrapf(tree->page, column, INDENT, "%s", rd_copy_reason(copy));
		return;
	}
	page_wrapf(tree->page, column, INDENT, "%s %s", place, note_of(tree, link));
	put_reason(tree, link);
}

static void put_image(struct tree *tree, const struct chain_link *link)
{
	int column = put_lead(tree, link, " ", "initramfs", "none");

	page_wrapf(tree->page, column, INDENT, "%s holds no amdgpu", link->image->path);
}

static void put_package(struct tree *tree, const struct chain_link *link)
{
	const struct rd_dkms_package *package = link->package;
	const struct rd_dkms_build *build = link->build;
	const char *state = build ? rd_dkms_state_name(build->state) : "next";
	int column = put_lead(tree, link, " ", "dkms", state);

	page_wrapf(tree->page, column, INDENT, "%s/%s%s", package->name ? package->name : "?",
		   package->version ? package->version : "?",
		   build ? "" : " (dkms autoinstall will build it)");
	if (package->problem)
		page_wrapf(tree->page, 0, INDENT, "dkms.conf: %s", package->problem);
	if (package->patched_by.n)
		page_wrapf(tree->page, 0, INDENT, "each build is patched: %s%s%s",
			   package->patched_by.items[0].where,
			   *package->patched_by.items[0].where ? ": " : "",
			   package->patched_by.items[0].detail);
	if (build && (build->error || build->log))
		page_wrapf(tree->page, 0, INDENT, "its build failed: %s%s%s",
			   build->error ? build->error : "see ",
			   build->error && build->log ? " in " : "", build->log ? build->log : "");
}

static void put_links(struct tree *tree)
{
	for (size_t i = 0; i < tree->chain.n; i++) {
		const struct chain_link *link = &tree->chain.items[i];

		if (link->copy)
			put_copy(tree, link);
		else if (link->image)
			put_image(tree, link);
		else
			put_package(tree, link);
		tree->page->margin = NULL;
		page_color(tree->page, PAGE_PLAIN);
	}
}

/* What is known of a kernel beside its copies, in words; @kernel NULL: its folder is gone. */
static void put_kernel(struct page *page, const struct rd_facts *facts, const char *release)
{
	const struct rd_kernel *kernel = rd_facts_find_kernel(facts, release);
	bool is_running = facts->running.kernel && !strcmp(facts->running.kernel, release);
	const char *builtin = "", *headers = "";

	if (kernel && kernel->has_builtin == RD_PRESENCE_YES)
		builtin = ", amdgpu is built in";
	else if (kernel && kernel->has_amdgpu == RD_PRESENCE_NO)
		builtin = ", has no amdgpu";
	if (kernel && facts->dkms.n && kernel->has_headers == RD_PRESENCE_NO)
		headers = ", no headers: dkms cannot build for it";

	page_puts(page, "\n");
	page_color(page, PAGE_BOLD);
	page_puts(page, "Kernel ");
	page_wrapf(page, 7, 2, "%s%s%s%s%s", release, is_running ? ", running" : "",
		   kernel ? "" : ", not among the installed ones", builtin, headers);
	page_color(page, PAGE_PLAIN);
	if (kernel && kernel->expected &&
	    (!kernel->resolved || strcmp(kernel->expected, kernel->resolved) != 0))
		page_wrapf(page, 0, 2, "The next depmod will choose %s.",
			   below_release(kernel->expected, release));
}

static void put_chain_of(struct tree *tree, const char *release)
{
	tree->release = release;
	tree->chain.n = 0;
	tree->page->r = chain_of_kernel(tree->facts, release, &tree->chain);
	if (tree->page->r)
		return;
	put_kernel(tree->page, tree->facts, release);
	put_links(tree);
}

static void put_rest(struct tree *tree, const char *heading, bool is_source)
{
	tree->release = NULL;
	tree->chain.n = 0;
	if (!tree->page->r)
		tree->page->r = chain_of_none(tree->facts, is_source, &tree->chain);
	if (tree->page->r || !tree->chain.n)
		return;
	page_heading(tree->page, heading);
	put_links(tree);
}

void page_chains(struct page *page, const struct rd_facts *facts)
{
	RD_CLEANUP(chain_releases_deinit) struct chain_releases releases = { 0 };
	RD_CLEANUP(rd_freep) bool *is_told = calloc(facts->copies.n + 1, sizeof(*is_told));
	RD_CLEANUP(tree_deinit)
	struct tree tree = { .page = page, .facts = facts, .is_told = is_told };

	if (!is_told || chain_releases(facts, &releases))
		page->r = -ENOMEM;
	for (size_t i = 0; i < releases.n && !page->r; i++)
		put_chain_of(&tree, releases.items[i]);
	put_rest(&tree, "Other driver sources", true);
	put_rest(&tree, "Elsewhere", false);
	if (!facts->copies.n && !page->r) {
		page_heading(page, "Copies of amdgpu");
		page_puts(page, "none found\n");
	}
}
