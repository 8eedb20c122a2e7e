/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What check says: the findings of the rules and the verdict on the machine. */

#include <stdbool.h>
#include <stddef.h>

#include "model/data.h"
#include "model/evidence.h"
#include "model/facts.h"

enum rd_result {
	RD_RESULT_UNKNOWN, /* could not look: never a pass */
	RD_RESULT_NA, /* does not apply to this machine */
	RD_RESULT_PASS,
	RD_RESULT_WARN, /* worth knowing; does not make the machine unsafe */
	RD_RESULT_FAIL,
};

struct rd_finding {
	const struct rd_finding_text *text; /* id, title, remedy; static */
	enum rd_result result;
	struct rd_evidence evidence;
};

/* @facts is borrowed and must outlive the report. */
struct rd_report {
	const struct rd_facts *facts;
	struct {
		struct rd_finding *items;
		size_t n, cap;
	} findings; /* every rule, in the order of its table */
	enum rd_machine_state state;
	int exit_code; /* of check: 0 sane, 3 unsafe, 4 reboot-required, 5 no-gpu, 6 undetermined */
	char *sentence; /* the verdict in one sentence */
	char *next; /* the command to type, or what to do */
	const char *good_kernel; /* unsafe: a release to boot meanwhile; NULL; borrowed */
	const char *way_in; /* unsafe: how to get in when the screen is dead; else NULL; static */
};

#define RD_REPORT_INIT \
	{              \
		0      \
	}

void rd_report_deinit(struct rd_report *report);

/* The finding of that rule, or NULL; borrowed. */
const struct rd_finding *rd_report_find(const struct rd_report *report, const char *id);

/* The finding in one line: what holds, or what is wrong; static. */
const char *rd_finding_title(const struct rd_finding *finding);

/* What to do about it, malloc()ed; NULL when out of memory. The commands of this tool in it are
 * about the system that was looked at, whose path is escaped. */
char *rd_finding_remedy(const struct rd_finding *finding, const struct rd_facts *facts);

/* "unknown", "na", "pass", "warn", "fail"; static. */
const char *rd_result_name(enum rd_result result);
