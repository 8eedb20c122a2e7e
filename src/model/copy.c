/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of struct rd_copy. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/text.h"
#include "model/copy.h"

static const struct rd_name kinds[] = {
	{ .name = "running", .value = RD_COPY_RUNNING },
	{ .name = "installed", .value = RD_COPY_INSTALLED },
	{ .name = "initramfs", .value = RD_COPY_INITRAMFS },
	{ .name = "built", .value = RD_COPY_BUILT },
	{ .name = "original", .value = RD_COPY_ORIGINAL },
	{ .name = "backup", .value = RD_COPY_BACKUP },
	{ .name = "source", .value = RD_COPY_SOURCE },
	{ .name = "package", .value = RD_COPY_PACKAGE },
	{ .name = "file", .value = RD_COPY_FILE },
};

static const struct rd_name signature_states[] = {
	{ .name = "unchecked", .value = RD_SIGNED_UNCHECKED },
	{ .name = "none", .value = RD_SIGNED_NOT },
	{ .name = "valid", .value = RD_SIGNED_VALID },
	{ .name = "invalid", .value = RD_SIGNED_INVALID },
};

void rd_identity_deinit(struct rd_identity *id)
{
	free(id->name);
	free(id->build_id);
	free(id->srcversion);
	free(id->version);
	free(id->vermagic);
	free(id->compiler);
	free(id->sha256);
	free(id->signer);
	free(id->sig_key);
	*id = (struct rd_identity){ 0 };
}

void rd_copy_deinit(struct rd_copy *copy)
{
	free(copy->kernel);
	free(copy->path);
	free(copy->package);
	free(copy->reference);
	free(copy->load_reason);
	rd_identity_deinit(&copy->id);
	rd_evidence_deinit(&copy->evidence);
	*copy = (struct rd_copy){ 0 };
}

void rd_copies_deinit(struct rd_copies *copies)
{
	for (size_t i = 0; i < copies->n; i++)
		rd_copy_deinit(&copies->items[i]);
	free(copies->items);
	*copies = (struct rd_copies){ 0 };
}

int rd_copy_init(struct rd_copy *copy, enum rd_copy_kind kind, const char *kernel, const char *path)
{
	*copy = (struct rd_copy){ .kind = kind };
	copy->path = strdup(path);
	if (kernel)
		copy->kernel = strdup(kernel);
	if (copy->path && (copy->kernel || !kernel))
		return 0;
	rd_copy_deinit(copy);
	return -ENOMEM;
}

int rd_copy_prove(struct rd_copy *copy, const char *fmt, ...)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence before = RD_EVIDENCE_INIT;
	RD_CLEANUP(rd_freep) char *proof = NULL;
	va_list ap;

	if (rd_verdict_is_bad(copy->verdict))
		return 0;
	va_start(ap, fmt);
	proof = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!proof)
		return -ENOMEM;

	before = copy->evidence;
	copy->evidence = (struct rd_evidence)RD_EVIDENCE_INIT;
	copy->verdict = RD_VERDICT_CLEAN;
	if (rd_evidence_add(&copy->evidence, RD_EVIDENCE_PROVENANCE, NULL, "%s", proof))
		return -ENOMEM;
	return rd_evidence_copy(&copy->evidence, &before);
}

const char *rd_copy_kind_name(enum rd_copy_kind kind)
{
	return rd_name_of(kinds, RD_N_ELEMENTS(kinds), (int)kind);
}

const char *rd_signature_state_name(enum rd_signature_state state)
{
	return rd_name_of(signature_states, RD_N_ELEMENTS(signature_states), (int)state);
}

const char *rd_copy_reason(const struct rd_copy *copy)
{
	return copy->evidence.n ? copy->evidence.items[0].detail : "";
}
