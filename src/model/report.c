/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of findings and reports. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "model/report.h"

static const struct rd_name results[] = {
	{ .name = "unknown", .value = RD_RESULT_UNKNOWN },
	{ .name = "na", .value = RD_RESULT_NA },
	{ .name = "pass", .value = RD_RESULT_PASS },
	{ .name = "warn", .value = RD_RESULT_WARN },
	{ .name = "fail", .value = RD_RESULT_FAIL },
};

void rd_report_deinit(struct rd_report *report)
{
	for (size_t i = 0; i < report->findings.n; i++)
		rd_evidence_deinit(&report->findings.items[i].evidence);
	free(report->findings.items);
	free(report->sentence);
	free(report->next);
	*report = (struct rd_report)RD_REPORT_INIT;
}

const struct rd_finding *rd_report_find(const struct rd_report *report, const char *id)
{
	for (size_t i = 0; i < report->findings.n; i++) {
		if (!strcmp(report->findings.items[i].text->id, id))
			return &report->findings.items[i];
	}
	return NULL;
}

const char *rd_finding_title(const struct rd_finding *finding)
{
	bool holds = finding->result == RD_RESULT_PASS || finding->result == RD_RESULT_NA;

	return holds ? finding->text->title : finding->text->problem;
}

/* Up to the end of the verb of the next command that has no --root yet; the whole rest without one.
 */
static size_t next_command(const char *s, bool *is_therep)
{
	static const char command[] = "sudo rdna1-doctor ";
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";
	const char *found = s;

	while ((found = strstr(found, command))) {
		found += strlen(command);
		found += strspn(found, letters);
		if (strncmp(found, " --root", strlen(" --root")) != 0)
			break;
	}
	*is_therep = found;
	return found ? (size_t)(found - s) : strlen(s);
}

char *rd_finding_remedy(const struct rd_finding *finding, const struct rd_facts *facts)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text root = RD_TEXT_INIT;
	const char *s = finding->text->remedy;
	bool is_there = true;
	int r = rd_facts_puts_root(facts, &root);

	while (!r && is_there) {
		size_t n = next_command(s, &is_there);

		r = rd_text_append(&text, s, n);
		if (!r && is_there && root.len)
			r = rd_text_puts_escaped(&text, root.data, root.len);
		s += n;
	}
	return r ? NULL : rd_text_take_string(&text);
}

const char *rd_result_name(enum rd_result result)
{
	return rd_name_of(results, RD_N_ELEMENTS(results), (int)result);
}
