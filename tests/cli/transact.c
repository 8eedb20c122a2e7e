/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Transactions for the tests of the verbs that undo them: transact ROOT MODE [PATH=FILE]...
 *
 * PATH, from the root, becomes what FILE is; nothing, if FILE is empty. MODE:
 *
 *	commit	all of it, and a boot confirms it
 *	arm	all of it
 *	begin	killed while the tool of the first phase is at work
 *	early	killed when all is in place, and before that counts as done
 *	late	killed after that
 *	hold	nothing: holds the lock until standard input ends
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "recovery/transaction.h"

static const char *root, *mode;
static char **changes;

static bool is_mode(const char *name)
{
	return !strcmp(mode, name);
}

static void die(void)
{
	raise(SIGKILL);
}

static int copy(const char *from, const char *to)
{
	RD_CLEANUP(rd_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
	RD_CLEANUP(rd_closep) int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	char buffer[65536];
	ssize_t n;

	if (in < 0 || out < 0)
		return -1;
	while ((n = read(in, buffer, sizeof(buffer))) > 0) {
		if (write(out, buffer, (size_t)n) != n)
			return -1;
	}
	return n < 0 ? -1 : 0;
}

static int run(void *userdata, enum rd_step step, const char *stage, struct rd_error *err)
{
	char path[4096];

	(void)userdata;
	if (is_mode("begin") || (is_mode("late") && step == RD_STEP_INITRAMFS))
		die();
	for (int i = 0; step == RD_STEP_INSTALLED && changes[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s/%d", root, stage, i);
		if (strchr(changes[i], '=')[1] && copy(strchr(changes[i], '=') + 1, path))
			return rd_error_set(err, EIO, "%s", changes[i]);
	}
	return 0;
}

static int check(void *userdata, enum rd_step step, struct rd_error *err)
{
	(void)userdata;
	(void)err;
	if (is_mode("early") && step == RD_STEP_INSTALLED)
		die();
	return 0;
}

static int arm(void *userdata, struct rd_notes *notes, struct rd_error *err)
{
	(void)userdata;
	return rd_notes_add(notes, "boot-id", "1") ? rd_error_nomem(err) : 0;
}

static int make_plan(struct rd_plan *plan)
{
	int r = rd_notes_add(&plan->notes, "method", "source");

	r = r ? r : rd_notes_add(&plan->notes, "begun-by", "0.0.1");
	r = r ? r : rd_plan_add_phase(plan, RD_STEP_INSTALLED, true);
	for (int i = 0; !r && changes[i]; i++) {
		RD_CLEANUP(rd_freep)
		char *path = strndup(changes[i], strcspn(changes[i], "="));
		char source[32];

		snprintf(source, sizeof(source), "40-installed/%d", i);
		r = strchr(changes[i], '=')[1] ? rd_plan_put(plan, path, source)
					       : rd_plan_remove(plan, path);
	}
	return r ? r : rd_plan_add_phase(plan, RD_STEP_INITRAMFS, true);
}

int main(int argc, char **argv)
{
	static const struct rd_tools tools = { .run = run, .check = check, .arm = arm };
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;
	RD_CLEANUP(rd_state_deinit) struct rd_state state = RD_STATE_INIT;
	RD_CLEANUP(rd_closep) int rootfd = -1;
	struct rd_error err = RD_ERROR_INIT;
	unsigned int id = 0;
	char byte;
	int r;

	if (argc < 3)
		return EXIT_FAILURE;
	root = argv[1];
	mode = argv[2];
	changes = argv + 3;
	rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = rd_state_lock(&state, rootfd, &err);
	if (!r && is_mode("hold")) {
		puts("held");
		fflush(stdout);
		return read(STDIN_FILENO, &byte, 1) ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	if (!r)
		r = make_plan(&plan) ? rd_error_nomem(&err)
				     : rd_transaction_run(&state, &plan, &tools, &err);
	if (!r && is_mode("commit")) {
		r = rd_transaction_in_effect(&state, &id, &err);
		r = r ? r : rd_transaction_commit(&state, id, &err);
	}
	if (r)
		fprintf(stderr, "transact: %s\n", err.msg);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
