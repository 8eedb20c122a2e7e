/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * profile diff: three columns, a row for each variable that any of them has. Of the environment and
 * of foreign lines in the file only the profiles' own variables count.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "profile.h"

/* Whether a name is that of a variable of the profiles, or of it for one node. */
static bool is_of(const char *name, const struct rd_profile_variable *variable)
{
	size_t n = strlen(variable->name);

	if (strncmp(name, variable->name, n) != 0)
		return false;
	if (!name[n])
		return true;
	return variable->is_per_node && name[n] == '_' && name[n + 1] &&
	       !name[n + 1 + strspn(name + n + 1, "0123456789")];
}

static bool is_known(const char *name)
{
	const struct rd_profile_variable *variables;
	size_t n;

	variables = rd_data_profile_variables(&n);
	for (size_t i = 0; i < n; i++) {
		if (is_of(name, &variables[i]))
			return true;
	}
	return false;
}

static struct rd_profile_row *find_row(struct rd_profile_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->n; i++) {
		if (!strcmp(rows->items[i].name, name))
			return &rows->items[i];
	}
	return NULL;
}

/* The row of a variable, new if need be; NULL when out of memory. */
static struct rd_profile_row *get_row(struct rd_profile_rows *rows, const char *name)
{
	struct rd_profile_row row = { .name = NULL };

	if (find_row(rows, name))
		return find_row(rows, name);
	row.name = strdup(name);
	if (row.name && !rd_array_push(rows, &row))
		return &rows->items[rows->n - 1];
	free(row.name);
	return NULL;
}

static int set(char **valuep, const char *value)
{
	free(*valuep);
	*valuep = value ? strdup(value) : NULL;
	return value && !*valuep ? -ENOMEM : 0;
}

static int add_profile(struct rd_profile_rows *rows, const struct rd_profile *profile)
{
	for (size_t i = 0; i < profile->settings.n; i++) {
		struct rd_profile_row *row = get_row(rows, profile->settings.items[i].name);

		if (!row || set(&row->wanted, profile->settings.items[i].value))
			return -ENOMEM;
	}
	return 0;
}

static int add_file(struct rd_profile_rows *rows, const struct rd_profile_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		const struct rd_profile_entry *entry = &entries->items[i];
		struct rd_profile_row *row;

		if (!is_known(entry->name))
			continue;
		row = get_row(rows, entry->name);
		if (!row || set(&row->in_file, entry->value))
			return -ENOMEM;
		row->is_open = entry->is_open;
	}
	return 0;
}

static int add_environment(struct rd_profile_rows *rows)
{
	for (char **p = environ; *p; p++) {
		size_t n = strcspn(*p, "=");
		RD_CLEANUP(rd_freep) char *name = strndup(*p, n);
		struct rd_profile_row *row;

		if (!name)
			return -ENOMEM;
		if ((*p)[n] != '=' || !is_known(name))
			continue;
		row = get_row(rows, name);
		if (!row || set(&row->in_environment, *p + n + 1))
			return -ENOMEM;
	}
	return 0;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : !a && !b;
}

/* Whether all rows are equal. */
static bool judge(struct rd_profile_rows *rows)
{
	bool are_equal = true;

	for (size_t i = 0; i < rows->n; i++) {
		struct rd_profile_row *row = &rows->items[i];

		row->is_equal = !row->is_open && is_same(row->wanted, row->in_file) &&
				is_same(row->wanted, row->in_environment);
		are_equal &= row->is_equal;
	}
	return are_equal;
}

static int load(const struct profile_job *job, struct rd_profile_entries *entries, bool *existsp,
		struct rd_error *err)
{
	const struct rd_profile_target target = profile_job_target(job);
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	int r;

	r = rd_profile_load(&target, &text, err);
	if (r == RD_PROFILE_ABSENT)
		return 0;
	if (r == RD_PROFILE_REFUSED) {
		rd_error_prefix(err, r, "refused");
		return CLI_REFUSED;
	}
	if (r)
		return r;
	*existsp = true;
	return rd_profile_read(job->format, text.data, text.len, entries) ? rd_error_nomem(err) : 0;
}

/* Puts the three together and tells. Return: exit code, or a negative errno. */
static int compare(const struct profile_job *job, const struct rd_profile_entries *entries,
		   const char *path, struct rd_error *err)
{
	RD_CLEANUP(rd_profile_mentions_deinit) struct rd_profile_mentions mentions = { 0 };
	RD_CLEANUP(rd_profile_rows_deinit) struct rd_profile_rows rows = { 0 };
	const struct rd_render_options render = cli_render_options(job->values);
	const struct rd_profile_comparison comparison = {
		.profile = &job->profile,
		.path = path,
		.rows = &rows,
		.mentions = &mentions,
	};
	bool are_equal;
	int r;

	if (add_profile(&rows, &job->profile) || add_file(&rows, entries) || add_environment(&rows))
		return rd_error_nomem(err);
	r = profile_job_mentions(job, &mentions, err);
	if (r)
		return r;
	are_equal = judge(&rows);
	if (job->values->is_json)
		r = rd_render_profile_comparison_json(&comparison, stdout, err);
	else
		r = rd_render_profile_comparison(&comparison, &render, stdout, err);
	if (r)
		return r;
	return are_equal ? CLI_EXIT_OK : CLI_EXIT_BAD;
}

int profile_diff(struct profile_job *job, struct rd_error *err)
{
	RD_CLEANUP(rd_profile_entries_deinit) struct rd_profile_entries entries = { 0 };
	RD_CLEANUP(rd_freep) char *path = profile_job_path(job);
	const struct rd_probe_options probe = { 0 };
	bool exists = false;
	int r;

	if (!path)
		return rd_error_nomem(err);
	r = rd_probe_gpus(&job->sys, &probe, &job->facts, err);
	if (!r)
		r = profile_job_choose(job, err);
	if (!r)
		r = load(job, &entries, &exists, err);
	return r ? r : compare(job, &entries, exists ? path : NULL, err);
}
