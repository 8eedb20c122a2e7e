/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What a test of convolutions showed: the criteria by hand for each way in which stages can end,
 * and that what is printed of them is valid, harmless and whole.
 */

#include <check.h>
#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "fixture.h"
#include "render/render.h"
#include "rules/trial.h"

enum { N_STAGES = 8 };

/* One letter a stage: p passed, w wrong, f failed, c crashed, t timeout, s stuck, k kernel fault,
 * . not run. */
static enum rd_stage_result result_of(char letter)
{
	static const char letters[] = ".pwfctsk";
	const char *found = strchr(letters, letter);

	ck_assert(letter && found);
	return (enum rd_stage_result)(found - letters);
}

static void add_stage(struct rd_trial *trial, const struct rd_stage *stage, unsigned int run,
		      char letter)
{
	struct rd_stage_run one = {
		.stage = stage,
		.run = run,
		.result = result_of(letter),
		.seconds = 1.5,
		.work = -1,
		.error = letter == 'w' ? HUGE_VAL : 0.25,
		.limit = -1,
		.reason = letter == 'p' || letter == '.' ? NULL : strdup("\033[31mwhy\n|"),
	};
	size_t n;
	struct rd_trial_fault fault = { .signature = rd_data_log_signatures(&n) };

	if (letter == 'k') {
		fault.line = strdup("amdgpu: \033GPU reset begin!");
		ck_assert_int_eq(rd_array_push(&one.faults, &fault), 0);
	}
	ck_assert_int_eq(rd_array_push(&trial->stages, &one), 0);
}

static void make_trial(struct rd_trial *trial, const char *device, const char *runs)
{
	size_t n;
	const struct rd_stage *stages = rd_data_stages(&n);

	ck_assert_uint_eq(n, N_STAGES);
	ck_assert_uint_eq(strlen(runs) % N_STAGES, 0);
	trial->device = strdup(device);
	trial->profile = strdup("gfx1030");
	trial->python = strdup("/usr/bin/python3");
	trial->user = strdup("user");
	trial->card = strdup("Radeon \033]0;x\a");
	trial->runs = (unsigned int)(strlen(runs) / N_STAGES);
	trial->is_log_watched = true;
	for (size_t i = 0; runs[i]; i++)
		add_stage(trial, &stages[i % n], (unsigned int)(i / n) + 1, runs[i]);
}

/* Criteria in their order: card, conv1x1, conv3x3, conv7x7, resnet, training, kernel-log;
 * y yes, n no, - not seen. */
static const struct {
	const char *device, *runs, *seen;
	int exit_code;
} cases[] = {
	{ "cuda", "pppppppp", "yyyyyyy", 0 },
	{ "cuda:1", "pppppppppppppppp", "yyyyyyy", 0 },
	{ "cpu", "pppppppp", "-------", 0 },
	{ "cpu", "ppwppppp", "-------", 3 },
	{ "cuda", "f.......", "n------", 3 },
	{ "cuda", "pf......", "n------", 3 },
	{ "cuda", "ppwppppp", "ynyyyy-", 3 },
	{ "cuda", "pppwpppp", "yynyyy-", 3 },
	{ "cuda", "ppppt...", "yyn----", 3 },
	{ "cuda", "pppps...", "yyn----", 3 },
	{ "cuda", "pppc....", "yyn----", 3 },
	{ "cuda", "ppppk...", "yyy---n", 3 },
	{ "cuda", "pppppppf", "yyyyyn-", 3 },
	{ "cuda", "ppppppppppppt...", "yyn----", 3 }, /* the second run alone */
	{ "cuda", "pppppppppppppk..", "yyyy--n", 3 },
};

START_TEST(criteria)
{
	RD_CLEANUP(rd_trial_deinit) struct rd_trial trial = RD_TRIAL_INIT;
	static const char letters[] = {
		[RD_SEEN_NOT] = '-', [RD_SEEN_NO] = 'n', [RD_SEEN_YES] = 'y'
	};
	char seen[16] = "";

	make_trial(&trial, cases[_i].device, cases[_i].runs);
	ck_assert_int_eq(rd_rules_judge_trial(&trial, NULL), 0);
	ck_assert_uint_eq(trial.marks.n, 7);
	for (size_t i = 0; i < trial.marks.n; i++)
		seen[i] = letters[trial.marks.items[i].seen];
	ck_assert_str_eq(seen, cases[_i].seen);
	ck_assert_int_eq(trial.exit_code, cases[_i].exit_code);
}
END_TEST

START_TEST(a_log_that_was_not_seen)
{
	for (int i = 0; i < 2; i++) {
		RD_CLEANUP(rd_trial_deinit) struct rd_trial trial = RD_TRIAL_INIT;

		make_trial(&trial, "cuda", "pppppppp");
		trial.is_log_watched = i == 0;
		trial.is_log_lost = i == 0;
		ck_assert_int_eq(rd_rules_judge_trial(&trial, NULL), 0);
		ck_assert_int_eq(trial.marks.items[6].seen, RD_SEEN_NOT);
		ck_assert_int_eq(trial.marks.items[5].seen, RD_SEEN_YES);
		ck_assert_int_eq(trial.exit_code, 0);
	}
}
END_TEST

START_TEST(untried)
{
	RD_CLEANUP(rd_trial_deinit) struct rd_trial trial = RD_TRIAL_INIT;

	make_trial(&trial, "cuda", "........");
	trial.untried = strdup("no torch");
	ck_assert_int_eq(rd_rules_judge_trial(&trial, NULL), 0);
	ck_assert_int_eq(trial.exit_code, 6);
	for (size_t i = 0; i < trial.marks.n; i++)
		ck_assert_int_eq(trial.marks.items[i].seen, RD_SEEN_NOT);
}
END_TEST

static char *print(const struct rd_trial *trial, const char *format, int width)
{
	const struct rd_render_options options = { .is_verbose = true, .width = width };
	RD_CLEANUP(rd_fclosep) FILE *f = NULL;
	char *text = NULL;
	size_t len;

	f = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(rd_renderer_find(format)->test(trial, &options, f, NULL), 0);
	ck_assert_int_eq(fclose(RD_TAKE_PTR(f)), 0);
	return text;
}

START_TEST(printed)
{
	static const int widths[] = { 40, 80, 160 };

	for (size_t i = 0; i < RD_N_ELEMENTS(cases); i++) {
		RD_CLEANUP(rd_trial_deinit) struct rd_trial trial = RD_TRIAL_INIT;
		RD_CLEANUP(rd_freep) char *json = NULL;
		struct json_object *document;

		make_trial(&trial, cases[i].device, cases[i].runs);
		ck_assert_int_eq(rd_rules_judge_trial(&trial, NULL), 0);
		for (size_t k = 0; k < RD_N_ELEMENTS(widths); k++) {
			RD_CLEANUP(rd_freep) char *text = print(&trial, "text", widths[k]);

			ck_assert_ptr_null(strchr(text, '\033'));
			ck_assert_ptr_null(strchr(text, '\a'));
			ck_assert_int_eq(strstr(text, "[x]") != NULL,
					 strchr(cases[i].seen, 'y') != NULL);
		}
		json = print(&trial, "json", 80);
		ck_assert_ptr_null(strchr(json, '\033'));
		document = json_tokener_parse(json);
		ck_assert_ptr_nonnull(document);
		json_object_put(document);
	}
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("trial");

	tcase_add_loop_test(tcase, criteria, 0, RD_N_ELEMENTS(cases));
	tcase_add_test(tcase, a_log_that_was_not_seen);
	tcase_add_test(tcase, untried);
	tcase_add_test(tcase, printed);
	return fixture_main(tcase, "trial");
}
