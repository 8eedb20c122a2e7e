/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What a module says of itself: .modinfo (scripts/mod/modpost.c), the GNU build-id note (elf.h),
 * .comment, and the appended signature (include/linux/module_signature.h).
 */

#include "base/error.h"
#include "inspect/elf.h"
#include "inspect/signature.h"
#include "model/copy.h"

/**
 * rd_identity_read() - fill all fields but sha256, signer and sig_key
 *
 * What the module lacks stays NULL. Return: 0 or -ENOMEM, @id being partly filled then.
 */
int rd_identity_read(const struct rd_elf *elf, struct rd_identity *id, struct rd_error *err);

/**
 * rd_identity_read_signature() - fill signer and sig_key from the trailer
 * @data: the uncompressed module with its trailer
 *
 * Names what the trailer says, as modinfo does, and verifies nothing.
 * Return: 0, RD_SIGNATURE_ABSENT, RD_SIGNATURE_BAD, or -ENOMEM.
 */
int rd_identity_read_signature(const void *data, size_t len, struct rd_identity *id,
			       struct rd_error *err);

/* Fills sha256 from the bytes on disk; 0, -ENOMEM, or -ENOTSUP where libcrypto has no SHA-256. */
int rd_identity_read_sha256(const void *data, size_t len, struct rd_identity *id,
			    struct rd_error *err);
