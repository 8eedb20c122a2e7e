/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The way back to the stock function, on files that consist of little else. What must come out is
 * the text that the patch was put into. Real files: tests/real/test-restore.c.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/crat_restore.h"
#include "model/data.h"

#define HUNG_ON "flags |= HSA_MEM_FLAGS_NON_VOLATILE;\n"
#define BLOCK                                                 \
	"\n\t\t\t/* RDNA1 FIX */\n"                           \
	"\t\t\tif (dev->gpu->adev->pdev->device == 0x731F)\n" \
	"\t\t\t\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n"
#define CALLER                                                            \
	"\nstatic int kfd_parse_crat_all(void *mem, void *device_list)\n" \
	"{\n\treturn kfd_parse_subtype_mem(mem, device_list);\n}\n"
#define HELPER "static bool is_navi(int id)\n{\n\treturn id == 0x731f;\n}\n"
#define PARAMETER                                                                         \
	"/* Turn it off here. */\nstatic int fine = 1;\nmodule_param(fine, int, 0644);\n" \
	"MODULE_PARM_DESC(fine, \"fine-grained\");\n"

static const struct restored {
	const char *before; /* stands above the function, and stays */
	const char *above; /* stands there too, and goes */
	const char *at, *with; /* in the function: @with stands after @at */
	const char *instead; /* unless that is set: @at becomes this */
	size_t definitions;
} restored[] = {
	{ .at = HUNG_ON, .with = BLOCK },
	{ .at = HUNG_ON, .with = BLOCK "\n\n\n" },
	{ .at = "\treturn 0;\n", .with = "\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n" },
	{ .at = "static int kfd_parse_subtype_mem",
	  .instead = "static noinline int kfd_parse_subtype_mem" },
	{ .at = "uint32_t flags = 0;", .instead = "uint32_t flags = HSA_MEM_FLAGS_HOT_PLUGGABLE;" },
	{ .at = HUNG_ON, .instead = "flags |= 0x731f;\n" },
	{ .at = "\t\t\tif (mem->flags & CRAT_MEM_FLAGS_HOT_PLUGGABLE)\n", .instead = "" },
	{ .before = "struct kfd_dev;\n\n",
	  .above = HELPER,
	  .at = HUNG_ON,
	  .with = "\t\t\tif (is_navi(dev->id))\n\t\t\t\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n",
	  .definitions = 1 },
	/* What others use too is not the patch's alone. */
	{ .before = HELPER "int other(void)\n{\n\treturn is_navi(1);\n}\n",
	  .at = HUNG_ON,
	  .with = "\t\t\tif (is_navi(dev->id))\n\t\t\t\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n" },
	/* What another file may use stays, though nothing in this one does. */
	{ .before = "int kfd_first(void *p)\n{\n\treturn 0;\n}\n",
	  .at = HUNG_ON,
	  .with = "\t\t\tif (kfd_first(dev))\n\t\t\t\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n" },
	{ .before = "int a; /* stays */\n",
	  .above = PARAMETER,
	  .at = HUNG_ON,
	  .with = "\t\t\tif (fine)\n\t\t\t\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n",
	  .definitions = 3 },
	{ .above = "#define NAVI 0x731f\n#define IS_NAVI(id) ((id) == NAVI)\n",
	  .at = HUNG_ON,
	  .with = "\t\t\tif (IS_NAVI(dev->id))\n\t\t\t\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n",
	  .definitions = 2 },
};

static void put(struct rd_text *text, const char *s)
{
	ck_assert_int_eq(rd_text_puts(text, s ? s : ""), 0);
}

/* The file of a case, patched or as it was. */
static void make(struct rd_text *text, const struct restored *c, bool is_patched)
{
	const char *stock = strstr(rd_data_stock_parse_subtype_mem(), "static int");
	const char *at = strstr(stock, c->at);

	ck_assert_ptr_nonnull(at);
	put(text, c->before);
	put(text, is_patched ? c->above : NULL);
	ck_assert_int_eq(rd_text_append(text, stock, (size_t)(at - stock)), 0);
	put(text, is_patched && c->instead ? c->instead : c->at);
	put(text, is_patched ? c->with : NULL);
	put(text, at + strlen(c->at));
	put(text, CALLER);
}

static void make_crlf(struct rd_text *text)
{
	struct rd_text crlf = RD_TEXT_INIT;

	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == '\n')
			put(&crlf, "\r");
		ck_assert_int_eq(rd_text_append(&crlf, &text->data[i], 1), 0);
	}
	rd_text_deinit(text);
	*text = crlf;
}

/* Some editor gave the first line, or all but that, another end. */
static void make_mixed(struct rd_text *text, bool is_first)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text was = rd_text_take(text);
	size_t first = strcspn(was.data, "\n");

	for (size_t i = 0; i < was.len; i++) {
		if (was.data[i] == '\n' && (i == first) == is_first)
			put(text, "\r");
		ck_assert_int_eq(rd_text_append(text, &was.data[i], 1), 0);
	}
}

enum { LINE_FEEDS, CRLF, FIRST_IS_CRLF, FIRST_IS_NONE };

static void check_restored(const struct restored *c, int ends)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text patched = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text original = RD_TEXT_INIT;
	RD_CLEANUP(rd_crat_restoration_deinit)
	struct rd_crat_restoration result = RD_CRAT_RESTORATION_INIT;
	struct rd_error err = RD_ERROR_INIT;
	int r;

	make(&patched, c, true);
	make(&original, c, false);
	if (ends == CRLF) {
		make_crlf(&patched);
		make_crlf(&original);
	} else if (ends != LINE_FEEDS) {
		make_mixed(&patched, ends == FIRST_IS_CRLF);
		make_mixed(&original, ends == FIRST_IS_CRLF);
	}
	r = rd_crat_restore(patched.data, patched.len, &result, &err);
	ck_assert_msg(!r, "%d: %s", r, err.msg);
	ck_assert_str_eq(result.text.data, original.data);
	ck_assert_uint_eq(result.n_definitions, c->definitions);
}

START_TEST(comes_back)
{
	check_restored(&restored[_i], LINE_FEEDS);
}
END_TEST

START_TEST(comes_back_with_crlf)
{
	check_restored(&restored[_i], CRLF);
}
END_TEST

/* The first line is above the function in these, and no part of what goes. */
START_TEST(comes_back_with_the_ends_there)
{
	static const struct restored mixed = { .before = "struct kfd_dev;\n\n",
					       .at = HUNG_ON,
					       .with = BLOCK };
	static const struct restored less = {
		.before = "struct kfd_dev;\n\n",
		.at = "\t\t\tif (mem->flags & CRAT_MEM_FLAGS_HOT_PLUGGABLE)\n"
		      "\t\t\t\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n",
		.instead = "",
	};

	check_restored(&mixed, FIRST_IS_CRLF);
	check_restored(&mixed, FIRST_IS_NONE);
	check_restored(&less, FIRST_IS_CRLF);
	check_restored(&less, FIRST_IS_NONE);
}
END_TEST

static const struct {
	struct restored c;
	size_t cut; /* bytes off the end */
	int result;
	const char *reason;
} others[] = {
	{ .c = { .at = HUNG_ON }, .result = RD_CRAT_RESTORE_STOCK },
	{ .c = { .at = HUNG_ON, .with = "/* 0x731f */\n" }, .result = RD_CRAT_RESTORE_STOCK },
	{ .c = { .at = HUNG_ON, .with = BLOCK },
	  .cut = 20,
	  .result = RD_CRAT_RESTORE_REFUSED,
	  .reason = "no complete C file" },
	{ .c = { .at = HUNG_ON,
		 .with = BLOCK,
		 .above = "int kfd_parse_subtype_mem(int a)\n{\n\treturn a;\n}\n" },
	  .result = RD_CRAT_RESTORE_REFUSED,
	  .reason = "defined more than once" },
	{ .c = { .at = HUNG_ON,
		 .with = BLOCK,
		 .above = "int kfd_fill(struct x *x)\n{\n\tif (x->device == 0x731f)\n"
			  "\t\tx->flags |= CRAT_MEM_FLAGS_HOT_PLUGGABLE;\n\treturn 0;\n}\n" },
	  .result = RD_CRAT_RESTORE_REFUSED,
	  .reason = "the file is still patched" },
	/* A cut from one function into the next leaves one function, and a statement less or more.
	 */
	{ .c = { .at = "\treturn 0;\n}\n",
		 .instead = "\treturn 0;\n}\nint kfd_parse_crat_table(void *p)\n"
			    "{\n\treturn kfd_parse_subtype_cache(p);\n}\n" },
	  .result = RD_CRAT_RESTORE_STOCK },
	{ .c = { .at = "\treturn 0;\n}\n",
		 .instead = "\tkfd_merged();\n\treturn 0;\n}\nint kfd_parse_crat_table(void *p)\n"
			    "{\n\treturn kfd_parse_subtype_cache(p);\n}\n" },
	  .result = RD_CRAT_RESTORE_REFUSED,
	  .reason = "kfd_parse_subtype_cache() is called, but no longer there" },
	{ .c = { .at = HUNG_ON, .with = BLOCK, .above = "\treturn 0;\n" },
	  .result = RD_CRAT_RESTORE_REFUSED,
	  .reason = "a statement outside of any function" },
	/* Restored, the function would have one parameter less than its caller gives it. */
	{ .c = { .at = HUNG_ON,
		 .with = BLOCK,
		 .above = "int kfd_parse_crat_table(void *p)\n"
			  "{\n\treturn kfd_parse_subtype_mem(p, true, p);\n}\n" },
	  .result = RD_CRAT_RESTORE_REFUSED,
	  .reason = "with other arguments than in any kernel" },
	{ .c = { .at = HUNG_ON,
		 .with = "\t\t\tif (kfd_fill_gpu_mem(dev))\n"
			 "\t\t\t\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n",
		 .above = "static int kfd_fill_gpu_mem(void *p)\n{\n\treturn 0;\n}\n" },
	  .result = RD_CRAT_RESTORE_REFUSED,
	  .reason = "kfd_fill_gpu_mem() would go" },
};

START_TEST(does_not)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_crat_restoration_deinit)
	struct rd_crat_restoration result = RD_CRAT_RESTORATION_INIT;
	struct rd_error err = RD_ERROR_INIT;

	make(&text, &others[_i].c, true);
	ck_assert_int_eq(rd_crat_restore(text.data, text.len - others[_i].cut, &result, &err),
			 others[_i].result);
	if (others[_i].reason)
		ck_assert_msg(strstr(err.msg, others[_i].reason), "%s", err.msg);
	ck_assert_ptr_null(result.text.data);
	ck_assert_uint_eq(result.edits.n, 0);
}
END_TEST

START_TEST(no_source)
{
	static const char *const texts[] = { "", "int a;\n",
					     "\x7f"
					     "ELF" };
	RD_CLEANUP(rd_crat_restoration_deinit)
	struct rd_crat_restoration result = RD_CRAT_RESTORATION_INIT;

	for (size_t i = 0; i < RD_N_ELEMENTS(texts); i++)
		ck_assert_int_eq(rd_crat_restore(texts[i], strlen(texts[i]), &result, NULL),
				 RD_CRAT_RESTORE_REFUSED);
	ck_assert_int_eq(rd_crat_restore("a\0b", 3, &result, NULL), RD_CRAT_RESTORE_REFUSED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crat-restore");
	TCase *tc = tcase_create("crat-restore");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, comes_back, 0, (int)RD_N_ELEMENTS(restored));
	tcase_add_loop_test(tc, comes_back_with_crlf, 0, (int)RD_N_ELEMENTS(restored));
	tcase_add_test(tc, comes_back_with_the_ends_there);
	tcase_add_loop_test(tc, does_not, 0, (int)RD_N_ELEMENTS(others));
	tcase_add_test(tc, no_source);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
