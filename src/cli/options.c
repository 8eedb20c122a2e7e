/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table of options: parsing and help are made from it. */

#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "base/text.h"
#include "cli.h"
#include "inspect/profile.h"

#define WIDTH_DEFAULT 80
#define WIDTH_MIN     40
#define WIDTH_MAX     160
#define RUNS_MAX      1000
#define SECONDS_MAX   86400

static const struct rd_name colors[] = {
	{ .name = "auto", .value = CLI_COLOR_AUTO },
	{ .name = "always", .value = CLI_COLOR_ALWAYS },
	{ .name = "never", .value = CLI_COLOR_NEVER },
};

static int set_root(struct cli_values *values, const char *value)
{
	values->root = value;
	return *value ? 0 : -EINVAL;
}

/* A release is one folder's name. */
static int set_kernel(struct cli_values *values, const char *value)
{
	values->kernel = value;
	return *value && !strchr(value, '/') && value[0] != '.' ? 0 : -EINVAL;
}

/* One that every verb can answer in. */
static int set_format(struct cli_values *values, const char *value)
{
	const struct rd_renderer *renderer = rd_renderer_find(value);

	if (!renderer || !renderer->inspect || !renderer->compare)
		return -EINVAL;
	values->format = value;
	return 0;
}

static int set_check_format(struct cli_values *values, const char *value)
{
	if (!rd_renderer_find(value))
		return -EINVAL;
	values->format = value;
	return 0;
}

static int set_json(struct cli_values *values, const char *value)
{
	(void)value;
	return set_format(values, "json");
}

static int set_reference(struct cli_values *values, const char *value)
{
	values->reference = value;
	return *value ? 0 : -EINVAL;
}

static int set_verbose(struct cli_values *values, const char *value)
{
	(void)value;
	values->is_verbose = true;
	return 0;
}

static int set_packages(struct cli_values *values, const char *value)
{
	(void)value;
	values->wants_packages = true;
	return 0;
}

static int set_force(struct cli_values *values, const char *value)
{
	(void)value;
	values->is_forced = true;
	return 0;
}

static int set_deep(struct cli_values *values, const char *value)
{
	(void)value;
	values->is_deep = true;
	return 0;
}

static int set_dry_run(struct cli_values *values, const char *value)
{
	(void)value;
	values->is_dry_run = true;
	return 0;
}

static int set_method(struct cli_values *values, const char *value)
{
	int method = rd_method_find(value);

	if (method < 0)
		return -EINVAL;
	values->method = (enum rd_method)method;
	return 0;
}

static int set_download(struct cli_values *values, const char *value)
{
	(void)value;
	values->may_download = true;
	return 0;
}

static int set_leftovers(struct cli_values *values, const char *value)
{
	(void)value;
	values->with_leftovers = true;
	return 0;
}

static int set_profile_user(struct cli_values *values, const char *value)
{
	values->user = value;
	return *value && !strpbrk(value, "/:\n") ? 0 : -EINVAL;
}

static int set_yes(struct cli_values *values, const char *value)
{
	(void)value;
	values->says_yes = true;
	return 0;
}

static int set_i_know(struct cli_values *values, const char *value)
{
	(void)value;
	values->does_know = true;
	return 0;
}

static int set_commit(struct cli_values *values, const char *value)
{
	(void)value;
	values->is_committing = true;
	return 0;
}

static int set_color(struct cli_values *values, const char *value)
{
	int color = rd_name_find(colors, RD_N_ELEMENTS(colors), value);

	if (color < 0)
		return -EINVAL;
	values->color = (enum cli_color)color;
	return 0;
}

static int set_profile(struct cli_values *values, const char *value)
{
	values->profile = value;
	return !strcmp(value, "auto") || rd_profile_kind_find(value) ? 0 : -EINVAL;
}

static int set_profile_format(struct cli_values *values, const char *value)
{
	values->profile_format = value;
	return rd_profile_format_find(value) ? 0 : -EINVAL;
}

static int set_profile_json(struct cli_values *values, const char *value)
{
	(void)value;
	values->is_json = true;
	return 0;
}

static int set_bashrc(struct cli_values *values, const char *value)
{
	(void)value;
	values->wants_bashrc = true;
	return 0;
}

static int set_number(unsigned int *numberp, const char *value, unsigned int most)
{
	uint64_t number;

	if (!rd_text_parse_u64(value, 10, &number) || !number || number > most)
		return -EINVAL;
	*numberp = (unsigned int)number;
	return 0;
}

static int set_runs(struct cli_values *values, const char *value)
{
	return set_number(&values->runs, value, RUNS_MAX);
}

static int set_time_limit(struct cli_values *values, const char *value)
{
	return set_number(&values->seconds, value, SECONDS_MAX);
}

static int set_python(struct cli_values *values, const char *value)
{
	values->python = value;
	return *value ? 0 : -EINVAL;
}

/* cpu, cuda, or one of several cards: cuda:N. */
static int set_device(struct cli_values *values, const char *value)
{
	uint64_t number;

	values->device = value;
	if (!strcmp(value, "cpu") || !strcmp(value, "cuda"))
		return 0;
	if (!rd_text_has_prefix(value, "cuda:") || strlen(value) > strlen("cuda:99") ||
	    strspn(value + strlen("cuda:"), "0123456789") != strlen(value + strlen("cuda:")))
		return -EINVAL;
	return rd_text_parse_u64(value + strlen("cuda:"), 10, &number) ? 0 : -EINVAL;
}

static int set_help(struct cli_values *values, const char *value)
{
	(void)value;
	values->wants_help = true;
	return 0;
}

static const struct cli_option_row rows[] = {
	{
		.name = "root",
		.arg = "PATH",
		.option = CLI_ROOT,
		.set = set_root,
		.help = "look at the system below PATH, such as a mounted disk",
	},
	{
		.name = "kernel",
		.arg = "RELEASE",
		.option = CLI_KERNEL,
		.set = set_kernel,
		.help = "look at the modules of this kernel only",
	},
	{
		.name = "reference",
		.arg = "FILE",
		.option = CLI_REFERENCE,
		.set = set_reference,
		.help = "compare the functions with those of this stock module",
	},
	{
		.name = "force",
		.option = CLI_FORCE,
		.set = set_force,
		.help = "compare although compiler, kernel or version differ",
	},
	{
		.name = "profile",
		.arg = "NAME",
		.choices = "auto gfx1030 native",
		.option = CLI_PROFILE,
		.set = set_profile,
		.help = "auto (default: by what ROCm here has code for), gfx1030, native",
	},
	{
		.name = "format",
		.arg = "FORMAT",
		.choices = "sh profile.d fish csh environment.d dotenv json",
		.option = CLI_PROFILE_FORMAT,
		.set = set_profile_format,
		.help = "sh, profile.d, fish, csh, environment.d, dotenv or json",
	},
	{
		.name = "json",
		.option = CLI_PROFILE_FORMAT,
		.set = set_profile_json,
		.help = "the answer of show or diff for programs",
	},
	{
		.name = "user",
		.arg = "USER",
		.option = CLI_PROFILE_FILE,
		.set = set_profile_user,
		.help = "whose software, and whose home (default: who called sudo)",
	},
	{
		.name = "bashrc",
		.option = CLI_PROFILE_FILE,
		.set = set_bashrc,
		.help = "the line in ~/.bashrc that reads the file, too",
	},
	{
		.name = "force",
		.option = CLI_PROFILE_FILE,
		.set = set_force,
		.help = "although the machine is not sane, or the file was changed by hand",
	},
	{
		.name = "deep",
		.option = CLI_DEEP,
		.set = set_deep,
		.help = "compare the running code itself with its file (root, this machine)",
	},
	{
		.name = "dry-run",
		.option = CLI_DRY_RUN,
		.set = set_dry_run,
		.help = "show what would be done, and do nothing",
	},
	{
		.name = "method",
		.arg = "METHOD",
		.choices = "auto source intree package backup",
		.option = CLI_METHOD,
		.set = set_method,
		.help = "auto (default), source, intree, package or backup",
	},
	{
		.name = "download",
		.option = CLI_DOWNLOAD,
		.set = set_download,
		.help = "fetch packages that nothing else replaces, by apt-get download",
	},
	{
		.name = "leftovers",
		.option = CLI_LEFTOVERS,
		.set = set_leftovers,
		.help = "put away the settings that the recipes left, too",
	},
	{
		.name = "profile",
		.arg = "USER",
		.option = CLI_PROFILE_USER,
		.set = set_profile_user,
		.help = "write the ROCm profile for USER, after the boot that confirms",
	},
	{
		.name = "yes",
		.option = CLI_YES,
		.set = set_yes,
		.help = "do not ask: go on after what is going to be done was shown",
	},
	{
		.name = "i-know",
		.option = CLI_I_KNOW,
		.set = set_i_know,
		.help = "also where it brings a patched driver back, or loses one for good",
	},
	{
		.name = "runs",
		.arg = "N",
		.option = CLI_RUNS,
		.set = set_runs,
		.help = "run all stages so often (1)",
	},
	{
		.name = "device",
		.arg = "DEVICE",
		.choices = "cuda cpu",
		.option = CLI_DEVICE,
		.set = set_device,
		.help = "cuda (default: the first card), cuda:N, or cpu to try the test itself",
	},
	{
		.name = "python",
		.arg = "PATH",
		.option = CLI_PYTHON,
		.set = set_python,
		.help = "the Python that has torch, such as venv/bin/python",
	},
	{
		.name = "time-limit",
		.arg = "SEC",
		.option = CLI_TEST,
		.set = set_time_limit,
		.help = "of each stage, in place of its own (120 to 1200)",
	},
	{
		.name = "force",
		.option = CLI_TEST,
		.set = set_force,
		.help = "use the card although check calls the machine unsafe",
	},
	{
		.name = "commit",
		.option = CLI_COMMIT,
		.set = set_commit,
		.help = "confirm a recovery, if this boot shows that it holds",
	},
	{
		.name = "format",
		.arg = "FORMAT",
		.choices = "text json",
		.option = CLI_FORMAT,
		.set = set_format,
		.help = "text (default) or json",
	},
	{
		.name = "format",
		.arg = "FORMAT",
		.choices = "text json prometheus nagios",
		.option = CLI_CHECK_FORMAT,
		.set = set_check_format,
		.help = "text (default), json, prometheus or nagios",
	},
	{
		.name = "json",
		.option = CLI_FORMAT | CLI_CHECK_FORMAT,
		.set = set_json,
		.help = "short for --format json",
	},
	{
		.name = "packages",
		.option = CLI_PACKAGES,
		.set = set_packages,
		.help = "ask every package, and rpm, for a proof: takes seconds",
	},
	{
		.name = "verbose",
		.option = CLI_VERBOSE,
		.set = set_verbose,
		.help = "all evidence, and what passes too",
	},
	{
		.name = "color",
		.arg = "WHEN",
		.choices = "auto always never",
		.option = CLI_COLOR,
		.set = set_color,
		.help = "auto (default: on terminals, unless NO_COLOR), always, never",
	},
	{
		.name = "help",
		.set = set_help,
		.help = "this text",
	},
};

static bool is_offered(const struct cli_option_row *row, unsigned int options)
{
	return !row->option || (row->option & options);
}

/* Wrong use; @word is what was typed. Return: CLI_EXIT_USAGE or -ENOMEM. */
static int refuse(struct rd_error *err, const char *before, const char *word, const char *after)
{
	RD_CLEANUP(rd_freep) char *safe = rd_text_escape(word);

	if (!safe)
		return rd_error_nomem(err);
	rd_error_set(err, EINVAL, "%s'%s'%s", before, safe, after);
	return CLI_EXIT_USAGE;
}

static int refuse_value(const struct cli_option_row *row, const char *value, struct rd_error *err)
{
	char before[48];

	snprintf(before, sizeof(before), "--%s cannot be ", row->name);
	return refuse(err, before, value, "");
}

/* What getopt_long() answered instead of an option. */
static int refuse_option(int c, const char *word, struct rd_error *err)
{
	if (c == ':')
		return refuse(err, "", word, " needs a value");
	if (rd_text_has_prefix(word, "--") && strchr(word, '='))
		return refuse(err, "unknown option, or one without a value: ", word, "");
	return refuse(err, "unknown option ", word, "");
}

static int check_count(const struct cli_verb *verb, int n, char **args, struct rd_error *err)
{
	if (n < verb->min) {
		rd_error_set(err, EINVAL, "too few arguments, wanted: %s", verb->args);
		return CLI_EXIT_USAGE;
	}
	if (verb->max < 0 || n <= verb->max)
		return 0;
	return refuse(err, "one argument too many: ", args[verb->max], "");
}

int cli_options_parse(const struct cli_verb *verb, int argc, char **argv, struct cli_values *values,
		      int *firstp, struct rd_error *err)
{
	struct option longs[RD_N_ELEMENTS(rows) + 1] = { 0 };
	size_t n = 0;
	int c;

	/* Each option's value is its row, from 256 on, where no character is. */
	for (size_t i = 0; i < RD_N_ELEMENTS(rows); i++) {
		if (is_offered(&rows[i], verb->options))
			longs[n++] = (struct option){
				.name = rows[i].name,
				.has_arg = rows[i].arg ? required_argument : no_argument,
				.val = 256 + (int)i,
			};
	}

	optind = 0; /* glibc: start anew */
	opterr = 0;
	while ((c = getopt_long(argc, argv, verb->options & CLI_COMMAND ? "+:h" : ":h", longs,
				NULL)) != -1) {
		const struct cli_option_row *row;

		if (c == 'h') {
			values->wants_help = true;
			continue;
		}
		if (c < 256)
			return refuse_option(c, argv[optind - 1], err);
		row = &rows[c - 256];
		if (row->set(values, optarg))
			return refuse_value(row, optarg, err);
	}
	*firstp = optind;
	return values->wants_help ? 0 : check_count(verb, argc - optind, argv + optind, err);
}

const struct cli_option_row *cli_options_next(const struct cli_option_row *row,
					      unsigned int options)
{
	for (row = row ? row + 1 : rows; row < rows + RD_N_ELEMENTS(rows); row++) {
		if (is_offered(row, options))
			return row;
	}
	return NULL;
}

void cli_options_help(unsigned int options, FILE *f)
{
	const struct cli_option_row *row = NULL;

	while ((row = cli_options_next(row, options))) {
		char left[32];

		snprintf(left, sizeof(left), "--%s%s%s", row->name, row->arg ? " " : "",
			 row->arg ? row->arg : "");
		fprintf(f, "  %-18s %s\n", left, row->help);
	}
}

/* COLUMNS, then the terminal, then 80 (pipes and files). */
static int output_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width = 0;

	if (!columns || !rd_text_parse_u64(columns, 10, &width)) {
		if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
			width = size.ws_col;
	}
	if (!width)
		width = WIDTH_DEFAULT;
	if (width < WIDTH_MIN)
		return WIDTH_MIN;
	return width > WIDTH_MAX ? WIDTH_MAX : (int)width;
}

/* no-color.org: set, and not empty. */
static bool wants_color(enum cli_color color)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (color != CLI_COLOR_AUTO)
		return color == CLI_COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
	       strcmp(term, "dumb") != 0;
}

struct rd_render_options cli_render_options(const struct cli_values *values)
{
	return (struct rd_render_options){
		.use_color = wants_color(values->color),
		.is_verbose = values->is_verbose,
		.is_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.width = output_width(),
	};
}
