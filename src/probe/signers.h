/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Certificates that this machine has, and what each of them can vouch for. Private to src/probe. */

#include "inspect/certificate.h"
#include "model/facts.h"
#include "probe/package.h"
#include "system/system.h"

enum rd_signer_kind {
	RD_SIGNER_KERNEL, /* built into a kernel's image: the kernel itself trusts it */
	RD_SIGNER_OWNER, /* the machine owner's, for what is built here: proves who, not what */
	RD_SIGNER_ENROLLED, /* the same, as the firmware has it */
};

/* One place with certificates. */
struct rd_signer_source {
	enum rd_signer_kind kind;
	char *path;
	char *kernel; /* whose image it is; NULL for the owner's */
	char *package; /* whose file the image is, byte for byte; NULL: not proven */
	struct rd_certificates certificates;
};

/* Read when asked for, and once. Start: { .sys = sys, .packages = { .sys = sys } }. */
struct rd_signers {
	const struct rd_system *sys;
	struct rd_package_db packages;
	bool has_owner; /* the owner's were read */
	struct {
		struct rd_signer_source *items;
		size_t n, cap;
	} sources;
};

void rd_signers_deinit(struct rd_signers *signers);

/**
 * rd_signers_find_owner() - the owner's certificate with that serial number
 * @sourcep: borrowed until the next call; stays NULL if there is none
 *
 * Return: 0 or a negative errno.
 */
int rd_signers_find_owner(struct rd_signers *signers, const char *serial,
			  const struct rd_signer_source **sourcep, struct rd_error *err);

/**
 * rd_signers_find_kernel() - the certificates in the image of a kernel
 * @wants_proof: leave an image alone that no package vouches for: decompressing takes its time
 * @sourcep: borrowed until the next call; stays NULL without an image, or without a list in it
 *
 * Return: 0 or a negative errno.
 */
int rd_signers_find_kernel(struct rd_signers *signers, const char *kernel, bool wants_proof,
			   const struct rd_signer_source **sourcep, struct rd_error *err);
