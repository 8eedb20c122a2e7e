/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Decides what the bytes of a file are, by the bytes alone: a file name proves nothing, and the
 * kernel does not look at it either. Every content has a verdict, and every verdict a reason.
 */

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/crat_source.h"
#include "inspect/identity.h"
#include "inspect/inspect.h"
#include "module.h"

static int unknown(struct rd_copy *copy, const char *reason, struct rd_error *err)
{
	copy->verdict = RD_VERDICT_UNKNOWN;
	if (rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL, "%s", reason))
		return rd_error_nomem(err);
	return 0;
}

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int inspect_plain(const uint8_t *data, size_t len, const struct rd_inspect_reference *ref,
			 struct rd_copy *copy, struct rd_error *err)
{
	if (len >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG))
		return rd_module_inspect(data, len, ref, copy, err);
	if (rd_crat_source_is((const char *)data, len))
		return rd_crat_source_inspect((const char *)data, len, file_name(copy->path),
					      &copy->verdict, &copy->evidence, err);
	return unknown(copy, len ? "neither a kernel module nor kfd_crat.c" : "empty", err);
}

int rd_inspect_bytes(const uint8_t *data, size_t len, unsigned int flags,
		     const struct rd_inspect_reference *ref, struct rd_copy *copy,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_blob_deinit) struct rd_blob blob = RD_BLOB_INIT;
	struct rd_error own = RD_ERROR_INIT;
	enum rd_codec codec;
	int r;

	/* The reasons in it become evidence, whether the caller wants them or not. */
	err = err ? err : &own;

	if (!len)
		return unknown(copy, "empty file", err);
	if (flags & RD_INSPECT_SHA256) {
		r = rd_identity_read_sha256(data, len, &copy->id, err);
		if (r)
			return r;
	}
	codec = rd_codec_detect(data, len);
	if (codec == RD_CODEC_NONE)
		return inspect_plain(data, len, ref, copy, err);

	r = rd_codec_decode(codec, data, len, RD_CODEC_MAX_MODULE, &blob, err);
	if (r < 0)
		return r;
	if (r)
		return unknown(copy, err->msg, err);
	return inspect_plain(blob.data, blob.len, ref, copy, err);
}
