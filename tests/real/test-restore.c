/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The way back, over every form of the patch in every kfd_crat.c of the lab: what comes out must be
 * the stock file as it was packaged, byte for byte. Where the patch also put something outside of
 * the function, blank lines may differ. The published blocks are also laid out anew: spaces for
 * tabs, white space at the ends of lines, blank lines, no indentation.
 */

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/crat_restore.h"

#define EXIT_SKIP 77

static unsigned int failures, exact, blank, refused, stock;

static void RD_PRINTF(2, 3) fail(const char *path, const char *fmt, ...)
{
	va_list ap;

	printf("%s: ", path);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	failures++;
}

static bool read_file(const char *path, struct rd_text *text)
{
	RD_CLEANUP(rd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && !rd_text_fill(text, fd, (size_t)16 << 20, NULL);
}

/* The next line that is not blank, without white space at its end; NULL at the end. */
static const char *next_line(const char *p, size_t *np)
{
	while (*p && isspace((unsigned char)*p)) {
		/* Back to the line's own indentation. */
		if (*p != '\n' && p[strspn(p, " \t\r")] != '\n')
			break;
		p++;
	}
	*np = strcspn(p, "\r\n");
	return *p ? p : NULL;
}

static bool is_equal_but_blank(const char *a, const char *b)
{
	for (;;) {
		size_t n, m;

		a = next_line(a, &n);
		b = next_line(b, &m);
		if (!a || !b)
			return !a && !b;
		if (n != m || memcmp(a, b, n) != 0)
			return false;
		a += n;
		b += m;
	}
}

/* What must come of a form, by what the form does (tests/real/forms). */
static int expected_of(const char *form)
{
	static const char *const nothing[] = { "stock", "stock-crlf", "comment-only",
					       "elsewhere-id" };

	for (size_t i = 0; i < RD_N_ELEMENTS(nothing); i++) {
		if (!strcmp(form, nothing[i]))
			return RD_CRAT_RESTORE_STOCK;
	}
	/* Its function is stock; what is wrong is elsewhere, where no stock is known. */
	return !strcmp(form, "other-function") ? RD_CRAT_RESTORE_STOCK : 0;
}

static void check(const char *path, const char *form, const struct rd_text *text,
		  const struct rd_text *original)
{
	RD_CLEANUP(rd_crat_restoration_deinit)
	struct rd_crat_restoration result = RD_CRAT_RESTORATION_INIT;
	struct rd_error err = RD_ERROR_INIT;
	int r = rd_crat_restore(text->data, text->len, &result, &err);

	if (r == RD_CRAT_RESTORE_REFUSED) {
		printf("%s: refused: %s\n", path, err.msg);
		refused++;
	}
	if (r != expected_of(form)) {
		fail(path, "%d instead of %d: %s", r, expected_of(form), err.msg);
	} else if (r) {
		stock++;
	} else if (result.text.len == original->len &&
		   !memcmp(result.text.data, original->data, original->len)) {
		exact++;
	} else if (result.n_definitions && is_equal_but_blank(result.text.data, original->data)) {
		blank++;
	} else {
		fail(path, "the result is not the stock file (%zu bytes, %zu)", result.text.len,
		     original->len);
	}
}

/* The lines in which a form differs from the stock file: [first, end) of its bytes. */
static void find_block(const struct rd_text *text, const struct rd_text *original, size_t block[2])
{
	size_t a = 0, b = 0, most = text->len < original->len ? text->len : original->len;

	while (a < most && text->data[a] == original->data[a])
		a++;
	while (a && text->data[a - 1] != '\n')
		a--;
	while (b < most - a &&
	       text->data[text->len - 1 - b] == original->data[original->len - 1 - b])
		b++;
	while (b && text->data[text->len - b - 1] != '\n')
		b--;
	block[0] = a;
	block[1] = text->len - b;
}

/* How an editor, a mail or a hand lays the same lines out. */
static void put_line(struct rd_text *out, const char *line, size_t n, int how)
{
	size_t indent = strspn(line, " \t");

	if (indent > n)
		indent = n;
	for (size_t i = 0; i < indent; i++) {
		if (how == 0)
			rd_text_puts(out, line[i] == '\t' ? "        " : " ");
		else if (how == 1)
			rd_text_append(out, &line[i], 1);
	}
	rd_text_append(out, line + indent, n - indent);
	rd_text_puts(out, how == 1 ? " \t\n" : "\n");
	if (how == 2)
		rd_text_puts(out, "\n");
}

static void check_layouts(const char *path, const char *form, const struct rd_text *text,
			  const struct rd_text *original)
{
	size_t block[2];

	find_block(text, original, block);
	for (int how = 0; how < 4; how++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text other = RD_TEXT_INIT;

		rd_text_append(&other, text->data, block[0]);
		for (size_t i = block[0]; i < block[1];) {
			size_t n = strcspn(text->data + i, "\n");

			put_line(&other, text->data + i, n, how);
			i += n + 1;
		}
		rd_text_append(&other, text->data + block[1], text->len - block[1]);
		check(path, form, &other, original);
	}
}

static void check_form(const char *lab, const char *path)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text original = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *of = NULL;
	RD_CLEANUP(rd_freep) char *form = strdup(strrchr(path, '/') + 1);
	const char *version = path + strlen(lab) + strlen("/sources/");

	*strrchr(form, '.') = '\0';
	if (asprintf(&of, "%s/sources/%.*s/%s.c", lab, (int)strcspn(version, "/"), version,
		     strcmp(form, "crlf") ? "stock" : "stock-crlf") < 0)
		abort();
	if (!read_file(path, &text) || !read_file(of, &original))
		fail(path, "cannot be read");
	else
		check(path, form, &text, &original);
	if (rd_text_has_prefix(form, "published-"))
		check_layouts(path, form, &text, &original);
}

int main(void)
{
	const char *lab = getenv("RDNA1_LAB");
	RD_CLEANUP(globfree) glob_t found = { 0 };
	char pattern[4096];

	if (!lab) {
		printf("RDNA1_LAB is not set: no real sources to restore\n");
		return EXIT_SKIP;
	}
	snprintf(pattern, sizeof(pattern), "%s/sources/*/*.c", lab);
	glob(pattern, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_form(lab, found.gl_pathv[i]);
	printf("%u byte for byte, %u but for blank lines, %u had nothing to restore, %u refused, "
	       "%u failures\n",
	       exact, blank, stock, refused, failures);
	if (!exact)
		printf("%s: has no sources; tests/real/lab.sh makes them\n", lab);
	return failures || !exact ? EXIT_FAILURE : EXIT_SUCCESS;
}
