/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * RD-SIG: signatures. Under Secure Boot a module that the kernel refuses is a card without its
 * driver, whatever the module's code is like. Both rules advise: a signature says who built a
 * module, and nothing here makes a machine patched or clean.
 */

#include <errno.h>
#include <string.h>

#include "group.h"

static bool is_of_running_kernel(const struct rd_facts *facts, const struct rd_copy *copy)
{
	return copy->kernel && facts->running.kernel &&
	       !strcmp(copy->kernel, facts->running.kernel);
}

/* Only where the kernel insists: what it would take in any case was not asked of the signature. */
static bool is_open_question(const struct rd_facts *facts, const struct rd_copy *copy)
{
	return copy->would_load == RD_PRESENCE_UNKNOWN && copy->load_reason &&
	       facts->policy.enforces_signatures == RD_PRESENCE_YES &&
	       is_of_running_kernel(facts, copy);
}

static int add(struct rd_evidence *ev, const struct rd_copy *copy)
{
	return rd_evidence_add(ev, RD_EVIDENCE_PROVENANCE, copy->path, "%s", copy->load_reason);
}

/* A broken signature is the other rule's, and no key that is enrolled mends it. */
static bool is_asked(const struct rd_copy *copy)
{
	return copy->load_reason && copy->signature != RD_SIGNED_INVALID;
}

static int signature_accepted(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = RD_RESULT_NA;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (!is_asked(copy))
			continue;
		if (copy->would_load == RD_PRESENCE_NO) {
			if (add(ev, copy))
				return -ENOMEM;
			result = RD_RESULT_WARN;
		} else if (is_open_question(facts, copy) && result != RD_RESULT_WARN) {
			if (add(ev, copy))
				return -ENOMEM;
			result = RD_RESULT_UNKNOWN;
		} else if (copy->would_load == RD_PRESENCE_YES && result == RD_RESULT_NA) {
			result = RD_RESULT_PASS;
		}
	}
	return result;
}

const struct rd_rule rd_rule_signature_accepted = {
	.id = "RD-SIG-001",
	.about = RD_ABOUT_ADVICE,
	.eval = signature_accepted,
};

static int signature_valid(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = RD_RESULT_NA;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->signature == RD_SIGNED_VALID && result == RD_RESULT_NA)
			result = RD_RESULT_PASS;
		if (copy->signature != RD_SIGNED_INVALID)
			continue;
		if (rd_evidence_add(ev, RD_EVIDENCE_PROVENANCE, copy->path,
				    "changed after \"%s\" signed it%s",
				    copy->id.signer ? copy->id.signer : "somebody",
				    copy->would_load == RD_PRESENCE_NO ? "; the kernel refuses it"
								       : ""))
			return -ENOMEM;
		result = RD_RESULT_WARN;
	}
	return result;
}

const struct rd_rule rd_rule_signature_valid = {
	.id = "RD-SIG-002",
	.about = RD_ABOUT_ADVICE,
	.eval = signature_valid,
};
