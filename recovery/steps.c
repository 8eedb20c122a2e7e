/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the phases of a plan run, and what must hold after each. All that is needed for it stands in
 * the plan's notes, since after a crash another run has nothing else to go by.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "depmod.h"
#include "initramfs.h"
#include "recovery/changes.h"
#include "recovery/recover.h"
#include "recovery/spawn.h"
#include "work_private.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

struct steps {
	const struct rd_system *sys;
	const struct rd_progress *progress;
	struct rd_notes notes; /* of the plan */
};

static void tell(const struct steps *steps, const char *what)
{
	if (steps->progress && steps->progress->tell)
		steps->progress->tell(steps->progress->userdata, what, 0, 0);
}

static void tell_image(void *userdata, const char *image)
{
	RD_CLEANUP(rd_freep) char *what = rd_text_format("making /%s anew", image);

	if (what)
		tell(userdata, what);
}

static int run(void *userdata, enum rd_step step, const char *stage, struct rd_error *err)
{
	struct steps *steps = userdata;
	const struct depmod_order depmod = {
		.sys = steps->sys,
		.notes = &steps->notes,
		.stage = stage,
	};
	const struct initramfs_order initramfs = {
		.sys = steps->sys,
		.notes = &steps->notes,
		.stage = stage,
		.tell = tell_image,
		.userdata = steps,
	};

	switch (step) {
	case RD_STEP_DEPMOD:
		tell(steps, "indexing modules");
		return depmod_run(&depmod, err);
	case RD_STEP_INITRAMFS:
		return initramfs_run(&initramfs, err);
	default:
		return rd_error_set(err, EPROTO, "a tool that is not known here");
	}
}

/* A file of a source that was put right must not show a patch. */
static int check_source(const struct steps *steps, const struct rd_note *note, struct rd_error *err)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	int r;

	r = work_inspect(steps->sys, note->value, &copy, err);
	if (r || !rd_verdict_is_bad(copy.verdict))
		return r;
	return rd_error_set(err, EBADMSG, "%s is %s: %s", note->value,
			    rd_verdict_name(copy.verdict), rd_copy_reason(&copy));
}

/* The module that a kernel is to load must be the one that was planned. */
static int check_module(const struct steps *steps, const struct rd_note *note, struct rd_error *err)
{
	const char *kernel = note->key + strlen(RD_NOTE_MODULE);
	RD_CLEANUP(rd_freep) char *key = rd_text_format(RD_NOTE_BUILD_ID "%s", kernel);
	RD_CLEANUP(rd_freep) char *build_id = NULL;
	const char *expected;
	int r;

	if (!key)
		return rd_error_nomem(err);
	expected = rd_notes_get(&steps->notes, key);
	r = work_prove(steps->sys, note->value, kernel, &build_id, err);
	if (r)
		return r < 0 ? r : -EBADMSG;
	if (expected && strcmp(expected, "none") != 0 &&
	    (!build_id || strcmp(build_id, expected) != 0))
		return rd_error_set(err, EBADMSG, "%s: build-id %s, and not %s", note->value,
				    build_id ? build_id : "none", expected);
	return 0;
}

static int check_notes(const struct steps *steps, const char *prefix,
		       int (*check)(const struct steps *steps, const struct rd_note *note,
				    struct rd_error *err),
		       struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < steps->notes.n; i++) {
		if (rd_text_has_prefix(steps->notes.items[i].key, prefix))
			r = check(steps, &steps->notes.items[i], err);
	}
	return r;
}

static int check(void *userdata, enum rd_step step, struct rd_error *err)
{
	const struct steps *steps = userdata;
	int r = 0;

	/* What is left of the way back does not stop. */
	if (step != RD_STEP_UNDO && rd_spawn_is_stopped())
		return rd_error_set(err, EINTR, "stopped");
	switch (step) {
	case RD_STEP_SOURCE:
		return check_notes(steps, RD_NOTE_SOURCE, check_source, err);
	case RD_STEP_INSTALLED:
		return check_notes(steps, RD_NOTE_MODULE, check_module, err);
	case RD_STEP_DEPMOD:
	case RD_STEP_REMOVED:
		r = check_notes(steps, RD_NOTE_MODULE, check_module, err);
		return r ? r : depmod_check(steps->sys, &steps->notes, err);
	case RD_STEP_INITRAMFS:
		return initramfs_check(steps->sys, &steps->notes, err);
	default:
		return 0;
	}
}

/* The boot under way is this machine's, whatever root is repaired. */
static int read_boot_id(char **boot_idp, struct rd_error *err)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system sys = RD_SYSTEM_INIT;
	int r;

	r = rd_system_init(&sys, "/", err);
	if (!r)
		r = rd_system_read_line(&sys, BOOT_ID, boot_idp, err);
	return r > 0 ? rd_error_set(err, EIO, BOOT_ID ": cannot be read") : r;
}

static int arm(void *userdata, struct rd_notes *notes, struct rd_error *err)
{
	static const char *const kept[] = { RD_NOTE_KERNEL, RD_NOTE_BUILD_ID, RD_NOTE_PROVEN,
					    RD_NOTE_USER };
	const struct steps *steps = userdata;
	RD_CLEANUP(rd_freep) char *boot_id = NULL;
	int r;

	r = read_boot_id(&boot_id, err);
	if (!r && rd_notes_add(notes, RD_NOTE_BOOT_ID, boot_id))
		r = rd_error_nomem(err);
	for (size_t i = 0; !r && i < steps->notes.n; i++) {
		const struct rd_note *note = &steps->notes.items[i];

		for (size_t k = 0; !r && k < RD_N_ELEMENTS(kept); k++) {
			if (rd_text_has_prefix(note->key, kept[k]) &&
			    rd_notes_add(notes, note->key, note->value))
				r = rd_error_nomem(err);
		}
	}
	return r;
}

static int copy_notes(const struct rd_notes *from, struct rd_notes *to)
{
	int r = 0;

	for (size_t i = 0; !r && i < from->n; i++)
		r = rd_notes_add(to, from->items[i].key, from->items[i].value);
	return r;
}

static void steps_deinit(struct steps *steps)
{
	rd_notes_deinit(&steps->notes);
}

int rd_recover_run(const struct rd_system *sys, const struct rd_state *state, struct rd_plan *plan,
		   const struct rd_progress *progress, struct rd_error *err)
{
	RD_CLEANUP(steps_deinit) struct steps steps = { .sys = sys, .progress = progress };
	const struct rd_tools tools = {
		.run = run, .check = check, .arm = arm, .userdata = &steps
	};

	if (copy_notes(&plan->notes, &steps.notes))
		return rd_error_nomem(err);
	return rd_transaction_run(state, plan, &tools, err);
}

int rd_recover_resume(const struct rd_system *sys, const struct rd_state *state,
		      const struct rd_progress *progress, struct rd_error *err)
{
	RD_CLEANUP(steps_deinit) struct steps steps = { .sys = sys, .progress = progress };
	RD_CLEANUP(rd_txn_deinit) struct rd_txn txn = RD_TXN_INIT;
	const struct rd_tools tools = {
		.run = run, .check = check, .arm = arm, .userdata = &steps
	};
	int r;

	r = rd_transaction_unfinished(state, &txn, err);
	if (r)
		return r;
	if (copy_notes(&txn.plan.notes, &steps.notes))
		return rd_error_nomem(err);
	return rd_transaction_resume(state, &tools, err);
}
