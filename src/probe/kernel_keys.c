/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * /proc/keys lists the keys that the reader may see, one a line:
 *
 *	SERIAL FLAGS USAGE TIMEOUT PERMISSION UID GID TYPE DESCRIPTION: SUMMARY
 *
 * The kernel describes a key made from a certificate as "SUBJECT: KEYID", and sums it up as
 * "X509.rsa TAIL []". Which keyring holds it stands nowhere in the file; that is asked of a
 * backend. Its own keyrings are visible to root alone.
 *
 * Sources: Documentation/security/keys/core.rst; security/keys/proc.c (proc_keys_show);
 * crypto/asymmetric_keys/asymmetric_type.c (asymmetric_key_describe), x509_public_key.c.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "kernel_keys.h"

#define PROC_KEYS     "/proc/keys"
#define PROC_KEYS_MAX ((size_t)4 << 20)
#define ROWS_MAX      16384

static const char *const keyrings[] = { ".builtin_trusted_keys", ".secondary_trusted_keys",
					".machine", ".platform" };

/* One line, its strings inside the text. */
struct key_row {
	uint32_t serial;
	const char *type;
	char *description; /* without the summary */
};

struct key_rows {
	struct key_row *items;
	size_t n, cap;
};

static void rows_deinit(struct key_rows *rows)
{
	free(rows->items);
}

static void serials_deinit(struct rd_key_serials *serials)
{
	free(serials->items);
}

/* The last ": " of the string, or NULL. */
static char *last_colon(char *s)
{
	char *found = NULL;

	for (char *at = s; (at = strstr(at, ": ")); at++)
		found = at;
	return found;
}

static bool parse_row(char *line, struct key_row *row)
{
	int type = 0, type_end = 0, description = 0;
	char *colon;

	if (sscanf(line, "%x %*s %*s %*s %*s %*s %*s %n%*s%n %n", &row->serial, &type, &type_end,
		   &description) < 1 ||
	    !description)
		return false;
	line[type_end] = '\0';
	row->type = line + type;
	row->description = line + description;
	colon = last_colon(row->description);
	if (colon)
		*colon = '\0';
	return true;
}

static int parse_rows(char *text, struct key_rows *rows)
{
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n")) && rows->n < ROWS_MAX;) {
		struct key_row row;

		if (parse_row(line, &row) && rd_array_push(rows, &row))
			return -ENOMEM;
	}
	return 0;
}

static const struct key_row *find_row(const struct key_rows *rows, uint32_t serial)
{
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->items[i].serial == serial)
			return &rows->items[i];
	}
	return NULL;
}

static const struct key_row *find_keyring(const struct key_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->n; i++) {
		if (!strcmp(rows->items[i].type, "keyring") &&
		    !strcmp(rows->items[i].description, name))
			return &rows->items[i];
	}
	return NULL;
}

/* "asymmetric" is cut to the width of its column. */
static bool is_asymmetric(const struct key_row *row)
{
	return !strncmp(row->type, "asymmetri", strlen("asymmetri"));
}

/* @keyring: NULL where it cannot be told. */
static int add_key(struct rd_policy *policy, const struct key_row *row, const char *keyring)
{
	const char *colon = last_colon(row->description);
	struct rd_key key = {
		.id = strdup(colon ? colon + 2 : ""),
		.name = strndup(row->description, colon ? (size_t)(colon - row->description)
							: strlen(row->description)),
		.keyring = keyring ? strdup(keyring) : NULL,
	};

	if (key.id && key.name && (key.keyring || !keyring) && !rd_array_push(&policy->keys, &key))
		return 0;
	free(key.id);
	free(key.name);
	free(key.keyring);
	return -ENOMEM;
}

/* The keys of one keyring. A member that is a keyring itself is asked by its own name. */
static int add_members(const struct rd_system *sys, const struct key_rows *rows, const char *name,
		       struct rd_policy *policy, struct rd_error *err)
{
	const struct rd_keyring_backend *backend = sys->is_live ? &rd_keyring_backend_live
								: &rd_keyring_backend_picture;
	RD_CLEANUP(serials_deinit) struct rd_key_serials serials = { 0 };
	const struct key_row *keyring = find_keyring(rows, name);
	int r;

	if (!keyring)
		return 0;
	r = backend->read(sys, name, keyring->serial, &serials, err);
	for (size_t i = 0; !r && i < serials.n; i++) {
		const struct key_row *row = find_row(rows, serials.items[i]);

		if (row && is_asymmetric(row) && add_key(policy, row, name))
			return rd_error_nomem(err);
		if (!row)
			r = RD_KERNEL_KEYS_UNKNOWN; /* a member that may not be seen */
	}
	return r;
}

/* Without the keyrings' members a key is known to be there, and no more. */
static int add_all(const struct key_rows *rows, struct rd_policy *policy)
{
	for (size_t i = 0; i < rows->n; i++) {
		if (is_asymmetric(&rows->items[i]) && add_key(policy, &rows->items[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

int rd_kernel_keys_read(const struct rd_system *sys, struct rd_policy *policy, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rows_deinit) struct key_rows rows = { 0 };
	int r;

	r = rd_system_read(sys, PROC_KEYS, PROC_KEYS_MAX, &text, err);
	if (r || !text.data)
		return r < 0 ? r : 0;
	if (parse_rows(text.data, &rows))
		return rd_error_nomem(err);
	if (!find_keyring(&rows, keyrings[0]))
		return 0; /* not for this user's eyes */

	for (size_t i = 0; i < RD_N_ELEMENTS(keyrings) && !r; i++)
		r = add_members(sys, &rows, keyrings[i], policy, err);
	if (r < 0)
		return r;
	if (r == RD_KERNEL_KEYS_UNKNOWN && add_all(&rows, policy))
		return rd_error_nomem(err);
	policy->keys_known = RD_PRESENCE_YES;
	return 0;
}
