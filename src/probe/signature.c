/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Signatures as evidence. Verified with a certificate out of the very kernel image that the copy is
 * for, and that image a package's file by its digest, a module is the distribution's: clean. With
 * the machine owner's key it says who built the module, and no more; a recipe signs its patched
 * build with the same key, so nothing becomes clean or bad by it.
 *
 * Verifying reads the module again, and decompresses the kernel for its certificates: both are left
 * where the outcome changes nothing, which is on most machines.
 */

#include <errno.h>
#include <string.h>

#include "attribute.h"
#include "inspect/codec.h"
#include "inspect/signature.h"
#include "probe/probe.h"
#include "signature.h"

#define MODULE_MAX RD_CODEC_MAX_MODULE

int rd_signature_find_signer(struct rd_signers *signers, const struct rd_copy *copy,
			     bool wants_proof, const struct rd_signer_source **sourcep,
			     struct rd_error *err)
{
	const struct rd_signer_source *source = NULL;
	int r;

	r = rd_signers_find_owner(signers, copy->id.sig_key, &source, err);
	if (!r && !source && copy->kernel)
		r = rd_signers_find_kernel(signers, copy->kernel, wants_proof, &source, err);
	if (!r && source && rd_certificates_find(&source->certificates, copy->id.sig_key))
		*sourcep = source;
	return r;
}

static int say_valid(const struct rd_signer_source *source,
		     const struct rd_certificate *certificate, struct rd_copy *copy)
{
	copy->signature = RD_SIGNED_VALID;
	if (source->kind == RD_SIGNER_KERNEL && source->package)
		return rd_copy_prove(copy,
				     "signature verified with the key \"%s\" in %s, the file of "
				     "package %s",
				     certificate->name, source->path, source->package);
	if (source->kind == RD_SIGNER_KERNEL)
		return rd_evidence_add(&copy->evidence, RD_EVIDENCE_PROVENANCE, source->path,
				       "signature verified with the key \"%s\" of this kernel "
				       "image, which no package is known to have",
				       certificate->name);
	return rd_evidence_add(&copy->evidence, RD_EVIDENCE_PROVENANCE, source->path,
			       "signature verified with the machine owner's key \"%s\": built on "
			       "this machine, from whatever source",
			       certificate->name);
}

static int say_invalid(const struct rd_signer_source *source,
		       const struct rd_certificate *certificate, struct rd_copy *copy)
{
	copy->signature = RD_SIGNED_INVALID;
	return rd_evidence_add(&copy->evidence, RD_EVIDENCE_PROVENANCE, source->path,
			       "the signature by \"%s\" does not fit the module: its bytes were "
			       "changed after it was signed",
			       certificate->name);
}

/* @data: the module, uncompressed. */
static int verify(const struct rd_signer_source *source, const uint8_t *data, size_t len,
		  const struct rd_certificate **certificatep, int *resultp, struct rd_error *err)
{
	struct rd_signature signature;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_signature_find(data, len, &signature, &why);
	if (!r)
		r = rd_signature_verify(&signature, &source->certificates, certificatep, &why);
	if (r < 0)
		return rd_error_nomem(err);
	*resultp = r;
	return 0;
}

/* Reads the copy again, and verifies it. What cannot be read by now stays unchecked. */
static int verify_file(const struct rd_signers *signers, const struct rd_signer_source *source,
		       struct rd_copy *copy, struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	RD_CLEANUP(rd_blob_deinit) struct rd_blob blob = RD_BLOB_INIT;
	const struct rd_certificate *certificate = NULL;
	enum rd_codec codec;
	int r, result = RD_SIGNATURE_BAD;

	r = rd_system_map(signers->sys, copy->path, MODULE_MAX, &map, err);
	if (r || !map.data)
		return r < 0 ? r : 0;
	codec = rd_codec_detect(map.data, map.len);
	if (codec != RD_CODEC_NONE) {
		r = rd_codec_decode(codec, map.data, map.len, MODULE_MAX, &blob, err);
		if (r)
			return r < 0 ? r : 0;
	}
	r = verify(source, blob.data ? blob.data : map.data, blob.data ? blob.len : map.len,
		   &certificate, &result, err);
	if (r || rd_map_is_torn(&map))
		return r;
	if ((!result && say_valid(source, certificate, copy)) ||
	    (result == RD_SIGNATURE_INVALID && say_invalid(source, certificate, copy)))
		return rd_error_nomem(err);
	return 0;
}

static int check(struct rd_signers *signers, const struct rd_facts *facts, struct rd_copy *copy,
		 struct rd_error *err)
{
	enum rd_presence enforces = facts->policy.enforces_signatures;
	const struct rd_signer_source *source = NULL;
	int r;

	if (copy->signature != RD_SIGNED_UNCHECKED || !copy->id.sig_key ||
	    copy->verdict == RD_VERDICT_CLEAN)
		return 0;
	r = rd_signature_find_signer(signers, copy, enforces != RD_PRESENCE_YES, &source, err);
	if (r || !source)
		return r;
	/* The kernel does not ask, and an owner's key proves nothing. */
	if (source->kind != RD_SIGNER_KERNEL && enforces == RD_PRESENCE_NO)
		return 0;
	return verify_file(signers, source, copy, err);
}

int rd_probe_signatures(const struct rd_system *sys, const struct rd_probe_options *options,
			struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_signers_deinit)
	struct rd_signers signers = { .sys = sys, .packages = { .sys = sys } };
	int r = 0;

	(void)options;
	for (size_t i = 0; i < facts->copies.n && !r; i++) {
		struct rd_copy *copy = &facts->copies.items[i];

		/* What dkms built is signed by the owner, if at all: installed it is looked at. */
		if (copy->kind == RD_COPY_INSTALLED || copy->kind == RD_COPY_ORIGINAL)
			r = check(&signers, facts, copy, err);
	}
	return r ? rd_error_prefix(err, r, "signatures") : 0;
}
