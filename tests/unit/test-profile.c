/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Profiles as text: printed, read back, sealed; the line in .bashrc. */

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inspect/profile.h"

/* The list of the recipe's own script, in its order. */
static const struct {
	const char *name, *value;
} recipe[] = {
	{ "HSA_OVERRIDE_GFX_VERSION", "10.3.0" }, { "MIOPEN_DEBUG_CONV_IMPLICIT_GEMM", "0" },
	{ "MIOPEN_FIND_ENFORCE", "3" },		  { "MIOPEN_DEBUG_CONV_WINOGRAD", "0" },
	{ "MIOPEN_DEBUG_CONV_DIRECT", "0" },	  { "MIOPEN_LOG_LEVEL", "4" },
	{ "PYTORCH_ROCM_ARCH", "gfx1030" },
};

static struct rd_profile choose(const char *name)
{
	const struct rd_profile_basis basis = RD_PROFILE_BASIS_INIT;
	struct rd_profile profile = RD_PROFILE_INIT;

	ck_assert_int_eq(rd_profile_choose(&basis, name, &profile, NULL), 0);
	return profile;
}

START_TEST(gfx1030_is_the_recipes)
{
	RD_CLEANUP(rd_profile_deinit) struct rd_profile profile = choose("gfx1030");

	ck_assert_uint_eq(profile.settings.n, RD_N_ELEMENTS(recipe));
	for (size_t i = 0; i < RD_N_ELEMENTS(recipe); i++) {
		ck_assert_str_eq(profile.settings.items[i].name, recipe[i].name);
		ck_assert_str_eq(profile.settings.items[i].value, recipe[i].value);
	}
	ck_assert_ptr_null(profile.reason);
}
END_TEST

START_TEST(native_pretends_nothing)
{
	RD_CLEANUP(rd_profile_deinit) struct rd_profile profile = choose("native");
	static const char *const unset[] = { "HSA_OVERRIDE_GFX_VERSION", "MIOPEN_FIND_ENFORCE",
					     "PYTORCH_ROCM_ARCH" };

	for (size_t i = 0; i < RD_N_ELEMENTS(unset); i++)
		ck_assert_ptr_null(rd_profile_find(&profile, unset[i])->value);
}
END_TEST

START_TEST(no_such_profile)
{
	const struct rd_profile_basis basis = RD_PROFILE_BASIS_INIT;
	struct rd_profile profile = RD_PROFILE_INIT;

	ck_assert_int_eq(rd_profile_choose(&basis, "gfx900", &profile, NULL), -EINVAL);
}
END_TEST

/* Every format but JSON, which src/render prints. */
START_TEST(read_back)
{
	RD_CLEANUP(rd_profile_deinit)
	struct rd_profile profile = choose(_i % 2 ? "native" : "gfx1030");
	RD_CLEANUP(rd_profile_entries_deinit) struct rd_profile_entries entries = { 0 };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	const struct rd_profile_format *format;
	size_t n;

	format = &rd_profile_formats(&n)[_i / 2];
	if (format->is_json)
		return;
	ck_assert_int_eq(rd_profile_print(&profile, format, &text), 0);
	ck_assert_int_eq(rd_profile_seal_check(text.data, text.len), RD_PROFILE_SEAL_INTACT);
	ck_assert_int_eq(rd_profile_read(format, text.data, text.len, &entries), 0);
	for (size_t i = 0; i < profile.settings.n; i++) {
		const struct rd_profile_setting *setting = &profile.settings.items[i];
		const struct rd_profile_entry *entry =
			rd_profile_entry_find(&entries, setting->name);

		if (setting->value)
			ck_assert_str_eq(entry->value, setting->value);
		else
			ck_assert(!entry || !entry->value);
	}
}
END_TEST

static const struct {
	const char *format, *text, *name;
	const char *value; /* NULL: taken away */
	enum { IS_THERE, IS_OPEN, IS_MISSING } is;
} texts[] = {
	{ "sh", "export A=1", "A", "1", IS_THERE },
	{ "sh", "A=1\nexport A\n", "A", "1", IS_THERE },
	{ "sh", "export A=1 B='2 3'; C=\"4\"", "B", "2 3", IS_THERE },
	{ "sh", "export A=1 B='2 3'; C=\"4\"", "C", "4", IS_THERE },
	{ "sh", "export A=1\nexport A=2\n", "A", "2", IS_THERE },
	{ "sh", "export A=1; unset A", "A", NULL, IS_THERE },
	{ "sh", "# export A=1\n", "A", NULL, IS_MISSING },
	{ "sh", "A=$(uname)", "A", NULL, IS_OPEN },
	{ "sh", "A=`uname`", "A", NULL, IS_OPEN },
	{ "sh", "A=${B:-1}", "A", NULL, IS_OPEN },
	{ "sh", "A=\"a\\\"b\"", "A", "a\"b", IS_THERE },
	{ "sh", "declare -x A=1", "A", "1", IS_THERE },
	{ "sh", "echo A=1", "A", NULL, IS_MISSING },
	{ "sh", "echo x; A=1", "A", "1", IS_THERE },
	{ "sh", "a && A=1", "A", "1", IS_THERE },
	{ "sh", "if true; then export A=1; fi", "A", "1", IS_THERE },
	{ "sh", "export A=\n", "A", "", IS_THERE },
	{ "sh", "1A=2", "1A", NULL, IS_MISSING },
	{ "fish", "set -gx A 1", "A", "1", IS_THERE },
	{ "fish", "set -gx A '1 2' # x", "A", "1 2", IS_THERE },
	{ "fish", "set -gx A 1; set -e A", "A", NULL, IS_THERE },
	{ "fish", "set --export A 1", "A", "1", IS_THERE },
	{ "csh", "setenv A 1\nunsetenv A\nsetenv A 2", "A", "2", IS_THERE },
	{ "csh", "setenv A \"1\"", "A", "1", IS_THERE },
	{ "environment.d", "A=\"1\"\n", "A", "1", IS_THERE },
	{ "dotenv", "A=\"1\"\n", "A", "\"1\"", IS_THERE },
	{ "dotenv", "  A=1 # x\nB\n", "A", "1 # x", IS_THERE },
	{ "dotenv", "#A=1\n", "A", NULL, IS_MISSING },
	{ "json", "{\"environment\" : {\"MIOPEN_LOG_LEVEL\" : \"4\"}}", "MIOPEN_LOG_LEVEL", "4",
	  IS_THERE },
	{ "json", "{\"a\": [\"MIOPEN_LOG_LEVEL\", \"4\"]}", "MIOPEN_LOG_LEVEL", NULL, IS_MISSING },
	{ "json", "\"MIOPEN_LOG_LEVEL\": \"4", "MIOPEN_LOG_LEVEL", "4", IS_THERE },
	{ "json", "\"HSA_OVERRIDE_GFX_VERSION_2\":\"1\"", "HSA_OVERRIDE_GFX_VERSION_2", "1",
	  IS_THERE },
	{ "json", "\"MIOPEN_LOG_LEVEL\"", "MIOPEN_LOG_LEVEL", NULL, IS_MISSING },
	{ "json", "\"", "MIOPEN_LOG_LEVEL", NULL, IS_MISSING },
};

START_TEST(reads)
{
	RD_CLEANUP(rd_profile_entries_deinit) struct rd_profile_entries entries = { 0 };
	const struct rd_profile_entry *entry;

	ck_assert_int_eq(rd_profile_read(rd_profile_format_find(texts[_i].format), texts[_i].text,
					 strlen(texts[_i].text), &entries),
			 0);
	entry = rd_profile_entry_find(&entries, texts[_i].name);
	if (texts[_i].is == IS_MISSING) {
		ck_assert_ptr_null(entry);
		return;
	}
	ck_assert_ptr_nonnull(entry);
	ck_assert_int_eq(entry->is_open, texts[_i].is == IS_OPEN);
	if (texts[_i].value)
		ck_assert_pstr_eq(entry->value, texts[_i].value);
	else
		ck_assert_ptr_null(entry->value);
}
END_TEST

/* Any bytes of any length are read to their end and no further. */
START_TEST(reads_noise)
{
	static const char signs[] = "A=\"'\\$({`#;\n \tset-e export:1\0[";
	const struct rd_profile_format *formats;
	unsigned int state = 1;
	size_t n;

	formats = rd_profile_formats(&n);
	for (int i = 0; i < 20000; i++) {
		RD_CLEANUP(rd_profile_entries_deinit) struct rd_profile_entries entries = { 0 };
		RD_CLEANUP(rd_freep) char *text = NULL;
		size_t len = (size_t)i % 60;

		text = malloc(len + 1);
		for (size_t k = 0; k < len; k++) {
			state = state * 1103515245u + 12345u;
			text[k] = signs[(state >> 16) % sizeof(signs)];
		}
		ck_assert_int_eq(rd_profile_read(&formats[(size_t)i % n], text, len, &entries), 0);
	}
}
END_TEST

/* As sha256sum(1) answers. */
START_TEST(seal)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *command = NULL;
	RD_CLEANUP(rd_fclosep) FILE *f = tmpfile();
	char line[65] = "";
	FILE *tool;

	ck_assert_int_eq(rd_text_puts(&text, "a\n# " RD_PROFILE_SEAL "\n"), 0);
	ck_assert_int_eq(rd_profile_seal_check(text.data, text.len), RD_PROFILE_SEAL_BROKEN);
	ck_assert_int_ge(fwrite(text.data, 1, text.len, f), 1);
	fflush(f);
	command = rd_text_format("sha256sum < /proc/%d/fd/%d", getpid(), fileno(f));
	tool = popen(command, "r");
	ck_assert_uint_eq(fread(line, 1, 64, tool), 64);
	pclose(tool);
	ck_assert_int_eq(rd_profile_seal(&text), 0);
	ck_assert_ptr_nonnull(strstr(text.data, line));
	ck_assert_int_eq(rd_profile_seal_check(text.data, text.len), RD_PROFILE_SEAL_INTACT);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		ck_assert_int_ne(rd_profile_seal_check(text.data, text.len),
				 RD_PROFILE_SEAL_INTACT);
		text.data[i] ^= 1;
	}
	ck_assert_int_eq(rd_profile_seal_check(text.data, text.len - 1), RD_PROFILE_SEAL_BROKEN);
	ck_assert_int_eq(rd_profile_seal_check(text.data, 40), RD_PROFILE_SEAL_NONE);
	ck_assert_int_eq(rd_profile_seal_check(NULL, 0), RD_PROFILE_SEAL_NONE);
}
END_TEST

/* What a machine calls its devices cannot end a comment, or go on after its line. */
START_TEST(remarks_are_plain)
{
	struct rd_profile_basis basis = { .other = (char *)"x\\\nexport EVIL=1\n\r\"$(y)\\" };
	RD_CLEANUP(rd_profile_deinit) struct rd_profile profile = RD_PROFILE_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	ck_assert_int_eq(rd_profile_choose(&basis, "gfx1030", &profile, NULL), 0);
	ck_assert_int_eq(rd_profile_print(&profile, rd_profile_format_find("sh"), &text), 0);
	ck_assert_ptr_null(strstr(text.data, "\nexport EVIL"));
	ck_assert_ptr_null(strchr(text.data, '\\'));
}
END_TEST

#define LINE \
	"if [ -r ~/rocm_rdna1_env.sh ]; then . ~/rocm_rdna1_env.sh; fi # rdna1-doctor profile\n"

static const struct {
	const char *before, *with, *without;
} bashrcs[] = {
	{ "", LINE, "" },
	{ "a\n", "a\n" LINE, "a\n" },
	{ "a", "a\n" LINE, "a" },
	{ LINE, LINE, "" },
	{ "a\n" LINE "b\n", "a\n" LINE "b\n", "a\nb\n" },
	{ "old # rdna1-doctor profile\nb\n", LINE "b\n", "b\n" },
	{ "old # rdna1-doctor profile \t\r\nb", LINE "b", "b" },
	{ LINE LINE "b\n", LINE "b\n", "b\n" },
	{ "# rdna1-doctor profile of mine\n", "# rdna1-doctor profile of mine\n" LINE,
	  "# rdna1-doctor profile of mine\n" },
	{ "\n\n", "\n\n" LINE, "\n\n" },
};

START_TEST(bashrc)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text with = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text without = RD_TEXT_INIT;
	const char *before = bashrcs[_i].before;

	ck_assert_int_eq(rd_profile_bashrc(before, strlen(before), true, &with), 0);
	ck_assert_str_eq(with.data, bashrcs[_i].with);
	ck_assert_int_eq(rd_profile_bashrc(before, strlen(before), false, &without), 0);
	ck_assert_str_eq(without.data ? without.data : "", bashrcs[_i].without);
	ck_assert_uint_eq(strlen(rd_profile_bashrc_line()), sizeof(LINE) - 2);
}
END_TEST

static const struct {
	const char *text;
	unsigned int line; /* of the only mention; 0: there is none */
} mentions[] = {
	{ "", 0 },
	{ "A=1\nexport HSA_OVERRIDE_GFX_VERSION=10.3.0\n", 2 },
	{ "\n\n  setenv MIOPEN_LOG_LEVEL 4", 3 },
	{ "Environment=\"PYTORCH_ROCM_ARCH=gfx1030\"\n", 1 },
	{ "set -gx HSA_OVERRIDE_GFX_VERSION_1 10.3.0\n", 1 },
	{ "# HSA_OVERRIDE_GFX_VERSION=10.3.0\n  #MIOPEN_LOG_LEVEL=4\n", 0 },
	{ "MY_MIOPEN_LOG_LEVEL=1\nMIOPEN_LOG_LEVELS=1\nHSA_OVERRIDE_GFX_VERSION_X=1\n", 0 },
	{ "MY_MIOPEN_LOG_LEVEL=$MIOPEN_LOG_LEVEL", 1 },
};

START_TEST(finds_mentions)
{
	RD_CLEANUP(rd_profile_mentions_deinit) struct rd_profile_mentions found = { 0 };
	const char *text = mentions[_i].text;

	ck_assert_int_eq(rd_profile_find_mentions("/f", text, strlen(text), &found), 0);
	ck_assert_uint_eq(found.n, mentions[_i].line ? 1 : 0);
	if (found.n)
		ck_assert_uint_eq(found.items[0].line, mentions[_i].line);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *tc = tcase_create("profile");
	SRunner *runner;
	size_t n;
	int failed;

	rd_profile_formats(&n);
	tcase_add_test(tc, gfx1030_is_the_recipes);
	tcase_add_test(tc, native_pretends_nothing);
	tcase_add_test(tc, no_such_profile);
	tcase_add_loop_test(tc, read_back, 0, 2 * (int)n);
	tcase_add_loop_test(tc, reads, 0, (int)RD_N_ELEMENTS(texts));
	tcase_add_test(tc, reads_noise);
	tcase_add_test(tc, seal);
	tcase_add_test(tc, remarks_are_plain);
	tcase_add_loop_test(tc, bashrc, 0, (int)RD_N_ELEMENTS(bashrcs));
	tcase_add_loop_test(tc, finds_mentions, 0, (int)RD_N_ELEMENTS(mentions));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
