/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From values to json-c's tree, with json-c's ownership and its failures kept in here. */

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "document.h"

/* Additions keep it, a changed meaning raises it. */
#define SCHEMA 1

void document_deinit(struct document *document)
{
	json_object_put(document->root);
}

/*
 * Hands @value (NULL is JSON's null) to @parent. Return: @value, or NULL after a failure, which
 * every function here takes as parent.
 */
static struct json_object *give(struct document *document, struct json_object *parent,
				const char *key, struct json_object *value)
{
	int r;

	if (!document->r && parent) {
		r = key ? json_object_object_add(parent, key, value)
			: json_object_array_add(parent, value);
		if (!r)
			return value;
		document->r = -ENOMEM;
	}
	json_object_put(value);
	return NULL;
}

/* As give(), for a value that is NULL only when memory is short. */
static struct json_object *give_new(struct document *document, struct json_object *parent,
				    const char *key, struct json_object *value)
{
	if (!value)
		document->r = -ENOMEM;
	return give(document, parent, key, value);
}

struct json_object *document_object(struct document *document, struct json_object *parent,
				    const char *key)
{
	return give_new(document, parent, key, json_object_new_object());
}

struct json_object *document_array(struct document *document, struct json_object *parent,
				   const char *key)
{
	return give_new(document, parent, key, json_object_new_array());
}

void document_number(struct document *document, struct json_object *parent, const char *key,
		     struct rd_num value)
{
	if (value.known)
		give_new(document, parent, key, json_object_new_uint64(value.v));
	else
		give(document, parent, key, NULL);
}

void document_real(struct document *document, struct json_object *parent, const char *key,
		   double value)
{
	char s[32];

	snprintf(s, sizeof(s), "%.6g", value);
	if (value >= 0 && __builtin_isfinite(value))
		give_new(document, parent, key, json_object_new_double_s(value, s));
	else
		give(document, parent, key, NULL);
}

void document_bool(struct document *document, struct json_object *parent, const char *key,
		   bool value)
{
	give_new(document, parent, key, json_object_new_boolean(value));
}

void document_presence(struct document *document, struct json_object *parent, const char *key,
		       enum rd_presence presence)
{
	if (presence == RD_PRESENCE_UNKNOWN)
		give(document, parent, key, NULL);
	else
		document_bool(document, parent, key, presence == RD_PRESENCE_YES);
}

void document_text(struct document *document, struct json_object *parent, const char *key,
		   const char *value)
{
	if (value)
		give_new(document, parent, key, json_object_new_string(value));
	else
		give(document, parent, key, NULL);
}

void document_string(struct document *document, struct json_object *parent, const char *key,
		     const char *value)
{
	RD_CLEANUP(rd_freep) char *safe = value ? rd_text_escape(value) : NULL;

	if (value && !safe)
		document->r = -ENOMEM;
	document_text(document, parent, key, safe);
}

void document_strings(struct document *document, struct json_object *parent, const char *key,
		      char *const *values, size_t n)
{
	struct json_object *list = document_array(document, parent, key);

	for (size_t i = 0; i < n; i++)
		document_string(document, list, NULL, values[i]);
}

void document_hex(struct document *document, struct json_object *parent, const char *key,
		  struct rd_num value, int digits)
{
	char s[32];

	snprintf(s, sizeof(s), "%0*llx", digits, (unsigned long long)value.v);
	document_text(document, parent, key, value.known ? s : NULL);
}

void document_init(struct document *document, const char *verb)
{
	*document = (struct document){ .root = json_object_new_object() };
	if (!document->root)
		document->r = -ENOMEM;
	document_number(document, document->root, "schema", RD_NUM(SCHEMA));
	document_text(document, document->root, "tool", "rdna1-doctor");
	document_text(document, document->root, "version", RD_VERSION);
	document_text(document, document->root, "verb", verb);
}

int document_write(const struct document *document, FILE *f, struct rd_error *err)
{
	const char *s = NULL;

	if (!document->r)
		s = json_object_to_json_string_ext(
			document->root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!s)
		return rd_error_nomem(err);
	if (fputs(s, f) == EOF || fputc('\n', f) == EOF)
		return rd_error_set(err, errno ? errno : EIO, "the output could not be written");
	return 0;
}
