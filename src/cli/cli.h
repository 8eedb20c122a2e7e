/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the verbs share. A verb is one const record; its help, the parsing of its options and the
 * checks of its arguments come from that record and from the table of options. Verbs return their
 * exit code, with @err filled if it is CLI_EXIT_USAGE, or CLI_REFUSED or a negative errno with @err
 * filled: only main() prints errors.
 */

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "recovery/course.h"
#include "render/render.h"
#include "system/system.h"

enum cli_exit {
	CLI_EXIT_OK = 0,
	CLI_EXIT_FAILED = 1,
	CLI_EXIT_USAGE = 2,
	CLI_EXIT_BAD = 3, /* patched, modified, differing */
	CLI_EXIT_UNKNOWN = 6,

	/* No exit code: what was asked for is not done, and @err says why and what helps. The exit
	 * code is CLI_EXIT_BAD. */
	CLI_REFUSED = 0x100,
};

enum cli_option {
	CLI_ROOT = 1 << 0,
	CLI_KERNEL = 1 << 1,
	CLI_FORMAT = 1 << 2, /* --format and --json */
	CLI_VERBOSE = 1 << 3,
	CLI_COLOR = 1 << 4,
	CLI_REFERENCE = 1 << 5,
	CLI_FORCE = 1 << 6,
	CLI_CHECK_FORMAT = 1 << 9, /* as CLI_FORMAT, with those for monitoring */
	CLI_PACKAGES = 1 << 10,
	CLI_DEEP = 1 << 11,
	CLI_DOWNLOAD = 1 << 17,
	CLI_DRY_RUN = 1 << 12,
	CLI_YES = 1 << 13,
	CLI_METHOD = 1 << 14,
	CLI_LEFTOVERS = 1 << 15,
	CLI_PROFILE_USER = 1 << 16,
	CLI_I_KNOW = 1 << 18,
	CLI_PROFILE = 1 << 19,
	CLI_PROFILE_FORMAT = 1 << 20, /* --format and --json, of an environment */
	CLI_PROFILE_FILE = 1 << 21, /* --user, --bashrc and its own --force */
	CLI_COMMAND = 1 << 22, /* the first argument is a command: what follows are its options */
	CLI_RUNS = 1 << 23,
	CLI_PYTHON = 1 << 24,
	CLI_DEVICE = 1 << 25,
	CLI_TEST = 1 << 26, /* --time-limit and --force of test */
	CLI_COMMIT = 1 << 27,
};

enum cli_color {
	CLI_COLOR_AUTO,
	CLI_COLOR_ALWAYS,
	CLI_COLOR_NEVER,
};

/* The values of the options; strings are borrowed from argv. */
struct cli_values {
	const char *root;
	const char *kernel;
	const char *reference;
	const char *format;
	enum cli_color color;
	const char *profile; /* name of an environment profile, or "auto" */
	const char *profile_format; /* NULL: the verb's own */
	bool is_verbose;
	bool is_forced;
	bool is_json; /* profile: the answer itself */
	bool wants_bashrc;
	bool wants_packages;
	bool is_deep;
	enum rd_method method;
	const char *user; /* whose profile it is */
	bool is_dry_run;
	bool with_leftovers;
	bool may_download;
	bool says_yes;
	bool does_know; /* --i-know */
	bool is_committing;
	bool wants_help;
	unsigned int runs;
	unsigned int seconds; /* 0: not given */
	const char *python; /* NULL: not given */
	const char *device;
};

#define CLI_VALUES_INIT                                                                     \
	{                                                                                   \
		.root = "/", .format = "text", .method = RD_METHOD_AUTO, .profile = "auto", \
		.runs = 1, .device = "cuda",                                                \
	}

struct cli_verb {
	const char *name;
	const char *args; /* "FILE..." or "" */
	const char *actions; /* where that starts with ACTION: those, with a space between */
	int min, max; /* arguments; max -1: any number */
	unsigned int options; /* enum cli_option */
	const char *help; /* one line, without a full stop */
	const char *about; /* paragraphs of VERB --help: what it does, exit codes */
	int (*run)(const struct cli_values *values, int argc, char **argv, struct rd_error *err);
};

extern const struct cli_verb cli_backups;
struct cli_option_row {
	const char *name;
	const char *arg; /* NULL: takes none */
	const char *choices; /* its values with a space between, where they are fixed words */
	unsigned int option; /* 0: every verb has it */
	int (*set)(struct cli_values *values, const char *value);
	const char *help;
};

extern const struct cli_verb cli_boot_report;
extern const struct cli_verb cli_check;
extern const struct cli_verb cli_compare;
extern const struct cli_verb cli_explain;
extern const struct cli_verb cli_inspect;
extern const struct cli_verb cli_recover;
extern const struct cli_verb cli_rollback;
extern const struct cli_verb cli_profile;
extern const struct cli_verb cli_run;
extern const struct cli_verb cli_test;

/* All verbs in the order of the help; static. */
const struct cli_verb *const *cli_verbs(size_t *np);

/**
 * cli_options_parse() - the options of a verb
 * @argc, @argv: with the verb's name as argv[0]; options may stand among the arguments, -- ends
 * them
 * @firstp: index of the first argument in @argv, which is permuted
 *
 * Return: 0, CLI_EXIT_USAGE (@err says what is wrong), or -ENOMEM.
 */
int cli_options_parse(const struct cli_verb *verb, int argc, char **argv, struct cli_values *values,
		      int *firstp, struct rd_error *err);

/* The option in @options after @row, NULL before the first and after the last; static. */
const struct cli_option_row *cli_options_next(const struct cli_option_row *row,
					      unsigned int options);

/* The lines of the help that tell of the options in @options. */
void cli_options_help(unsigned int options, FILE *f);

/**
 * cli_system_open() - the system that --root names
 *
 * A folder without any part of one is refused: most often the place of a disk that is not mounted,
 * about which a verdict would mislead. Return: 0 or a negative errno.
 */
int cli_system_open(const struct cli_values *values, struct rd_system *sys, struct rd_error *err);

/* How the renderers are to write to standard output. */
struct rd_render_options cli_render_options(const struct cli_values *values);

void cli_help(FILE *f);
void cli_help_verb(const struct cli_verb *verb, FILE *f);
