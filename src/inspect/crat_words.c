/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The vocabulary of a patched kfd_crat.c: which tokens are the flag, which an RDNA1 id, and which
 * names of the file's own stand for either. Names are followed through macros, enum constants,
 * objects and functions until nothing new is found, in a bounded number of rounds.
 *
 * Flags: HSA_MEM_FLAGS_* (kfd_topology.h) and CRAT_MEM_FLAGS_* (kfd_crat.h) of the kernel. No
 * stock kfd_crat.c names HOT_PLUGGABLE of either outside kfd_parse_subtype_mem().
 */

#include <string.h>

#include "base/cleanup.h"
#include "crat_words.h"
#include "model/data.h"

#define AMD_VENDOR  0x1002 /* pci.ids */
#define MAX_MEMBERS 32 /* tokens of an a->b.c that are walked back: keeps hostile chains linear */
#define MAX_ROUNDS  8 /* a name that stands for a name that …: C declares before use */

static bool is_device(uint64_t value)
{
	const uint16_t *ids;
	size_t n;

	ids = rd_data_rdna1_ids(&n);
	for (size_t i = 0; i < n; i++) {
		if (ids[i] == value)
			return true;
	}
	return false;
}

bool crat_is_id(const struct rd_ctoken *token)
{
	uint64_t v = token->value;

	if (!token->has_value)
		return false;
	return is_device(v) || ((v & 0xffff) == AMD_VENDOR && is_device(v >> 16)) ||
	       (v >> 16 == AMD_VENDOR && is_device(v & 0xffff));
}

bool crat_is_id_like(const struct rd_ctoken *token)
{
	const uint16_t *ids;
	size_t n;

	if (!token->has_value || crat_is_id(token))
		return token->has_value;
	ids = rd_data_rdna1_ids(&n);
	/* The family's page up to the last chip's sixteen: 0x7300 to 0x736f. */
	if (token->value >= (ids[0] & 0xff00u) && token->value <= (ids[n - 1] | 0xfu))
		return true;
	for (size_t i = 0; i < n; i++) {
		if (token->value == ids[i] >> 4)
			return true;
	}
	return false;
}

bool crat_has_id_like(const struct rd_ctoken *tokens, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (crat_is_id_like(&tokens[i]))
			return true;
	}
	return false;
}

static bool is_same_name(const struct rd_ctoken *a, const struct rd_ctoken *b)
{
	return a->kind == RD_CTOKEN_IDENTIFIER && rd_ctoken_equal(a, b);
}

bool crat_has_name(const struct rd_ctoken *tokens, size_t n, const struct rd_ctoken *name)
{
	for (size_t i = 0; i < n; i++) {
		if (is_same_name(name, &tokens[i]))
			return true;
	}
	return false;
}

bool crat_is_own_name(const struct rd_ctoken *token)
{
	const char *const *stems;
	size_t n;

	stems = rd_data_crat_functions(&n);
	for (size_t i = 0; token->kind == RD_CTOKEN_IDENTIFIER && i < n; i++) {
		size_t len = strcspn(stems[i], "*");

		if (token->len >= len && !memcmp(token->text, stems[i], len))
			return true;
	}
	return false;
}

unsigned int crat_token_meaning(const struct crat_words *words, const struct rd_ctoken *token)
{
	/* The bare prefixes are what a macro pastes a name to. */
	static const char *const flags[] = { CRAT_FLAG, "CRAT_MEM_FLAGS_HOT_PLUGGABLE",
					     "HSA_MEM_FLAGS_", "CRAT_MEM_FLAGS_" };

	if (token->kind == RD_CTOKEN_NUMBER)
		return crat_is_id(token) ? CRAT_MEANS_ID : 0;
	if (token->kind != RD_CTOKEN_IDENTIFIER)
		return 0;
	for (size_t i = 0; i < RD_N_ELEMENTS(flags); i++) {
		if (rd_ctoken_is(token, flags[i]))
			return CRAT_MEANS_FLAG;
	}
	for (size_t i = 0; i < words->n; i++) {
		if (is_same_name(token, words->items[i].name))
			return words->items[i].meaning;
	}
	return 0;
}

unsigned int crat_meaning(const struct crat_words *words, const struct rd_ctoken *tokens, size_t n)
{
	unsigned int meaning = 0;

	for (size_t i = 0; i < n; i++)
		meaning |= crat_token_meaning(words, &tokens[i]);
	return meaning;
}

/* Whether it is new. */
static bool learn(struct crat_words *words, const struct rd_ctoken *name, unsigned int meaning)
{
	for (size_t i = 0; i < words->n; i++) {
		struct crat_word *word = &words->items[i];

		if (!is_same_name(name, word->name))
			continue;
		if ((word->meaning | meaning) == word->meaning)
			return false;
		word->meaning |= meaning;
		return true;
	}
	if (words->n == RD_N_ELEMENTS(words->items)) {
		words->is_full = true;
		return false;
	}
	words->items[words->n++] = (struct crat_word){ .name = name, .meaning = meaning };
	return true;
}

static bool learn_item(struct crat_words *words, const struct rd_ccode *code,
		       const struct rd_citem *item)
{
	const struct rd_ctoken *tokens = rd_ccode_tokens(code, item);
	unsigned int meaning;
	bool is_new = false;

	if (item->kind != RD_CITEM_CODE && item->kind != RD_CITEM_DEFINE)
		return false;
	meaning = crat_meaning(words, tokens, item->n);
	if (item->is_function)
		meaning &= CRAT_MEANS_ID;
	for (size_t i = 0; meaning && i < item->n; i++) {
		if (rd_ccode_declares(code, item, i) && !rd_ctoken_is(&tokens[i], CRAT_FUNCTION))
			is_new |= learn(words, &tokens[i], meaning);
	}
	return is_new;
}

void crat_words_init(struct crat_words *words, const struct rd_ccode *code)
{
	bool is_new = true;

	*words = (struct crat_words){ 0 };
	for (int round = 0; is_new && round < MAX_ROUNDS; round++) {
		is_new = false;
		for (size_t i = 0; i < code->n; i++) {
			/* What the patched function tests is its own business, not its callers'. */
			if (!rd_ccode_defines(code, &code->items[i], CRAT_FUNCTION))
				is_new |= learn_item(words, code, &code->items[i]);
		}
	}
}

static bool is_operand_end(const struct rd_ctoken *token)
{
	return token->kind == RD_CTOKEN_IDENTIFIER || token->kind == RD_CTOKEN_NUMBER ||
	       rd_ctoken_is(token, ")") || rd_ctoken_is(token, "]");
}

bool crat_is_assignment(const struct rd_ctoken *token)
{
	static const char *const operators[] = { "=",  "|=", "^=", "&=",  "+=", "-=",
						 "*=", "/=", "%=", "<<=", ">>=" };

	for (size_t i = 0; i < RD_N_ELEMENTS(operators); i++) {
		if (rd_ctoken_is(token, operators[i]))
			return true;
	}
	return false;
}

static bool is_step(const struct rd_ctoken *token)
{
	return rd_ctoken_is(token, "++") || rd_ctoken_is(token, "--");
}

/* Whether the `&` at @at takes an address: after an operand it is the operator on bits. */
static bool is_address(const struct rd_ctoken *tokens, size_t at)
{
	if (!rd_ctoken_is(&tokens[at], "&"))
		return false;
	if (!at || !is_operand_end(&tokens[at - 1]))
		return true;
	/* A cast to a pointer. */
	return at >= 2 && rd_ctoken_is(&tokens[at - 1], ")") && rd_ctoken_is(&tokens[at - 2], "*");
}

bool crat_writes_flags(const struct rd_ctoken *tokens, size_t n, size_t i)
{
	size_t start = i, after = i + 1;

	if (!rd_ctoken_is(&tokens[i], "flags"))
		return false;
	if (after < n && is_step(&tokens[after]))
		return true;
	while (after < n && after - i < MAX_MEMBERS && rd_ctoken_is(&tokens[after], ")"))
		after++;
	if (after < n && crat_is_assignment(&tokens[after]))
		return true;

	while (start >= 2 && i - start < MAX_MEMBERS &&
	       (rd_ctoken_is(&tokens[start - 1], "->") || rd_ctoken_is(&tokens[start - 1], ".")))
		start -= 2;
	if (!start)
		return false;
	if (start >= 2 && rd_ctoken_is(&tokens[start - 1], "(") &&
	    rd_ctoken_is(&tokens[start - 2], "WRITE_ONCE"))
		return true;
	return is_step(&tokens[start - 1]) || is_address(tokens, start - 1);
}

bool crat_touches_flags(const struct crat_words *words, const struct rd_ctoken *tokens, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((crat_token_meaning(words, &tokens[i]) & CRAT_MEANS_FLAG) ||
		    rd_ctoken_has_prefix(&tokens[i], "HSA_MEM_FLAGS_") ||
		    rd_ctoken_has_prefix(&tokens[i], "CRAT_MEM_FLAGS_") ||
		    crat_writes_flags(tokens, n, i))
			return true;
	}
	return false;
}
