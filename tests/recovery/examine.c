/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "examine.h"
#include "promise.h"
#include "trial.h"

#define WORKERS	   6
#define STATES_MAX (1 << 16)

static struct units {
	struct unit {
		char *path;
		uint64_t before, after;
	} * items;
	size_t n, cap;
} units;

/* Shared by the workers. */
struct progress {
	_Atomic size_t next;
	_Atomic unsigned int n_images, n_states, n_failed;
	_Atomic uint64_t states[STATES_MAX]; /* hashes, each at its place or the next free one */
};

struct worker {
	const struct examination *what;
	struct progress *progress;
	struct image image;
	char mountpoint[96], file[96];
};

static uint64_t hash_below(const char *root, const char *path)
{
	RD_CLEANUP(rd_freep) char *full = rd_text_format("%s/%s", root, path);

	return picture_hash(full, true);
}

static void add_unit(const char *path)
{
	struct unit unit = { .path = strdup(path) };

	if (rd_array_push(&units, &unit))
		abort();
}

static void list_units(void)
{
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;

	if (machine_plan(&plan))
		abort();
	for (size_t p = 0; p < plan.n; p++) {
		for (size_t i = 0; i < plan.items[p].n; i++) {
			if (plan.items[p].items[i].kind != RD_CHANGE_WRITES)
				add_unit(plan.items[p].items[i].path);
		}
	}
}

void examine_learn(const char *root, bool is_after)
{
	if (!units.n)
		list_units();
	for (size_t i = 0; i < units.n; i++) {
		uint64_t hash = hash_below(root, units.items[i].path);

		*(is_after ? &units.items[i].after : &units.items[i].before) = hash;
	}
}

void examine_unlearn(void)
{
	for (size_t i = 0; i < units.n; i++)
		free(units.items[i].path);
	free(units.items);
	units = (struct units){ 0 };
}

static const char *broken_unit(void)
{
	for (size_t i = 0; i < units.n; i++) {
		const struct unit *unit = &units.items[i];
		uint64_t hash = hash_below(trial.root, unit->path);

		if (hash != unit->before && hash != unit->after)
			return unit->path;
	}
	return NULL;
}

static bool is_new(struct progress *progress, uint64_t hash)
{
	for (size_t i = hash % STATES_MAX;; i = (i + 1) % STATES_MAX) {
		uint64_t was = 0;

		if (atomic_compare_exchange_strong(&progress->states[i], &was, hash)) {
			progress->n_states++;
			return true;
		}
		if (was == hash)
			return false;
	}
}

static bool mount_image(struct worker *worker, const struct cut *cut)
{
	int errnum;

	image_cut(&worker->image, cut);
	errnum = fs_mount(worker->what->fs, worker->image.loop.device, worker->mountpoint, true);
	if (errnum)
		trial_complain("an image that cannot be mounted", strerror(errnum));
	return !errnum;
}

static void examine_tree(const struct cut *cut)
{
	const char *promise = promise_broken(trial.root, cut->n), *unit = broken_unit();

	if (!trial_is_between())
		trial_complain("a path is neither old nor new", NULL);
	*picture_difference = '\0';
	if (unit)
		trial_complain("neither all old nor all new", unit);
	if (!machine_has_drivers(trial.root))
		trial_complain("a kernel has no driver", NULL);
	if (promise)
		trial_complain("promised, and not on the disk", promise);
	if (cut->n >= promise_whole_from(PROMISE_AFTER) && !trial_is_as(&trial.after, false))
		trial_complain("it was done, and is not what it should become", NULL);
	if (cut->n >= promise_whole_from(PROMISE_BEFORE) && !trial_is_as(&trial.before, true))
		trial_complain("it was undone, and is not what it was", NULL);
}

/* What a start of the program makes of it, forward if it can, and then back; or back at once. */
static bool examine_starts(struct worker *worker, const struct cut *cut)
{
	bool is_done = cut->n >= promise_whole_from(PROMISE_AFTER);
	int code = trial_recover(RESUME, NULL);

	if (is_done && code != NOTHING)
		trial_complain("it was done, and the next start found it undone", NULL);
	if (code != UNDONE)
		trial_recover(ROLLBACK, NULL);
	fs_unmount(worker->mountpoint);
	if (!mount_image(worker, cut))
		return false;
	trial_recover(ROLLBACK, NULL);
	return true;
}

static void keep_image(const struct worker *worker)
{
	const char *to = getenv("POWERCUT_KEEP");
	RD_CLEANUP(rd_freep) char *command = NULL;

	command = to ? rd_text_format("cp -n --sparse=always '%s' '%s'", worker->file, to) : NULL;
	if (command && system(command) == 0)
		printf("# kept as %s\n", to);
}

static void examine_one(struct worker *worker, const struct cut *cut)
{
	struct progress *progress = worker->progress;
	unsigned int failed = trial.n_failed;
	bool is_mounted = mount_image(worker, cut);

	progress->n_images++;
	if (is_mounted) {
		examine_tree(cut);
		if (trial.n_failed == failed && is_new(progress, picture_hash(trial.root, true)))
			is_mounted = examine_starts(worker, cut);
		if (is_mounted)
			fs_unmount(worker->mountpoint);
	}
	if (trial.n_failed == failed)
		return;
	progress->n_failed++;
	if (trial.is_silent)
		return;
	printf("# ^ after record %u, writes since the last flush: choice %u, seed %u\n", cut->n,
	       cut->choice, cut->seed);
	image_cut(&worker->image, cut);
	keep_image(worker);
}

static void work(const struct examination *what, struct progress *progress, int number)
{
	struct worker worker = { .what = what, .progress = progress };
	size_t i;

	trial.is_silent = what->is_silent;
	snprintf(worker.mountpoint, sizeof(worker.mountpoint), "%s/mount-%d", what->folder, number);
	snprintf(worker.file, sizeof(worker.file), "%s/image-%d", what->folder, number);
	if (mkdir(worker.mountpoint, 0700) < 0 && errno != EEXIST)
		abort();
	snprintf(trial.root, sizeof(trial.root), "%s/machine", worker.mountpoint);
	image_open(&worker.image, what->disk, worker.file);
	while (progress->n_failed < what->max_failed && (i = progress->next++) < what->n)
		examine_one(&worker, &what->cuts[i]);
	image_close(&worker.image);
	unlink(worker.file);
}

struct examined examine(const struct examination *what)
{
	struct progress *progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct examined examined;
	int status;

	if (progress == MAP_FAILED)
		abort();
	fflush(stdout);
	for (int i = 0; i < WORKERS; i++) {
		pid_t pid = fork();

		if (pid < 0)
			abort();
		if (pid)
			continue;
		work(what, progress, i);
		fflush(stdout);
		_exit(EXIT_SUCCESS);
	}
	while (wait(&status) > 0) {
		if (status) {
			printf("# an examiner ended with status %x\n", (unsigned int)status);
			progress->n_failed++;
		}
	}
	examined = (struct examined){
		.n_images = progress->n_images,
		.n_states = progress->n_states,
		.n_failed = progress->n_failed,
	};
	munmap(progress, sizeof(*progress));
	return examined;
}
