/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Facts to findings to verdict to exit code. Pure: no rule reads anything but the facts. */

#include "model/facts.h"
#include "model/report.h"

/* What a rule's result bears on; src/rules/verdict.c decides by this alone. */
enum rd_about {
	RD_ABOUT_GPU, /* NA: the machine has no RDNA1 card */
	RD_ABOUT_DISK, /* FAIL: what can be loaded or rebuilt is bad; UNKNOWN: not known clean */
	RD_ABOUT_RUNNING, /* FAIL: what runs is bad; WARN: it is not what the disk has */
	RD_ABOUT_ADVICE, /* worth knowing; decides nothing */
};

struct rd_rule {
	const char *id; /* for ever; its text stands in data/findings.data */
	enum rd_about about;

	/*
	 * Judges, and appends the evidence; a PASS may carry some too. Never PASS on what is
	 * unknown. Return: enum rd_result or -ENOMEM.
	 */
	int (*eval)(const struct rd_facts *facts, struct rd_evidence *ev);
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
