/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any text gets tokens in order, a verdict with evidence, and hunks that lead back to stock: the
 * promises of ctoken.h, crat_source.h and crat_hunk.h.
 */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "inspect/crat_hunk.h"
#include "inspect/crat_source.h"
#include "model/data.h"

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void check_tokens(const struct rd_ctokens *tokens, size_t len)
{
	const struct rd_ctoken *before = NULL;

	for (size_t i = 0; i < tokens->n; i++) {
		const struct rd_ctoken *token = &tokens->items[i];

		expect(token->offset <= token->end && token->end <= len);
		expect(token->first <= token->last);
		expect(!before || (before->end <= token->offset && before->last <= token->first));
		before = token;
	}
}

/* Takes @n tokens off the stock function's; they must be those. */
static void take(const struct rd_ccode *stock, size_t *atp, const struct rd_ctoken *tokens,
		 size_t n)
{
	for (size_t i = 0; i < n; i++, ++*atp) {
		expect(*atp < stock->live.n);
		expect(rd_ctoken_equal(&stock->live.items[*atp], &tokens[i]));
	}
}

static void check_function(const struct rd_ccode *code, const struct rd_citem *item,
			   const struct rd_ccode *stock)
{
	RD_CLEANUP(rd_crat_hunks_deinit) struct rd_crat_hunks hunks = RD_CRAT_HUNKS_INIT;
	size_t at = item->first, stock_at = 0;

	if (rd_crat_hunks_init(&hunks, code, item, stock, NULL))
		return;
	for (size_t i = 0; i < hunks.n; i++) {
		const struct rd_crat_hunk *hunk = &hunks.items[i];

		expect(hunk->n || hunk->stock_n);
		expect(hunk->first >= at && hunk->first + hunk->n <= item->first + item->n);
		expect(hunk->first_line <= hunk->last_line);
		take(stock, &stock_at, code->live.items + at, hunk->first - at);
		expect(stock_at == hunk->stock_first);
		stock_at += hunk->stock_n;
		at = hunk->first + hunk->n;
	}
	take(stock, &stock_at, code->live.items + at, item->first + item->n - at);
	expect(stock_at == stock->live.n);
}

static void check_verdict(const char *text, size_t len)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;
	enum rd_verdict verdict = RD_VERDICT_CLEAN;

	rd_crat_source_is(text, len);
	if (rd_crat_source_inspect(text, len, "input", &verdict, &ev, NULL))
		return;
	expect(ev.n && verdict != RD_VERDICT_CLEAN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode code = RD_CCODE_INIT;
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode stock = RD_CCODE_INIT;
	const char *text = rd_data_stock_parse_subtype_mem();

	check_verdict((const char *)data, len);
	if (rd_ccode_init(&code, (const char *)data, len, NULL) ||
	    rd_ccode_init(&stock, text, strlen(text), NULL))
		return 0;
	check_tokens(&code.all, len);
	for (size_t i = 0; i < code.n; i++) {
		if (rd_ccode_defines(&code, &code.items[i], "kfd_parse_subtype_mem"))
			check_function(&code, &code.items[i], &stock);
	}
	return 0;
}
