/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What was seen, where. A verdict without evidence is not given. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum rd_evidence_kind {
	RD_EVIDENCE_INSTRUCTION, /* machine code; where = function+offset */
	RD_EVIDENCE_TABLE, /* a data object; where = object+offset */
	RD_EVIDENCE_DYNDBG, /* a __dyndbg site; where = file:line function */
	RD_EVIDENCE_STRING, /* a string of a known patch; where = section+offset */
	RD_EVIDENCE_SOURCE, /* a hunk of source; where = file:first-last */
	RD_EVIDENCE_FUNCTION, /* a function or object that differs from the reference */
	RD_EVIDENCE_BUILD_ID, /* identity with another copy */
	RD_EVIDENCE_PROVENANCE, /* package digest, verified signature, journalled build */
	RD_EVIDENCE_COVERAGE, /* what was looked at to the end and found empty */
	RD_EVIDENCE_LIMIT, /* what could not be looked at, and why */
};

struct rd_evidence_item {
	enum rd_evidence_kind kind;
	char *where; /* may be "" */
	char *detail; /* one line, foreign text escaped by the renderers, not here */
};

/* Owner of its items. The first item is the one that decides. */
struct rd_evidence {
	struct rd_evidence_item *items;
	size_t n, cap;
};

#define RD_EVIDENCE_INIT \
	{                \
		0        \
	}

/* A hostile file must not fill the report: further items are dropped, the last one says so. */
#define RD_EVIDENCE_MAX 200

void rd_evidence_deinit(struct rd_evidence *ev);

/**
 * rd_evidence_add() - append one item
 * @where: copied; NULL is ""
 * @fmt: the detail, without a line end
 *
 * Return: 0 or -ENOMEM.
 */
int rd_evidence_add(struct rd_evidence *ev, enum rd_evidence_kind kind, const char *where,
		    const char *fmt, ...) RD_PRINTF(4, 5);

/* Appends copies of the items of @from; 0 or -ENOMEM. */
int rd_evidence_copy(struct rd_evidence *ev, const struct rd_evidence *from);

/* The word used in JSON: "instruction", "dyndbg", ...; static. */
const char *rd_evidence_kind_name(enum rd_evidence_kind kind);
