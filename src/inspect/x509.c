/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What X.509 calls people and keys. All of it is foreign text. */

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "x509.h"

#define X509_NAME_MAX	1024 /* a hostile name must not fill the report */
#define X509_SERIAL_MAX 64 /* bytes; RFC 5280, 4.1.2.2 allows 20 */

static void bn_freep(BIGNUM **bnp)
{
	BN_free(*bnp);
}

static void openssl_freep(unsigned char **sp)
{
	OPENSSL_free(*sp);
}

int x509_read_name(const X509_NAME *name, char **textp)
{
	RD_CLEANUP(openssl_freep) unsigned char *utf8 = NULL;
	const X509_NAME_ENTRY *entry;
	int i, n;

	i = X509_NAME_get_index_by_NID((X509_NAME *)name, NID_commonName, -1);
	if (i < 0)
		i = X509_NAME_entry_count(name) - 1;
	if (i < 0)
		return 0;
	entry = X509_NAME_get_entry(name, i);
	n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
	if (n < 0)
		return 0;
	*textp = strndup((const char *)utf8, n < X509_NAME_MAX ? (size_t)n : X509_NAME_MAX);
	return *textp ? 0 : -ENOMEM;
}

int x509_read_serial(const ASN1_INTEGER *serial, char **hexp)
{
	RD_CLEANUP(bn_freep) BIGNUM *bn = NULL;
	unsigned char bytes[X509_SERIAL_MAX];

	bn = ASN1_INTEGER_to_BN(serial, NULL);
	if (!bn)
		return -ENOMEM;
	if (BN_num_bytes(bn) > X509_SERIAL_MAX)
		return 0;
	*hexp = rd_text_hex(bytes, (size_t)BN_bn2bin(bn, bytes));
	return *hexp ? 0 : -ENOMEM;
}
