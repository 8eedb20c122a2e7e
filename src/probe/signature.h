/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Copies and their signatures. Private to src/probe. */

#include "signers.h"

/**
 * rd_signature_find_signer() - the place that has the certificate a signed copy names
 * @wants_proof: as for rd_signers_find_kernel()
 * @sourcep: borrowed until the next call on @signers; stays NULL if there is none
 *
 * Return: 0 or a negative errno.
 */
int rd_signature_find_signer(struct rd_signers *signers, const struct rd_copy *copy,
			     bool wants_proof, const struct rd_signer_source **sourcep,
			     struct rd_error *err);
