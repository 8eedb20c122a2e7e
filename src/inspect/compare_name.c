/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Names as numbers, so that the compare of two places compares integers. Open addressing; a file
 * made to collide pays for its probes with the work of the whole compare and is refused.
 */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "compare_private.h"

/* Large odd numbers of no meaning but their bits (splitmix64). */
#define NAME_MULTIPLIER 0xbf58476d1ce4e5b9ull
#define NAME_SEED	0x9e3779b97f4a7c15ull

static uint64_t name_hash(const char *s, size_t len)
{
	uint64_t hash = NAME_SEED ^ len, word;

	for (; len >= sizeof(word); s += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		hash = (hash ^ word) * NAME_MULTIPLIER;
		hash ^= hash >> 29;
	}
	word = 0;
	memcpy(&word, s, len);
	hash = (hash ^ word) * NAME_MULTIPLIER;
	return hash ^ hash >> 32;
}

int rd_compare_names_init(struct compare_names *names, size_t n)
{
	size_t slots = 1024;

	while (slots < 2 * n)
		slots *= 2;
	names->slots = malloc(slots * sizeof(*names->slots));
	if (!names->slots)
		return -ENOMEM;
	memset(names->slots, 0xff, slots * sizeof(*names->slots));
	names->n_slots = slots;
	return 0;
}

void rd_compare_names_deinit(struct compare_names *names)
{
	free(names->items);
	free(names->slots);
	*names = (struct compare_names){ 0 };
}

int rd_compare_names_add(struct compare *c, const char *s, size_t len, uint32_t *idp)
{
	struct compare_names *names = &c->names;
	struct compare_name name = { .s = s, .len = len, .hash = name_hash(s, len) };
	size_t slot = name.hash & (names->n_slots - 1);
	int r;

	for (; names->slots[slot] != COMPARE_NONE; slot = (slot + 1) & (names->n_slots - 1)) {
		const struct compare_name *known = &names->items[names->slots[slot]];

		if (known->hash == name.hash && known->len == len && !memcmp(known->s, s, len)) {
			*idp = names->slots[slot];
			return 0;
		}
		if (!rd_compare_spend(c, 1))
			break;
	}
	if (c->is_exhausted) {
		*idp = 0;
		return 0;
	}
	r = rd_array_push(names, &name);
	if (r)
		return r;
	*idp = names->slots[slot] = (uint32_t)(names->n - 1);
	return 0;
}

static size_t without_digits(const char *name, size_t len)
{
	while (len && isdigit((unsigned char)name[len - 1]))
		len--;
	return len;
}

/* Without a trailing ".123"; a name that is nothing else keeps it. */
static size_t without_number(const char *name, size_t len)
{
	size_t n = without_digits(name, len);

	return n < len && n > 1 && name[n - 1] == '.' ? n - 1 : len;
}

/*
 * gcc numbers the static variables of functions (name.123) through the whole unit, and
 * __UNIQUE_ID() (linux/compiler.h) appends __COUNTER__, behind the name of the function with clang:
 * one more of them anywhere renames all that follow. Clones of functions keep their number:
 * name.constprop.0 and .1 are two functions; only old compilers number the cold part.
 */
size_t rd_compare_name_len(const char *name, bool is_function)
{
	size_t len = strlen(name), n;

	n = without_number(name, len);
	if (is_function)
		return n >= 5 && !memcmp(name + n - 5, ".cold", 5) ? n : len;
	if (strstr(name, "__UNIQUE_ID_"))
		n = without_digits(name, n);
	return n;
}
