/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Assignments of a shell file without the shell. A command is read word by word: assignments in
 * front of it count if no command follows them. What stands in a function, behind if, case, a loop,
 * && or | may happen or not: such a value is kept as conditional, and never replaces a certain one.
 * What runs other code (., source, eval) or ends the file early makes all that is open that
 * follows.
 *
 * The file belongs to root, who may write what he likes; a file that fools this reader shows fewer
 * modules than dkms builds, and what was built is found in the tree all the same.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "dkms_conf_private.h"
#include "shell_word.h"

#define VARIABLES_MAX 512 /* AMD's file has 40 */
#define INDEX_MAX     256

struct reader {
	struct rd_dkms_conf *conf;
	struct shell_text shell;
	const char *start; /* of the text, for line numbers */
	size_t depth, brackets; /* of compound commands; of subshells */
	bool is_conditional; /* this command, which follows && or | */
	bool has_command; /* since the last operator */
	bool is_tainted; /* something ran that may change anything */
	bool is_ended;
};

/* NAME[INDEX]+= */
struct target {
	char name[64];
	size_t index;
	bool is_indexed, is_appended;
};

/* Says what could not be told, once. */
static int add_problem(struct reader *reader, const char *what, const char *of)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	size_t line = 1;

	if (reader->conf->problem)
		return 0;
	for (const char *p = reader->start; p < reader->shell.p; p++)
		line += *p == '\n';
	if (rd_text_printf(&text, "line %zu: %s%s", line, what, of))
		return -ENOMEM;
	reader->conf->problem = rd_text_take_string(&text);
	return reader->conf->problem ? 0 : -ENOMEM;
}

/* Puts a value in its place; @value is taken over, NULL if it cannot be told. */
static int assign(struct reader *reader, const char *name, size_t index, char *value)
{
	RD_CLEANUP(rd_freep) char *owned = value;
	struct rd_dkms_variable *variable = dkms_conf_find(reader->conf, name, strlen(name), index);
	bool may = reader->is_conditional || reader->depth || reader->brackets ||
		   reader->is_tainted;

	if (!variable) {
		if (index >= INDEX_MAX || reader->conf->n >= VARIABLES_MAX)
			return add_problem(reader, "too many variables", "");
		if (dkms_conf_add(reader->conf, name, index, &variable))
			return -ENOMEM;
		variable->is_conditional = may;
	} else if (may) {
		/* The value that was there may hold. */
		variable->is_conditional = true;
		return 0;
	} else {
		variable->is_conditional = false;
	}
	free(variable->value);
	variable->value = RD_TAKE_PTR(owned);
	return 0;
}

/* Whether anybody asks for the variable; how dkms calls make is not of interest. */
static bool is_wanted(const char *name)
{
	return strcmp(name, "CLEAN") != 0 && !rd_text_has_prefix(name, "MAKE") &&
	       isupper((unsigned char)*name);
}

/* The value of a word; *@valuep stays NULL, and the reason is noted, if it cannot be told. */
static int take_value(struct reader *reader, const char *name, struct shell_word *word,
		      char **valuep)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	if (word->is_unterminated) {
		reader->is_ended = true;
		return add_problem(reader, "a quote or bracket is not closed: ", name);
	}
	if (word->open && !is_wanted(name))
		return 0;
	if (word->open) {
		if (rd_text_printf(&text, "%s needs ", name) || rd_text_puts(&text, word->open))
			return -ENOMEM;
		return add_problem(reader, text.data, "");
	}
	*valuep = rd_text_take_string(&word->text);
	return *valuep ? 0 : -ENOMEM;
}

/* Prefixes what the variable has already, for +=. */
static int prefix_old(const struct reader *reader, const struct target *target,
		      struct shell_word *word)
{
	const struct rd_dkms_variable *old =
		rd_dkms_conf_find(reader->conf, target->name, target->index);

	if (!target->is_appended || !old)
		return 0;
	if (!old->value) {
		word->open = "a value that cannot be told";
		return 0;
	}
	return rd_text_puts(&word->text, old->value);
}

static int read_scalar(struct reader *reader, const struct target *target)
{
	RD_CLEANUP(shell_word_deinit) struct shell_word word = { 0 };
	RD_CLEANUP(rd_freep) char *value = NULL;
	int r;

	r = prefix_old(reader, target, &word);
	if (!r)
		r = shell_word_read(&reader->shell, &word);
	if (!r)
		r = take_value(reader, target->name, &word, &value);
	return r ? r : assign(reader, target->name, target->index, RD_TAKE_PTR(value));
}

/* NAME=(WORD WORD ...); @reader->shell.p stands behind the bracket. */
static int read_array(struct reader *reader, const struct target *target)
{
	size_t index = target->is_appended ? rd_dkms_conf_count(reader->conf, target->name) : 0;
	struct shell_text *shell = &reader->shell;

	while (shell->p < shell->end) {
		struct target item = { .index = index };
		const char *before;
		int r;

		while (!shell_skip_blanks(shell) && shell->p < shell->end)
			shell->p++;
		if (shell->p == shell->end || *shell->p == ')')
			break;
		index++;
		memcpy(item.name, target->name, sizeof(item.name));
		before = shell->p;
		r = read_scalar(reader, &item);
		if (r || reader->is_ended)
			return r;
		if (shell->p == before)
			shell->p++; /* an operator, where bash would complain */
	}
	if (shell->p == shell->end) {
		reader->is_ended = true;
		return add_problem(reader, "a list is not closed: ", target->name);
	}
	shell->p++;
	return 0;
}

/* An index that is a number; others only running tells. */
static bool read_index(const char **pp, const char *end, struct target *target)
{
	const char *p = *pp;

	for (p++; p < end && *p == ' '; p++)
		;
	for (; p < end && isdigit((unsigned char)*p) && target->index < INDEX_MAX; p++)
		target->index = target->index * 10 + (size_t)(*p - '0');
	for (; p < end && *p == ' '; p++)
		;
	if (p == end || *p != ']')
		return false;
	target->is_indexed = true;
	*pp = p + 1;
	return true;
}

/* Whether an assignment stands at the front; if so, it is read up to its value. */
static bool read_target(struct shell_text *shell, struct target *target)
{
	const char *p = shell->p;
	size_t n = 0;

	while (p + n < shell->end && (isalnum((unsigned char)p[n]) || p[n] == '_'))
		n++;
	if (!n || n >= sizeof(target->name) || isdigit((unsigned char)*p))
		return false;
	memcpy(target->name, p, n);
	target->name[n] = '\0';
	p += n;
	if (p < shell->end && *p == '[' && !read_index(&p, shell->end, target))
		return false;
	if (p + 1 < shell->end && p[0] == '+' && p[1] == '=') {
		target->is_appended = true;
		p++;
	}
	if (p == shell->end || *p != '=')
		return false;
	shell->p = p + 1;
	return true;
}

static int read_assignment(struct reader *reader, const struct target *target)
{
	struct shell_text *shell = &reader->shell;

	if (target->is_indexed || shell->p == shell->end || *shell->p != '(')
		return read_scalar(reader, target);
	shell->p++;
	return read_array(reader, target);
}

/* Whether a command follows the assignment at the front, so that it holds for that one alone. */
static bool is_for_command(const struct reader *reader)
{
	struct shell_text ahead = reader->shell;
	struct shell_word word = { 0 };
	struct target target = { 0 };
	bool is_command = false;

	while (shell_skip_blanks(&ahead) && !is_command) {
		if (read_target(&ahead, &target)) {
			if (ahead.p < ahead.end && *ahead.p == '(')
				return false; /* bash knows no list in front of a command */
			if (shell_word_read(&ahead, &word))
				break;
			shell_word_deinit(&word);
		} else {
			is_command = !shell_is_break(*ahead.p);
			if (!is_command)
				break;
		}
	}
	shell_word_deinit(&word);
	return is_command;
}

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++) {
		if (!strcmp(word, *list))
			return true;
	}
	return false;
}

/* What the first word of a command does to the reading; *@goes_onp: another command follows it. */
static int meet_command(struct reader *reader, const char *word, bool *goes_onp)
{
	static const char *const opening[] = { "if",	 "for",	 "while", "until",
					       "select", "case", "{",	  NULL };
	static const char *const closing[] = { "fi", "done", "esac", "}", NULL };
	static const char *const between[] = { "then",	 "else",    "elif",    "do",	   "!",
					       "export", "declare", "typeset", "readonly", NULL };
	static const char *const running[] = { ".",	 "source", "eval", "exit",
					       "return", "unset",  NULL };

	*goes_onp = is_one_of(word, opening) || is_one_of(word, closing) ||
		    is_one_of(word, between);
	if (is_one_of(word, opening)) {
		reader->depth++;
	} else if (is_one_of(word, closing)) {
		reader->depth -= reader->depth > 0;
	} else if (is_one_of(word, running)) {
		reader->is_tainted = true;
		return add_problem(reader, "the file runs ", word);
	}
	return 0;
}

/* The rest of a command after @word, up to the operator that ends it. */
static int skip_arguments(struct reader *reader, struct shell_word *word)
{
	struct shell_text *shell = &reader->shell;

	while (!word->is_unterminated && shell_skip_blanks(shell) && !strchr(";&|()", *shell->p)) {
		shell_word_deinit(word);
		if (shell->end - shell->p > 1 && shell->p[0] == '<' && shell->p[1] == '<') {
			reader->is_ended = true;
			return add_problem(reader, "a here-document", "");
		}
		if (strchr("<>", *shell->p)) {
			shell->p++;
			continue;
		}
		if (shell_word_read(shell, word))
			return -ENOMEM;
	}
	if (!word->is_unterminated)
		return 0;
	reader->is_ended = true;
	return add_problem(reader, "a quote or bracket is not closed", "");
}

/* All assignments of a command; whether one of them was there is in *@isp. */
static int read_assignments(struct reader *reader, bool *isp)
{
	struct shell_text *shell = &reader->shell;
	struct target target = { 0 };
	int r = 0;

	*isp = false;
	if (is_for_command(reader))
		return 0;
	while (!r && !reader->is_ended && shell_skip_blanks(shell) && read_target(shell, &target)) {
		*isp = true;
		r = read_assignment(reader, &target);
		target = (struct target){ 0 };
	}
	return r;
}

/* Assignments, or a command with its arguments. */
static int read_command(struct reader *reader)
{
	struct shell_text *shell = &reader->shell;
	bool goes_on = true;

	while (goes_on && !reader->is_ended && shell_skip_blanks(shell)) {
		RD_CLEANUP(shell_word_deinit) struct shell_word word = { 0 };
		bool is_assignment = false;
		int r;

		if (shell_is_break(*shell->p))
			return 0;
		reader->has_command = true;
		r = read_assignments(reader, &is_assignment);
		if (r || is_assignment)
			return r;
		r = shell_word_read(shell, &word);
		if (r)
			return r;
		goes_on = false;
		if (!word.is_quoted && word.text.data)
			r = meet_command(reader, word.text.data, &goes_on);
		if (!r && !goes_on)
			r = skip_arguments(reader, &word);
		if (r)
			return r;
	}
	return 0;
}

/* What stands between two commands. A line may end after && and |, and goes on then. */
static void read_operator(struct reader *reader)
{
	struct shell_text *shell = &reader->shell;
	char c = *shell->p++;
	bool is_double = shell->p < shell->end && *shell->p == c && strchr("&|", c);

	if (is_double)
		shell->p++;
	if (c == '\n' && !reader->has_command)
		return;
	reader->has_command = false;
	reader->is_conditional = is_double || c == '|';
	if (c == '(')
		reader->brackets++;
	else if (c == ')' && reader->brackets) /* one without the other ends a pattern of case */
		reader->brackets--;
}

static const char *look_up(void *userdata, const char *name, size_t len)
{
	const struct reader *reader = userdata;
	const struct rd_dkms_variable *variable = dkms_conf_find(reader->conf, name, len, 0);

	return variable && !variable->is_conditional ? variable->value : NULL;
}

int rd_dkms_conf_read(struct rd_dkms_conf *conf, const char *text, size_t len)
{
	struct reader reader = {
		.conf = conf,
		.shell = { .p = text, .end = text + len, .lookup = look_up },
		.start = text,
	};

	reader.shell.userdata = &reader;
	while (!reader.is_ended && reader.shell.p < reader.shell.end) {
		int r = read_command(&reader);

		if (r)
			return r;
		if (!reader.is_ended && reader.shell.p < reader.shell.end)
			read_operator(&reader);
	}
	return 0;
}
