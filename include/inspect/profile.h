/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A profile as text: chosen, written in the language of each program that reads environments, and
 * read back from it. A file of ours carries a digest of itself, so that an edited one is told from
 * one that was only written.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/text.h"
#include "model/profile.h"

/**
 * rd_profile_choose() - make a profile out for a machine
 * @name: "auto", or that of a profile
 * @basis: "auto" is decided by its stack alone
 *
 * Return: 0, -EINVAL (no such profile), or -ENOMEM.
 */
int rd_profile_choose(const struct rd_profile_basis *basis, const char *name,
		      struct rd_profile *profilep, struct rd_error *err);

/* A language, and the place of its file. */
struct rd_profile_format {
	const char *name; /* of --format */
	const char *path; /* from the home, or from the root */
	bool is_system; /* for all users: below the root */
	bool is_json; /* made by src/render, not here */
	bool is_raw; /* no quotes: all behind the sign is the value */
	mode_t mode;
	const char *use; /* how the file gets to be read, one sentence */

	const char *shebang; /* first line, or NULL */
	const char *set, *unset; /* of one variable, for printf(); unset NULL: cannot be said */
};

/* All formats, sh first; static. And the one of that name, or NULL. */
const struct rd_profile_format *rd_profile_formats(size_t *np);
const struct rd_profile_format *rd_profile_format_find(const char *name);

/* The text of the file, sealed, appended to @text. Not for JSON. Return: 0 or -ENOMEM. */
int rd_profile_print(const struct rd_profile *profile, const struct rd_profile_format *format,
		     struct rd_text *text);

/* What a text says of one variable. */
struct rd_profile_entry {
	char *name;
	char *value; /* NULL: taken away, or not to be told */
	bool is_open; /* set to what only running the file tells */
};

struct rd_profile_entries {
	struct rd_profile_entry *items;
	size_t n, cap;
};

void rd_profile_entries_deinit(struct rd_profile_entries *entries);

/**
 * rd_profile_read() - what a file of a format sets and takes away, line by line
 *
 * Names that are set twice are there once, with the last value. Lines of no assignment are passed
 * over. Return: 0 or -ENOMEM.
 */
int rd_profile_read(const struct rd_profile_format *format, const char *text, size_t len,
		    struct rd_profile_entries *entriesp);

/* The entry of that name, or NULL; borrowed. */
const struct rd_profile_entry *rd_profile_entry_find(const struct rd_profile_entries *entries,
						     const char *name);

/* Stands where the digest will be, in a text that is not sealed yet. */
#define RD_PROFILE_SEAL        \
	"rdna1-doctor:sha256:" \
	"0000000000000000000000000000000000000000000000000000000000000000"

enum rd_profile_seal {
	RD_PROFILE_SEAL_NONE, /* not a file of ours, or not any more */
	RD_PROFILE_SEAL_INTACT,
	RD_PROFILE_SEAL_BROKEN, /* a file of ours that was changed since */
};

/* Puts the digest of @text into its first seal. Return: 0 or -ENOMEM. */
int rd_profile_seal(struct rd_text *text);

/* Return: enum rd_profile_seal or -ENOMEM. */
int rd_profile_seal_check(const char *text, size_t len);

/* The line that has bash read the file of format sh, without a line end; static. */
const char *rd_profile_bashrc_line(void);

/**
 * rd_profile_bashrc() - a .bashrc with that line in it, once, or without it
 * @textp: the new text, whether or not it differs
 *
 * Lines that end with its mark are ours. Return: 0 or -ENOMEM.
 */
int rd_profile_bashrc(const char *text, size_t len, bool wants_line, struct rd_text *textp);

/**
 * rd_profile_find_mentions() - the lines of a text that name a variable of the profiles
 * @path: for the mentions; comments are passed over
 *
 * Return: 0 or -ENOMEM.
 */
int rd_profile_find_mentions(const char *path, const char *text, size_t len,
			     struct rd_profile_mentions *mentions);
