/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a module says about itself. Compiler (.comment), vermagic and version decide whether a
 * compare of the code means anything; the other lines of .modinfo (aliases, parameters, firmware,
 * dependencies) are content, in any order. Not content is what names the build and not the driver:
 * srcversion, scmversion, and intree, which an external build lacks.
 *
 * __versions holds a checksum for each imported symbol (struct modversion_info in linux/module.h):
 * checksums of names that both import must be equal. A name that one alone imports shows where the
 * code refers to it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "compare_private.h"

/* Real ones have tens of kilobytes. */
#define META_MAX_SIZE (1u << 20)
/* sizeof(struct modversion_info), and where its name starts. */
#define VERSION_SIZE 64
#define VERSION_NAME 8

static const char *const build_keys[] = {
	"vermagic=", "version=", "srcversion=", "scmversion=", "intree=",
};

struct line {
	const char *s;
	size_t len;
	bool is_dependency;
};

struct lines {
	struct line *items;
	size_t n, cap;
};

static int line_compare(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int r;

	if (x->is_dependency != y->is_dependency)
		return x->is_dependency ? 1 : -1;
	r = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);
	return r ? r : x->len < y->len ? -1 : x->len > y->len;
}

/* Every text of @section, each ended by a NUL or by the section. */
static int read_lines(const struct rd_elf_section *section, struct lines *lines)
{
	size_t size, n;
	int r;

	if (!section || !section->data)
		return 0;
	size = section->size < META_MAX_SIZE ? (size_t)section->size : META_MAX_SIZE;
	for (size_t i = 0; i < size; i += n + 1) {
		struct line line = { .s = (const char *)section->data + i };

		n = line.len = strnlen(line.s, size - i);
		if (!n)
			continue;
		r = rd_array_push(lines, &line);
		if (r)
			return r;
	}
	return 0;
}

static size_t sort_distinct(struct lines *lines)
{
	size_t n = 0;

	if (!lines->n)
		return 0;
	qsort(lines->items, lines->n, sizeof(*lines->items), line_compare);
	for (size_t i = 1; i < lines->n; i++) {
		if (line_compare(&lines->items[n], &lines->items[i]))
			lines->items[++n] = lines->items[i];
	}
	return lines->n = n + 1;
}

/* The compilers of all objects, "A, B". */
static int read_compilers(const struct rd_elf *elf, struct rd_text *text)
{
	struct lines lines = { 0 };
	int r;

	r = read_lines(rd_elf_section(elf, ".comment"), &lines);
	if (!r)
		sort_distinct(&lines);
	for (size_t i = 0; !r && i < lines.n; i++) {
		r = i ? rd_text_puts(text, ", ") : 0;
		if (!r)
			r = rd_text_puts_escaped(text, lines.items[i].s, lines.items[i].len);
	}
	free(lines.items);
	return r;
}

static int read_key(const struct rd_elf *elf, const char *key, struct rd_text *text)
{
	struct lines lines = { 0 };
	size_t len = strlen(key);
	int r;

	r = read_lines(rd_elf_section(elf, ".modinfo"), &lines);
	for (size_t i = 0; !r && i < lines.n; i++) {
		const struct line *line = &lines.items[i];

		if (line->len >= len && !memcmp(line->s, key, len)) {
			r = rd_text_puts_escaped(text, line->s + len, line->len - len);
			break;
		}
	}
	free(lines.items);
	return r;
}

static int add_reason(struct rd_text *reason, const char *what, const struct rd_text *a,
		      const struct rd_text *b)
{
	const char *from = a->len ? a->data : "unknown", *to = b->len ? b->data : "unknown";

	if (a->len == b->len && (!a->len || !memcmp(a->data, b->data, a->len)))
		return 0;
	return rd_text_printf(reason, "%s%s: A %.200s, B %.200s", reason->len ? "; " : "", what,
			      from, to);
}

static int compare_key(struct compare *c, const char *what, const char *key, struct rd_text *reason)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text a = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text b = RD_TEXT_INIT;
	int r;

	r = key ? read_key(c->a.elf, key, &a) : read_compilers(c->a.elf, &a);
	if (!r)
		r = key ? read_key(c->b.elf, key, &b) : read_compilers(c->b.elf, &b);
	return r ? r : add_reason(reason, what, &a, &b);
}

int rd_compare_builds(struct compare *c, struct rd_text *reason)
{
	int r;

	r = compare_key(c, "compiler", NULL, reason);
	if (!r)
		r = compare_key(c, "vermagic", "vermagic=", reason);
	if (!r)
		r = compare_key(c, "version", "version=", reason);
	if (!r && (c->a.has_lto || c->b.has_lto))
		r = rd_text_printf(reason, "%slink-time optimisation: A %s, B %s",
				   reason->len ? "; " : "", c->a.has_lto ? "yes" : "no",
				   c->b.has_lto ? "yes" : "no");
	return r;
}

static bool is_build_line(const struct line *line)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(build_keys); i++) {
		size_t n = strlen(build_keys[i]);

		if (line->len >= n && !memcmp(line->s, build_keys[i], n))
			return true;
	}
	return false;
}

/* Modules in "depends=" stand in the order of the link. */
static int split_dependencies(const struct line *line, struct lines *lines)
{
	struct line part = { .s = line->s + 8, .is_dependency = true };
	const char *end = line->s + line->len;
	int r = 0;

	for (; !r && part.s < end; part.s += part.len + 1) {
		const char *comma = memchr(part.s, ',', end - part.s);

		part.len = (comma ? comma : end) - part.s;
		r = rd_array_push(lines, &part);
	}
	return r;
}

static int read_modinfo(const struct rd_elf *elf, struct lines *lines)
{
	struct lines all = { 0 };
	int r;

	r = read_lines(rd_elf_section(elf, ".modinfo"), &all);
	for (size_t i = 0; !r && i < all.n; i++) {
		const struct line *line = &all.items[i];

		if (line->len > 8 && !memcmp(line->s, "depends=", 8))
			r = split_dependencies(line, lines);
		else if (!is_build_line(line))
			r = rd_array_push(lines, line);
	}
	free(all.items);
	if (lines->n)
		qsort(lines->items, lines->n, sizeof(*lines->items), line_compare);
	return r;
}

static int report_line(struct compare *c, const struct line *line, const char *side)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct compare_finding finding = COMPARE_FINDING_INIT;
	int r;

	r = rd_text_puts_escaped(&text, line->s, line->len < 100 ? line->len : 100);
	if (!r)
		r = rd_text_printf(&text, ": in %s only", side);
	if (r)
		return r;
	finding.detail = rd_text_take(&text);
	r = rd_compare_report(c, RD_DIFFERENCE_DIFFERS, ".modinfo", false, &finding);
	text = finding.detail;
	return r;
}

static int compare_modinfo(struct compare *c)
{
	struct lines a = { 0 }, b = { 0 };
	size_t i = 0;
	int r;

	r = read_modinfo(c->a.elf, &a);
	if (!r)
		r = read_modinfo(c->b.elf, &b);
	while (!r && i < a.n && i < b.n && !line_compare(&a.items[i], &b.items[i]))
		i++;
	/* The first line without a partner is in the module whose line sorts first. */
	if (!r && i < a.n && (i == b.n || line_compare(&a.items[i], &b.items[i]) < 0))
		r = report_line(c, &a.items[i], "A");
	else if (!r && i < b.n)
		r = report_line(c, &b.items[i], "B");
	free(a.items);
	free(b.items);
	return r;
}

static int read_versions(const struct rd_elf *elf, struct lines *lines)
{
	const struct rd_elf_section *section = rd_elf_section(elf, "__versions");
	int r = 0;

	if (!section || !section->data)
		return 0;
	for (uint64_t i = 0; !r && section->size - i >= VERSION_SIZE; i += VERSION_SIZE) {
		struct line line = { .s = (const char *)section->data + i + VERSION_NAME };

		line.len = strnlen(line.s, VERSION_SIZE - VERSION_NAME);
		r = rd_array_push(lines, &line);
	}
	if (lines->n)
		qsort(lines->items, lines->n, sizeof(*lines->items), line_compare);
	return r;
}

static int compare_versions(struct compare *c)
{
	struct lines a = { 0 }, b = { 0 };
	int r;

	r = read_versions(c->a.elf, &a);
	if (!r)
		r = read_versions(c->b.elf, &b);
	for (size_t i = 0, k = 0; !r && i < a.n && k < b.n;) {
		int order = line_compare(&a.items[i], &b.items[k]);

		if (!order && memcmp(a.items[i].s - VERSION_NAME, b.items[k].s - VERSION_NAME,
				     VERSION_NAME)) {
			struct compare_finding finding = COMPARE_FINDING_INIT;

			r = rd_compare_say(&finding, COMPARE_DIFFERS, "another checksum of %.*s",
					   (int)a.items[i].len, a.items[i].s);
			if (!r)
				r = rd_compare_report(c, RD_DIFFERENCE_DIFFERS, "__versions", false,
						      &finding);
			rd_text_deinit(&finding.detail);
			break;
		}
		i += order <= 0;
		k += order >= 0;
	}
	free(a.items);
	free(b.items);
	return r;
}

int rd_compare_meta(struct compare *c)
{
	int r = compare_modinfo(c);

	return r ? r : compare_versions(c);
}
