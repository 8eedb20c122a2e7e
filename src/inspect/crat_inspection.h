/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The state of one look at a kfd_crat.c, shared by the parts of it. Private to inspect. */

#include "base/text.h"
#include "crat_words.h"
#include "inspect/ccode.h"
#include "model/data.h"
#include "model/evidence.h"

struct crat_range {
	const struct rd_ctoken *tokens;
	size_t n;
};

struct crat_inspection {
	const char *name; /* of the file, for the evidence's places */
	struct rd_ccode code, stock;
	struct crat_words words;
	bool is_since_4_19; /* the file has today's form of the function, and its helper */
	size_t n_functions; /* live definitions of kfd_parse_subtype_mem() */

	struct crat_names {
		struct crat_name {
			const struct rd_ctoken *token;
		} * items;
		size_t n, cap;
	} declared; /* what the file itself gives a name, sorted */

	/* Names that signs use and stock does not: what the file defines by them is the patch's. */
	const struct rd_ctoken *used[64];
	size_t n_used;

	struct rd_evidence patched, modified, limits, notes;
};

/* Adds an item whose place is "name:first-last"; 0 or -ENOMEM, as all functions below. */
int crat_add(const struct crat_inspection *in, struct rd_evidence *list, enum rd_evidence_kind kind,
	     uint32_t first, uint32_t last, const char *fmt, ...) RD_PRINTF(6, 7);

/* Whether the stock function has the word. */
bool crat_is_stock_word(const struct crat_inspection *in, const struct rd_ctoken *name);

/* Whether the file, not a header, defines the name: a macro, a constant, an object, a function. */
bool crat_is_declared(const struct crat_inspection *in, const struct rd_ctoken *name);

void crat_use_names(struct crat_inspection *in, struct crat_range range);

/* The published patch whose message is in the range, or NULL. */
const struct rd_patch_string *crat_known_patch(struct crat_range range);

/**
 * crat_describe() - one line for people: which patch, what it does, when
 * @file: the statements of the hunk
 * @title: of the patch
 */
int crat_describe(const struct crat_inspection *in, struct crat_range file, const char *title,
		  struct rd_text *text);

/* Whether the range carries a published message or an RDNA1 id. */
bool crat_knows_cards(const struct crat_inspection *in, struct crat_range range);

/* Judges an item that defines what kfd_parse_subtype_mem() calls, or what calls it. */
/* Judges an item that does not define kfd_parse_subtype_mem(). */
int crat_judge_elsewhere(struct crat_inspection *in, const struct rd_citem *item);

/* Holds it against stock if it defines what that function calls or what calls it; 0 or -errno. */
int crat_judge_neighbour(struct crat_inspection *in, const struct rd_citem *item,
			 struct rd_error *err);

/* After all items: is the stock function called at all, what belongs to the signs, what is dead. */
int crat_judge_calls(struct crat_inspection *in);
int crat_add_definitions(struct crat_inspection *in);
int crat_add_notes(struct crat_inspection *in);
