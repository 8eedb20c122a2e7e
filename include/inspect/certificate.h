/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * X.509 certificates as the kernel knows them: who signed with which key, and by which id a keyring
 * lists it. RFC 5280; crypto/asymmetric_keys/x509_public_key.c, x509_key_preparse().
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rd_certificate {
	char *name; /* common name of the subject, "" if it has none */
	char *serial; /* lower-case hex, as rd_identity.sig_key */
	char *key_id; /* lower-case hex: the subject key identifier, else the serial as encoded */
	uint8_t *der;
	size_t len;
};

struct rd_certificates {
	struct rd_certificate *items;
	size_t n, cap;
};

void rd_certificates_deinit(struct rd_certificates *certificates);

enum {
	_RD_CERTIFICATE_OK,
	RD_CERTIFICATE_BAD, /* no DER certificate; nothing was added */
};

/**
 * rd_certificates_add() - append the certificate that some bytes start with
 * @usedp: how many of the bytes it took; may be NULL
 *
 * Return: 0, RD_CERTIFICATE_BAD, or -ENOMEM.
 */
int rd_certificates_add(struct rd_certificates *certificates, const uint8_t *der, size_t len,
			size_t *usedp, struct rd_error *err);

/**
 * rd_certificates_add_efi() - append the certificates of an EFI variable such as MokListRT
 * @data: its value, without the attributes: EFI_SIGNATURE_LISTs, UEFI specification 32.4.1
 *
 * Lists of another kind (digests), and what is no certificate, are passed over.
 * Return: 0 or -ENOMEM.
 */
int rd_certificates_add_efi(struct rd_certificates *certificates, const uint8_t *data, size_t len,
			    struct rd_error *err);

/* The first one with that serial, or NULL; borrowed. Two issuers may give the same number. */
const struct rd_certificate *rd_certificates_find(const struct rd_certificates *certificates,
						  const char *serial);
