/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One word of shell text: quotes taken off, variables put in. Private to inspect.
 * Defined in POSIX.1-2017, Shell Command Language, 2.2 to 2.6.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* The value of a variable, or NULL if it cannot be told; borrowed for the moment. */
typedef const char *(*shell_lookup_fn)(void *userdata, const char *name, size_t len);

struct shell_text {
	const char *p, *end; /* what is left */
	shell_lookup_fn lookup;
	void *userdata;
};

struct shell_word {
	struct rd_text text; /* as far as it can be told */
	const char *open; /* what of it only running tells; NULL: nothing; static */
	bool is_quoted; /* some of it was: no reserved word, no assignment */
	bool is_unterminated; /* a quote or a bracket is still open at the end of the text */
};

/* A word of a file is a line at most; values that grow by variables are cut here. */
#define SHELL_WORD_MAX ((size_t)16 << 10)

void shell_word_deinit(struct shell_word *word);

/* Skips blanks, joined lines and comments; whether something is left on the line. */
bool shell_skip_blanks(struct shell_text *shell);

/* Whether @c ends a word. */
bool shell_is_break(char c);

/* Appends the word at the front of @shell, up to white space or an operator; 0 or -ENOMEM. */
int shell_word_read(struct shell_text *shell, struct shell_word *word);
