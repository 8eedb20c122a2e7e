/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life and names of the lines of configuration. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
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

static void line_deinit(struct rd_modprobe_line *line)
{
	free(line->module);
	free(line->place);
	free(line->text);
}

int rd_modprobe_lines_add(struct rd_modprobe_lines *lines, enum rd_modprobe_kind kind,
			  const char *module, const char *place, const char *text)
{
	struct rd_modprobe_line line = { .kind = kind };

	if (lines->n >= RD_MODPROBE_LINES_MAX)
		return RD_MODPROBE_LINES_FULL;
	line.module = module ? strdup(module) : NULL;
	line.place = strdup(place);
	line.text = strdup(text);
	if ((!module || line.module) && line.place && line.text && !rd_array_push(lines, &line))
		return 0;
	line_deinit(&line);
	return -ENOMEM;
}

void rd_modprobe_lines_deinit(struct rd_modprobe_lines *lines)
{
	for (size_t i = 0; i < lines->n; i++)
		line_deinit(&lines->items[i]);
	free(lines->items);
	*lines = (struct rd_modprobe_lines){ 0 };
}
