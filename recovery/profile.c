/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What happens to the file of a profile, and to .bashrc: decided and done by a child that is the
 * user. What it has done comes back as a struct; a file that is to be read, as its bytes.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/profile.h"
#include "profile_file.h"

#define SECONDS 30
#define BASHRC	".bashrc"

struct task {
	const struct rd_profile_target *target;
	const struct rd_text *text; /* to be written */
};

static int open_target(const struct rd_profile_target *target, const char *path, bool is_made,
		       struct profile_file *filep, struct rd_error *err)
{
	return profile_file_open(target->sys->rootfd,
				 target->format->is_system ? "/" : target->user->home, path,
				 target->user->uid, is_made, filep, err);
}

/* A file that somebody has worked on stays, unless that is wanted otherwise. */
static int check_seal(const struct rd_profile_target *target, const struct profile_file *file,
		      int seal, const char *what, struct rd_error *err)
{
	if (target->is_forced)
		return 0;
	rd_error_set(err, EEXIST, "%s: %s; with --force it is put aside", file->name,
		     seal == RD_PROFILE_SEAL_BROKEN ? "it was changed by hand" : what);
	return RD_PROFILE_EDITED;
}

static int write_bashrc(const struct rd_profile_target *target, bool wants_line,
			enum rd_profile_change *changep, struct rd_error *err)
{
	RD_CLEANUP(profile_file_deinit) struct profile_file file = PROFILE_FILE_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	r = open_target(target, BASHRC, false, &file, err);
	if (r)
		return r;
	if (!file.exists && !wants_line)
		return 0;
	if (rd_profile_bashrc(file.text.data, file.text.len, wants_line, &text))
		return rd_error_nomem(err);
	*changep = RD_PROFILE_SAME;
	if (file.exists && text.len == file.text.len &&
	    (!text.len || !memcmp(text.data, file.text.data, text.len)))
		return 0;
	*changep = !wants_line	 ? RD_PROFILE_REMOVED
		   : file.exists ? RD_PROFILE_REPLACED
				 : RD_PROFILE_CREATED;
	return profile_file_replace(&file, &text, file.exists ? file.st.st_mode & 07777 : 0644,
				    NULL, err);
}

static int write_file(const struct task *task, struct rd_profile_outcome *outcome,
		      struct rd_error *err)
{
	const struct rd_profile_target *target = task->target;
	RD_CLEANUP(profile_file_deinit) struct profile_file file = PROFILE_FILE_INIT;
	mode_t mode = target->format->mode;
	int r, seal;

	r = open_target(target, target->format->path, true, &file, err);
	if (r)
		return r;
	if (file.exists && file.text.len == task->text->len &&
	    !memcmp(file.text.data, task->text->data, file.text.len) &&
	    (file.st.st_mode & 0777) == mode) {
		outcome->file = RD_PROFILE_SAME;
		return 0;
	}
	seal = rd_profile_seal_check(file.text.data, file.text.len);
	if (seal < 0)
		return rd_error_nomem(err);
	if (seal == RD_PROFILE_SEAL_BROKEN) {
		r = check_seal(target, &file, seal, "", err);
		if (r)
			return r;
	}
	outcome->file = file.exists ? RD_PROFILE_REPLACED : RD_PROFILE_CREATED;
	return profile_file_replace(&file, task->text, mode, outcome->kept, err);
}

static int answer_outcome(int r, const struct rd_profile_outcome *outcome, struct rd_text *answer,
			  struct rd_error *err)
{
	if (!r && rd_text_append(answer, outcome, sizeof(*outcome)))
		return rd_error_nomem(err);
	return r;
}

static int do_write(const void *arg, struct rd_text *answer, struct rd_error *err)
{
	const struct task *task = arg;
	struct rd_profile_outcome outcome = { 0 };
	int r;

	r = write_file(task, &outcome, err);
	if (!r && task->target->wants_bashrc)
		r = write_bashrc(task->target, true, &outcome.bashrc, err);
	return answer_outcome(r, &outcome, answer, err);
}

static int remove_file(const struct rd_profile_target *target, struct rd_profile_outcome *outcome,
		       struct rd_error *err)
{
	RD_CLEANUP(profile_file_deinit) struct profile_file file = PROFILE_FILE_INIT;
	bool is_ours;
	int r, seal;

	r = open_target(target, target->format->path, false, &file, err);
	if (r == RD_PROFILE_ABSENT || (!r && !file.exists))
		return 0;
	if (r)
		return r;
	seal = rd_profile_seal_check(file.text.data, file.text.len);
	if (seal < 0)
		return rd_error_nomem(err);
	is_ours = seal == RD_PROFILE_SEAL_INTACT;
	if (!is_ours)
		r = check_seal(target, &file, seal, "it was not written by this tool", err);
	if (r)
		return r;
	outcome->file = RD_PROFILE_REMOVED;
	return profile_file_remove(&file, is_ours ? NULL : outcome->kept, err);
}

/* The line that reads the file goes before it. */
static int do_remove(const void *arg, struct rd_text *answer, struct rd_error *err)
{
	const struct task *task = arg;
	struct rd_profile_outcome outcome = { 0 };
	int r = 0;

	if (task->target->wants_bashrc)
		r = write_bashrc(task->target, false, &outcome.bashrc, err);
	if (!r)
		r = remove_file(task->target, &outcome, err);
	return answer_outcome(r, &outcome, answer, err);
}

static int do_load(const void *arg, struct rd_text *answer, struct rd_error *err)
{
	const struct task *task = arg;
	RD_CLEANUP(profile_file_deinit) struct profile_file file = PROFILE_FILE_INIT;
	int r;

	r = open_target(task->target, task->target->format->path, false, &file, err);
	if (r)
		return r;
	if (!file.exists)
		return RD_PROFILE_ABSENT;
	return rd_text_append(answer, file.text.data, file.text.len) ? rd_error_nomem(err) : 0;
}

static int change(const struct rd_profile_target *target, const struct rd_text *text,
		  int (*fn)(const void *arg, struct rd_text *answer, struct rd_error *err),
		  struct rd_profile_outcome *outcomep, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text answer = RD_TEXT_INIT;
	const struct task task = { .target = target, .text = text };
	int r;

	r = rd_user_do(target->user, fn, &task, SECONDS, &answer, err);
	if (r)
		return r;
	if (answer.len != sizeof(*outcomep))
		return rd_error_set(err, EIO, "the process that works as the user is broken");
	memcpy(outcomep, answer.data, sizeof(*outcomep));
	outcomep->kept[NAME_MAX] = '\0';
	return 0;
}

int rd_profile_write(const struct rd_profile_target *target, const struct rd_text *text,
		     struct rd_profile_outcome *outcomep, struct rd_error *err)
{
	return change(target, text, do_write, outcomep, err);
}

int rd_profile_remove(const struct rd_profile_target *target, struct rd_profile_outcome *outcomep,
		      struct rd_error *err)
{
	return change(target, NULL, do_remove, outcomep, err);
}

int rd_profile_load(const struct rd_profile_target *target, struct rd_text *textp,
		    struct rd_error *err)
{
	const struct task task = { .target = target };

	return rd_user_do(target->user, do_load, &task, SECONDS, textp, err);
}

int rd_profile_keep_promise(const struct rd_system *sys, const struct rd_facts *facts,
			    const char *name, struct rd_profile_outcome *outcomep, char **pathp,
			    struct rd_error *err)
{
	RD_CLEANUP(rd_profile_basis_deinit) struct rd_profile_basis basis = RD_PROFILE_BASIS_INIT;
	RD_CLEANUP(rd_profile_deinit) struct rd_profile profile = RD_PROFILE_INIT;
	RD_CLEANUP(rd_user_deinit) struct rd_user user = RD_USER_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *path = NULL;
	const struct rd_profile_target target = {
		.sys = sys,
		.user = &user,
		.format = rd_profile_format_find("sh"),
	};
	int r;

	r = rd_user_find(sys, name, &user, err);
	if (r == RD_USER_ABSENT)
		return RD_PROFILE_NO_USER;
	if (!r)
		r = rd_probe_profile(sys, facts, user.home, NULL, NULL, &basis, err);
	if (!r)
		r = rd_profile_choose(&basis, "auto", &profile, err);
	if (r)
		return r;
	path = rd_text_format("%s/%s", user.home, target.format->path);
	if (!path || rd_profile_print(&profile, target.format, &text))
		return rd_error_nomem(err);
	r = rd_profile_write(&target, &text, outcomep, err);
	if (!r)
		*pathp = RD_TAKE_PTR(path);
	return r;
}
