/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * "Would this module load here?", as module_sig_check() of the kernel would decide it. Enforcing,
 * the kernel takes a module only if a key in its .builtin_trusted_keys, .secondary_trusted_keys or
 * .machine keyring made its signature. A key that is only in .platform (the firmware's) is taken
 * by kernels that a distribution patched so, and by no others: unknown. Not enforcing, it takes all
 * but a signature that does not fit by a key that it knows.
 *
 * What is known of the policy is the running kernel's. For another one nothing is assumed but what
 * its configuration and its own image say.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "kernel_config.h"
#include "probe/probe.h"
#include "signature.h"

/* What was found for one copy. */
struct answer {
	enum rd_presence would_load;
	const char *reason; /* static */
};

static const char *const accepted[] = { ".builtin_trusted_keys", ".secondary_trusted_keys",
					".machine" };

static bool is_running_kernel(const struct rd_facts *facts, const char *kernel)
{
	return kernel && facts->running.kernel && !strcmp(kernel, facts->running.kernel);
}

/* Of another kernel: it may force signatures itself, or lock down because of Secure Boot. */
static int find_other_policy(const struct rd_system *sys, const struct rd_facts *facts,
			     const char *kernel, enum rd_presence *enforcesp, struct rd_error *err)
{
	enum rd_presence forces = RD_PRESENCE_UNKNOWN, locks_down = RD_PRESENCE_UNKNOWN;
	int r;

	r = rd_kernel_config_has(sys, kernel, "CONFIG_MODULE_SIG_FORCE", &forces, err);
	if (!r)
		r = rd_kernel_config_has(sys, kernel, "CONFIG_LOCK_DOWN_IN_EFI_SECURE_BOOT",
					 &locks_down, err);
	if (r)
		return r;
	if (forces == RD_PRESENCE_YES ||
	    (locks_down == RD_PRESENCE_YES && facts->policy.secure_boot == RD_PRESENCE_YES))
		*enforcesp = RD_PRESENCE_YES;
	/* What this boot does without, the command line does not ask for either. */
	else if (forces == RD_PRESENCE_NO && facts->policy.secure_boot == RD_PRESENCE_NO &&
		 facts->policy.enforces_signatures == RD_PRESENCE_NO)
		*enforcesp = RD_PRESENCE_NO;
	return 0;
}

/* A key of the machine's owner, held against the keyrings of the running kernel. */
static struct answer judge_key(const struct rd_policy *policy, const char *key_id)
{
	bool is_listed = false, is_placed = true;

	for (size_t i = 0; i < policy->keys.n; i++) {
		const struct rd_key *key = &policy->keys.items[i];

		if (strcmp(key->id, key_id) != 0)
			continue;
		is_listed = true;
		is_placed = is_placed && key->keyring;
		for (size_t k = 0; key->keyring && k < RD_N_ELEMENTS(accepted); k++) {
			if (!strcmp(key->keyring, accepted[k]))
				return (struct answer){
					RD_PRESENCE_YES, "signed with a key that the kernel trusts"
				};
		}
	}
	if (is_listed && is_placed)
		return (struct answer){
			RD_PRESENCE_UNKNOWN,
			"signed with a key that only the firmware's keyring has: not "
			"every kernel takes modules by it"
		};
	if (is_listed)
		return (struct answer){ RD_PRESENCE_UNKNOWN,
					"signed with a key that the kernel has, in which keyring "
					"cannot be told" };
	if (policy->keys_known == RD_PRESENCE_YES)
		return (struct answer){
			RD_PRESENCE_NO,
			"the kernel takes signed modules only, and does not have the "
			"key of this one's signature"
		};
	return (struct answer){ RD_PRESENCE_UNKNOWN,
				"the kernel takes signed modules only; root may see whether it has "
				"the key of this one's signature" };
}

/* Loaded now, or signed with the key of what is: the running kernel has taken that. */
static bool is_taken(const struct rd_facts *facts, const struct rd_copy *copy)
{
	const char *build_id = facts->running.build_id;

	if (!build_id || !is_running_kernel(facts, copy->kernel))
		return false;
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *other = &facts->copies.items[i];

		if (other->kind != RD_COPY_RUNNING && other->id.build_id && other->id.sig_key &&
		    !strcmp(other->id.build_id, build_id) &&
		    !strcmp(other->id.sig_key, copy->id.sig_key))
			return true;
	}
	return false;
}

/* A signed copy, where the kernel insists on that. */
static int judge_signed(struct rd_signers *signers, const struct rd_facts *facts,
			const struct rd_copy *copy, struct answer *answer, struct rd_error *err)
{
	const struct rd_signer_source *source = NULL;
	int r;

	if (!copy->id.sig_key) {
		answer->reason = "its signature could not be read";
		return 0;
	}
	if (copy->verdict == RD_VERDICT_CLEAN) {
		*answer = (struct answer){ RD_PRESENCE_YES, "signed, and the distribution's" };
		return 0;
	}
	if (is_taken(facts, copy)) {
		*answer = (struct answer){ RD_PRESENCE_YES,
					   "signed with the key of the module that is loaded" };
		return 0;
	}
	r = rd_signature_find_signer(signers, copy, false, &source, err);
	if (r)
		return r;
	if (!source)
		answer->reason = "the certificate of its signature was not found";
	else if (source->kind == RD_SIGNER_KERNEL)
		*answer = (struct answer){ RD_PRESENCE_YES,
					   "signed with a key in the kernel's own image" };
	else if (is_running_kernel(facts, copy->kernel))
		*answer = judge_key(
			&facts->policy,
			rd_certificates_find(&source->certificates, copy->id.sig_key)->key_id);
	else
		answer->reason =
			"signed with the machine owner's key, and this kernel does not run";
	return 0;
}

/* Whether the key of an invalid signature is one that the kernel has: it refuses that always. */
static bool is_refused(const struct rd_facts *facts, const struct rd_copy *copy,
		       const struct rd_signer_source *source)
{
	const struct rd_certificate *certificate;

	if (!source || source->kind == RD_SIGNER_KERNEL)
		return source;
	certificate = rd_certificates_find(&source->certificates, copy->id.sig_key);
	return is_running_kernel(facts, copy->kernel) &&
	       judge_key(&facts->policy, certificate->key_id).would_load == RD_PRESENCE_YES;
}

static int judge_invalid(struct rd_signers *signers, const struct rd_facts *facts,
			 const struct rd_copy *copy, struct answer *answer, struct rd_error *err)
{
	const struct rd_signer_source *source = NULL;
	int r;

	r = rd_signature_find_signer(signers, copy, false, &source, err);
	if (r)
		return r;
	if (is_refused(facts, copy, source))
		*answer = (struct answer){
			RD_PRESENCE_NO,
			"its signature does not fit it, and the kernel refuses that "
			"even where it wants no signature"
		};
	else
		answer->reason = "its signature does not fit it";
	return 0;
}

static int judge(struct rd_signers *signers, const struct rd_facts *facts,
		 const struct rd_copy *copy, struct answer *answer, struct rd_error *err)
{
	enum rd_presence enforces = RD_PRESENCE_UNKNOWN;
	int r = 0;

	if (is_running_kernel(facts, copy->kernel))
		enforces = facts->policy.enforces_signatures;
	else
		r = find_other_policy(signers->sys, facts, copy->kernel, &enforces, err);
	if (r)
		return r;

	answer->reason = "whether the kernel insists on signatures is not known";
	if (enforces == RD_PRESENCE_YES && copy->signature == RD_SIGNED_NOT)
		*answer = (struct answer){
			RD_PRESENCE_NO,
			"the kernel takes signed modules only, and it has no signature"
		};
	else if (enforces == RD_PRESENCE_YES && copy->signature == RD_SIGNED_INVALID)
		*answer =
			(struct answer){ RD_PRESENCE_NO,
					 "the kernel takes signed modules only, and its signature "
					 "does not fit it" };
	else if (copy->signature == RD_SIGNED_INVALID)
		return judge_invalid(signers, facts, copy, answer, err);
	else if (enforces == RD_PRESENCE_YES)
		return judge_signed(signers, facts, copy, answer, err);
	else if (enforces == RD_PRESENCE_NO)
		*answer = (struct answer){ RD_PRESENCE_YES,
					   "the kernel does not insist on signatures" };
	return 0;
}

/* What a boot would take; a copy that nobody could read is no question of signatures. */
static bool is_asked(const struct rd_copy *copy)
{
	bool is_meant = (copy->kind == RD_COPY_INSTALLED && copy->is_resolved) ||
			copy->kind == RD_COPY_INITRAMFS;

	return is_meant && copy->kernel && copy->id.machine;
}

static int fill(struct rd_signers *signers, const struct rd_facts *facts, struct rd_copy *copy,
		struct rd_error *err)
{
	struct answer answer = { 0 };
	int r;

	r = judge(signers, facts, copy, &answer, err);
	if (r)
		return r;
	copy->would_load = answer.would_load;
	return rd_attribute_copy(&copy->load_reason, answer.reason) ? rd_error_nomem(err) : 0;
}

int rd_probe_loading(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_signers_deinit)
	struct rd_signers signers = { .sys = sys, .packages = { .sys = sys } };
	int r = 0;

	(void)options;
	for (size_t i = 0; i < facts->copies.n && !r; i++) {
		struct rd_copy *copy = &facts->copies.items[i];

		if (is_asked(copy))
			r = fill(&signers, facts, copy, err);
	}
	return r ? rd_error_prefix(err, r, "signatures") : 0;
}
