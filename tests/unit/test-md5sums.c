/* SPDX-License-Identifier: GPL-2.0-or-later */

/* dpkg's lists of digests: lines found and not found; digests by RFC 1321 and FIPS 180. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/digest.h"
#include "inspect/md5sums.h"

#define ONE "0123456789abcdef0123456789abcdef"
#define TWO "fedcba9876543210fedcba9876543210"

static const struct {
	const char *list, *path, *digest;
} cases[] = {
	{ .list = ONE "  lib/modules/k/a.ko\n", .path = "/lib/modules/k/a.ko", .digest = ONE },
	{ .list = ONE "  lib/modules/k/a.ko", .path = "/lib/modules/k/a.ko", .digest = ONE },
	{ .list = ONE "  usr/lib/m/a.ko\n", .path = "/lib/m/a.ko", .digest = ONE },
	{ .list = ONE "  lib/m/a.ko\n", .path = "/usr/lib/m/a.ko", .digest = ONE },
	{ .list = ONE "  ./usr/lib/m/a.ko\n", .path = "/lib/m/a.ko", .digest = ONE },
	{ .list = ONE "  x\n" TWO "  a b\n", .path = "/a b", .digest = TWO },
	/* Not the same file, however alike. */
	{ .list = ONE "  lib/m/a.ko.xz\n", .path = "/lib/m/a.ko" },
	{ .list = ONE "  m/a.ko\n", .path = "/lib/m/a.ko" },
	{ .list = ONE "  lib/m/a.k\n", .path = "/lib/m/a.ko" },
	/* Not lists. */
	{ .list = "", .path = "/lib/m/a.ko" },
	{ .list = "\n\n  \n", .path = "/" },
	{ .list = ONE " lib/m/a.ko\n", .path = "/lib/m/a.ko" },
	{ .list = "0123456789ABCDEF0123456789ABCDEF  lib/m/a.ko\n", .path = "/lib/m/a.ko" },
	{ .list = "0123  lib/m/a.ko\n", .path = "/lib/m/a.ko" },
};

START_TEST(lists)
{
	char digest[RD_MD5SUMS_DIGEST] = "untouched";
	/* An exact copy, so that a sanitizer sees each byte read beyond the end. */
	size_t len = strlen(cases[_i].list);
	RD_CLEANUP(rd_freep) char *list = malloc(len ? len : 1);
	bool is_found;

	memcpy(list, cases[_i].list, len);
	is_found = rd_md5sums_find(list, len, cases[_i].path, digest);
	ck_assert_int_eq(is_found, cases[_i].digest != NULL);
	ck_assert_str_eq(digest, is_found ? cases[_i].digest : "untouched");
}
END_TEST

static const struct {
	enum rd_digest kind;
	const char *text, *hex;
} digest_cases[] = {
	{ RD_DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e" },
	{ RD_DIGEST_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
	{ RD_DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ RD_DIGEST_SHA256, "abc",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ RD_DIGEST_SHA384, "abc",
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	  "8086072ba1e7cc2358baeca134c825a7" },
	{ RD_DIGEST_SHA512, "abc",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

START_TEST(digests)
{
	char hex[RD_DIGEST_MAX];

	ck_assert_int_eq(rd_digest_hex(digest_cases[_i].kind, digest_cases[_i].text,
				       strlen(digest_cases[_i].text), hex),
			 0);
	ck_assert_str_eq(hex, digest_cases[_i].hex);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("md5sums");
	TCase *tc = tcase_create("md5sums");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, lists, 0, (int)RD_N_ELEMENTS(cases));
	tcase_add_loop_test(tc, digests, 0, (int)RD_N_ELEMENTS(digest_cases));
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
