/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The transactions of recover, by the names in their folders (recovery/journal.c). One that is not
 * over was cut off, unless another process holds the lock (recovery/lock.c): then it is at work. Of
 * one that is armed the notes are read, which say what boot it waits for (recovery/changes.h).
 */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attribute.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "model/step.h"
#include "probe/probe.h"

#define TRANSACTIONS "/var/lib/rdna1-doctor/txn"
#define LOCK	     "/var/lib/rdna1-doctor/lock"
#define BOOT_ID	     "/proc/sys/kernel/random/boot_id"
#define UNIT	     "/etc/systemd/system/multi-user.target.wants/rdna1-doctor-commit.service"
#define NOTES_MAX    ((size_t)16 << 20)

/* Whether another process than this one works on transactions, and which. */
struct holder {
	bool is_there;
	unsigned int pid; /* 0: not known */
};

static int find_holder(const struct rd_system *sys, struct holder *holder, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *line = NULL;
	struct rd_error why = RD_ERROR_INIT;
	bool is_held = false;
	uint64_t pid = 0;
	int r;

	r = rd_system_is_locked(sys, LOCK, &is_held, &why);
	if (!r && is_held)
		r = rd_system_read_line(sys, LOCK, &line, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (!is_held || (line && rd_text_parse_u64(line, 10, &pid) && pid == (uint64_t)getpid()))
		return 0;
	holder->is_there = true;
	holder->pid = pid <= INT_MAX ? (unsigned int)pid : 0;
	return 0;
}

/* Nobody may call finished what could not be looked at. */
static int not_seen(struct rd_facts *facts, const char *path, const struct rd_error *why,
		    struct rd_error *err)
{
	facts->recoveries.is_known = RD_PRESENCE_NO;
	return rd_attribute_unread(facts, path, why, err);
}

static int read_steps(const struct rd_system *sys, const char *name, struct rd_facts *facts,
		      bool has[_RD_STEP_N], struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	char path[64];
	int r;

	snprintf(path, sizeof(path), TRANSACTIONS "/%.16s", name);
	r = rd_system_list(sys, path, &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return not_seen(facts, path, &why, err);
	for (size_t i = 0; !r && i < entries.n; i++) {
		int step = rd_step_find(entries.items[i].name);

		if (step >= 0)
			has[step] = true;
	}
	return 0;
}

/* The value of a note, malloc()ed; NULL if it is not there, or when out of memory. */
static char *find_note(const char *notes, const char *key)
{
	RD_CLEANUP(rd_freep) char *start = rd_text_format("\nnote %s ", key);
	const char *found = start ? strstr(notes, start) : NULL;

	if (!found)
		return NULL;
	found += strlen(start);
	return strndup(found, strcspn(found, "\n"));
}

static bool is_of_another_boot(const struct rd_system *sys, const char *armed_in)
{
	RD_CLEANUP(rd_freep) char *boot_id = NULL;

	return armed_in && !rd_system_read_line(sys, BOOT_ID, &boot_id, NULL) && *boot_id &&
	       strcmp(boot_id, armed_in) != 0;
}

/* What it expects of a boot. A newer one's word counts, an older one's where that has none. */
static int read_armed(const struct rd_system *sys, const char *name, struct rd_facts *facts,
		      struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text notes = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *armed_in = NULL;
	RD_CLEANUP(rd_freep) char *key = NULL;
	struct rd_recoveries *recoveries = &facts->recoveries;
	struct rd_error why = RD_ERROR_INIT;
	char path[64], *expected;
	int r;

	snprintf(path, sizeof(path), TRANSACTIONS "/%.16s/armed", name);
	r = rd_system_read(sys, path, NOTES_MAX, &notes, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r || !notes.data)
		return 0;
	key = rd_text_format("build-id.%s", facts->running.kernel ? facts->running.kernel : "");
	if (!key)
		return rd_error_nomem(err);
	armed_in = find_note(notes.data, "boot-id");
	recoveries->is_later_boot = is_of_another_boot(sys, armed_in);
	expected = find_note(notes.data, key);
	if (expected) {
		free(recoveries->expected);
		recoveries->expected = expected;
	}
	return 0;
}

static int take(const struct rd_system *sys, const char *name, const bool has[_RD_STEP_N],
		struct rd_facts *facts, struct rd_error *err)
{
	unsigned int id = (unsigned int)strtoul(name, NULL, 10);
	bool is_finished = has[RD_STEP_UNDO] ? has[RD_STEP_ROLLED_BACK]
					     : has[RD_STEP_ARMED] || has[RD_STEP_COMMITTED];

	if (!has[RD_STEP_INTENT])
		return 0;
	if (!is_finished) {
		facts->recoveries.unfinished = id;
		facts->recoveries.is_undone = has[RD_STEP_UNDO];
		return 0;
	}
	if (!has[RD_STEP_ARMED] || has[RD_STEP_UNDO] || has[RD_STEP_COMMITTED])
		return 0;
	facts->recoveries.armed = id;
	return read_armed(sys, name, facts, err);
}

static int read_transactions(const struct rd_system *sys, struct rd_facts *facts,
			     struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_list(sys, TRANSACTIONS, &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	facts->recoveries.is_known = RD_PRESENCE_YES;
	if (r == RD_SYSTEM_UNREADABLE)
		return not_seen(facts, TRANSACTIONS, &why, err);
	r = 0;
	for (size_t i = 0; !r && i < entries.n; i++) {
		const char *name = entries.items[i].name;
		bool has[_RD_STEP_N] = { 0 };

		if (entries.items[i].type != DT_DIR || !isdigit((unsigned char)*name))
			continue;
		r = read_steps(sys, name, facts, has, err);
		if (!r)
			r = take(sys, name, has, facts, err);
	}
	return r;
}

/* The lock is asked for before and after, since a run may begin or end while the names are read. */
int rd_probe_recoveries(const struct rd_system *sys, const struct rd_probe_options *options,
			struct rd_facts *facts, struct rd_error *err)
{
	struct rd_recoveries *recoveries = &facts->recoveries;
	struct holder holder = { 0 };
	struct stat st;
	int r;

	(void)options;
	recoveries->has_unit = !rd_system_stat(sys, UNIT, &st, NULL);
	r = find_holder(sys, &holder, err);
	if (!r)
		r = read_transactions(sys, facts, err);
	if (!r && recoveries->unfinished && !holder.is_there)
		r = find_holder(sys, &holder, err);
	if (r || !holder.is_there)
		return r;
	recoveries->in_progress = recoveries->unfinished;
	recoveries->pid = holder.pid;
	recoveries->unfinished = 0;
	return 0;
}
