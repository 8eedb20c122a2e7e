/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Facts to findings to verdict to exit code. Pure: no rule reads anything but the facts. */

#include "model/facts.h"
#include "model/report.h"

struct rd_rule {
	const char *id; /* for ever; its text stands in data/findings.data */
	/* Judges; evidence is appended for whatever is not PASS. Never PASS on what is unknown. */
	enum rd_result (*eval)(const struct rd_facts *facts, struct rd_evidence *ev);
};

/**
 * rd_rules_evaluate() - run all rules and reach the verdict
 * @facts: borrowed by the report
 * @reportp: filled; rd_report_deinit() it
 *
 * Return: 0 or -ENOMEM.
 */
int rd_rules_evaluate(const struct rd_facts *facts, struct rd_report *reportp,
		      struct rd_error *err);

/* All rules in their order; static. */
const struct rd_rule *const *rd_rules_all(size_t *np);
