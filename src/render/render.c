/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The table of formats. To add one: a file with its const record, a line here. */

#include <string.h>

#include "base/cleanup.h"
#include "renderers.h"

static const struct rd_renderer *const renderers[] = {
	&rd_renderer_text,
	&rd_renderer_json,
	&rd_renderer_nagios,
	&rd_renderer_prometheus,
};

const struct rd_renderer *rd_renderer_find(const char *name)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(renderers); i++) {
		if (!strcmp(renderers[i]->name, name))
			return renderers[i];
	}
	return NULL;
}
