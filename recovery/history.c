/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The history of boots: a record (record.c) with one line a boot, fields in the order of enum
 * rd_past_field. It is for people, and to say a thing once; nothing is decided by it but that. So
 * one that is damaged is put aside, and one of another version left alone.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "record.h"
#include "recovery/boot.h"
#include "recovery/write.h"

#define KIND		 "boots"
#define DAMAGED		 RD_BOOT_HISTORY ".damaged"
#define HISTORY_SIZE_MAX ((size_t)1 << 20)

static int add_line(void *userdata, char **fields, size_t n, struct rd_error *err)
{
	RD_CLEANUP(rd_past_boot_deinit) struct rd_past_boot past = { 0 };
	struct rd_history *history = userdata;

	if (n != _RD_PAST_N)
		return rd_error_set(err, EBADMSG, "%zu fields instead of %d", n, _RD_PAST_N);
	for (size_t i = 0; i < n; i++) {
		past.fields[i] = strdup(fields[i]);
		if (!past.fields[i])
			return rd_error_nomem(err);
	}
	if (rd_array_push(history, &past))
		return rd_error_nomem(err);
	past = (struct rd_past_boot){ 0 };
	return 0;
}

static int parse(struct rd_text *text, struct rd_history *historyp, struct rd_error *err)
{
	RD_CLEANUP(rd_history_deinit) struct rd_history history = { 0 };
	int r;

	r = record_parse(text, KIND, add_line, &history, err);
	if (r)
		return rd_error_prefix(err, r == -EBADMSG ? RD_HISTORY_DAMAGED : r,
				       RD_STATE_FOLDER "/" RD_BOOT_HISTORY);
	*historyp = history;
	history = (struct rd_history){ 0 };
	return 0;
}

/* The folder that holds the history is the one above that of the transactions. */
static int open_folder(const struct rd_state *state, struct rd_error *err)
{
	int fd = openat(state->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? rd_error_set(err, errno, "open %s: %s", RD_STATE_FOLDER, strerror(errno))
		      : fd;
}

static int read_from(int folderfd, struct rd_history *historyp, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_closep) int fd = -1;
	int r;

	fd = openat(folderfd, RD_BOOT_HISTORY, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return rd_error_set(err, errno, "open %s/%s: %s", RD_STATE_FOLDER, RD_BOOT_HISTORY,
				    strerror(errno));
	r = rd_text_fill(&text, fd, HISTORY_SIZE_MAX, err);
	if (r)
		return rd_error_prefix(err,
				       r == RD_TEXT_TOO_LARGE ? RD_HISTORY_DAMAGED
				       : r > 0		      ? -EIO
							      : r,
				       RD_STATE_FOLDER "/" RD_BOOT_HISTORY);
	return parse(&text, historyp, err);
}

static int make_entry(const struct rd_report *report, const struct rd_boot *boot,
		      struct rd_past_boot *past)
{
	const struct rd_running *running = &report->facts->running;
	const struct rd_copy *copy = rd_facts_running_copy(report->facts);
	const struct rd_confirmation *recovery = &boot->recovery;
	char id[16] = "";
	const char *const words[_RD_PAST_N] = {
		[RD_PAST_ID] = boot->id,
		[RD_PAST_TIME] = boot->time,
		[RD_PAST_KERNEL] = running->kernel,
		[RD_PAST_STATE] = rd_state_name(report->state),
		[RD_PAST_RUNNING] = copy ? rd_verdict_name(copy->verdict) : NULL,
		[RD_PAST_BUILD_ID] = running->build_id,
		[RD_PAST_RECOVERY] = id,
		[RD_PAST_OUTCOME] = recovery->id ? rd_outcome_name(recovery->outcome) : NULL,
	};

	if (recovery->id)
		snprintf(id, sizeof(id), "%04u", recovery->id);
	for (size_t i = 0; i < RD_N_ELEMENTS(words); i++) {
		past->fields[i] = strdup(words[i] ? words[i] : "");
		if (!past->fields[i])
			return -ENOMEM;
	}
	return 0;
}

static void drop(struct rd_history *history, size_t i)
{
	rd_past_boot_deinit(&history->items[i]);
	history->n--;
	memmove(history->items + i, history->items + i + 1,
		(history->n - i) * sizeof(*history->items));
}

static int add_boot(const struct rd_report *report, const struct rd_boot *boot,
		    struct rd_history *history)
{
	RD_CLEANUP(rd_past_boot_deinit) struct rd_past_boot past = { 0 };

	if (make_entry(report, boot, &past))
		return -ENOMEM;
	for (size_t i = history->n; i-- > 0;) {
		if (!strcmp(history->items[i].fields[RD_PAST_ID], boot->id))
			drop(history, i);
	}
	while (history->n >= RD_BOOT_HISTORY_MAX)
		drop(history, 0);
	if (rd_array_push(history, &past))
		return -ENOMEM;
	past = (struct rd_past_boot){ 0 };
	return 0;
}

static int write_to(int folderfd, const struct rd_history *history, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	r = record_begin(&text, KIND);
	for (size_t i = 0; !r && i < history->n; i++) {
		const char *fields[_RD_PAST_N + 1] = { 0 };

		memcpy(fields, history->items[i].fields, sizeof(history->items[i].fields));
		r = record_fields(&text, fields);
	}
	if (r)
		return rd_error_nomem(err);
	r = record_end(&text, err);
	return r ? r : rd_write_create(folderfd, RD_BOOT_HISTORY, text.data, text.len, err);
}

int rd_history_update(const struct rd_state *state, const struct rd_report *report,
		      struct rd_boot *boot, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int folderfd = open_folder(state, err);
	int r, damaged;

	damaged = folderfd < 0 ? folderfd : read_from(folderfd, &boot->history, err);
	if (damaged < 0)
		return damaged;
	if (add_boot(report, boot, &boot->history))
		return rd_error_nomem(err);
	r = damaged ? rd_write_rename(folderfd, RD_BOOT_HISTORY, DAMAGED, err) : 0;
	if (!r)
		r = write_to(folderfd, &boot->history, err);
	return r ? rd_error_prefix(err, r, RD_STATE_FOLDER) : damaged;
}

bool rd_history_has(const struct rd_boot *boot)
{
	char id[16];

	snprintf(id, sizeof(id), "%04u", boot->recovery.id);
	for (size_t i = 0; i < boot->history.n; i++) {
		char *const *fields = boot->history.items[i].fields;

		if ((!boot->id || strcmp(fields[RD_PAST_ID], boot->id) != 0) &&
		    !strcmp(fields[RD_PAST_RECOVERY], id) &&
		    !strcmp(fields[RD_PAST_OUTCOME], rd_outcome_name(boot->recovery.outcome)))
			return true;
	}
	return false;
}
