/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which modules the running kernel takes. It takes signed ones only if module.sig_enforce is on or
 * it is locked down; Secure Boot by itself enforces nothing, but makes the kernels of most
 * distributions lock down. None of this is known of a mounted disk, and no rule fails by it.
 *
 * Sources: kernel/module/signing.c (module_sig_check), security/lockdown/lockdown.c;
 * drivers/firmware/efi/libstub/secureboot.c: what counts as Secure Boot, shim's switch among it;
 * efivarfs: four bytes of attributes in front of each value.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "kernel_config.h"
#include "kernel_keys.h"
#include "probe/probe.h"

#define FIRMWARE    "/sys/firmware"
#define EFI	    FIRMWARE "/efi"
#define EFIVARS	    EFI "/efivars"
#define EFI_GLOBAL  "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define EFI_SHIM    "605dab50-e046-4300-abb6-3dd810dd8b23"
#define EFI_FLAG    5 /* bytes of a variable that is a switch: attributes and value */
#define SECURITYFS  "/sys/kernel/security"
#define PARAMETERS  "/sys/module/module/parameters"
#define CMDLINE_MAX ((size_t)64 << 10)

static int read_flag(const struct rd_system *sys, const char *path, enum rd_presence *presencep,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	r = rd_system_read(sys, path, EFI_FLAG, &text, err);
	if (r < 0)
		return r;
	if (!r && text.len == EFI_FLAG)
		*presencep = text.data[EFI_FLAG - 1] == 1 ? RD_PRESENCE_YES : RD_PRESENCE_NO;
	else if (r == RD_SYSTEM_ABSENT)
		*presencep = RD_PRESENCE_NO;
	return 0;
}

/* Whether a folder is there and has anything in it. */
static int has_entries(const struct rd_system *sys, const char *path, bool *yesp,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	int r;

	r = rd_system_list(sys, path, &entries, err);
	*yesp = !r && entries.n;
	return r < 0 ? r : 0;
}

/* As efi_get_secureboot() decides. */
static int read_efi(const struct rd_system *sys, struct rd_policy *policy, struct rd_error *err)
{
	enum rd_presence is_on = RD_PRESENCE_UNKNOWN, is_setup = RD_PRESENCE_UNKNOWN,
			 is_shim_off = RD_PRESENCE_UNKNOWN;
	int r;

	r = read_flag(sys, EFIVARS "/SecureBoot-" EFI_GLOBAL, &is_on, err);
	if (!r)
		r = read_flag(sys, EFIVARS "/SetupMode-" EFI_GLOBAL, &is_setup, err);
	if (!r)
		r = read_flag(sys, EFIVARS "/MokSBStateRT-" EFI_SHIM, &is_shim_off, err);
	if (r)
		return r;
	if (is_on == RD_PRESENCE_NO || is_setup == RD_PRESENCE_YES ||
	    is_shim_off == RD_PRESENCE_YES)
		policy->secure_boot = RD_PRESENCE_NO;
	else if (is_on == RD_PRESENCE_YES && is_setup == RD_PRESENCE_NO &&
		 is_shim_off == RD_PRESENCE_NO)
		policy->secure_boot = RD_PRESENCE_YES;
	return 0;
}

static int read_secure_boot(const struct rd_system *sys, struct rd_policy *policy,
			    struct rd_error *err)
{
	bool has_firmware = false, has_efi = false, has_variables = false;
	int r;

	r = has_entries(sys, FIRMWARE, &has_firmware, err);
	if (!r)
		r = has_entries(sys, EFI, &has_efi, err);
	if (!r)
		r = has_entries(sys, EFIVARS, &has_variables, err);
	if (r || !has_firmware)
		return r;
	if (has_variables)
		return read_efi(sys, policy, err);
	if (!has_efi)
		policy->secure_boot = RD_PRESENCE_NO; /* booted without EFI */
	return 0;
}

/* "none [integrity] confidentiality" */
static int read_lockdown(const struct rd_system *sys, struct rd_policy *policy,
			 struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *line = NULL;
	bool has_securityfs = false;
	const char *start;
	int r;

	r = rd_attribute_read(sys, SECURITYFS, "lockdown", &line, err);
	if (r < 0)
		return r;
	if (r == RD_SYSTEM_ABSENT) {
		r = has_entries(sys, SECURITYFS, &has_securityfs, err);
		/* Mounted, and without that file: the kernel has no lockdown. */
		if (!r && has_securityfs && rd_attribute_copy(&policy->lockdown, "none"))
			r = rd_error_nomem(err);
		return r;
	}
	start = r ? NULL : strchr(line, '[');
	if (start && strchr(start, ']')) {
		policy->lockdown = strndup(start + 1, strcspn(start + 1, "]"));
		return policy->lockdown ? 0 : rd_error_nomem(err);
	}
	return 0;
}

/* Whether the command line switches module.sig_enforce on; - and _ are one there. */
static int read_command_line(const struct rd_system *sys, bool *is_onp, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	char *rest;
	int r;

	r = rd_system_read(sys, "/proc/cmdline", CMDLINE_MAX, &text, err);
	if (r || !text.data)
		return r < 0 ? r : 0;
	rest = text.data;
	for (const char *word; (word = strsep(&rest, " \n"));) {
		*is_onp |= !strcmp(word, "module.sig_enforce") ||
			   !strcmp(word, "module.sig_enforce=1") ||
			   !strcmp(word, "module.sig_enforce=y") ||
			   !strcmp(word, "module.sig_enforce=Y");
	}
	return 0;
}

/* The kernel's own switch: sysfs, else the command line, else how the kernel was configured. */
static int read_switch(const struct rd_system *sys, const char *kernel, enum rd_presence *isp,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *line = NULL;
	enum rd_presence forces = RD_PRESENCE_UNKNOWN, verifies = RD_PRESENCE_UNKNOWN;
	bool is_on = false;
	int r;

	r = rd_attribute_get(sys, PARAMETERS, "sig_enforce", &line, err);
	if (r)
		return r;
	if (line) {
		*isp = *line == 'Y' || *line == '1' ? RD_PRESENCE_YES : RD_PRESENCE_NO;
		return 0;
	}
	r = read_command_line(sys, &is_on, err);
	if (!r)
		r = rd_kernel_config_has(sys, kernel, "CONFIG_MODULE_SIG_FORCE", &forces, err);
	if (!r)
		r = rd_kernel_config_has(sys, kernel, "CONFIG_MODULE_SIG", &verifies, err);
	if (r)
		return r;
	if (verifies == RD_PRESENCE_NO)
		*isp = RD_PRESENCE_NO;
	else if (is_on || forces == RD_PRESENCE_YES)
		*isp = RD_PRESENCE_YES;
	return 0;
}

static bool is_locked_down(const struct rd_policy *policy)
{
	return policy->lockdown && strcmp(policy->lockdown, "none") != 0;
}

int rd_probe_policy(const struct rd_system *sys, const struct rd_probe_options *options,
		    struct rd_facts *facts, struct rd_error *err)
{
	struct rd_policy *policy = &facts->policy;
	enum rd_presence is_on = RD_PRESENCE_UNKNOWN;
	int r;

	(void)options;
	r = read_secure_boot(sys, policy, err);
	if (!r)
		r = read_lockdown(sys, policy, err);
	if (!r)
		r = read_switch(sys, facts->running.kernel, &is_on, err);
	if (!r)
		r = rd_kernel_keys_read(sys, policy, err);
	if (r)
		return rd_error_prefix(err, r, "boot policy");
	if (is_on == RD_PRESENCE_YES || is_locked_down(policy))
		policy->enforces_signatures = RD_PRESENCE_YES;
	else if (is_on == RD_PRESENCE_NO && policy->lockdown)
		policy->enforces_signatures = RD_PRESENCE_NO;
	return 0;
}
