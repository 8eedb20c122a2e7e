/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * From a line that differs, the next pair of equal lines is looked for, the nearest first: a patch
 * adds or takes some lines, and what follows is the same again. Two lines must be equal, or many a
 * closing brace would do.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "difference.h"

#define REACH 400 /* lines that are looked ahead for equal ones */

struct line {
	const char *data;
	size_t len; /* without its end */
};

struct lines {
	struct line *items;
	size_t n, cap;
};

static void lines_deinit(struct lines *lines)
{
	free(lines->items);
}

static int split(const struct rd_text *text, struct lines *lines)
{
	const char *p = text->data, *end = p ? p + text->len : p;

	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		struct line line = { .data = p, .len = (size_t)((stop ? stop : end) - p) };

		p = stop ? stop + 1 : end;
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		if (rd_array_push(lines, &line))
			return -ENOMEM;
	}
	return 0;
}

static bool is_equal(const struct lines *a, size_t i, const struct lines *b, size_t k)
{
	if (i >= a->n || k >= b->n)
		return i >= a->n && k >= b->n;
	return a->items[i].len == b->items[k].len &&
	       (!a->items[i].len || !memcmp(a->items[i].data, b->items[k].data, a->items[i].len));
}

/* How many lines of each differ from here on. */
static void find_equal(const struct lines *a, size_t i, const struct lines *b, size_t k,
		       size_t *goesp, size_t *comesp)
{
	for (size_t sum = 1; sum <= REACH; sum++) {
		for (size_t goes = 0; goes <= sum; goes++) {
			size_t comes = sum - goes;

			if (i + goes <= a->n && k + comes <= b->n &&
			    is_equal(a, i + goes, b, k + comes) &&
			    is_equal(a, i + goes + 1, b, k + comes + 1)) {
				*goesp = goes;
				*comesp = comes;
				return;
			}
		}
	}
	*goesp = a->n - i;
	*comesp = b->n - k;
}

/* Indentation as in the file would leave no room for what is indented. */
static int put_line(struct rd_text *out, char mark, const struct line *line)
{
	int r = rd_text_append(out, &mark, 1);

	for (size_t i = 0, n; !r && i < line->len; i += n) {
		const char *tab = memchr(line->data + i, '\t', line->len - i);

		n = tab ? (size_t)(tab - line->data) - i : line->len - i;
		r = rd_text_puts_escaped(out, line->data + i, n);
		if (!r && tab) {
			r = rd_text_puts(out, "  ");
			n++;
		}
	}
	return r ? r : rd_text_puts(out, "\n");
}

static int put(struct rd_text *out, char mark, const struct lines *lines, size_t from, size_t n)
{
	int r = 0;

	for (size_t i = from; !r && i < from + n; i++)
		r = put_line(out, mark, &lines->items[i]);
	return r;
}

int difference_lines(const struct rd_text *old, const struct rd_text *new, char **outp)
{
	RD_CLEANUP(lines_deinit) struct lines a = { 0 };
	RD_CLEANUP(lines_deinit) struct lines b = { 0 };
	RD_CLEANUP(rd_text_deinit) struct rd_text out = RD_TEXT_INIT;
	size_t i = 0, k = 0;

	if (split(old, &a) || split(new, &b))
		return -ENOMEM;
	while (i < a.n || k < b.n) {
		size_t goes = 0, comes = 0;

		if (is_equal(&a, i, &b, k)) {
			i++;
			k++;
			continue;
		}
		find_equal(&a, i, &b, k, &goes, &comes);
		if (rd_text_printf(&out, "@ %zu\n", i + 1) || put(&out, '-', &a, i, goes) ||
		    put(&out, '+', &b, k, comes))
			return -ENOMEM;
		i += goes;
		k += comes;
	}
	*outp = rd_text_take_string(&out);
	return *outp ? 0 : -ENOMEM;
}
