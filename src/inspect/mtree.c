/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One entry a line, the name first and whole; what is not a printable character in it stands as
 * \ooo. Lines of /set hold defaults of keywords, which a digest never is, and # starts a comment.
 */

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/md5sums.h"
#include "inspect/mtree.h"

#define NAME_MAX_LEN 4096 /* PATH_MAX: no file has a longer one */

/* mtree(5): the strongest first. */
static const struct {
	const char *keyword;
	enum rd_digest kind;
	size_t len;
} keywords[] = {
	{ .keyword = "sha512digest=", .kind = RD_DIGEST_SHA512, .len = 128 },
	{ .keyword = "sha384digest=", .kind = RD_DIGEST_SHA384, .len = 96 },
	{ .keyword = "sha256digest=", .kind = RD_DIGEST_SHA256, .len = 64 },
	{ .keyword = "sha1digest=", .kind = RD_DIGEST_SHA1, .len = 40 },
	{ .keyword = "md5digest=", .kind = RD_DIGEST_MD5, .len = 32 },
};

struct word {
	const char *s;
	size_t len;
};

/* Takes the next word of a line off its front; empty at the end. */
static struct word next_word(struct word *line)
{
	struct word word;

	while (line->len && isspace((unsigned char)*line->s)) {
		line->s++;
		line->len--;
	}
	word = (struct word){ .s = line->s };
	while (word.len < line->len && !isspace((unsigned char)line->s[word.len]))
		word.len++;
	line->s += word.len;
	line->len -= word.len;
	return word;
}

static bool is_octal(struct word word, size_t i)
{
	return i + 3 < word.len && word.s[i] == '\\' && word.s[i + 1] >= '0' &&
	       word.s[i + 1] <= '3' && word.s[i + 2] >= '0' && word.s[i + 2] <= '7' &&
	       word.s[i + 3] >= '0' && word.s[i + 3] <= '7';
}

static bool is_name(struct word word, const char *path)
{
	char name[NAME_MAX_LEN];
	size_t n = 0;

	for (size_t i = 0; i < word.len; i++) {
		if (n == sizeof(name))
			return false;
		if (!is_octal(word, i)) {
			name[n++] = word.s[i];
			continue;
		}
		name[n++] = (char)((word.s[i + 1] - '0') << 6 | (word.s[i + 2] - '0') << 3 |
				   (word.s[i + 3] - '0'));
		i += 3;
	}
	return rd_md5sums_is_same_path(name, n, path, strlen(path));
}

static bool is_hex(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]) && (s[i] < 'a' || s[i] > 'f'))
			return false;
	}
	return true;
}

/* The index of the keyword that @word is, or that of none. */
static size_t find_keyword(struct word word)
{
	size_t i = 0;

	for (; i < RD_N_ELEMENTS(keywords); i++) {
		size_t n = strlen(keywords[i].keyword);

		if (word.len == n + keywords[i].len && !memcmp(word.s, keywords[i].keyword, n) &&
		    is_hex(word.s + n, keywords[i].len))
			break;
	}
	return i;
}

static bool read_digest(struct word line, struct rd_mtree_entry *entry)
{
	size_t best = RD_N_ELEMENTS(keywords);

	for (struct word word = next_word(&line); word.len; word = next_word(&line)) {
		size_t i = find_keyword(word);

		if (i >= best)
			continue;
		best = i;
		entry->kind = keywords[i].kind;
		memcpy(entry->digest, word.s + word.len - keywords[i].len, keywords[i].len);
		entry->digest[keywords[i].len] = '\0';
	}
	return best < RD_N_ELEMENTS(keywords);
}

bool rd_mtree_find(const char *text, size_t len, const char *path, struct rd_mtree_entry *entry)
{
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct word line = { .s = text, .len = (size_t)((newline ? newline : end) - text) };
		struct word name;

		text += line.len + (newline != NULL);
		name = next_word(&line);
		if (name.len && *name.s != '#' && *name.s != '/' && is_name(name, path))
			return read_digest(line, entry);
	}
	return false;
}
