/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Recovery, and the power gone: powercut TEST [FILE SYSTEM [PART OF A PLACE'S NAME]]
 *
 * A run is recorded on a real file system on a disk that keeps all its writes and flushes (disk.c).
 * Of each moment it is then known what the disk would have held: what was flushed, and any part of
 * what was not. Each such image is mounted, so that the file system repairs itself, and looked at:
 * every path old or new, a driver for every kernel, all that was promised until then kept
 * (promise.c); and a start of the program must make it whole.
 *
 * Two recordings of each, an idle machine and a busy one: what is not synced never comes to the
 * first one's disk, and what is not one step falls apart on the second's (recording.h).
 *
 * POWERCUT_EVERY=N looks at one in N images (1: at all; 16 if it is not set), chosen by
 * POWERCUT_SEED. POWERCUT_KEEP=FILE keeps the first image that is wrong.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "disk.h"
#include "examine.h"
#include "mutant.h"
#include "recording.h"
#include "trial.h"
#include "watch.h"

static const struct fs *fs;
static unsigned int every = 1, seed = 1;
static const char *folder; /* for images */
static const char *wanted; /* NULL, or a part of the names of the places to turn off */
static int n_tests;
static unsigned int n_wrong; /* places of which something else was expected */

/* The cuts of a recording, in their order. */
struct cuts {
	struct cut *items;
	size_t n, cap;
};

static bool is_reached[_SITUATION_N][MUTANTS_MAX]; /* which places it comes to */

static void add(struct cuts *cuts, uint32_t n, enum choice choice, uint32_t with)
{
	struct cut cut = { .n = n, .choice = choice, .seed = with };

	if (rd_array_push(cuts, &cut))
		abort();
}

/* Between two flushes: the writes @from to @to. */
static void add_epoch(struct cuts *cuts, uint32_t from, uint32_t to)
{
	add(cuts, from, CHOOSE_ALL, 0);
	for (uint32_t n = from + 1; n <= to; n++)
		add(cuts, n, CHOOSE_ALL, 0);
	if (from == to)
		return;
	add(cuts, to, CHOOSE_NONE, 0);
	add(cuts, to, CHOOSE_TORN, 0);
	for (uint32_t i = 0; i + 1 < to - from; i++)
		add(cuts, to, CHOOSE_WITHOUT_ONE, i);
	for (uint32_t i = 0; to - from > 2 && i < 2; i++)
		add(cuts, to, CHOOSE_SOME, seed * 2 + i);
}

static void list_cuts(struct cuts *cuts, const struct recording *recording)
{
	uint32_t from = 0;

	for (uint32_t i = 0; i <= recording->n; i++) {
		if (i < recording->n && !disk_record(&recording->disk, i)->is_flush)
			continue;
		add_epoch(cuts, from, i);
		from = i + 1;
	}
}

static bool is_turn(uint32_t i)
{
	return (((i + 1) * 2654435761u) ^ (seed * 2246822519u)) % every == 0;
}

static bool is_wanted(size_t mutant)
{
	return !wanted || strstr(mutant_name(mutant), wanted);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The images of one recording from the record @first on. */
static struct examined examine_cuts(const struct recording *recording, uint32_t first, size_t max)
{
	struct cuts cuts = { 0 };
	struct examination what = {
		.disk = &recording->disk,
		.fs = fs,
		.folder = folder,
		.max_failed = trial.is_silent ? 1 : 3,
		.is_silent = trial.is_silent,
	};
	struct examined examined;
	size_t n = 0;

	list_cuts(&cuts, recording);
	for (size_t i = 0; i < cuts.n && n < max; i++) {
		if (cuts.items[i].n >= first &&
		    (trial.is_silent || is_turn((uint32_t)i) || i + 1 == cuts.n))
			cuts.items[n++] = cuts.items[i];
	}
	what.cuts = cuts.items;
	what.n = n;
	examined = examine(&what);
	free(cuts.items);
	trial.n_points += examined.n_images;
	trial.n_failed += examined.n_failed;
	return examined;
}

static void test_situation(enum situation situation)
{
	for (int is_busy = 0; is_busy < 2; is_busy++) {
		struct recording recording;
		struct examined examined;
		double begun = now();

		recording_start(&recording, situation, is_busy, MUTANT_NONE);
		examined = examine_cuts(&recording, 0, SIZE_MAX);
		printf("%s %d - the power goes while %s, %s: %u images, %u different trees\n",
		       examined.n_failed ? "not ok" : "ok", ++n_tests, recording_title(situation),
		       is_busy ? "busy" : "idle", examined.n_images, examined.n_states);
		printf("# %u writes and flushes, %.1f s\n", recording.n, now() - begun);
		recording_forget(&recording);
	}
}

static void test_forward(void)
{
	test_situation(FORWARD);
}

static void test_back(void)
{
	test_situation(BACK);
}

static void test_resume(void)
{
	test_situation(EARLY);
	test_situation(LATE);
}

/*
 * Places that no power cut on ext4 shows, and why they are there nevertheless. All but those that
 * are @is_harmless are missed by the order checker.
 */
static const struct needless {
	const char *place;
	bool is_harmless;
	const char *why;
} needless[] = {
	{ "journal.c:fill > rd_write_sync > fsync", false,
	  "ext4 keeps the order in which names change; the next sync of the folder comes at once" },
	{ "put.c:make_folder > rd_write_sync > fsync", false,
	  "ext4 keeps the order of names, those in the folder and its own; on btrfs it is seen" },
	{ "back.c:remove_made > rd_write_sync > fsync", false,
	  "ext4 keeps that order, and the sweep that sets the times syncs the folder again" },
	{ "store.c:add_content > renameat", true,
	  "no manifest names a content that is not whole, and none is used unless its digest fits" },
	{ "rd_journal_mark > rd_write_rename > renameat", false,
	  "a mark is its name: what is in it is never read; a full disk is what the rename is for" },
	{ "rd_journal_remove > rd_write_rename > renameat", false,
	  "without the mark of a backup nothing is done but to remove it, whatever is left of it" },
};

static const struct needless *find_needless(const char *place)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(needless); i++) {
		if (!strcmp(needless[i].place, place))
			return &needless[i];
	}
	return NULL;
}

/* Whether the images of a run without that place show it; @orderp: whether the order checker did.
 */
static bool is_seen(size_t mutant, enum situation situation, bool is_busy, bool *orderp)
{
	/* From where the place is come to; what is not to be seen is looked for on demand. */
	size_t max = find_needless(mutant_name(mutant)) && every > 1 ? 30 : 300;
	unsigned int failed = trial.n_failed;
	struct recording recording;
	uint32_t first;

	recording_start(&recording, situation, is_busy, mutant);
	*orderp = *orderp || recording.order;
	first = mutant_first();
	if (first != UINT32_MAX && trial.n_failed == failed)
		examine_cuts(&recording, first, max);
	recording_forget(&recording);
	return trial.n_failed != failed;
}

static void test_mutant(size_t mutant)
{
	const char *place = mutant_name(mutant);
	const struct needless *spare = find_needless(place);
	bool is_ext4 = !strcmp(fs->name, "ext4"), has_order = false, has_images = false, is_right;
	unsigned int n_images = trial.n_points;
	double begun = now();

	/* A missing sync shows when nothing else syncs, what is not one step when all does. */
	for (int k = 0; k < 2 * _SITUATION_N && !has_images; k++) {
		enum situation situation = (enum situation)(k % _SITUATION_N);
		bool is_busy = (k >= _SITUATION_N) != !!strstr(place, "> renameat");

		if (is_reached[situation][mutant])
			has_images = is_seen(mutant, situation, is_busy, &has_order);
	}
	is_right = spare ? !has_images && has_order != spare->is_harmless : has_images;
	printf("%s %d - without %s: %s%s%s\n", is_right || !is_ext4 ? "ok" : "not ok", ++n_tests,
	       place, has_images ? "seen by the power cut" : "not seen by the power cut",
	       has_order ? ", seen by the order" : "", spare && is_ext4 ? ", as it should be" : "");
	if (spare && !has_images)
		printf("# %s\n", spare->why);
	printf("# %u images, %.1f s\n", trial.n_points - n_images, now() - begun);
	if (!is_right && is_ext4)
		n_wrong++;
	fflush(stdout);
}

static void list_places(void)
{
	for (size_t i = 0; i < _SITUATION_N; i++) {
		struct recording recording;

		mutant_forget_reached();
		recording_start(&recording, (enum situation)i, false, MUTANT_NONE);
		for (size_t k = 0; k < mutant_n(); k++)
			is_reached[i][k] = mutant_is_reached(k);
		recording_forget(&recording);
	}
}

static void test_mutants(void)
{
	size_t n;

	trial.is_silent = true;
	list_places();
	n = mutant_n();
	for (size_t i = 0; i < n; i++) {
		if (is_wanted(i))
			test_mutant(i);
	}
	trial.n_failed = n_wrong;
}

static const struct test {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "forward", test_forward },
	{ "back", test_back },
	{ "resume", test_resume },
	{ "mutants", test_mutants },
};

static void print_skip(const char *missing)
{
	printf("1..0 # SKIP %s\n", missing);
}

static unsigned int number_from(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text && atoi(text) > 0 ? (unsigned int)atoi(text) : otherwise;
}

int main(int argc, char **argv)
{
	const char *missing = NULL;

	every = number_from("POWERCUT_EVERY", 16);
	seed = number_from("POWERCUT_SEED", 1);
	wanted = argc > 3 ? argv[3] : NULL;
	fs = fs_find(argc > 2 ? argv[2] : "ext4");
	missing = fs ? fs_missing(fs) : "such a file system in this test";
	missing = missing ? missing : disk_missing();
	if (!missing && !watch_is_possible())
		missing = "seccomp_unotify(2)";
	if (missing) {
		print_skip(missing);
		return EXIT_SUCCESS;
	}
	mutant_begin();
	folder = recording_begin(fs);
	for (size_t i = 0; i < RD_N_ELEMENTS(tests); i++) {
		if (argc < 2 || strcmp(argv[1], tests[i].name) != 0)
			continue;
		tests[i].run();
		printf("1..%d\n# %s: %u images\n", n_tests, fs->name, trial.n_points);
	}
	recording_end();
	mutant_end();
	return trial.n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
