/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One copy of the driver: a module somewhere, or the source that one is built from. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "model/evidence.h"
#include "model/presence.h"
#include "model/verdict.h"

enum rd_copy_kind {
	RD_COPY_RUNNING, /* what the kernel has loaded (or has built in) */
	RD_COPY_INSTALLED, /* a file below lib/modules/KERNEL */
	RD_COPY_INITRAMFS, /* a member of an initramfs image */
	RD_COPY_BUILT, /* built by dkms, below var/lib/dkms */
	RD_COPY_ORIGINAL, /* what dkms moved aside */
	RD_COPY_BACKUP, /* ours, or an amdgpu.ko.backup of the recipe: nothing loads it */
	RD_COPY_SOURCE, /* a kfd_crat.c below usr/src */
	RD_COPY_PACKAGE, /* a member of a cached package */
	RD_COPY_FILE, /* a file named on the command line */
};

/* A module's pr_debug sites, whatever their order: how many, and the sum of a hash of each. */
struct rd_sites {
	bool is_known;
	size_t n;
	uint64_t sum;
};

/* Strings are NULL where the copy has none or it could not be read. */
struct rd_identity {
	char *name; /* modinfo name */
	char *build_id; /* lower-case hex of the NT_GNU_BUILD_ID note */
	char *srcversion; /* modinfo srcversion */
	char *version; /* modinfo version */
	char *vermagic;
	char *compiler; /* .comment */
	char *sha256; /* of the file as it stands on disk, lower-case hex */
	char *signer; /* common name or issuer in the PKCS#7 trailer: a name, not a proof */
	char *sig_key; /* certificate serial, lower-case hex */
	uint16_t machine; /* e_machine, 0 if unknown */
	struct rd_sites sites;
};

enum rd_signature_state {
	RD_SIGNED_UNCHECKED, /* nobody verified it, or no certificate was at hand */
	RD_SIGNED_NOT, /* nothing appended */
	RD_SIGNED_VALID, /* verified with a certificate that is itself proven or enrolled */
	RD_SIGNED_INVALID, /* does not fit the module: it was changed after signing */
};

struct rd_copy {
	enum rd_copy_kind kind;
	char *kernel; /* release it belongs to; NULL for a source tree */
	char *path; /* as seen from the root, with its leading slash; initramfs: image:member */
	struct rd_identity id;
	enum rd_verdict verdict;
	struct rd_evidence evidence; /* first item decides */

	bool is_loadable; /* the next boot or modprobe could load it, or dkms rebuild from it */
	bool is_resolved; /* modules.dep names it: what modprobe loads for @kernel */
	bool is_same_as_running; /* its build-id is the running module's */

	char *package; /* that has a file of this path; NULL: none, or not known */
	enum rd_presence is_packaged; /* YES: its digest is the package's; NO: it differs */
	char *reference; /* path of the proven copy that its functions were compared with */
	enum rd_signature_state signature;
	enum rd_presence would_load; /* would this machine's kernel accept its signature */
	char *load_reason; /* why, or why that cannot be told; NULL: nobody asked */
};

struct rd_copies {
	struct rd_copy *items;
	size_t n, cap;
};

void rd_identity_deinit(struct rd_identity *id);
void rd_copy_deinit(struct rd_copy *copy);
void rd_copies_deinit(struct rd_copies *copies);

/**
 * rd_copy_init() - start a copy with verdict "unknown"
 * @kernel: copied, may be NULL
 * @path: copied
 *
 * Return: 0 or -ENOMEM, @copy being empty then.
 */
int rd_copy_init(struct rd_copy *copy, enum rd_copy_kind kind, const char *kernel,
		 const char *path);

/**
 * rd_copy_prove() - raise a copy to "clean", and put the proof in front of its evidence
 * @fmt: the proof, without a line end
 *
 * A copy with a sign of a patch stays what it is. Return: 0 or -ENOMEM.
 */
int rd_copy_prove(struct rd_copy *copy, const char *fmt, ...) RD_PRINTF(2, 3);

/* The word used in JSON: "running", "installed", ...; static. */
const char *rd_copy_kind_name(enum rd_copy_kind kind);

/* "unchecked", "none", "valid", "invalid"; static. */
const char *rd_signature_state_name(enum rd_signature_state state);

/* The detail of the deciding evidence, or "" when there is none. */
const char *rd_copy_reason(const struct rd_copy *copy);
