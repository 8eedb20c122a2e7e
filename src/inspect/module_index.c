/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The binary index is a trie (kmod, libkmod-index.h). All numbers are big-endian:
 *
 *	file  := magic version node's offset
 *	node  := [ prefix NUL ] [ first last offset{last - first + 1} ] [ values ]
 *	values := count ( priority text NUL )*
 *
 * and which of the three parts a node has stands in the upper bits of the offset that leads to it.
 * The text of a module in modules.dep.bin is its line in modules.dep: "PATH: PATH PATH...". A text
 * that is not terminated inside the file is not taken.
 */

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/module_index.h"
#include "inspect/modules_dep.h"

#define INDEX_MAGIC   0xb007f457u
#define INDEX_MAJOR   2
#define NODE_PREFIX   0x80000000u
#define NODE_VALUES   0x40000000u
#define NODE_CHILDREN 0x20000000u
#define NODE_MASK     0x0fffffffu

struct cursor {
	const uint8_t *p, *end;
};

static bool take_u8(struct cursor *cursor, uint8_t *valuep)
{
	if (cursor->p >= cursor->end)
		return false;
	*valuep = *cursor->p++;
	return true;
}

static bool take_u32(struct cursor *cursor, uint32_t *valuep)
{
	const uint8_t *p = cursor->p;

	if (cursor->end - p < 4)
		return false;
	*valuep = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	cursor->p += 4;
	return true;
}

static const char *take_text(struct cursor *cursor)
{
	const char *text = (const char *)cursor->p;
	const uint8_t *nul = memchr(text, '\0', (size_t)(cursor->end - cursor->p));

	if (!nul)
		return NULL;
	cursor->p = nul + 1;
	return text;
}

/* Passes over the children; *@nextp is the one that @c leads to, 0 if none. */
static bool take_children(struct cursor *cursor, uint8_t c, uint32_t *nextp)
{
	uint8_t first, last;
	size_t n;

	*nextp = 0;
	if (!take_u8(cursor, &first) || !take_u8(cursor, &last) || first > last)
		return false;
	n = (size_t)last - first + 1;
	if ((size_t)(cursor->end - cursor->p) < 4 * n)
		return false;
	if (c >= first && c <= last) {
		struct cursor child = { .p = cursor->p + 4 * (size_t)(c - first),
					.end = cursor->end };

		if (!take_u32(&child, nextp))
			return false;
	}
	cursor->p += 4 * n;
	return true;
}

/* The first text of a node: depmod puts the one of the highest priority there. */
static const char *first_value(struct cursor *cursor, uint32_t flags)
{
	uint32_t n, priority;

	if (!(flags & NODE_VALUES) || !take_u32(cursor, &n) || !n || !take_u32(cursor, &priority))
		return NULL;
	return take_text(cursor);
}

static const char *find_binary(const uint8_t *data, size_t len, const char *key)
{
	struct cursor cursor = { .p = data, .end = data + len };
	uint32_t magic, version, node;

	if (!take_u32(&cursor, &magic) || !take_u32(&cursor, &version) ||
	    version >> 16 != INDEX_MAJOR || !take_u32(&cursor, &node))
		return NULL;

	/* Each step takes a byte of the key. */
	for (;; key++) {
		uint32_t next = 0;

		if ((node & NODE_MASK) >= len)
			return NULL;
		cursor.p = data + (node & NODE_MASK);
		if (node & NODE_PREFIX) {
			const char *prefix = take_text(&cursor);

			if (!prefix || strncmp(key, prefix, strlen(prefix)) != 0)
				return NULL;
			key += strlen(prefix);
		}
		if (node & NODE_CHILDREN && !take_children(&cursor, (uint8_t)*key, &next))
			return NULL;
		if (!*key)
			return first_value(&cursor, node);
		if (!next)
			return NULL;
		node = next;
	}
}

int rd_module_index_find(const uint8_t *data, size_t len, const char *module, char **pathp)
{
	struct cursor start = { .p = data, .end = data + len };
	const char *line, *colon;
	uint32_t magic;

	if (!take_u32(&start, &magic) || magic != INDEX_MAGIC)
		return rd_modules_dep_find((const char *)data, len, module, pathp);
	line = find_binary(data, len, module);
	colon = line ? strchr(line, ':') : NULL;
	if (!colon)
		return 0;
	*pathp = strndup(line, (size_t)(colon - line));
	return *pathp ? 0 : -ENOMEM;
}
