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

const char *page_color_sequence(enum page_color color)
{
	return sequences[color];
}

void page_color(struct page *page, enum page_color color)
{
	if (page->options->use_color)
		page_puts(page, sequences[color]);
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

static void break_line(struct page *page, int indent, int *columnp)
{
	append(page, "\n", 1);
	for (int i = 0; i < indent; i++)
		append(page, " ", 1);
	*columnp = indent;
}

/* A word that fits no line, character by character. */
static void put_long_word(struct page *page, int indent, int *columnp, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		int columns;
		size_t n = character(s + i, len - i, &columns);

		if (*columnp + columns > page->options->width && *columnp > indent)
			break_line(page, indent, columnp);
		append(page, s + i, n);
		*columnp += columns;
		i += n;
	}
}

/* @is_first: nothing of this paragraph stands on the line, so that no space goes before it. */
static void put_word(struct page *page, int indent, int *columnp, bool is_first, const char *s,
		     size_t len)
{
	int columns = columns_of(s, len), width = page->options->width;

	if (!is_first && *columnp + 1 + columns > width) {
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
	for (; column < indent; column++)
		append(page, " ", 1);
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
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0) {
		s = NULL;
		page->r = -ENOMEM;
		return;
	}
	wrap(page, column, indent, s);
}

int page_write(struct page *page, FILE *f, struct rd_error *err)
{
	if (page->r)
		return rd_error_nomem(err);
	if (fwrite(page->text.data, 1, page->text.len, f) != page->text.len)
		return rd_error_set(err, EIO, "the output could not be written");
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

enum page_color page_state_color(enum rd_state state)
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

void page_identity(struct page *page, int indent, const struct rd_identity *id)
{
	const struct {
		const char *name, *value;
	} fields[] = {
		{ .name = "build-id", .value = id->build_id },
		{ .name = "srcversion", .value = id->srcversion },
		{ .name = "version", .value = id->version },
		{ .name = "vermagic", .value = id->vermagic },
		{ .name = "compiler", .value = id->compiler },
		{ .name = "sha256", .value = id->sha256 },
		{ .name = "signer (not verified)", .value = id->signer },
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(fields); i++) {
		if (fields[i].value)
			page_wrapf(page, 0, indent, "%s: %s", fields[i].name, fields[i].value);
	}
}
