/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Texts as code refers to them. The same source in another folder, or a few lines further down,
 * gives other texts in two places: __FILE__ (WARN, pr_debug, DRM's own messages) and the FORTIFY
 * texts `field "x" at dir/file.c:123` (include/linux/fortify-string.h). So a path to a C file at
 * the end of a text counts by its base name, and the line after it does not count.
 */

#include <ctype.h>
#include <string.h>

#include "compare_private.h"

/* No text of a module is longer; the work of comparing one is bounded by it. */
#define STRING_MAX (64u << 10)

struct slice {
	const char *s;
	size_t len;
};

/* Up to the NUL of an element of @size bytes. */
static struct slice slice_at(const struct compare_side *side, struct compare_place place)
{
	const struct rd_elf_section *section = &side->elf->sections[place.section];
	struct slice slice = { .s = (const char *)section->data + place.offset };
	uint64_t room = section->size - place.offset, unit = section->entsize;

	if (room > STRING_MAX)
		room = STRING_MAX;
	if (unit <= 1) {
		slice.len = strnlen(slice.s, room);
		return slice;
	}
	for (; slice.len + unit <= room; slice.len += unit) {
		bool is_end = true;

		for (uint64_t i = 0; i < unit; i++)
			is_end &= !slice.s[slice.len + i];
		if (is_end)
			break;
	}
	return slice;
}

/* The length of @slice without ":123" at its end. */
static size_t without_line(struct slice slice)
{
	size_t n = slice.len;

	while (n && isdigit((unsigned char)slice.s[n - 1]))
		n--;
	return n && n < slice.len && slice.s[n - 1] == ':' ? n - 1 : slice.len;
}

/*
 * Splits a text that ends in a path of a C file into what stands before the path and the base name.
 * Return: whether it is one.
 */
static bool split_path(struct slice slice, struct slice *head, struct slice *base)
{
	size_t end = without_line(slice), word, name;

	if (end < 3 || slice.s[end - 2] != '.' ||
	    (slice.s[end - 1] != 'c' && slice.s[end - 1] != 'h'))
		return false;
	for (word = end; word && !isspace((unsigned char)slice.s[word - 1]); word--)
		;
	for (name = end; name > word && slice.s[name - 1] != '/'; name--)
		;
	*head = (struct slice){ .s = slice.s, .len = word };
	*base = (struct slice){ .s = slice.s + name, .len = end - name };
	return true;
}

static bool is_equal(struct slice a, struct slice b)
{
	return a.len == b.len && !memcmp(a.s, b.s, a.len);
}

bool rd_compare_strings(struct compare *c, struct compare_place a, struct compare_place b)
{
	struct slice x, y, head[2], base[2];

	if (a.offset >= c->a.elf->sections[a.section].size ||
	    b.offset >= c->b.elf->sections[b.section].size)
		return false;
	x = slice_at(&c->a, a);
	y = slice_at(&c->b, b);
	if (!rd_compare_spend(c, 1 + x.len / 16))
		return false;
	if (is_equal(x, y))
		return true;
	return split_path(x, &head[0], &base[0]) && split_path(y, &head[1], &base[1]) &&
	       is_equal(head[0], head[1]) && is_equal(base[0], base[1]);
}
