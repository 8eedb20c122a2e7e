/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The formats; render.c holds their table. */

#include "render/render.h"

/* What recover tells (text_repair.c, json_repair.c). */
int text_repair(const struct rd_repair *repair, const struct rd_render_options *options, FILE *f,
		struct rd_error *err);
int json_repair(const struct rd_repair *repair, const struct rd_render_options *options, FILE *f,
		struct rd_error *err);

extern const struct rd_renderer rd_renderer_json;
extern const struct rd_renderer rd_renderer_nagios;
extern const struct rd_renderer rd_renderer_prometheus;
extern const struct rd_renderer rd_renderer_text;

/* What stands in files of its own. */
int json_trial(const struct rd_trial *trial, const struct rd_render_options *options, FILE *f,
	       struct rd_error *err);
int text_trial(const struct rd_trial *trial, const struct rd_render_options *options, FILE *f,
	       struct rd_error *err);

/* The report at a boot as text (boot.c); as the member of struct rd_renderer. */
int text_boot(const struct rd_report *report, const struct rd_boot *boot,
	      const struct rd_render_options *options, FILE *f, struct rd_error *err);
