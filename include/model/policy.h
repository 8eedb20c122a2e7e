/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which modules this machine's kernel accepts: Secure Boot, lockdown, enforcement, its keys. */

#include <stddef.h>

#include "model/presence.h"

struct rd_key {
	char *id; /* key id (subject key identifier), lower-case hex */
	char *name; /* as the kernel describes it */
	char *keyring; /* ".builtin_trusted_keys", ".platform", ... */
};

struct rd_policy {
	enum rd_presence secure_boot;
	enum rd_presence enforces_signatures; /* sig_enforce, or lockdown says so */
	char *lockdown; /* "none", "integrity", "confidentiality"; NULL unknown */
	enum rd_presence keys_known; /* YES: the list is complete */
	struct {
		struct rd_key *items;
		size_t n, cap;
	} keys;
};

void rd_policy_deinit(struct rd_policy *policy);
