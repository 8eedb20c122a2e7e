/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a restored kfd_crat.c has to show. The inspection finds no sign in it, and all of the file
 * around the function is still there: a cut through kfd_parse_subtype_mem() and what follows it
 * makes one function of two, and the one that comes back is not the other.
 *
 * What holds in all stock files, Linux 4.19 to 7.3 and AMD's trees: each function with a name of
 * kfd_crat.c's own that is called is declared in the file, and kfd_parse_subtype_mem() is called
 * as below.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "crat_proof.h"
#include "crat_words.h"
#include "inspect/crat_source.h"
#include "model/evidence.h"

static bool is_declared(const struct rd_ccode *code, const struct rd_ctoken *name)
{
	for (size_t i = 0; i < code->n; i++) {
		const struct rd_citem *item = &code->items[i];
		const struct rd_ctoken *tokens = rd_ccode_tokens(code, item);

		for (size_t k = 0; k < item->n; k++) {
			if (rd_ctoken_equal(&tokens[k], name) && rd_ccode_declares(code, item, k))
				return true;
		}
	}
	return false;
}

/* Whether token @at, the function's name in code, is followed by the arguments of all kernels. */
static bool is_stock_call(const struct rd_ccode *code, size_t at)
{
	static const char *const call[] = { "(", "mem", ",", "device_list", ")" };

	for (size_t i = 0; i < RD_N_ELEMENTS(call); i++) {
		if (at + 1 + i >= code->live.n ||
		    !rd_ctoken_is(&code->live.items[at + 1 + i], call[i]))
			return false;
	}
	return true;
}

static int refuse(struct rd_error *err, const struct rd_ctoken *token, const char *why)
{
	return rd_error_set(err, EINVAL,
			    "with " CRAT_FUNCTION "() restored, the file is not whole: line %u: "
			    "%.*s() %s",
			    token->first, (int)token->len, token->text, why);
}

static int prove_calls(const struct rd_ccode *code, struct rd_error *err)
{
	for (size_t i = 0; i + 1 < code->live.n; i++) {
		const struct rd_ctoken *token = &code->live.items[i];

		if (!token->depth || !rd_ctoken_is(&token[1], "(") || !crat_is_own_name(token))
			continue;
		if (!is_declared(code, token))
			return refuse(err, token, "is called, but no longer there");
		if (rd_ctoken_is(token, CRAT_FUNCTION) && !is_stock_call(code, i))
			return refuse(err, token,
				      "is called with other arguments than in any kernel");
	}
	return 0;
}

static int prove_whole(const char *text, size_t len, struct rd_error *err)
{
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode code = RD_CCODE_INIT;
	int r;

	r = rd_ccode_init(&code, text, len, err);
	if (r)
		return r;
	return prove_calls(&code, err) ? CRAT_PROOF_FAILED : 0;
}

int crat_prove(const char *text, size_t len, struct rd_error *err)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;
	enum rd_verdict verdict;
	int r;

	r = rd_crat_source_inspect(text, len, "result", &verdict, &ev, err);
	if (r)
		return r;
	if (verdict == RD_VERDICT_NO_SIGN)
		return prove_whole(text, len, err);
	rd_error_set(err, EINVAL, "with " CRAT_FUNCTION "() restored, the file is still %s: %s: %s",
		     rd_verdict_name(verdict), ev.n ? ev.items[0].where : "",
		     ev.n ? ev.items[0].detail : "");
	return CRAT_PROOF_FAILED;
}
