/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Certificates: parsed by libcrypto, kept as their bytes and the three names that the rest of the
 * tool goes by. The serial is how a signature names its key; the key id is how /proc/keys does, and
 * nothing but the certificate itself says that the two belong together.
 */

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/certificate.h"
#include "x509.h"

#define CERTIFICATES_MAX 1024 /* of one list; distributions build in a dozen at most */

/* EFI_CERT_X509_GUID, a5c059a1-94e4-4aa7-87b5-ab155c2bf072, as it lies in memory */
static const uint8_t efi_x509[16] = { 0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
				      0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72 };

/* The head of EFI_SIGNATURE_LIST; entries of @size bytes follow, each behind its owner's GUID. */
struct efi_list {
	uint8_t type[16];
	uint32_t list_size, header_size, size;
};

#define EFI_OWNER 16

static void x509_freep(X509 **xp)
{
	X509_free(*xp);
}

static void certificate_deinit(struct rd_certificate *certificate)
{
	free(certificate->name);
	free(certificate->serial);
	free(certificate->key_id);
	free(certificate->der);
	*certificate = (struct rd_certificate){ 0 };
}

void rd_certificates_deinit(struct rd_certificates *certificates)
{
	for (size_t i = 0; i < certificates->n; i++)
		certificate_deinit(&certificates->items[i]);
	free(certificates->items);
	*certificates = (struct rd_certificates){ 0 };
}

/* As x509_key_preparse() chooses; the serial with the zero that DER may put in front. */
static int read_key_id(X509 *x, char **idp)
{
	const ASN1_OCTET_STRING *skid = X509_get0_subject_key_id(x);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
	unsigned char *der = NULL;
	int n;

	if (skid && ASN1_STRING_length(skid) > 0) {
		*idp = rd_text_hex(ASN1_STRING_get0_data(skid), (size_t)ASN1_STRING_length(skid));
		return *idp ? 0 : -ENOMEM;
	}
	n = i2d_ASN1_INTEGER(serial, &der);
	if (n < 0)
		return -ENOMEM;
	/* Tag and length in front: a serial is short enough for one byte of length. */
	*idp = rd_text_hex(der + 2, n > 2 ? (size_t)n - 2 : 0);
	OPENSSL_free(der);
	return *idp ? 0 : -ENOMEM;
}

static int fill(struct rd_certificate *certificate, X509 *x, const uint8_t *der, size_t len)
{
	if (x509_read_name(X509_get_subject_name(x), &certificate->name) ||
	    x509_read_serial(X509_get0_serialNumber(x), &certificate->serial) ||
	    read_key_id(x, &certificate->key_id))
		return -ENOMEM;
	if (!certificate->name)
		certificate->name = strdup("");
	if (!certificate->serial)
		certificate->serial = strdup("");
	certificate->der = malloc(len);
	if (!certificate->name || !certificate->serial || !certificate->der)
		return -ENOMEM;
	memcpy(certificate->der, der, len);
	certificate->len = len;
	return 0;
}

int rd_certificates_add(struct rd_certificates *certificates, const uint8_t *der, size_t len,
			size_t *usedp, struct rd_error *err)
{
	RD_CLEANUP(x509_freep) X509 *x = NULL;
	struct rd_certificate certificate = { 0 };
	const uint8_t *end = der;

	x = certificates->n < CERTIFICATES_MAX ? d2i_X509(NULL, &end, (long)len) : NULL;
	if (!x) {
		ERR_clear_error();
		rd_error_set(err, EBADMSG, "not an X.509 certificate");
		return RD_CERTIFICATE_BAD;
	}
	if (fill(&certificate, x, der, (size_t)(end - der)) ||
	    rd_array_push(certificates, &certificate)) {
		certificate_deinit(&certificate);
		return rd_error_nomem(err);
	}
	if (usedp)
		*usedp = (size_t)(end - der);
	return 0;
}

static int add_efi_entries(struct rd_certificates *certificates, const uint8_t *data,
			   const struct efi_list *list, struct rd_error *err)
{
	size_t at = sizeof(*list) + list->header_size;

	while (list->list_size - at >= list->size) {
		int r = rd_certificates_add(certificates, data + at + EFI_OWNER,
					    list->size - EFI_OWNER, NULL, err);

		if (r < 0)
			return r;
		at += list->size;
	}
	return 0;
}

int rd_certificates_add_efi(struct rd_certificates *certificates, const uint8_t *data, size_t len,
			    struct rd_error *err)
{
	struct efi_list list;

	while (len >= sizeof(list)) {
		int r = 0;

		memcpy(&list, data, sizeof(list));
		if (list.list_size < sizeof(list) || list.list_size > len)
			return 0;
		if (!memcmp(list.type, efi_x509, sizeof(efi_x509)) && list.size > EFI_OWNER &&
		    list.header_size <= list.list_size - sizeof(list))
			r = add_efi_entries(certificates, data, &list, err);
		if (r)
			return r;
		data += list.list_size;
		len -= list.list_size;
	}
	return 0;
}

const struct rd_certificate *rd_certificates_find(const struct rd_certificates *certificates,
						  const char *serial)
{
	for (size_t i = 0; i < certificates->n; i++) {
		if (!strcmp(certificates->items[i].serial, serial))
			return &certificates->items[i];
	}
	return NULL;
}
