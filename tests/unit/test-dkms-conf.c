/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * dkms.conf as text. The values are what `bash -c '. FILE; echo'` gives; "open" stands where bash
 * would have to run something.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/dkms_conf.h"
#include "inspect/dkms_version.h"

#define OPEN "(open)"
#define NONE "(none)"

static struct rd_dkms_conf conf = RD_DKMS_CONF_INIT;

static void teardown(void)
{
	rd_dkms_conf_deinit(&conf);
}

/* From a buffer of exactly that size, so that a byte read too many is noticed. */
static void read_text(const char *text, size_t len)
{
	char *exact = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, text, len);
	ck_assert_int_eq(rd_dkms_conf_read(&conf, exact, len), 0);
	free(exact);
}

static void read_string(const char *text)
{
	read_text(text, strlen(text));
}

static const char *value(const char *name, size_t index)
{
	const struct rd_dkms_variable *variable = rd_dkms_conf_find(&conf, name, index);

	return !variable ? NONE : variable->value ? variable->value : OPEN;
}

static const struct {
	const char *text, *name;
	size_t index;
	const char *value;
	bool is_conditional;
} cases[] = {
	{ "A=b", "A", 0, "b", false },
	{ "A=\"b c\" # d\n", "A", 0, "b c", false },
	{ "A='b \"c\" $d'\n", "A", 0, "b \"c\" $d", false },
	{ "A=b\"c\"'d'\\ e\n", "A", 0, "bcd e", false },
	{ "A=\"b\\\"c\\d\\$\"\n", "A", 0, "b\"c\\d$", false },
	{ "A=b\\\nc\n", "A", 0, "bc", false },
	{ "A=\"b\\\nc\"\n", "A", 0, "bc", false },
	{ "A=\n", "A", 0, "", false },
	{ "  A=b\r\n", "A", 0, "b", false },
	{ "A=1;A=2\n", "A", 0, "2", false },
	{ "A[0]=b\nA[1]=c\n", "A", 1, "c", false },
	{ "A[ 2 ]='c' # d\r\n", "A", 2, "c", false },
	{ "A=(b \"c d\" # e\n 'f')\n", "A", 2, "f", false },
	{ "A=(b); A+=(c d)\n", "A", 2, "d", false },
	{ "A=b; A+=c\n", "A", 0, "bc", false },
	{ "A=b B=c\n", "B", 0, "c", false },
	{ "A=6.1; B=\"v$A-${A}x\"\n", "B", 0, "v6.1-6.1x", false },
	{ "B=\"$A\"\n", "B", 0, OPEN, false },
	{ "A=6.1-2; B=${A%%-*}\n", "B", 0, OPEN, false },
	{ "B=$(uname -r)\n", "B", 0, OPEN, false },
	{ "B=\"x `id -u` y\"; C=d\n", "C", 0, "d", false },
	{ "B=\"$(echo \")\" '(' \\) $(id))\"; C=d\n", "C", 0, "d", false },
	{ "B=$((1 + 2)); C=d\n", "C", 0, "d", false },
	{ "export A=b\n", "A", 0, "b", false },
	{ "declare -a A\nA[0]=b\n", "A", 0, "b", false },
	{ "A=b make\n", "A", 0, NONE, false },
	{ "echo A=b\n", "A", 0, NONE, false },
	{ "\"A\"=b\n", "A", 0, NONE, false },
	{ "# A=b\n", "A", 0, NONE, false },
	{ "#A=b \\\nA=c\n", "A", 0, "c", false },
	{ "1A=b\nA-B=c\nA =d\n", "A", 0, NONE, false },
	{ "[ -e /x ] && A=b\n", "A", 0, "b", true },
	{ "A=b\n[ -e /x ] && A=c\n", "A", 0, "b", true },
	{ "[ -e /x ] ||\n A=b\n", "A", 0, "b", true },
	{ "[ -e /x ] && B=c; A=b\n", "A", 0, "b", false },
	{ "if true; then\nA=b\nfi\n", "A", 0, "b", true },
	{ "if true; then B=c; fi\nA=b\n", "A", 0, "b", false },
	{ "for i in 1 2; do A=$i; done\nB=c\n", "B", 0, "c", false },
	{ "case $x in\n6.*)\nA=b\n;;\n(7.*) A=c ;;\nesac\n", "A", 0, "b", true },
	{ "case $x in\n6.*) B=1 ;;\nesac\nA=b\n", "A", 0, "b", false },
	{ "f()\n{\n A=b\n}\n", "A", 0, "b", true },
	{ "f()\n{\n if [ -x /n ]; then\n  n\n else\n  echo \"1\"\n fi\n}\nA=b\n", "A", 0, "b",
	  false },
	{ "(A=b)\nB=c\n", "A", 0, "b", true },
	{ "(A=b)\nB=c\n", "B", 0, "c", false },
	{ ". /etc/x\nA=b\n", "A", 0, "b", true },
	{ "cat <<END\nA=b\nEND\nA=c\n", "A", 0, NONE, false },
	{ "A='b\n", "A", 0, OPEN, false },
	{ "B='b\nA=c\n", "A", 0, NONE, false },
	{ "A[99999]=b\n", "A", 99999, NONE, false },
	{ "A[$i]=b\n", "A", 0, NONE, false },
};

START_TEST(spellings)
{
	const struct rd_dkms_variable *variable;

	read_string(cases[_i].text);
	ck_assert_str_eq(value(cases[_i].name, cases[_i].index), cases[_i].value);
	variable = rd_dkms_conf_find(&conf, cases[_i].name, cases[_i].index);
	if (variable)
		ck_assert_int_eq(variable->is_conditional, cases[_i].is_conditional);
}
END_TEST

/* The same cases, asked of bash itself; those that it and we answer in the same words. */
START_TEST(spellings_in_bash)
{
	RD_CLEANUP(rd_freep) char *command = NULL;
	char line[100] = "";
	FILE *bash;

	if (!strcmp(cases[_i].value, OPEN) || !strcmp(cases[_i].value, NONE) ||
	    cases[_i].is_conditional || strchr(cases[_i].text, '\r'))
		return;
	setenv("RD_CONF", cases[_i].text, 1);
	ck_assert_int_gt(asprintf(&command,
				  "bash -c '. <(printf %%s \"$RD_CONF\") 2>/dev/null >&2;"
				  " printf %%s \"${%s[%zu]}\"'",
				  cases[_i].name, cases[_i].index),
			 0);
	bash = popen(command, "r");
	ck_assert_ptr_nonnull(bash);
	line[fread(line, 1, sizeof(line) - 1, bash)] = '\0';
	if (!pclose(bash))
		ck_assert_str_eq(line, cases[_i].value);
}
END_TEST

/* As AMD's package has it, shortened; the make command needs the shell, which is no problem. */
START_TEST(file_of_a_driver)
{
	ck_assert_int_eq(rd_dkms_conf_define(&conf, "kernelver", "6.1.0-28-amd64"), 0);
	read_string("PACKAGE_NAME=\"amdgpu\"\nPACKAGE_VERSION=\"6.16.6-2238411.24.04\"\n"
		    "AUTOINSTALL=\"yes\"\nNO_WEAK_MODULES=\"yes\"\n"
		    "PRE_BUILD=\"amd/dkms/pre-build.sh $kernelver\"\n\n"
		    "#MODULES_CONF[0]=\"blacklist radeon\"\n"
		    "BUILT_MODULE_NAME[0]=\"amdgpu\"\nBUILT_MODULE_LOCATION[0]=\"amd/amdgpu\"\n"
		    "DEST_MODULE_LOCATION[0]=\"/kernel/drivers/gpu/drm/amd/amdgpu\"\n"
		    "BUILT_MODULE_NAME[1]=\"amdttm\"\nBUILT_MODULE_LOCATION[1]=\"ttm\"\n"
		    "num_cpu_cores()\n{\n\tif [ -x /usr/bin/nproc ]; then\n\t\tnproc\n\telse\n"
		    "\t\techo \"1\"\n\tfi\n}\n"
		    "MAKE[0]=\"make -j$(num_cpu_cores) TTM_NAME=${BUILT_MODULE_NAME[1]} M=build\"\n"
		    "BUILT_MODULE_NAME[2]=\"amdkcl\"\n");
	ck_assert_str_eq(value("PACKAGE_VERSION", 0), "6.16.6-2238411.24.04");
	ck_assert_str_eq(value("PRE_BUILD", 0), "amd/dkms/pre-build.sh 6.1.0-28-amd64");
	ck_assert_uint_eq(rd_dkms_conf_count(&conf, "BUILT_MODULE_NAME"), 3);
	ck_assert_str_eq(value("BUILT_MODULE_NAME", 2), "amdkcl");
	ck_assert_str_eq(value("MAKE", 0), OPEN);
	ck_assert_ptr_null(conf.problem);
}
END_TEST

START_TEST(second_file_overrides)
{
	read_string("AUTOINSTALL=yes\nPATCH[0]=a.patch\n");
	read_string("AUTOINSTALL=\nPATCH[1]=b.patch");
	ck_assert_str_eq(value("AUTOINSTALL", 0), "");
	ck_assert_str_eq(value("PATCH", 0), "a.patch");
	ck_assert_uint_eq(rd_dkms_conf_count(&conf, "PATCH"), 2);
}
END_TEST

START_TEST(problem_names_the_line)
{
	read_string("A=b\n\nPATCH[0]=$(ls)\nPATCH[1]=$(ls)\n");
	ck_assert_str_eq(conf.problem, "line 3: PATCH needs the output of a command");
}
END_TEST

/* What is huge, endless or no text at all is read in a moment, or not at all. */
START_TEST(hostile)
{
	static const char *const units[] = { "A=$A$A$A;", "\"$(",  "A=1 ",	   "$((",
					     "`",	  "then ", "A+=(b) ",	   "(",
					     "\\",	  "A=b&&", "case x in y)", "${A%" };
	size_t len = strlen(units[_i]), n = RD_DKMS_CONF_MAX / len;
	char *text = malloc(n * len);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * len, units[_i], len);
	read_text("A=0123456789;", 13);
	read_text(text, n * len);
	ck_assert_uint_le(conf.n, 512);
	free(text);
}
END_TEST

/* VER() of dkms, whose padded numbers these texts give in bash: 6.10 is 006.010. */
START_TEST(versions)
{
	static const struct {
		const char *a, *b;
		int order;
	} pairs[] = {
		{ "1.0", "1.0", 0 },
		{ "1.9", "1.10", -1 },
		{ "6.16.6", "6.16.13", -1 },
		{ "2.0", "1.99", 1 },
		{ "1.0", "1.0.1", -1 },
		{ "1", "001", 0 },
		{ "1.0-2", "1.0-10", -1 },
		{ "1000", "999", -1 },
		{ "1.0a", "1.0b", -1 },
		{ "6.1.0-9-amd64", "6.1.0-28-amd64", -1 },
		{ "", "0", -1 },
		{ "6.16.6-2238411.24.04", "6.14.14-2204008.24.04", 1 },
	};
	int order = rd_dkms_version_compare(pairs[_i].a, pairs[_i].b);

	ck_assert_int_eq((order > 0) - (order < 0), pairs[_i].order);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dkms-conf");
	TCase *tcase = tcase_create("dkms-conf");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, NULL, teardown);
	tcase_add_loop_test(tcase, spellings, 0, RD_N_ELEMENTS(cases));
	tcase_add_loop_test(tcase, spellings_in_bash, 0, RD_N_ELEMENTS(cases));
	tcase_add_test(tcase, file_of_a_driver);
	tcase_add_test(tcase, second_file_overrides);
	tcase_add_test(tcase, problem_names_the_line);
	tcase_add_loop_test(tcase, hostile, 0, 12);
	tcase_add_loop_test(tcase, versions, 0, 12);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
