/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The first error, not the last: what follows it is most often its consequence. Compilers translate
 * their messages, make's "***" is the same in every language and catches those.
 */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/make_log.h"

#define ERROR_MAX 300 /* one line of a report */

void rd_make_log_deinit(struct rd_make_log *log)
{
	free(log->kernel);
	free(log->arch);
	free(log->error);
	*log = (struct rd_make_log)RD_MAKE_LOG_INIT;
}

/* "... for kernel 6.1.0-28-amd64 (x86_64)" */
static int read_head(const char *line, size_t len, struct rd_make_log *log)
{
	static const char mark[] = " for kernel ";
	const char *kernel = memmem(line, len, mark, strlen(mark));
	const char *arch, *end;

	if (!kernel || len < 4 || memcmp(line, "DKMS", 4) != 0)
		return 0;
	kernel += strlen(mark);
	arch = memchr(kernel, ' ', (size_t)(line + len - kernel));
	if (!arch || arch + 1 >= line + len || arch[1] != '(')
		return 0;
	end = memchr(arch, ')', (size_t)(line + len - arch));
	if (!end)
		return 0;
	log->kernel = strndup(kernel, (size_t)(arch - kernel));
	log->arch = strndup(arch + 2, (size_t)(end - arch) - 2);
	return log->kernel && log->arch ? 0 : -ENOMEM;
}

static bool is_error(const char *line, size_t len)
{
	static const char *const marks[] = {
		": error: ",
		": fatal error: ",
		": *** ",
		"ERROR: modpost",
		"undefined reference to ",
		"Hunk #",
		"can't find file to patch",
		"No space left on device",
		"command not found",
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(marks); i++) {
		const char *found = memmem(line, len, marks[i], strlen(marks[i]));

		if (!found)
			continue;
		/* patch(1) counts the hunks that went in, too. */
		if (*marks[i] != 'H' || memmem(found, (size_t)(line + len - found), " FAILED", 7))
			return true;
	}
	return false;
}

static int keep_error(const char *line, size_t len, struct rd_make_log *log)
{
	while (len && isspace((unsigned char)*line)) {
		line++;
		len--;
	}
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	log->error = strndup(line, len < ERROR_MAX ? len : ERROR_MAX);
	return log->error ? 0 : -ENOMEM;
}

int rd_make_log_read(const char *text, size_t len, struct rd_make_log *log)
{
	const char *end = text + len;
	bool is_first = true;
	int r = 0;

	while (!r && text < end && !log->error) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline ? newline : end) - text);

		if (is_first)
			r = read_head(text, n, log);
		else if (is_error(text, n))
			r = keep_error(text, n, log);
		is_first = false;
		text += newline ? n + 1 : n;
	}
	return r;
}
