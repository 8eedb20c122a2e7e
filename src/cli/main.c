/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The command line: finds the verb, has its options parsed, runs it. The answer goes to standard
 * output, everything else to standard error. An answer that could not be written is a failure
 * (exit 1), whatever the answer was.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli.h"

/* What is answered if the output cannot be written. */
struct failed {
	int code; /* in the terms of who reads it */
	int errnum; /* of the write, 0: not known yet */
};

/* SIGPIPE as we were started with it: what we become is started with the same. */
static void (*inherited_sigpipe)(int);

static const struct cli_verb *find_verb(const char *name)
{
	const struct cli_verb *const *verbs;
	size_t n;

	verbs = cli_verbs(&n);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	}
	return NULL;
}

/* Wrong use, told in the house's form; @verb NULL: of the program itself. */
static int usage_error(const struct cli_verb *verb, const char *message)
{
	const char *name = verb ? verb->name : "", *space = verb ? " " : "";

	fprintf(stderr, "rdna1-doctor%s%s: %s\nsee 'rdna1-doctor%s%s --help'\n", space, name,
		message, space, name);
	return CLI_EXIT_USAGE;
}

/* Output that failed is told once, by finish(). */
static int failure(const struct cli_verb *verb, const struct rd_error *err, int code)
{
	RD_CLEANUP(rd_freep) char *safe = rd_text_escape(err->msg);

	if (!ferror(stdout))
		fprintf(stderr, "rdna1-doctor %s: %s\n", verb->name, safe ? safe : "out of memory");
	return code;
}

/* A reader that knows other exit codes than ours is told in its own terms. */
static int translate(const struct cli_values *values, int code)
{
	const struct rd_renderer *renderer = rd_renderer_find(values->format);

	return renderer && renderer->exit_code ? renderer->exit_code(code) : code;
}

static int translate_failure(const struct cli_values *values, const struct rd_error *err, int code)
{
	const struct rd_renderer *renderer = rd_renderer_find(values->format);

	if (!renderer || !renderer->fail || ferror(stdout))
		return code;
	return renderer->fail(err->msg, stdout);
}

static int run_verb(const struct cli_verb *verb, int argc, char **argv, struct failed *failedp)
{
	struct cli_values values = CLI_VALUES_INIT;
	struct rd_error err = RD_ERROR_INIT;
	int first, r;

	r = cli_options_parse(verb, argc, argv, &values, &first, &err);
	if (!r && values.wants_help) {
		cli_help_verb(verb, stdout);
		return CLI_EXIT_OK;
	}
	if (verb->options & CLI_COMMAND)
		signal(SIGPIPE, inherited_sigpipe);
	if (!r)
		r = verb->run(&values, argc - first, argv + first, &err);
	failedp->code = translate(&values, CLI_EXIT_FAILED);
	failedp->errnum = r < 0 && ferror(stdout) ? -r : 0;
	if (r == CLI_EXIT_USAGE)
		return translate_failure(&values, &err, usage_error(verb, err.msg));
	if (r == CLI_REFUSED)
		return failure(verb, &err, CLI_EXIT_BAD);
	if (r < 0)
		return translate_failure(&values, &err, failure(verb, &err, CLI_EXIT_FAILED));
	return translate(&values, r);
}

static int refuse_word(const char *what, const char *word)
{
	RD_CLEANUP(rd_freep) char *safe = rd_text_escape(word);
	char message[160];

	snprintf(message, sizeof(message), "%s '%s'", what, safe ? safe : "");
	return usage_error(NULL, message);
}

static int run(int argc, char **argv, struct failed *failedp)
{
	static const struct option longs[] = {
		{ .name = "help", .val = 'h' },
		{ .name = "version", .val = 'V' },
		{ 0 },
	};
	const struct cli_verb *verb;

	opterr = 0;
	switch (getopt_long(argc, argv, "+hV", longs, NULL)) {
	case 'h':
		cli_help(stdout);
		return CLI_EXIT_OK;
	case 'V':
		printf("rdna1-doctor %s\n", RD_VERSION);
		return CLI_EXIT_OK;
	case '?':
		return refuse_word("unknown option", argv[optind - 1]);
	}
	if (optind >= argc) {
		cli_help(stderr);
		return CLI_EXIT_USAGE;
	}
	verb = find_verb(argv[optind]);
	if (!verb)
		return refuse_word("unknown verb", argv[optind]);
	return run_verb(verb, argc - optind, argv + optind, failedp);
}

/* A full disk or a closed pipe shows at the latest when the buffer goes out. */
static int finish(int code, const struct failed *failed)
{
	bool has_failed = ferror(stdout);
	int errnum = failed->errnum;

	errno = 0;
	if (fflush(stdout)) {
		has_failed = true;
		errnum = errno ? errno : errnum;
	}
	if (!has_failed)
		return code;
	fprintf(stderr, "rdna1-doctor: the output could not be written%s%s\n", errnum ? ": " : "",
		errnum ? strerror(errnum) : "");
	return failed->code;
}

/* Descriptors 0 to 2 must not become some file of ours that the answer is then written to. */
static bool hold_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

int main(int argc, char **argv)
{
	struct failed failed = { .code = CLI_EXIT_FAILED };
	int code;

	if (!hold_standard_streams())
		return CLI_EXIT_FAILED;
	inherited_sigpipe = signal(SIGPIPE, SIG_IGN); /* EPIPE instead, which finish() tells */
	setlocale(LC_CTYPE, ""); /* for the width of characters */
	code = run(argc, argv, &failed);
	return finish(code, &failed);
}
