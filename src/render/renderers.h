/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The formats; render.c holds their table. */

#include "render/render.h"

extern const struct rd_renderer rd_renderer_json;
extern const struct rd_renderer rd_renderer_nagios;
extern const struct rd_renderer rd_renderer_prometheus;
extern const struct rd_renderer rd_renderer_text;
