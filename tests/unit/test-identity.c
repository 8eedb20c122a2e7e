/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What crat-module.S says of itself, and the trailer of a signed module: made here with a key of
 * its own, as scripts/sign-file.c of the kernel does, and then damaged.
 */

#include <arpa/inet.h>
#include <check.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "fixture.h"
#include "inspect/identity.h"

#define MAGIC  "~Module signature appended~\n"
#define SIGNER "A test's \xc3\xbc key" /* UTF-8 in the name */

static struct rd_error err;
static struct rd_identity id;
static struct rd_text module;

static void setup(void)
{
	module = fixture("crat-module.o");
}

static void teardown(void)
{
	rd_identity_deinit(&id);
	rd_text_deinit(&module);
}

/* A PKCS#7 signature of the module, its certificate's serial being 00c0ffee01; its length. */
static int make_pkcs7(unsigned char **derp, unsigned int flags, const char *field)
{
	static const unsigned char serial[] = { 0x02, 0x05, 0x00, 0xc0, 0xff, 0xee, 0x01 };
	const unsigned char *p = serial;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	BIO *bio = BIO_new_mem_buf(module.data, (int)module.len);
	X509_NAME *name = X509_get_subject_name(cert);
	ASN1_INTEGER *number = d2i_ASN1_INTEGER(NULL, &p, sizeof(serial));
	CMS_ContentInfo *cms;
	int n;

	X509_set_version(cert, X509_VERSION_3);
	X509_set_serialNumber(cert, number);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Nobody", -1,
				   -1, 0);
	X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)SIGNER, -1,
				   -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	cms = CMS_sign(cert, key, NULL, bio,
		       CMS_NOCERTS | CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP | CMS_NOATTR |
			       flags);
	ck_assert_ptr_nonnull(cms);
	n = i2d_CMS_ContentInfo(cms, derp);
	ck_assert_int_gt(n, 0);
	CMS_ContentInfo_free(cms);
	ASN1_INTEGER_free(number);
	X509_free(cert);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return n;
}

static void append_trailer(const void *pkcs7, size_t len, uint32_t claimed, uint8_t id_type)
{
	unsigned char trailer[12] = { [2] = id_type };
	uint32_t big_endian = htonl(claimed);

	memcpy(trailer + 8, &big_endian, sizeof(big_endian));
	rd_text_append(&module, pkcs7, len);
	rd_text_append(&module, trailer, sizeof(trailer));
	rd_text_puts(&module, MAGIC);
}

static int read_signature(void)
{
	return rd_identity_read_signature(module.data, module.len, &id, &err);
}

START_TEST(fields)
{
	struct rd_elf elf;

	ck_assert_int_eq(rd_elf_index(&elf, module.data, module.len, &err), 0);
	ck_assert_int_eq(rd_identity_read(&elf, &id, &err), 0);
	rd_elf_deinit(&elf);
	ck_assert_str_eq(id.name, "amdgpu");
	ck_assert_str_eq(id.version, "1.2.3");
	ck_assert_str_eq(id.srcversion, "0123456789ABCDEF0123456");
	ck_assert_str_eq(id.vermagic, "6.1.0-test SMP preempt mod_unload ");
	ck_assert_str_eq(id.build_id, "00010203040506070809f0f1f2f3f4f5f6f7f8f9");
	ck_assert_str_eq(id.compiler, "GCC: (Test) 12.2.0; another compiler 1.0");
	ck_assert_uint_eq(id.machine, 62);
	ck_assert_int_eq(read_signature(), RD_SIGNATURE_ABSENT);
	ck_assert_ptr_null(id.signer);
}
END_TEST

START_TEST(sha256)
{
	/* FIPS 180-2, B.1 */
	ck_assert_int_eq(rd_identity_read_sha256("abc", 3, &id, &err), 0);
	ck_assert_str_eq(id.sha256,
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(signature)
{
	unsigned char *der = NULL;
	int n = make_pkcs7(&der, 0, "CN");

	append_trailer(der, (size_t)n, (uint32_t)n, 2);
	OPENSSL_free(der);
	ck_assert_int_eq(read_signature(), 0);
	ck_assert_str_eq(id.signer, SIGNER);
	ck_assert_str_eq(id.sig_key, "c0ffee01");
}
END_TEST

/* modinfo names the last part of a name that has no CN. */
START_TEST(signature_without_common_name)
{
	unsigned char *der = NULL;
	int n = make_pkcs7(&der, 0, "OU");

	append_trailer(der, (size_t)n, (uint32_t)n, 2);
	OPENSSL_free(der);
	ck_assert_int_eq(read_signature(), 0);
	ck_assert_str_eq(id.signer, SIGNER);
}
END_TEST

START_TEST(cut_signature)
{
	unsigned char *der = NULL;
	int n = make_pkcs7(&der, 0, "CN");
	size_t len = module.len;

	for (int cut = 0; cut < n; cut++) {
		int r;

		module.len = len;
		append_trailer(der, (size_t)cut, (uint32_t)cut, 2);
		r = read_signature();
		ck_assert_int_eq(r, RD_SIGNATURE_BAD);
		ck_assert_ptr_null(id.signer);
	}
	OPENSSL_free(der);
}
END_TEST

START_TEST(damaged_signature)
{
	unsigned char *der = NULL;
	int n = make_pkcs7(&der, 0, "CN");
	size_t len = module.len;

	for (int at = 0; at < n; at++) {
		module.len = len;
		der[at] ^= 0xff;
		append_trailer(der, (size_t)n, (uint32_t)n, 2);
		der[at] ^= 0xff;
		ck_assert_int_ge(read_signature(), 0);
		rd_identity_deinit(&id);
	}
	OPENSSL_free(der);
}
END_TEST

START_TEST(lying_trailer)
{
	static const uint32_t lengths[] = { 0, 1, 100000, 0x7fffffff, 0xffffffff };
	size_t len = module.len;

	for (size_t i = 0; i < RD_N_ELEMENTS(lengths); i++) {
		module.len = len;
		append_trailer("abcdefgh", 8, lengths[i], 2);
		ck_assert_int_eq(read_signature(), RD_SIGNATURE_BAD);
	}
	module.len = len;
	append_trailer("abcdefgh", 8, 8, 1);
	ck_assert_int_eq(read_signature(), RD_SIGNATURE_BAD);

	/* The magic line and nothing, or not enough, before it. */
	ck_assert_int_eq(rd_identity_read_signature(MAGIC, strlen(MAGIC), &id, &err),
			 RD_SIGNATURE_BAD);
	ck_assert_int_eq(rd_identity_read_signature("1234567" MAGIC, 7 + strlen(MAGIC), &id, &err),
			 RD_SIGNATURE_BAD);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("identity");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, fields);
	tcase_add_test(tcase, sha256);
	tcase_add_test(tcase, signature);
	tcase_add_test(tcase, signature_without_common_name);
	tcase_add_test(tcase, cut_signature);
	tcase_add_test(tcase, damaged_signature);
	tcase_add_test(tcase, lying_trailer);
	return fixture_main(tcase, "identity");
}
