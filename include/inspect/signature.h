/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The signature that is appended to a module: a PKCS#7 message (RFC 5652), struct module_signature
 * (include/linux/module_signature.h), and a line that marks the end.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/certificate.h"

/* Where the parts stand; borrows the module's bytes. */
struct rd_signature {
	const uint8_t *module; /* what is signed: all that stands in front of the message */
	size_t module_len;
	const uint8_t *message; /* PKCS#7, DER */
	size_t message_len;
};

enum {
	_RD_SIGNATURE_OK,
	RD_SIGNATURE_ABSENT, /* nothing appended */
	RD_SIGNATURE_BAD, /* appended, and not readable; @err says why */
	RD_SIGNATURE_NO_KEY, /* none of the certificates is the signer's */
	RD_SIGNATURE_INVALID, /* does not fit the module, by the signer's own certificate */
	RD_SIGNATURE_UNSUPPORTED, /* cannot be verified here; @err says why */
};

/**
 * rd_signature_find() - find the parts of a signed module
 * @data: the uncompressed module
 *
 * Return: 0, RD_SIGNATURE_ABSENT or RD_SIGNATURE_BAD.
 */
int rd_signature_find(const void *data, size_t len, struct rd_signature *signaturep,
		      struct rd_error *err);

/**
 * rd_signature_read_names() - whom the message names as its signer, as modinfo(8) shows it
 * @signerp: common name of the certificate's issuer; stays NULL if it has none
 * @serialp: the certificate's serial number, lower-case hex; stays NULL if it has none
 *
 * These are claims. Return: 0, RD_SIGNATURE_BAD, or -ENOMEM.
 */
int rd_signature_read_names(const struct rd_signature *signature, char **signerp, char **serialp,
			    struct rd_error *err);

/**
 * rd_signature_verify() - does one of these certificates' keys vouch for the module?
 * @certificatep: the one that does, or by which the signature is invalid; borrowed
 *
 * As the kernel verifies modules (kernel/module/signing.c, crypto/asymmetric_keys/pkcs7_verify.c):
 * detached, without signed attributes, the certificate's dates not looked at.
 *
 * Return: 0 (valid), RD_SIGNATURE_BAD, _NO_KEY, _INVALID, _UNSUPPORTED, or -ENOMEM.
 */
int rd_signature_verify(const struct rd_signature *signature,
			const struct rd_certificates *certificates,
			const struct rd_certificate **certificatep, struct rd_error *err);
