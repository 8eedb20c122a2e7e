/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What code outside of kfd_parse_subtype_mem() writes to a `flags` member.
 *
 * Stock code, Linux 4.15 to 7.3, AMD's trees and others, assigns or or-s constants of headers, and
 * copies a `flags` of a table of caches. It makes no flags by calls, shifts, variables or macros of
 * the file, and takes no such member's address. The `flags` of memory banks (struct
 * kfd_mem_properties) it writes in kfd_parse_subtype_mem() only; those of structs that are not
 * KFD's are nobody's business here. So a kernel to come may name new constants, but who goes
 * another way to such a member is told so.
 */

#include <string.h>

#include "base/cleanup.h"
#include "crat_written.h"

/* HSA_MEM_FLAGS_HOT_PLUGGABLE (kfd_topology.h) is 1, CRAT_MEM_FLAGS_HOT_PLUGGABLE (kfd_crat.h) 2.
 */
#define HOT_PLUGGABLE_BITS 0x3

/* Tokens of an assignment that are read: keeps hostile chains of them linear. */
#define MAX_WRITTEN 64

/* Tokens of an item in which the type of a variable is looked for, for the same reason. */
#define MAX_DECLARATIONS 256

#define MEMORY_BANK "kfd_mem_properties" /* kfd_topology.h */

/* A constant at @at: N, N << M or BIT(N). How many tokens it has, 0 if there is none. */
static size_t read_constant(const struct rd_ctoken *tokens, size_t n, size_t at, uint64_t *valuep)
{
	uint64_t value = 1, shift = 0;
	size_t len = 1;

	if (at && rd_ctoken_is(&tokens[at - 1], "<<"))
		return 0;
	if (tokens[at].has_value) {
		value = tokens[at].value;
		if (at + 2 < n && rd_ctoken_is(&tokens[at + 1], "<<") && tokens[at + 2].has_value) {
			shift = tokens[at + 2].value;
			len = 3;
		}
	} else if (at + 3 < n && rd_ctoken_is(&tokens[at], "BIT") && tokens[at + 2].has_value &&
		   rd_ctoken_is(&tokens[at + 3], ")")) {
		shift = tokens[at + 2].value;
		len = 4;
	} else {
		return 0;
	}
	*valuep = shift < 64 ? value << shift : 0;
	return len;
}

/* Whether the @len tokens at @at are or-ed with what stands beside them, and nothing else. */
static bool is_ored(const struct rd_ctoken *tokens, size_t n, size_t at, size_t len)
{
	static const char *const before[] = { "|", "+", "^", "=", "|=", "+=", "^=" };
	bool is_after = false;

	if (at + len >= n ||
	    !(rd_ctoken_is(&tokens[at + len], ";") || rd_ctoken_is(&tokens[at + len], "|")))
		return false;
	for (size_t i = 0; at && i < RD_N_ELEMENTS(before); i++)
		is_after = is_after || rd_ctoken_is(&tokens[at - 1], before[i]);
	return is_after;
}

static bool is_member(const struct rd_ctoken *tokens, size_t at)
{
	return at && (rd_ctoken_is(&tokens[at - 1], "->") || rd_ctoken_is(&tokens[at - 1], "."));
}

/* NAME_LIKE_THIS that is no call. */
static bool is_constant_name(const struct rd_ctoken *tokens, size_t n, size_t at)
{
	for (size_t i = 0; i < tokens[at].len; i++) {
		char c = tokens[at].text[i];

		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return at + 1 >= n || !rd_ctoken_is(&tokens[at + 1], "(");
}

/* How many tokens a->b[…].flags at @at has; 0 if it is no such thing. */
static size_t read_copy(const struct rd_ctoken *tokens, size_t n, size_t at)
{
	size_t i = at + 1;
	bool is_flags = false;

	while (i + 1 < n && i - at < MAX_WRITTEN) {
		if (rd_ctoken_is(&tokens[i], "->") || rd_ctoken_is(&tokens[i], ".")) {
			is_flags = rd_ctoken_is(&tokens[i + 1], "flags");
			i += 2;
		} else if (rd_ctoken_is(&tokens[i], "[")) {
			do
				i++;
			while (i < n && tokens[i].depth > tokens[at].depth);
			i++;
		} else {
			break;
		}
	}
	return is_flags ? i - at : 0;
}

/* The operand at @at of what is written; *@lenp: its tokens. */
static enum crat_written read_operand(const struct crat_inspection *in, struct crat_range range,
				      size_t at, size_t *lenp)
{
	const struct rd_ctoken *token = &range.tokens[at];
	uint64_t value = 0;
	size_t len = read_constant(range.tokens, range.n, at, &value);

	*lenp = len ? len : 1;
	if (value & HOT_PLUGGABLE_BITS)
		return CRAT_WRITES_NUMBER;
	if (len || rd_ctoken_is(token, "|") || rd_ctoken_is(token, "(") || rd_ctoken_is(token, ")"))
		return CRAT_WRITES_CONSTANTS;
	if (token->kind != RD_CTOKEN_IDENTIFIER || crat_token_meaning(&in->words, token))
		return CRAT_WRITES_OTHER;
	if (is_constant_name(range.tokens, range.n, at))
		return crat_is_declared(in, token) ? CRAT_WRITES_OTHER : CRAT_WRITES_CONSTANTS;
	len = read_copy(range.tokens, range.n, at);
	if (!len)
		return CRAT_WRITES_OTHER;
	*lenp = len;
	return CRAT_WRITES_COPY;
}

/* What the assignment whose operator is token @at writes. */
static enum crat_written what_is_assigned(const struct crat_inspection *in, struct crat_range range,
					  size_t at)
{
	const struct rd_ctoken *tokens = range.tokens;
	enum crat_written written = CRAT_WRITES_CONSTANTS;
	bool is_mask = rd_ctoken_is(&tokens[at], "&=");
	size_t end = range.n - at < MAX_WRITTEN ? range.n : at + MAX_WRITTEN;

	if (!is_mask && !rd_ctoken_is(&tokens[at], "=") && !rd_ctoken_is(&tokens[at], "|="))
		written = CRAT_WRITES_OTHER;
	for (size_t i = at + 1, len; i < end && !rd_ctoken_is(&tokens[i], ";"); i += len) {
		enum crat_written operand;

		if (tokens[i].depth < tokens[at].depth ||
		    (tokens[i].depth == tokens[at].depth && rd_ctoken_is(&tokens[i], ",")))
			break;
		operand = read_operand(in, range, i, &len);
		if (is_mask && rd_ctoken_is(&tokens[i], "~"))
			continue;
		if (operand == CRAT_WRITES_NUMBER && is_ored(tokens, range.n, i, len))
			return CRAT_WRITES_NUMBER;
		if (operand > written)
			written = operand;
	}
	return written;
}

/* The name of the struct that the variable at @at is declared with in its function, or NULL. */
static const struct rd_ctoken *find_type(struct crat_range range, size_t at)
{
	const struct rd_ctoken *tokens = range.tokens;
	size_t end = at < MAX_DECLARATIONS ? at : MAX_DECLARATIONS;
	const struct rd_ctoken *type = NULL;

	for (size_t i = 0; i + 2 < end; i++) {
		size_t name = i + 2;

		if (!rd_ctoken_is(&tokens[i], "struct"))
			continue;
		while (name < end && rd_ctoken_is(&tokens[name], "*"))
			name++;
		if (rd_ctoken_equal(&tokens[name], &tokens[at]))
			type = &tokens[i + 1];
	}
	return type;
}

/* Takes into account whose member the flags at token @at of an item are. */
static enum crat_written weigh(struct crat_range range, size_t at, enum crat_written written)
{
	const struct rd_ctoken *type = NULL;

	if (at >= 2 && range.tokens[at - 2].kind == RD_CTOKEN_IDENTIFIER &&
	    !is_member(range.tokens, at - 2))
		type = find_type(range, at - 2);
	if (!type)
		return written;
	if (rd_ctoken_is(type, MEMORY_BANK) && written != CRAT_WRITES_NUMBER)
		return CRAT_WRITES_MEMORY;
	if (written == CRAT_WRITES_OTHER && !rd_ctoken_has_prefix(type, "crat_") &&
	    !rd_ctoken_has_prefix(type, "kfd_"))
		return CRAT_WRITES_COPY;
	return written;
}

enum crat_written crat_what_is_written(const struct crat_inspection *in,
				       const struct rd_citem *item, size_t at)
{
	struct crat_range range = { .tokens = rd_ccode_tokens(&in->code, item), .n = item->n };
	size_t op = at + 1;

	if (!is_member(range.tokens, at) || !crat_writes_flags(range.tokens, range.n, at))
		return CRAT_WRITES_CONSTANTS;
	while (op < range.n && rd_ctoken_is(&range.tokens[op], ")"))
		op++;
	if (op != at + 1 || !crat_is_assignment(&range.tokens[op]))
		return weigh(range, at, CRAT_WRITES_OTHER);
	return weigh(range, at, what_is_assigned(in, range, op));
}
