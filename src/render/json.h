/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Parts of the documents that stand in files of their own. */

#include "document.h"
#include "model/facts.h"

void json_evidence(struct document *document, struct json_object *parent, const char *key,
		   const struct rd_evidence *ev);

/* What the machine is made of, but for the copies of the driver. */
void json_machine(struct document *document, const struct rd_facts *facts);
