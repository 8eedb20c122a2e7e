/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What reaches the reader: the text keeps to its width and lets no control character through, the
 * JSON parses and says what the model says. tests/cli/ holds real output against the schemas.
 */

#include <check.h>
#include <errno.h>
#include <json-c/json.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "render/render.h"

#define BUILD_ID "0123456789abcdef0123456789abcdef01234567"

/* A terminal's sequences, a broken byte, a right-to-left override, and a word without end. */
#define HOSTILE "a\033[31mb\xff\xe2\x80\xae\n\tc"

static const struct rd_finding_text text_of_finding = {
	.id = "RD-DRV-001",
	.title = "No module that can load shows a patch or a modification, said at some length",
	.problem = "A module that can load is patched or modified, said at some length",
	.what = "What.",
	.why = "Why.",
	.how = "How.",
	.remedy = "First paragraph.\n\nSecond paragraph.",
	.sources = "Sources.",
};

static struct rd_copy make_copy(enum rd_copy_kind kind, const char *kernel, const char *path,
				enum rd_verdict verdict)
{
	struct rd_copy copy;

	ck_assert_int_eq(rd_copy_init(&copy, kind, kernel, path), 0);
	copy.verdict = verdict;
	copy.id.build_id = strdup(BUILD_ID);
	ck_assert_int_eq(rd_evidence_add(&copy.evidence, RD_EVIDENCE_INSTRUCTION,
					 "kfd_parse_crat_table+0x3a1", "compares with 0x731f"),
			 0);
	ck_assert_int_eq(
		rd_evidence_add(&copy.evidence, RD_EVIDENCE_STRING, ".rodata+0x10", "second item"),
		0);
	return copy;
}

static void make_report(struct rd_facts *facts, struct rd_report *report, const char *name)
{
	struct rd_gpu gpu = {
		.slot = strdup("0000:28:00.0"),
		.vendor = 0x1002,
		.device = 0x731f,
		.revision = RD_NUM(0xca),
		.chip_class = RD_CHIP_RDNA1,
		.name = strdup(name),
		.driver = strdup("amdgpu"),
		.is_driver_known = true,
	};
	struct rd_finding finding = { .text = &text_of_finding, .result = RD_RESULT_FAIL };
	struct rd_finding passed = { .text = &text_of_finding, .result = RD_RESULT_PASS };
	struct rd_copy copy;

	facts->root = strdup("/mnt");
	facts->distribution = strdup(name);
	facts->gpus_known = RD_PRESENCE_YES;
	ck_assert_int_eq(rd_array_push(&facts->gpus, &gpu), 0);
	copy = make_copy(RD_COPY_INSTALLED, "5.14.0-570.12.1.el9_6.x86_64", name,
			 RD_VERDICT_PATCHED);
	copy.is_resolved = true;
	ck_assert_int_eq(rd_array_push(&facts->copies, &copy), 0);
	copy = make_copy(RD_COPY_SOURCE, NULL, name, RD_VERDICT_NO_SIGN);
	ck_assert_int_eq(rd_array_push(&facts->copies, &copy), 0);
	copy = make_copy(RD_COPY_INSTALLED, name, "/x", RD_VERDICT_UNKNOWN);
	ck_assert_int_eq(rd_array_push(&facts->copies, &copy), 0);
	ck_assert_int_eq(rd_facts_add_unread(facts, name, name, true), 0);

	report->facts = facts;
	report->state = RD_STATE_UNSAFE;
	report->exit_code = 3;
	report->sentence = strdup("unsafe: a sentence that is long enough to be wrapped at eighty "
				  "columns of a terminal.");
	report->next = strdup("rdna1-doctor explain RD-DRV-001");
	report->way_in = "nomodeset";
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(rd_evidence_add(&finding.evidence, RD_EVIDENCE_LIMIT, name,
						 "%s %d", name, i),
				 0);
	ck_assert_int_eq(rd_array_push(&report->findings, &finding), 0);
	ck_assert_int_eq(rd_array_push(&report->findings, &passed), 0);
}

static char *render_check(const char *format, const struct rd_render_options *options,
			  const char *name)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	make_report(&facts, &report, name);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(rd_renderer_find(format)->check(&report, options, f, NULL), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_uint_eq(strlen(out), len);
	return out;
}

/* The longest line in bytes: the texts of these tests have one column for each. */
static size_t longest_line(const char *s)
{
	size_t longest = 0;

	while (*s) {
		size_t n = strcspn(s, "\n");

		longest = n > longest ? n : longest;
		s += n + (s[n] == '\n');
	}
	return longest;
}

static const char *const names[] = {
	"Radeon RX 5600 XT",
	HOSTILE,
	"/lib/modules/5.14.0-570.12.1.el9_6.x86_64/weak-updates/a/very/long/path/without/any/space/"
	"that/no/line/of/eighty/columns/can/ever/hold/amdgpu.ko.xz",
	"many words that are each short but together much longer than one line of the output may "
	"be and so must wrap",
	"",
};

static const int widths[] = { 80, 100, 120 };

START_TEST(text_keeps_its_width)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(widths); i++) {
		for (int verbose = 0; verbose < 2; verbose++) {
			const struct rd_render_options options = {
				.width = widths[i],
				.is_verbose = verbose,
			};
			RD_CLEANUP(rd_freep) char *out = render_check("text", &options, names[_i]);

			ck_assert_msg(longest_line(out) <= (size_t)widths[i], "%d columns:\n%s",
				      widths[i], out);
		}
	}
}
END_TEST

START_TEST(text_lets_no_control_through)
{
	const struct rd_render_options options = { .width = 80, .is_verbose = true };
	RD_CLEANUP(rd_freep) char *out = render_check("text", &options, names[_i]);

	for (const char *s = out; *s; s++)
		ck_assert_msg(*s == '\n' || (*s >= 0x20 && *s < 0x7f), "byte 0x%02x in:\n%s",
			      (unsigned char)*s, out);
}
END_TEST

START_TEST(colour_only_when_asked_for)
{
	struct rd_render_options options = { .width = 80 };
	RD_CLEANUP(rd_freep) char *plain = render_check("text", &options, names[0]);
	RD_CLEANUP(rd_freep) char *colored = NULL;

	ck_assert_ptr_null(strchr(plain, '\033'));
	options.use_color = true;
	colored = render_check("text", &options, names[0]);
	ck_assert_ptr_nonnull(strstr(colored, "\033[1;31mpatched"));
	ck_assert_ptr_nonnull(strstr(colored, "\033[1;31munsafe"));
}
END_TEST

START_TEST(text_says_what_matters)
{
	struct rd_render_options options = { .width = 80 };
	RD_CLEANUP(rd_freep) char *brief = render_check("text", &options, names[0]);
	RD_CLEANUP(rd_freep) char *all = NULL;

	ck_assert_ptr_nonnull(strstr(brief, "Radeon RX 5600 XT (1002:731f rev ca)"));
	ck_assert_ptr_null(strstr(brief, BUILD_ID));
	ck_assert_ptr_nonnull(strstr(brief, "kfd_parse_crat_table+0x3a1: compares with 0x731f"));
	ck_assert_ptr_null(strstr(brief, "second item"));
	ck_assert_ptr_nonnull(strstr(brief, "fail"));
	ck_assert_ptr_nonnull(strstr(brief, "First paragraph. More: rdna1-doctor explain"));
	ck_assert_ptr_null(strstr(brief, "Second paragraph"));
	ck_assert_ptr_nonnull(strstr(brief, "and 3 more (--verbose)"));
	ck_assert_ptr_null(strstr(brief, "pass "));
	ck_assert_ptr_nonnull(strstr(brief, "nomodeset"));
	ck_assert_ptr_nonnull(strstr(brief, "Next: rdna1-doctor explain RD-DRV-001\n"));

	options.is_verbose = true;
	all = render_check("text", &options, names[0]);
	ck_assert_ptr_nonnull(strstr(all, "second item"));
	ck_assert_ptr_nonnull(strstr(all, "build-id: " BUILD_ID));
	ck_assert_ptr_nonnull(strstr(all, "pass "));
	ck_assert_ptr_null(strstr(all, "more (--verbose)"));
}
END_TEST

static const char *string_at(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

START_TEST(json_says_what_the_model_says)
{
	const struct rd_render_options options = { .width = 80 };
	RD_CLEANUP(rd_freep) char *out = render_check("json", &options, names[_i]);
	struct json_object *root = json_tokener_parse(out), *copy, *finding;

	ck_assert_ptr_nonnull(root);
	ck_assert_int_eq(json_object_get_int(json_object_object_get(root, "schema")), 1);
	ck_assert_str_eq(string_at(root, "verdict"), "unsafe");
	ck_assert_int_eq(json_object_get_int(json_object_object_get(root, "exit_code")), 3);
	ck_assert_str_eq(string_at(root, "next"), "rdna1-doctor explain RD-DRV-001");

	ck_assert_uint_eq(json_object_array_length(json_object_object_get(root, "copies")), 3);
	copy = json_object_array_get_idx(json_object_object_get(root, "copies"), 1);
	ck_assert_str_eq(string_at(copy, "kind"), "source");
	ck_assert_str_eq(string_at(copy, "build_id"), BUILD_ID);
	ck_assert_ptr_null(json_object_object_get(copy, "kernel"));
	ck_assert_uint_eq(json_object_array_length(json_object_object_get(copy, "evidence")), 2);

	finding = json_object_array_get_idx(json_object_object_get(root, "findings"), 0);
	ck_assert_str_eq(string_at(finding, "result"), "fail");
	ck_assert_str_eq(string_at(finding, "remedy"), text_of_finding.remedy);
	ck_assert_uint_eq(json_object_array_length(json_object_object_get(finding, "evidence")), 8);
	json_object_put(root);
	for (const char *s = out; *s; s++)
		ck_assert(*s == '\n' || (*s >= 0x20 && *s < 0x7f));
}
END_TEST

static struct rd_comparison make_comparison(void)
{
	struct rd_comparison comparison = { .is_comparable = true, .functions = 12, .objects = 3 };
	struct rd_difference difference = {
		.kind = RD_DIFFERENCE_DIFFERS,
		.is_function = true,
		.name = strdup("kfd_parse_crat_table"),
		.detail = strdup("+0x3a1: or $0x1 against nothing"),
	};

	ck_assert_int_eq(rd_array_push(&comparison.differences, &difference), 0);
	return comparison;
}

static char *render_compare(const char *format, const struct rd_comparison *comparison)
{
	const struct rd_render_options options = { .width = 80 };
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	ck_assert_int_eq(
		rd_renderer_find(format)->compare("a.ko", "b.ko", comparison, &options, f, NULL),
		0);
	ck_assert_int_eq(fclose(f), 0);
	return out;
}

START_TEST(compare_names_the_difference)
{
	RD_CLEANUP(rd_comparison_deinit) struct rd_comparison comparison = make_comparison();
	RD_CLEANUP(rd_freep) char *text = render_compare("text", &comparison);
	RD_CLEANUP(rd_freep) char *json = render_compare("json", &comparison);
	struct json_object *root = json_tokener_parse(json);

	ck_assert_ptr_nonnull(strstr(text, "\ndiffers function kfd_parse_crat_table\n"));
	ck_assert_ptr_nonnull(strstr(text, "12 functions and 3 objects were compared, 1 differs."));
	ck_assert_str_eq(string_at(root, "result"), "differing");
	json_object_put(root);
}
END_TEST

START_TEST(compare_says_why_not)
{
	RD_CLEANUP(rd_comparison_deinit) struct rd_comparison comparison = RD_COMPARISON_INIT;
	RD_CLEANUP(rd_freep) char *text = NULL;

	comparison.reason = strdup("the compilers differ");
	text = render_compare("text", &comparison);
	ck_assert_ptr_nonnull(strstr(text, "Not comparable: the compilers differ.\n"));
}
END_TEST

START_TEST(failed_stream_is_an_error)
{
	const struct rd_render_options options = { .width = 80 };
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	RD_CLEANUP(rd_fclosep) FILE *f = fopen("/dev/full", "w");

	make_report(&facts, &report, names[0]);
	ck_assert_ptr_nonnull(f);
	setvbuf(f, NULL, _IONBF, 0);
	ck_assert_int_eq(rd_renderer_find("text")->check(&report, &options, f, NULL), -ENOSPC);
	ck_assert_int_eq(rd_renderer_find("json")->check(&report, &options, f, NULL), -ENOSPC);
}
END_TEST

START_TEST(explain_has_every_part)
{
	const struct rd_render_options options = { .width = 80 };
	RD_CLEANUP(rd_freep) char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	ck_assert_int_eq(rd_render_finding_text(&text_of_finding, &options, f, NULL), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_ptr_nonnull(strstr(out, "  What.\n"));
	ck_assert_ptr_nonnull(strstr(out, "  First paragraph.\n\n  Second paragraph.\n"));
	ck_assert_ptr_nonnull(strstr(out, "  Sources.\n"));
}
END_TEST

START_TEST(unknown_format)
{
	ck_assert_ptr_null(rd_renderer_find("xml"));
	ck_assert_ptr_null(rd_renderer_find(""));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("render");
	TCase *tcase = tcase_create("render");
	SRunner *runner;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_loop_test(tcase, text_keeps_its_width, 0, (int)RD_N_ELEMENTS(names));
	tcase_add_loop_test(tcase, text_lets_no_control_through, 0, (int)RD_N_ELEMENTS(names));
	tcase_add_test(tcase, colour_only_when_asked_for);
	tcase_add_test(tcase, text_says_what_matters);
	tcase_add_loop_test(tcase, json_says_what_the_model_says, 0, (int)RD_N_ELEMENTS(names));
	tcase_add_test(tcase, compare_names_the_difference);
	tcase_add_test(tcase, compare_says_why_not);
	tcase_add_test(tcase, failed_stream_is_an_error);
	tcase_add_test(tcase, explain_has_every_part);
	tcase_add_test(tcase, unknown_format);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
