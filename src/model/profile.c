/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Environment profiles: ownership and look-up. */

#include <stdlib.h>
#include <string.h>

#include "model/profile.h"

void rd_profile_basis_deinit(struct rd_profile_basis *basis)
{
	for (size_t i = 0; i < basis->n_chips; i++)
		free(basis->chips[i]);
	for (size_t i = 0; i < basis->stack.n; i++) {
		free(basis->stack.items[i].path);
		free(basis->stack.items[i].detail);
	}
	free(basis->stack.items);
	free(basis->nodes.items);
	free(basis->other);
	*basis = (struct rd_profile_basis)RD_PROFILE_BASIS_INIT;
}

void rd_profile_deinit(struct rd_profile *profile)
{
	for (size_t i = 0; i < profile->settings.n; i++)
		free(profile->settings.items[i].name);
	free(profile->settings.items);
	free(profile->reason);
	free(profile->remark);
	*profile = (struct rd_profile)RD_PROFILE_INIT;
}

const struct rd_profile_setting *rd_profile_find(const struct rd_profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->settings.n; i++) {
		if (!strcmp(profile->settings.items[i].name, name))
			return &profile->settings.items[i];
	}
	return NULL;
}

const struct rd_profile_kind *rd_profile_kind_find(const char *name)
{
	const struct rd_profile_kind *kinds;
	size_t n;

	kinds = rd_data_profiles(&n);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	}
	return NULL;
}

void rd_profile_mentions_deinit(struct rd_profile_mentions *mentions)
{
	for (size_t i = 0; i < mentions->n; i++) {
		free(mentions->items[i].path);
		free(mentions->items[i].text);
	}
	free(mentions->items);
	*mentions = (struct rd_profile_mentions){ 0 };
}

void rd_profile_rows_deinit(struct rd_profile_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		free(rows->items[i].name);
		free(rows->items[i].wanted);
		free(rows->items[i].in_file);
		free(rows->items[i].in_environment);
	}
	free(rows->items);
	*rows = (struct rd_profile_rows){ 0 };
}
