/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The entry in the journal. data/messages.data has the kinds of them with their MESSAGE_IDs;
 *besides MESSAGE and PRIORITY an entry has
 *
 *	AMDGPU_VERDICT		on the machine
 *	AMDGPU_FINDINGS		ids of the findings that failed, or that are unknown if none failed
 *	AMDGPU_KERNEL, AMDGPU_BUILD_ID, AMDGPU_RUNNING	what runs, and the verdict on it
 *	AMDGPU_NEXT		the command to type
 *	AMDGPU_RECOVERY, AMDGPU_OUTCOME, AMDGPU_REASON, AMDGPU_PROFILE	of the last recovery
 *
 * as far as they are known. The names are for ever: people ask the journal for them. They have no
 * digit, for the catalog's @NAME@ knows none (systemd, replace_var()).
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "entry.h"
#include "model/data.h"
#include "recovery/boot.h"

struct entry {
	char **items;
	size_t n, cap;
	int r; /* the first failure */
};

static void entry_deinit(struct entry *entry)
{
	for (size_t i = 0; i < entry->n; i++)
		free(entry->items[i]);
	free(entry->items);
}

/* NULL is left out; foreign bytes are escaped, for journalctl(1) hides an entry that has them. */
static void add(struct entry *entry, const char *name, const char *value)
{
	RD_CLEANUP(rd_freep) char *safe = value ? rd_text_escape(value) : NULL;
	RD_CLEANUP(rd_freep) char *field = safe ? rd_text_format("%s=%s", name, safe) : NULL;

	if (!value || entry->r)
		return;
	entry->r = !field ? -ENOMEM : rd_array_push(entry, &field);
	if (!entry->r)
		field = NULL;
}

static const struct rd_message *find_message(const char *name)
{
	size_t n;
	const struct rd_message *messages = rd_data_messages(&n);

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(messages[i].name, name))
			return &messages[i];
	}
	return NULL;
}

static const char *message_name(const struct rd_report *report,
				const struct rd_confirmation *recovery)
{
	if (!recovery)
		return rd_state_name(report->state);
	if (recovery->outcome == RD_OUTCOME_CONFIRMED)
		return "recovery-confirmed";
	return rd_outcome_is_refusal(recovery->outcome) ? "recovery-not-confirmed"
							: "recovery-waits";
}

static bool add_ids(const struct rd_report *report, enum rd_result result, struct rd_text *text)
{
	int r = 0;

	for (size_t i = 0; !r && i < report->findings.n; i++) {
		if (report->findings.items[i].result == result)
			r = rd_text_printf(text, "%s%s", text->len ? ", " : "",
					   report->findings.items[i].text->id);
	}
	return !r && text->len;
}

static void add_machine(struct entry *entry, const struct rd_report *report)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text ids = RD_TEXT_INIT;
	const struct rd_running *running = &report->facts->running;
	const struct rd_copy *copy = rd_facts_running_copy(report->facts);

	add(entry, "AMDGPU_VERDICT", rd_state_name(report->state));
	if (add_ids(report, RD_RESULT_FAIL, &ids) || add_ids(report, RD_RESULT_UNKNOWN, &ids))
		add(entry, "AMDGPU_FINDINGS", ids.data);
	add(entry, "AMDGPU_KERNEL", running->kernel);
	add(entry, "AMDGPU_BUILD_ID", running->build_id);
	add(entry, "AMDGPU_RUNNING", copy ? rd_verdict_name(copy->verdict) : NULL);
}

static void add_recovery(struct entry *entry, const struct rd_confirmation *recovery)
{
	char id[16];

	if (!recovery->id)
		return;
	snprintf(id, sizeof(id), "%04u", recovery->id);
	add(entry, "AMDGPU_RECOVERY", id);
	add(entry, "AMDGPU_OUTCOME", rd_outcome_name(recovery->outcome));
	add(entry, "AMDGPU_REASON", recovery->reason);
	add(entry, "AMDGPU_PROFILE",
	    !recovery->profile.user	   ? "none"
	    : recovery->profile.is_written ? "written"
	    : recovery->profile.problem	   ? recovery->profile.problem
					   : "not written yet");
}

int rd_boot_announce(const struct rd_report *report, const struct rd_boot *boot,
		     bool about_recovery, struct rd_error *err)
{
	RD_CLEANUP(entry_deinit) struct entry entry = { 0 };
	RD_CLEANUP(rd_freep) char *sentence = NULL;
	const struct rd_confirmation *recovery = about_recovery ? &boot->recovery : NULL;
	const struct rd_message *message = find_message(message_name(report, recovery));
	const char *next = recovery ? recovery->next : report->next;
	char priority[16];

	if (!message)
		return rd_error_set(err, EINVAL, "no message of that name");
	sentence = recovery ? rd_confirmation_sentence(recovery) : strdup(report->sentence);
	if (!sentence)
		return rd_error_nomem(err);
	snprintf(priority, sizeof(priority), "%d", message->priority);
	add(&entry, "MESSAGE", sentence);
	add(&entry, "MESSAGE_ID", message->id);
	add(&entry, "PRIORITY", priority);
	add(&entry, "SYSLOG_IDENTIFIER", "rdna1-doctor");
	add(&entry, "AMDGPU_NEXT", next ? next : "nothing to do");
	add_machine(&entry, report);
	add_recovery(&entry, &boot->recovery);
	return entry.r ? rd_error_nomem(err) : entry_send(entry.items, entry.n, err);
}
