/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life of struct rd_policy. */

#include <stdlib.h>

#include "model/policy.h"

void rd_policy_deinit(struct rd_policy *policy)
{
	free(policy->lockdown);
	for (size_t i = 0; i < policy->keys.n; i++) {
		free(policy->keys.items[i].id);
		free(policy->keys.items[i].name);
		free(policy->keys.items[i].keyring);
	}
	free(policy->keys.items);
	*policy = (struct rd_policy){ 0 };
}
