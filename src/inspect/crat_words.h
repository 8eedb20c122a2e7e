/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the tokens of a kfd_crat.c say about memory flags and device ids. Private to inspect. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspect/ccode.h"

#define CRAT_FUNCTION "kfd_parse_subtype_mem"
#define CRAT_FLAG     "HSA_MEM_FLAGS_HOT_PLUGGABLE"

/* Bits of a meaning. */
enum {
	CRAT_MEANS_FLAG = 1 << 0, /* the hot-pluggable flag of KFD or of the CRAT */
	CRAT_MEANS_ID = 1 << 1, /* an RDNA1 device id */
};

/* Names that the file gives to either of them: macros, constants, tables, functions. */
struct crat_words {
	struct crat_word {
		const struct rd_ctoken *name;
		unsigned int meaning;
	} items[64];
	size_t n;
	bool is_full; /* a file with more such names: the others are not followed */
};

/* Finds the names; functions stand for an id that they test, never for a flag that they set. */
void crat_words_init(struct crat_words *words, const struct rd_ccode *code);

/* Of one token, and of @n tokens together. */
unsigned int crat_token_meaning(const struct crat_words *words, const struct rd_ctoken *token);
unsigned int crat_meaning(const struct crat_words *words, const struct rd_ctoken *tokens, size_t n);

/* Exactly an RDNA1 id, or one put together with AMD's vendor id in a 32-bit word. */
bool crat_is_id(const struct rd_ctoken *token);

/* As above, and also edges, masks and upper bits of ids: only where an id is to be expected. */
bool crat_is_id_like(const struct rd_ctoken *token);
bool crat_has_id_like(const struct rd_ctoken *tokens, size_t n);

bool crat_is_assignment(const struct rd_ctoken *token);

/* Whether token @i of @n writes to something called flags, or takes its address. */
bool crat_writes_flags(const struct rd_ctoken *tokens, size_t n, size_t i);

/* Whether any of the tokens changes what the flags become. */
bool crat_touches_flags(const struct crat_words *words, const struct rd_ctoken *tokens, size_t n);

/* Whether any of the tokens is spelled like @name. */
bool crat_has_name(const struct rd_ctoken *tokens, size_t n, const struct rd_ctoken *name);

/* Whether the token is a name that only functions of kfd_crat.c have (data/scope.data). */
bool crat_is_own_name(const struct rd_ctoken *token);
