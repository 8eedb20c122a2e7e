/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Every kfd_crat.c of the lab: the stock ones of each kernel as they were packaged, and each form
 * of the patch in each of them. What must come out stands in the .expect file that form.awk wrote
 * while it put the form in: the verdict, and the lines of each hunk in the order of the form.
 */

#include <ctype.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/crat_source.h"
#include "model/data.h"

#define EXIT_SKIP 77

struct source {
	const char *path;
	struct rd_text text;
	enum rd_verdict verdict;
	struct rd_evidence ev;
};

static unsigned int failures;

static void source_deinit(struct source *source)
{
	rd_text_deinit(&source->text);
	rd_evidence_deinit(&source->ev);
}

static void RD_PRINTF(2, 3) fail(const struct source *source, const char *fmt, ...)
{
	va_list ap;

	printf("%s: ", source->path);
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

static void inspect(struct source *source)
{
	if (!read_file(source->path, &source->text))
		fail(source, "cannot be read");
	else if (!rd_crat_source_is(source->text.data, source->text.len))
		fail(source, "is not seen to be a kfd_crat.c");
	else if (rd_crat_source_inspect(source->text.data, source->text.len, "k.c",
					&source->verdict, &source->ev, NULL))
		fail(source, "is not inspected");
}

static bool is_blank_line(const struct rd_text *text, unsigned int line)
{
	const char *p = text->data;

	while (--line && p)
		p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL;
	while (p && *p != '\n' && isspace((unsigned char)*p))
		p++;
	return !p || *p == '\n';
}

static bool get_lines(const struct rd_evidence_item *item, unsigned int *firstp,
		      unsigned int *lastp)
{
	return item->kind == RD_EVIDENCE_SOURCE &&
	       sscanf(item->where, "k.c:%u-%u", firstp, lastp) == 2;
}

/* The first hunk decides, by its exact lines; the others are named somewhere. */
static void check_hunk(const struct source *source, unsigned int number, unsigned int first,
		       unsigned int last)
{
	unsigned int a, b;

	while (first < last && is_blank_line(&source->text, first))
		first++;
	while (first < last && is_blank_line(&source->text, last))
		last--;

	if (number == 0) {
		if (!get_lines(&source->ev.items[0], &a, &b) || a != first || b != last)
			fail(source, "first evidence is %s, not %u-%u", source->ev.items[0].where,
			     first, last);
		return;
	}
	for (size_t i = 0; i < source->ev.n; i++) {
		if (get_lines(&source->ev.items[i], &a, &b) && a >= first && b <= last)
			return;
	}
	fail(source, "nothing is named in %u-%u", first, last);
}

/* A form that carries a published message is called by that patch's name, no other is. */
static void check_title(const struct source *source)
{
	const struct rd_patch_string *strings;
	const char *detail = source->ev.items[0].detail;
	size_t n;

	strings = rd_data_patch_strings(&n);
	for (size_t i = 0; i < n; i++) {
		bool has_text = strstr(source->text.data, strings[i].text);

		if (has_text != rd_text_has_prefix(detail, strings[i].title))
			fail(source, "is called \"%s\"", detail);
	}
}

static void check_expected(const struct source *source, const char *expected)
{
	RD_CLEANUP(rd_freep) char *lines = strdup(expected);
	char *save = NULL, verdict[16] = "";
	unsigned int first, last, hunks = 0;

	for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "verdict %15s", verdict) == 1 &&
		    strcmp(verdict, rd_verdict_name(source->verdict)) != 0)
			fail(source, "is %s, not %s: %s", rd_verdict_name(source->verdict), verdict,
			     source->ev.items[0].detail);
		if (sscanf(line, "hunk %u %u", &first, &last) == 2 && !strcmp(verdict, "patched"))
			check_hunk(source, hunks++, first, last);
	}
	if (!strcmp(verdict, "patched"))
		check_title(source);
	else if (!*verdict)
		fail(source, "has no expected verdict");
}

static size_t check_forms(const char *lab)
{
	RD_CLEANUP(globfree) glob_t found = { 0 };
	char pattern[4096];

	snprintf(pattern, sizeof(pattern), "%s/sources/*/*.expect", lab);
	glob(pattern, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text expected = RD_TEXT_INIT;
		RD_CLEANUP(rd_freep) char *path = strdup(found.gl_pathv[i]);
		RD_CLEANUP(source_deinit) struct source source = { .path = path };

		strcpy(strrchr(path, '.'), ".c");
		inspect(&source);
		if (!read_file(found.gl_pathv[i], &expected))
			fail(&source, "has no readable .expect");
		else if (source.ev.n)
			check_expected(&source, expected.data);
	}
	return found.gl_pathc;
}

static size_t check_stock(const char *lab)
{
	RD_CLEANUP(globfree) glob_t found = { 0 };
	char pattern[4096];

	snprintf(pattern, sizeof(pattern), "%s/source/*/kfd_crat.c", lab);
	glob(pattern, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		RD_CLEANUP(source_deinit) struct source source = { .path = found.gl_pathv[i] };

		inspect(&source);
		if (source.verdict != RD_VERDICT_NO_SIGN)
			fail(&source, "stock is %s", rd_verdict_name(source.verdict));
	}
	return found.gl_pathc;
}

int main(void)
{
	const char *lab = getenv("RDNA1_LAB");
	size_t forms, stock;

	if (!lab) {
		printf("RDNA1_LAB is not set: no real sources to look at\n");
		return EXIT_SKIP;
	}
	stock = check_stock(lab);
	forms = check_forms(lab);
	printf("%zu stock files, %zu forms, %u failures\n", stock, forms, failures);
	if (!stock || !forms)
		printf("%s: has no sources; tests/real/lab.sh makes them\n", lab);
	return failures || !stock || !forms ? EXIT_FAILURE : EXIT_SUCCESS;
}
