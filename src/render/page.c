/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Escaping, wrapping and colour: the only way from a string to the text output. */

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "page.h"

static const char *const sequences[] = {
	[PAGE_PLAIN] = "\033[0m", [PAGE_BOLD] = "\033[1m",   [PAGE_DIM] = "\033[2m",
	[PAGE_GOOD] = "\033[32m", [PAGE_DOUBT] = "\033[33m", [PAGE_BAD] = "\033[1;31m",
};

void page_deinit(struct page *page)
{
	rd_text_deinit(&page->text);
}

void page_puts(struct page *page, const char *s)
{
	if (!page->r)
		page->r = rd_text_puts(&page->text, s);
}

void page_color(struct page *page, enum page_color color)
{
	if (page->options->use_color)
		page_puts(page, sequences[color]);
}

void page_spaces(struct page *page, int n)
{
	for (; n > 0; n--)
		page_puts(page, " ");
}

void page_heading(struct page *page, const char *s)
{
	page_puts(page, "\n");
	page_color(page, PAGE_BOLD);
	page_puts(page, s);
	page_color(page, PAGE_PLAIN);
	page_puts(page, "\n");
}

/* The bytes of the character at @s, and the columns it takes. */
static size_t character(const char *s, size_t len, int *columnsp)
{
	mbstate_t state = { 0 };
	wchar_t c;
	size_t n = mbrtowc(&c, s, len, &state);
	int columns;

	if (n == 0 || n > len) {
		*columnsp = 1;
		return 1;
	}
	columns = wcwidth(c);
	*columnsp = columns < 0 ? 1 : columns;
	return n;
}

static int columns_of(const char *s, size_t len)
{
	int columns = 0, c;

	for (size_t i = 0; i < len; columns += c)
		i += character(s + i, len - i, &c);
	return columns;
}

static void append(struct page *page, const char *s, size_t len)
{
	if (!page->r)
		page->r = rd_text_append(&page->text, s, len);
}

/* What a new line begins with, up to @indent. */
static void start_line(struct page *page, int indent, int *columnp)
{
	*columnp = 0;
	if (page->margin) {
		page_puts(page, page->margin);
		*columnp = columns_of(page->margin, strlen(page->margin));
	}
	page_spaces(page, indent - *columnp);
	*columnp = *columnp > indent ? *columnp : indent;
}

/* The spaces that a lead was filled up with end where the line does. */
static void break_line(struct page *page, int indent, int *columnp)
{
	while (page->text.len && page->text.data[page->text.len - 1] == ' ')
		page->text.data[--page->text.len] = '\0';
	append(page, "\n", 1);
	start_line(page, indent, columnp);
}

/* The bytes of @s that go into @columns, up to the last / among them: paths are broken there. */
static size_t fitting(const char *s, size_t len, int columns)
{
	size_t n = 0, slash = 0, step;
	int c;

	for (; n < len; n += step) {
		step = character(s + n, len - n, &c);
		columns -= c;
		if (columns < 0)
			return slash > 1 ? slash : n;
		if (s[n] == '/')
			slash = n + 1;
	}
	return n;
}

/* A word that fits no line. */
static void put_long_word(struct page *page, int indent, int *columnp, const char *s, size_t len)
{
	int width = page->options->width, c;

	while (len) {
		size_t n = fitting(s, len, width - *columnp);

		if (!n && *columnp <= indent) /* wider than any line */
			n = character(s, len, &c);
		append(page, s, n);
		*columnp += columns_of(s, n);
		s += n;
		len -= n;
		if (len)
			break_line(page, indent, columnp);
	}
}

/*
 * @is_first: nothing of this paragraph stands on the line, so that no space goes before it. A word
 * that fits a line of its own is not broken for the sake of the lead in front of it.
 */
static void put_word(struct page *page, int indent, int *columnp, bool is_first, const char *s,
		     size_t len)
{
	int columns = columns_of(s, len), width = page->options->width;

	if (*columnp + !is_first + columns > width &&
	    (!is_first || (*columnp > indent && indent + columns <= width))) {
		break_line(page, indent, columnp);
		is_first = true;
	}
	if (!is_first) {
		append(page, " ", 1);
		++*columnp;
	}
	if (*columnp + columns > width) {
		put_long_word(page, indent, columnp, s, len);
		return;
	}
	append(page, s, len);
	*columnp += columns;
}

static void put_line(struct page *page, int indent, int *columnp, const char *s, size_t len)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text safe = RD_TEXT_INIT;
	bool is_first = true;

	page->r = rd_text_puts_escaped(&safe, s, len);
	for (size_t i = 0; i < safe.len && !page->r;) {
		size_t n = strcspn(safe.data + i, " ");

		if (n) {
			put_word(page, indent, columnp, is_first, safe.data + i, n);
			is_first = false;
		}
		i += n + (safe.data[i + n] == ' ');
	}
}

static void wrap(struct page *page, int column, int indent, const char *s)
{
	if (!column)
		start_line(page, indent, &column);
	page_spaces(page, indent - column);
	column = column > indent ? column : indent;
	while (*s && !page->r) {
		size_t n = strcspn(s, "\n");

		put_line(page, indent, &column, s, n);
		s += n;
		if (*s && *++s == '\n') /* an empty line stays free of spaces */
			append(page, "\n", 1);
		s += strspn(s, "\n");
		if (*s)
			break_line(page, indent, &column);
	}
	append(page, "\n", 1);
}

void page_wrapf(struct page *page, int column, int indent, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!s) {
		page->r = -ENOMEM;
		return;
	}
	wrap(page, column, indent, s);
}

void page_linef(struct page *page, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!s)
		page->r = -ENOMEM;
	if (!page->r)
		page->r = rd_text_puts_escaped(&page->text, s, strlen(s));
	page_puts(page, "\n");
}

int page_write(struct page *page, FILE *f, struct rd_error *err)
{
	if (page->r)
		return rd_error_nomem(err);
	/* Of nothing there is no memory, and fwrite() wants some. */
	if (page->text.len && fwrite(page->text.data, 1, page->text.len, f) != page->text.len)
		return rd_error_set(err, errno ? errno : EIO, "the output could not be written");
	return 0;
}

enum page_color page_verdict_color(enum rd_verdict verdict)
{
	if (rd_verdict_is_bad(verdict))
		return PAGE_BAD;
	return rd_verdict_is_good(verdict) ? PAGE_GOOD : PAGE_DOUBT;
}

enum page_color page_result_color(enum rd_result result)
{
	switch (result) {
	case RD_RESULT_PASS:
		return PAGE_GOOD;
	case RD_RESULT_NA:
		return PAGE_DIM;
	case RD_RESULT_FAIL:
		return PAGE_BAD;
	case RD_RESULT_UNKNOWN:
	case RD_RESULT_WARN:
		break;
	}
	return PAGE_DOUBT;
}

enum page_color page_state_color(enum rd_machine_state state)
{
	switch (state) {
	case RD_STATE_SANE:
		return PAGE_GOOD;
	case RD_STATE_UNSAFE:
		return PAGE_BAD;
	case RD_STATE_NO_GPU:
		return PAGE_BOLD;
	case RD_STATE_UNDETERMINED:
	case RD_STATE_REBOOT_REQUIRED:
		break;
	}
	return PAGE_DOUBT;
}

static void put_item(struct page *page, int indent, const struct rd_evidence_item *item)
{
	const char *kind = rd_evidence_kind_name(item->kind);

	if (!page->options->is_verbose)
		page_wrapf(page, 0, indent, "%s%s%s", item->where, *item->where ? ": " : "",
			   item->detail);
	else
		page_wrapf(page, 0, indent, "%s: %s%s%s", kind, item->where,
			   *item->where ? ": " : "", item->detail);
}

void page_evidence(struct page *page, int indent, const struct rd_evidence *ev, size_t most)
{
	size_t n = page->options->is_verbose || ev->n < most ? ev->n : most;

	for (size_t i = 0; i < n; i++)
		put_item(page, indent, &ev->items[i]);
	if (n < ev->n && most > 1)
		page_wrapf(page, 0, indent, "and %zu more (--verbose)", ev->n - n);
}

struct field {
	const char *name, *value;
};

static void put_fields(struct page *page, int indent, const struct field *fields, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fields[i].value)
			page_wrapf(page, 0, indent, "%s: %s", fields[i].name, fields[i].value);
	}
}

void page_identity(struct page *page, int indent, const struct rd_identity *id)
{
	const struct field fields[] = {
		{ .name = "build-id", .value = id->build_id },
		{ .name = "srcversion", .value = id->srcversion },
		{ .name = "version", .value = id->version },
		{ .name = "vermagic", .value = id->vermagic },
		{ .name = "compiler", .value = id->compiler },
		{ .name = "sha256", .value = id->sha256 },
		{ .name = "signer (a name, no proof)", .value = id->signer },
	};

	put_fields(page, indent, fields, RD_N_ELEMENTS(fields));
}

/* NULL for what nobody asked. */
static const char *signature_words(const struct rd_copy *copy)
{
	switch (copy->signature) {
	case RD_SIGNED_UNCHECKED:
		return NULL;
	case RD_SIGNED_NOT:
		return "none";
	case RD_SIGNED_VALID:
		return "verified";
	case RD_SIGNED_INVALID:
		return "does not fit: changed after signing";
	}
	return NULL;
}

static const char *load_words(const struct rd_copy *copy)
{
	if (copy->would_load == RD_PRESENCE_UNKNOWN)
		return copy->load_reason ? "cannot be told" : NULL;
	return copy->would_load == RD_PRESENCE_YES ? "yes" : "no";
}

static const char *package_words(const struct rd_copy *copy)
{
	if (!copy->package || copy->is_packaged == RD_PRESENCE_UNKNOWN)
		return NULL;
	return copy->is_packaged == RD_PRESENCE_YES ? "yes" : "no";
}

void page_provenance(struct page *page, int indent, const struct rd_copy *copy)
{
	const struct field fields[] = {
		{ .name = "signature", .value = signature_words(copy) },
		{ .name = "this kernel would load it", .value = load_words(copy) },
		{ .name = "because", .value = copy->load_reason },
		{ .name = "package", .value = copy->package },
		{ .name = "equals the package's file", .value = package_words(copy) },
		{ .name = "functions compared with", .value = copy->reference },
	};

	put_fields(page, indent, fields, RD_N_ELEMENTS(fields));
}
