/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Parts of the documents that stand in files of their own. */

#include "document.h"
#include "model/facts.h"
#include "model/report.h"
#include "render/render.h"

void json_evidence(struct document *document, struct json_object *parent, const char *key,
		   const struct rd_evidence *ev);

/* As "copies" of the document. */
void json_copies(struct document *document, const struct rd_copies *copies);

int json_rollback(const struct rd_rollback *rollback, const struct rd_render_options *options,
		  FILE *f, struct rd_error *err);
int json_backups(const struct rd_saved_list *list, const struct rd_render_options *options, FILE *f,
		 struct rd_error *err);

/* What the machine is made of, but for the copies of the driver. */
void json_machine(struct document *document, const struct rd_facts *facts);

/* All that check says of a machine. */
void json_report(struct document *document, const struct rd_report *report);

/* The health file (json_boot.c); as the member of struct rd_renderer. */
int json_boot(const struct rd_report *report, const struct rd_boot *boot,
	      const struct rd_render_options *options, FILE *f, struct rd_error *err);
