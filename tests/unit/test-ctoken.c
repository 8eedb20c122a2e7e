/* SPDX-License-Identifier: GPL-2.0-or-later */

/* C as tokens, and the code that is left of it: inspect/ctoken.h, inspect/ccode.h. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/ccode.h"
#include "inspect/ctoken.h"

static const char kinds[] = {
	[RD_CTOKEN_IDENTIFIER] = 'i', [RD_CTOKEN_NUMBER] = 'n',	       [RD_CTOKEN_STRING] = 's',
	[RD_CTOKEN_CHAR] = 'c',	      [RD_CTOKEN_PUNCTUATOR] = 'p',    [RD_CTOKEN_COMMENT] = '*',
	[RD_CTOKEN_DIRECTIVE] = '#',  [RD_CTOKEN_DIRECTIVE_END] = '$', [RD_CTOKEN_STRAY] = '?',
};

/* "i:foo p:+ n:1": kinds and spellings. */
static char *spell(const struct rd_ctokens *tokens)
{
	struct rd_text text = RD_TEXT_INIT;

	for (size_t i = 0; i < tokens->n; i++) {
		const struct rd_ctoken *token = &tokens->items[i];

		ck_assert_int_eq(rd_text_printf(&text, "%s%c:%.*s", i ? " " : "",
						kinds[token->kind], (int)token->len, token->text),
				 0);
	}
	return rd_text_take_string(&text);
}

static const struct {
	const char *text, *tokens;
} spellings[] = {
	{ "", "" },
	{ "a+b", "i:a p:+ i:b" },
	{ "a+++++b", "i:a p:++ p:++ p:+ i:b" },
	{ "x<<=1...", "i:x p:<<= n:1..." },
	{ "x <<= 1 ... 2", "i:x p:<<= n:1 p:... n:2" },
	{ "p->q.r", "i:p p:-> i:q p:. i:r" },
	{ ".5e-3f 0x1p+2 1e+1", "n:.5e-3f n:0x1p+2 n:1e+1" },
	{ "0x731E+1", "n:0x731E+1" },
	{ "0x731F+1", "n:0x731F p:+ n:1" },
	{ "<% %> <: :> %:%:", "p:{ p:} p:[ p:] p:##" },
	{ "%:define A", "#:# i:define i:A $:" },
	{ "/* a */ b // c\nd", "*:/* a */ i:b *:// c i:d" },
	{ "// a\\\nb\nc", "*:// ab i:c" },
	{ "a /* // */ b", "i:a *:/* // */ i:b" },
	{ "\"/*\" '\"' \"\\\"\"", "s:\"/*\" c:'\"' s:\"\\\"\"" },
	{ "L\"x\"", "i:L s:\"x\"" },
	{ "fl\\\nags", "i:flags" },
	{ "fl\\ \t\r\nags", "i:flags" },
	{ "0x73\\\r\n1f", "n:0x731f" },
	{ "|\\\n=", "p:|=" },
	{ "/\\\n* x *\\\n/ y", "*:/* x */ i:y" },
	{ "\"a\\\nb\"", "s:\"ab\"" },
	{ "#if 0 // x\nfoo", "#:# i:if n:0 *:// x $: i:foo" },
	{ "a # b", "i:a p:# i:b" },
	{ "/* c */ # define A \\\n 1\nb", "*:/* c */ #:# i:define i:A n:1 $: i:b" },
	{ "#define S(x) #x /* a\nb */ c\nd",
	  "#:# i:define i:S p:( i:x p:) p:# i:x *:/* a\nb */ i:c $: i:d" },
	{ "#", "#:# $:" },
	{ "\r\na\r\n", "i:a" },
	{ "@", "?:@" },
	{ "a\\b", "i:a ?:\\ i:b" },
	{ "\"abc\nd", "?:\"abc i:d" },
	{ "'", "?:'" },
	{ "\"a\\", "?:\"a\\" },
	{ "a /* b", "i:a ?:/* b" },
	{ "/*/", "?:/*/" },
	{ "/", "p:/" },
	{ "\xc3\xa4$_1", "i:\xc3\xa4$_1" },
};

START_TEST(text_becomes_tokens)
{
	RD_CLEANUP(rd_ctokens_deinit) struct rd_ctokens tokens = RD_CTOKENS_INIT;
	RD_CLEANUP(rd_freep) char *got = NULL;
	/* Without the terminator: a read past the end is the sanitizer's. */
	size_t len = strlen(spellings[_i].text);
	RD_CLEANUP(rd_freep) char *text = malloc(len ? len : 1);

	memcpy(text, spellings[_i].text, len);
	ck_assert_int_eq(rd_ctokens_init(&tokens, text, len, NULL), 0);
	got = spell(&tokens);
	ck_assert_str_eq(got, spellings[_i].tokens);
}
END_TEST

static const struct {
	const char *text;
	bool has_value;
	uint64_t value;
} numbers[] = {
	{ "29471", true, 0x731f },
	{ "0x731F", true, 0x731f },
	{ "0X731fu", true, 0x731f },
	{ "071437", true, 0x731f },
	{ "0b111001100011111", true, 0x731f },
	{ "29471ULL", true, 0x731f },
	{ "0", true, 0 },
	{ "0u", true, 0 },
	{ "0xffffffffffffffff", true, UINT64_MAX },
	{ "0x10000000000000000", false, 0 },
	{ "18446744073709551616", false, 0 },
	{ "089", false, 0 },
	{ "0x", false, 0 },
	{ "0xu", false, 0 },
	{ "0b", false, 0 },
	{ "0b2", false, 0 },
	{ "1.0", false, 0 },
	{ "1e3", false, 0 },
	{ "12abc", false, 0 },
};

START_TEST(numbers_have_values)
{
	RD_CLEANUP(rd_ctokens_deinit) struct rd_ctokens tokens = RD_CTOKENS_INIT;

	ck_assert_int_eq(rd_ctokens_init(&tokens, numbers[_i].text, strlen(numbers[_i].text), NULL),
			 0);
	ck_assert_uint_eq(tokens.n, 1);
	ck_assert_int_eq(tokens.items[0].has_value, numbers[_i].has_value);
	ck_assert_uint_eq(tokens.items[0].value, numbers[_i].value);
}
END_TEST

START_TEST(places_are_those_of_the_source)
{
	static const char text[] = "/* 1\n2 */ a\\\nb \\\n\\\nc\r\n\"d\\\ne\"\n#f\n";
	static const struct {
		const char *start;
		size_t len;
		unsigned int first, last;
	} want[] = {
		{ "/* 1", 9, 1, 2 }, { "a\\\nb", 4, 2, 3 }, { "c\r", 1, 5, 5 },
		{ "\"d", 6, 6, 7 },  { "#f", 1, 8, 8 },	    { "f\n", 1, 8, 8 },
	};
	RD_CLEANUP(rd_ctokens_deinit) struct rd_ctokens tokens = RD_CTOKENS_INIT;

	ck_assert_int_eq(rd_ctokens_init(&tokens, text, strlen(text), NULL), 0);
	ck_assert_uint_eq(tokens.n, RD_N_ELEMENTS(want) + 1);
	for (size_t i = 0; i < RD_N_ELEMENTS(want); i++) {
		const struct rd_ctoken *token = &tokens.items[i];
		size_t offset = (size_t)(strstr(text, want[i].start) - text);

		ck_assert_uint_eq(token->offset, offset);
		ck_assert_uint_eq(token->end, offset + want[i].len);
		ck_assert_uint_eq(token->first, want[i].first);
		ck_assert_uint_eq(token->last, want[i].last);
	}
}
END_TEST

START_TEST(large_sources_are_refused)
{
	RD_CLEANUP(rd_ctokens_deinit) struct rd_ctokens tokens = RD_CTOKENS_INIT;
	RD_CLEANUP(rd_freep) char *text = malloc(RD_CTOKENS_MAX + 1);

	memset(text, ';', RD_CTOKENS_MAX + 1);
	ck_assert_int_eq(rd_ctokens_init(&tokens, text, RD_CTOKENS_MAX + 1, NULL),
			 RD_CTOKENS_TOO_LARGE);
	ck_assert_int_eq(rd_ctokens_init(&tokens, text, RD_CTOKENS_MAX, NULL), 0);
	ck_assert_uint_eq(tokens.n, RD_CTOKENS_MAX);
}
END_TEST

/* Tokens that are left, by spelling; and the reason if the file is not whole. */
static const struct {
	const char *text, *live, *flaw;
} branches[] = {
	{ "a\n#if 0\nb\n#endif\nc\n", "a c", NULL },
	{ "#if 1\nb\n#else\nc\n#endif\n", "b", NULL },
	{ "#if 0\nb\n#else\nc\n#endif\n", "c", NULL },
	{ "#if !1\nb\n#endif\n", "", NULL },
	{ "#if (0)\nb\n#elif 1\nc\n#else\nd\n#endif\n", "c", NULL },
	{ "# /* x */ if 0\nb\n#endif\n", "", NULL },
	{ "#if 0x0u /* off */\nb\n#endif\n", "", NULL },
	{ "#if 0\n#if 1\nb\n#else\nc\n#endif\nd\n#endif\n", "", NULL },
	{ "#if 0\n#ifdef X\nb\n#endif\n#endif\n", "", NULL },
	{ "#if 0\ndon't \"\n#endif\n", "", NULL },
	{ "#ifdef X\nb\n#else\nc\n#endif\n", "# ifdef X b # else c # endif", NULL },
	{ "#ifdef X\nb\n#elif 0\nc\n#endif\n", "# ifdef X b # elif 0 # endif", NULL },
	{ "#if X\nb\n#elif 1\nc\n#elif Y\nd\n#endif\n", "# if X b # elif 1 c # elif Y # endif",
	  NULL },
	{ "#if A && 0\nb\n#endif\n", "# if A && 0 b # endif", NULL },
	{ "a\n#ifdef X\n{\n#else\n{\n#endif\n}\n", "a # ifdef X { # else { # endif }", NULL },
	{ "a\n#if 1\n{\n#else\n}\n#endif\n}\n", "a { }", NULL },
	{ "#endif\n", "", "a conditional directive has no #if" },
	{ "#if 0\n", "", "an #if has no #endif" },
	{ "a{", "a {", "brackets do not balance" },
	{ "}", "}", "brackets do not balance" },
	{ "a(}", "a ( }", "brackets do not balance" },
	{ "a;{", "a ; {", "a statement outside of any function" },
	{ "#ifdef X\n0;\n#endif\n", "# ifdef X 0 ; # endif",
	  "a statement outside of any function" },
	{ "a(){if(1)b();}", "a ( ) { if ( 1 ) b ( ) ; }", NULL },
	{ "a(){}for(;;){}", "a ( ) { } for ( ; ; ) { }", "a statement outside of any function" },
	{ "/* x", "/* x", "a comment does not end" },
	{ "\"x\n", "\"x", "a string or character constant does not end on its line" },
	{ "@", "@", "a byte that is not C" },
};

START_TEST(dead_branches_are_left_out)
{
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode code = RD_CCODE_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text got = RD_TEXT_INIT;
	size_t len = strlen(branches[_i].text);

	ck_assert_int_eq(rd_ccode_init(&code, branches[_i].text, len, NULL), 0);
	rd_text_puts(&got, "");
	for (size_t i = 0; i < code.live.n; i++) {
		const struct rd_ctoken *token = &code.live.items[i];

		if (token->len)
			rd_text_printf(&got, "%s%.*s", got.len ? " " : "", (int)token->len,
				       token->text);
	}
	ck_assert_str_eq(got.data, branches[_i].live);
	ck_assert_pstr_eq(code.flaw, branches[_i].flaw);
}
END_TEST

/* Each item's kind (F for a function), then the names that it declares. */
static const struct {
	const char *text, *items;
} files[] = {
	{ "int a;", "C:a" },
	{ "int a, b[2] = { c };", "C:a,b" },
	{ "static int f(int x)\n{\n\treturn g(x);\n}\nint b;", "F:f C:b" },
	{ "int f(void) __attribute__((cold));", "C:f" },
	{ "struct s { int x; } y;", "C:y" },
	{ "enum { A, B = 2, C };", "C:A,B,C" },
	{ "#define M(x) x + y\n", "D:M" },
	{ "#undef M\n#include <a.h>\n#pragma once\n", "U: I: P:" },
	{ "int f(void) {\n#define M 1\n}\n", "D:M F:f" },
	{ "static const u16 ids[] = { 0x731f, x };\nint z;", "C:ids C:z" },
	{ "#ifdef A\nint f(int a)\n#else\nint f(void)\n#endif\n{ }\nint b;", "P: P: P: F:f,f C:b" },
	{ "int f(void) { if (x) {", "R:" },
	{ "int a", "R:" },
};

START_TEST(files_consist_of_items)
{
	static const char names[] = {
		[RD_CITEM_CODE] = 'C',	  [RD_CITEM_DEFINE] = 'D',    [RD_CITEM_UNDEF] = 'U',
		[RD_CITEM_INCLUDE] = 'I', [RD_CITEM_DIRECTIVE] = 'P', [RD_CITEM_REST] = 'R'
	};
	RD_CLEANUP(rd_ccode_deinit) struct rd_ccode code = RD_CCODE_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text got = RD_TEXT_INIT;

	ck_assert_int_eq(rd_ccode_init(&code, files[_i].text, strlen(files[_i].text), NULL), 0);
	for (size_t i = 0; i < code.n; i++) {
		const struct rd_citem *item = &code.items[i];
		const struct rd_ctoken *tokens = rd_ccode_tokens(&code, item);
		const char *comma = "";

		rd_text_printf(&got, "%s%c:", i ? " " : "",
			       item->is_function ? 'F' : names[item->kind]);
		for (size_t k = 0; k < item->n; k++) {
			if (!rd_ccode_declares(&code, item, k))
				continue;
			rd_text_printf(&got, "%s%.*s", comma, (int)tokens[k].len, tokens[k].text);
			comma = ",";
		}
	}
	ck_assert_str_eq(got.data, files[_i].items);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ctoken");
	TCase *tc = tcase_create("ctoken");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, text_becomes_tokens, 0, (int)RD_N_ELEMENTS(spellings));
	tcase_add_loop_test(tc, numbers_have_values, 0, (int)RD_N_ELEMENTS(numbers));
	tcase_add_test(tc, places_are_those_of_the_source);
	tcase_add_test(tc, large_sources_are_refused);
	tcase_add_loop_test(tc, dead_branches_are_left_out, 0, (int)RD_N_ELEMENTS(branches));
	tcase_add_loop_test(tc, files_consist_of_items, 0, (int)RD_N_ELEMENTS(files));
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
