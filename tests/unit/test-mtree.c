/* SPDX-License-Identifier: GPL-2.0-or-later */

/* pacman's lists of digests: lines as libarchive writes them, and lines that are nearly such. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/mtree.h"

#define SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define MD5    "900150983cd24fb0d6963f7d28e17f72"

static const struct {
	const char *list, *path, *digest;
	enum rd_digest kind;
} cases[] = {
	{ "./usr/lib/a.ko time=1.0 mode=644 sha256digest=" SHA256 " md5digest=" MD5 "\n",
	  "/usr/lib/a.ko", SHA256, RD_DIGEST_SHA256 },
	{ "#mtree\n/set type=file\n./usr/lib/b\n./usr/lib/a.ko md5digest=" MD5, "/lib/a.ko", MD5,
	  RD_DIGEST_MD5 },
	{ "./a\\040b\\303\\244 md5digest=" MD5 "\n", "/a b\xc3\xa4", MD5, RD_DIGEST_MD5 },
	{ "./a\tmd5digest=" MD5 "  \r\n", "/a", MD5, RD_DIGEST_MD5 },
	/* Not this file, no digest, none that is one. */
	{ "./usr/lib/a.ko.xz md5digest=" MD5 "\n", "/usr/lib/a.ko", NULL, 0 },
	{ "/usr/lib/a.ko md5digest=" MD5 "\n", "/usr/lib/a.ko", NULL, 0 },
	{ "#./a md5digest=" MD5 "\n", "/a", NULL, 0 },
	{ "./a type=link link=b\n", "/a", NULL, 0 },
	{ "./a md5digest=" SHA256 "\n", "/a", NULL, 0 },
	{ "./a sha256digest=" MD5 "\n", "/a", NULL, 0 },
	{ "./a md5digest=900150983CD24FB0D6963F7D28E17F72\n", "/a", NULL, 0 },
	{ "./a\\04 md5digest=" MD5 "\n", "/a ", NULL, 0 },
	{ "", "/a", NULL, 0 },
	{ "\n\n \n", "/", NULL, 0 },
};

START_TEST(lists)
{
	struct rd_mtree_entry entry = { .digest = "untouched" };
	size_t len = strlen(cases[_i].list);
	RD_CLEANUP(rd_freep) char *list = malloc(len ? len : 1);
	bool is_found;

	memcpy(list, cases[_i].list, len);
	is_found = rd_mtree_find(list, len, cases[_i].path, &entry);
	ck_assert_int_eq(is_found, cases[_i].digest != NULL);
	ck_assert_str_eq(entry.digest, is_found ? cases[_i].digest : "untouched");
	if (is_found)
		ck_assert_int_eq(entry.kind, cases[_i].kind);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mtree");
	TCase *tc = tcase_create("mtree");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, lists, 0, (int)RD_N_ELEMENTS(cases));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
