/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A JSON document that grows; the first failure sticks, so that a renderer is written straight
 * down and asks once, at the end. Strings from outside pass rd_text_escape(), so that a file name
 * of any bytes is valid JSON and harmless on a terminal.
 *
 * Each function adds to @parent: under @key if it is an object, at the end (@key NULL) if it is an
 * array. @parent may be NULL, which is what they return after a failure.
 */

#include <json-c/json.h>
#include <stdio.h>

#include "base/error.h"
#include "model/gpu.h"
#include "model/presence.h"

struct document {
	struct json_object *root;
	int r; /* the first error */
};

/* Starts the document of a verb with what every one has: schema, tool, version, verb. */
void document_init(struct document *document, const char *verb);
void document_deinit(struct document *document);

/* Writes the document. Return: 0, -ENOMEM, or -EIO when the stream failed. */
int document_write(const struct document *document, FILE *f, struct rd_error *err);

struct json_object *document_object(struct document *document, struct json_object *parent,
				    const char *key);
struct json_object *document_array(struct document *document, struct json_object *parent,
				   const char *key);
void document_number(struct document *document, struct json_object *parent, const char *key,
		     struct rd_num value);

/* Six digits of it; null if it is negative or no number. */
void document_real(struct document *document, struct json_object *parent, const char *key,
		   double value);
void document_bool(struct document *document, struct json_object *parent, const char *key,
		   bool value);

/* true, false, or null for what is not known. */
void document_presence(struct document *document, struct json_object *parent, const char *key,
		       enum rd_presence presence);

/* Our own words, line ends and all; NULL is null. */
void document_text(struct document *document, struct json_object *parent, const char *key,
		   const char *value);

/* What may come from outside; NULL is null. */
void document_string(struct document *document, struct json_object *parent, const char *key,
		     const char *value);
void document_strings(struct document *document, struct json_object *parent, const char *key,
		      char *const *values, size_t n);

/* A number as lspci writes it: @digits hexadecimal digits, no prefix. */
void document_hex(struct document *document, struct json_object *parent, const char *key,
		  struct rd_num value, int digits);
