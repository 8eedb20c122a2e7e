/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The table of all rules, their evaluation, and the questions that several groups ask. To add a
 * rule: one const record in its group's file, its line in group.h and in the table below, its text
 * in data/findings.data under the same id. Every rule is evaluated on every machine; what bears on
 * the verdict is its "about" (verdict.c).
 */

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "group.h"

static const struct rd_rule *const rules[] = {
	&rd_rule_gpu_present,	    &rd_rule_gpu_driver,	 &rd_rule_driver_patch,
	&rd_rule_driver_inspected,  &rd_rule_driver_found,	 &rd_rule_driver_resolved,
	&rd_rule_driver_builtin,    &rd_rule_driver_leftover,	 &rd_rule_driver_proof,
	&rd_rule_source_patch,	    &rd_rule_source_inspected,	 &rd_rule_dkms_autoinstall,
	&rd_rule_dkms_older,	    &rd_rule_dkms_order,	 &rd_rule_dkms_failure,
	&rd_rule_dkms_recipe,	    &rd_rule_dkms_touched,	 &rd_rule_depmod_current,
	&rd_rule_depmod_loading,    &rd_rule_depmod_present,	 &rd_rule_depmod_shadow,
	&rd_rule_image_current,	    &rd_rule_package_file,	 &rd_rule_package_source,
	&rd_rule_package_known,	    &rd_rule_recovery_finished,	 &rd_rule_running_patch,
	&rd_rule_running_current,   &rd_rule_running_kernel,	 &rd_rule_running_origin,
	&rd_rule_running_livepatch, &rd_rule_running_taint,	 &rd_rule_running_parameters,
	&rd_rule_leftover_files,    &rd_rule_leftover_libraries, &rd_rule_signature_accepted,
	&rd_rule_signature_valid,   &rd_rule_access_disk,	 &rd_rule_access_running,
};

/* A rule whose text is missing from data/ (tests/lint compares the two) still has its id. */
static const struct rd_finding_text *find_text(const char *id)
{
	static const struct rd_finding_text none = { "?", "?", "?", "", "", "", "", "" };
	const struct rd_finding_text *texts;
	size_t n;

	texts = rd_data_findings(&n);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(texts[i].id, id))
			return &texts[i];
	}
	return &none;
}

static int evaluate_rule(const struct rd_rule *rule, struct rd_report *report)
{
	struct rd_finding finding = { .text = find_text(rule->id) };
	int r;

	r = rule->eval(report->facts, &finding.evidence);
	if (r >= 0) {
		finding.result = (enum rd_result)r;
		r = rd_array_push(&report->findings, &finding);
	}
	if (r < 0)
		rd_evidence_deinit(&finding.evidence);
	return r;
}

int rd_rules_evaluate(const struct rd_facts *facts, struct rd_report *reportp, struct rd_error *err)
{
	struct rd_report report = { .facts = facts };
	int r = 0;

	for (size_t i = 0; i < RD_N_ELEMENTS(rules) && !r; i++)
		r = evaluate_rule(rules[i], &report);
	if (!r)
		r = rules_decide(&report);
	if (r) {
		rd_report_deinit(&report);
		return rd_error_nomem(err);
	}
	*reportp = report;
	return 0;
}

int rules_worse(int a, int b)
{
	static const int weight[] = {
		[RD_RESULT_NA] = 0,   [RD_RESULT_PASS] = 1, [RD_RESULT_UNKNOWN] = 2,
		[RD_RESULT_WARN] = 3, [RD_RESULT_FAIL] = 4,
	};

	return weight[b] > weight[a] ? b : a;
}

const struct rd_rule *const *rd_rules_all(size_t *np)
{
	*np = RD_N_ELEMENTS(rules);
	return rules;
}

bool rules_no_rdna1(const struct rd_facts *facts)
{
	if (facts->gpus_known != RD_PRESENCE_YES)
		return false;
	for (size_t i = 0; i < facts->gpus.n; i++) {
		if (facts->gpus.items[i].chip_class == RD_CHIP_RDNA1)
			return false;
	}
	return true;
}

bool rules_is_module_loaded(const struct rd_facts *facts)
{
	return facts->running.is_loaded == RD_PRESENCE_YES && !facts->running.is_builtin;
}

bool rules_is_running_left_out(const struct rd_facts *facts)
{
	return facts->only_kernel && facts->running.kernel &&
	       strcmp(facts->only_kernel, facts->running.kernel) != 0;
}

bool rules_is_loadable_module(const struct rd_copy *copy)
{
	return copy->is_loadable && copy->kind != RD_COPY_RUNNING && copy->kind != RD_COPY_SOURCE;
}

const struct rd_copy *rules_find_resolved(const struct rd_facts *facts, const char *kernel)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_INSTALLED && copy->is_resolved && copy->kernel &&
		    !strcmp(copy->kernel, kernel))
			return copy;
	}
	return NULL;
}

const struct rd_copy *rules_find_build_id(const struct rd_facts *facts, const char *build_id,
					  const char *kernel)
{
	const struct rd_copy *found = NULL;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_RUNNING || !copy->id.build_id ||
		    strcmp(copy->id.build_id, build_id) != 0)
			continue;
		if (kernel && copy->kernel && !strcmp(copy->kernel, kernel))
			return copy;
		if (!found)
			found = copy;
	}
	return found;
}

int rules_add_copy(struct rd_evidence *ev, const struct rd_copy *copy)
{
	const struct rd_evidence_item *first = copy->evidence.n ? copy->evidence.items : NULL;

	if (!first)
		return rd_evidence_add(ev, RD_EVIDENCE_LIMIT, copy->path, "%s",
				       rd_verdict_name(copy->verdict));
	return rd_evidence_add(ev, first->kind, copy->path, "%s: %s%s%s",
			       rd_verdict_name(copy->verdict), first->where,
			       *first->where ? ": " : "", first->detail);
}

int rules_add_copies(struct rd_evidence *ev, const struct rd_facts *facts,
		     bool (*is_meant)(const struct rd_copy *copy))
{
	int n = 0;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (!is_meant(copy))
			continue;
		if (rules_add_copy(ev, copy))
			return -ENOMEM;
		n++;
	}
	return n;
}
