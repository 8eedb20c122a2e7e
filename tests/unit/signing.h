/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Keys, certificates and signed modules, made by libcrypto as scripts/sign-file.c does. */

#include <arpa/inet.h>
#include <check.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/text.h"
#include "inspect/certificate.h"

#define SIGNING_MAGIC	"~Module signature appended~\n"
#define SIGNING_DEFAULT (CMS_NOCERTS | CMS_BINARY | CMS_DETACHED | CMS_NOSMIMECAP | CMS_NOATTR)

struct signer {
	EVP_PKEY *key;
	X509 *cert;
};

static struct signer signer_new(EVP_PKEY *key, const char *name, long serial)
{
	struct signer signer = { .key = key, .cert = X509_new() };
	X509_NAME *subject = X509_get_subject_name(signer.cert);
	X509V3_CTX ctx;
	X509_EXTENSION *skid;

	ck_assert_ptr_nonnull(key);
	X509_set_version(signer.cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(signer.cert), serial);
	X509_gmtime_adj(X509_getm_notBefore(signer.cert), -7200);
	X509_gmtime_adj(X509_getm_notAfter(signer.cert), -3600); /* the kernel does not mind */
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
				   -1, 0);
	X509_set_issuer_name(signer.cert, subject);
	X509_set_pubkey(signer.cert, key);
	X509V3_set_ctx(&ctx, signer.cert, signer.cert, NULL, NULL, 0);
	skid = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_key_identifier, "hash");
	X509_add_ext(signer.cert, skid, -1);
	X509_EXTENSION_free(skid);
	ck_assert_int_gt(X509_sign(signer.cert, key, EVP_sha256()), 0);
	return signer;
}

static void signer_free(struct signer *signer)
{
	EVP_PKEY_free(signer->key);
	X509_free(signer->cert);
}

/* Appends the certificate's DER. */
static __attribute__((unused)) void signer_put(const struct signer *signer, struct rd_text *text)
{
	unsigned char *der = NULL;
	int n = i2d_X509(signer->cert, &der);

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(rd_text_append(text, der, (size_t)n), 0);
	OPENSSL_free(der);
}

static __attribute__((unused)) void signer_add(const struct signer *signer,
					       struct rd_certificates *certificates)
{
	struct rd_text der = RD_TEXT_INIT;

	signer_put(signer, &der);
	ck_assert_int_eq(
		rd_certificates_add(certificates, (const uint8_t *)der.data, der.len, NULL, NULL),
		0);
	rd_text_deinit(&der);
}

static __attribute__((unused)) void signing_append_message(struct rd_text *module,
							   const void *message, size_t len)
{
	unsigned char trailer[12] = { [2] = 2 }; /* PKEY_ID_PKCS7 */
	uint32_t size = htonl((uint32_t)len);

	memcpy(trailer + 8, &size, sizeof(size));
	ck_assert_int_eq(rd_text_append(module, message, len), 0);
	ck_assert_int_eq(rd_text_append(module, trailer, sizeof(trailer)), 0);
	ck_assert_int_eq(rd_text_puts(module, SIGNING_MAGIC), 0);
}

/* Signs what @module holds; @flags: SIGNING_DEFAULT, and what differs from it. */
static __attribute__((unused)) void signing_sign(struct rd_text *module,
						 const struct signer *signer, const EVP_MD *md,
						 unsigned int flags)
{
	BIO *bio = BIO_new_mem_buf(module->data, (int)module->len);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, bio, flags | CMS_PARTIAL);
	unsigned char *der = NULL;
	int n;

	ck_assert_ptr_nonnull(CMS_add1_signer(cms, signer->cert, signer->key, md, flags));
	ck_assert_int_eq(CMS_final(cms, bio, NULL, flags), 1);
	n = i2d_CMS_ContentInfo(cms, &der);
	ck_assert_int_gt(n, 0);
	signing_append_message(module, der, (size_t)n);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(bio);
}
