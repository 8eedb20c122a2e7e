/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Lists of evidence: owned strings, bounded in number. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/name.h"
#include "base/text.h"
#include "model/evidence.h"

static const struct rd_name kinds[] = {
	{ .name = "instruction", .value = RD_EVIDENCE_INSTRUCTION },
	{ .name = "table", .value = RD_EVIDENCE_TABLE },
	{ .name = "dyndbg", .value = RD_EVIDENCE_DYNDBG },
	{ .name = "string", .value = RD_EVIDENCE_STRING },
	{ .name = "source", .value = RD_EVIDENCE_SOURCE },
	{ .name = "function", .value = RD_EVIDENCE_FUNCTION },
	{ .name = "build-id", .value = RD_EVIDENCE_BUILD_ID },
	{ .name = "provenance", .value = RD_EVIDENCE_PROVENANCE },
	{ .name = "coverage", .value = RD_EVIDENCE_COVERAGE },
	{ .name = "limit", .value = RD_EVIDENCE_LIMIT },
};

void rd_evidence_deinit(struct rd_evidence *ev)
{
	for (size_t i = 0; i < ev->n; i++) {
		free(ev->items[i].where);
		free(ev->items[i].detail);
	}
	free(ev->items);
	*ev = (struct rd_evidence)RD_EVIDENCE_INIT;
}

/* Takes both strings, also when it fails. */
static int evidence_push(struct rd_evidence *ev, enum rd_evidence_kind kind, char *where,
			 char *detail)
{
	struct rd_evidence_item item = { .kind = kind, .where = where, .detail = detail };

	if (where && detail && !rd_array_push(ev, &item))
		return 0;
	free(where);
	free(detail);
	return -ENOMEM;
}

int rd_evidence_add(struct rd_evidence *ev, enum rd_evidence_kind kind, const char *where,
		    const char *fmt, ...)
{
	char *detail;
	va_list ap;

	if (ev->n >= RD_EVIDENCE_MAX)
		return 0;
	if (ev->n == RD_EVIDENCE_MAX - 1)
		return evidence_push(ev, RD_EVIDENCE_LIMIT, strdup(""),
				     strdup("more was found; the list ends here"));

	va_start(ap, fmt);
	detail = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!detail)
		return -ENOMEM;
	return evidence_push(ev, kind, strdup(where ? where : ""), detail);
}

int rd_evidence_copy(struct rd_evidence *ev, const struct rd_evidence *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct rd_evidence_item *item = &from->items[i];
		int r = rd_evidence_add(ev, item->kind, item->where, "%s", item->detail);

		if (r)
			return r;
	}
	return 0;
}

const char *rd_evidence_kind_name(enum rd_evidence_kind kind)
{
	return rd_name_of(kinds, RD_N_ELEMENTS(kinds), (int)kind);
}
