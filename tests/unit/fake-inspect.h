/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Stands in for the inspector, so that the probes are judged by what they find and not by what is
 * in it: a file that starts with "VERDICT BUILD-ID" gets these. Counts the calls.
 */

#include <stdio.h>
#include <string.h>

#include "inspect/inspect.h"

static unsigned int inspected;

int rd_inspect_bytes(const uint8_t *data, size_t len, unsigned int flags,
		     const struct rd_inspect_reference *ref, struct rd_copy *copy,
		     struct rd_error *err)
{
	static const enum rd_verdict verdicts[] = { RD_VERDICT_UNKNOWN, RD_VERDICT_CLEAN,
						    RD_VERDICT_NO_SIGN, RD_VERDICT_MODIFIED,
						    RD_VERDICT_PATCHED };
	char text[100], word[20], id[41] = "";

	(void)flags, (void)ref, (void)err;
	inspected++;
	snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)data);
	if (sscanf(text, "%19s %40s", word, id) < 1)
		return 0;
	for (size_t i = 0; i < RD_N_ELEMENTS(verdicts); i++) {
		if (!strcmp(word, rd_verdict_name(verdicts[i])))
			copy->verdict = verdicts[i];
	}
	if (*id)
		copy->id.build_id = strdup(id);
	return rd_evidence_add(&copy->evidence, RD_EVIDENCE_COVERAGE, "", "%s", word);
}
