/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of the lines of configuration. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "model/modprobe.h"

static const struct rd_name kinds[] = {
	{ .name = "blacklist", .value = RD_MODPROBE_BLACKLIST },
	{ .name = "install", .value = RD_MODPROBE_INSTALL },
	{ .name = "alias", .value = RD_MODPROBE_ALIAS },
	{ .name = "softdep", .value = RD_MODPROBE_SOFTDEP },
	{ .name = "options", .value = RD_MODPROBE_OPTIONS },
	{ .name = "override", .value = RD_MODPROBE_OVERRIDE },
	{ .name = "search", .value = RD_MODPROBE_SEARCH },
	{ .name = "external", .value = RD_MODPROBE_EXTERNAL },
};

const char *rd_modprobe_kind_name(enum rd_modprobe_kind kind)
{
	return rd_name_of(kinds, RD_N_ELEMENTS(kinds), (int)kind);
}

void rd_modprobe_lines_deinit(struct rd_modprobe_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		free(lines->items[i].module);
		free(lines->items[i].place);
		free(lines->items[i].text);
	}
	free(lines->items);
	*lines = (struct rd_modprobe_lines){ 0 };
}
