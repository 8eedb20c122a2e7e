/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Lines of configuration that decide which amdgpu is loaded, or whether any is. */

#include <stddef.h>

#include "model/presence.h"

enum rd_modprobe_kind {
	RD_MODPROBE_BLACKLIST, /* no automatic load: blacklist, or a parameter of the kernel */
	RD_MODPROBE_INSTALL, /* a command runs in place of loading */
	RD_MODPROBE_ALIAS, /* another name that leads to or away from amdgpu */
	RD_MODPROBE_SOFTDEP,
	RD_MODPROBE_OPTIONS,
	RD_MODPROBE_OVERRIDE, /* depmod.d: this folder wins for this module */
	RD_MODPROBE_SEARCH, /* depmod.d: order of the folders */
	RD_MODPROBE_EXTERNAL, /* depmod.d: modules outside lib/modules */
};

struct rd_modprobe_line {
	enum rd_modprobe_kind kind;
	char *module; /* the module it is about; NULL for search */
	char *place; /* "/etc/modprobe.d/x.conf:3", "the kernel's command line" */
	char *text; /* the line itself, white space at both ends removed */
};

/* Only lines that amdgpu, or a module that dkms builds with it, is subject to, in order. */
struct rd_modprobe_lines {
	struct rd_modprobe_line *items;
	size_t n, cap;
};

/* A hostile file must not fill the report. */
#define RD_MODPROBE_LINES_MAX 200

enum {
	_RD_MODPROBE_LINES_OK,
	RD_MODPROBE_LINES_FULL, /* the line was not added, nor will others be */
};

/**
 * rd_modprobe_lines_add() - append one line
 * @module: copied, may be NULL
 * @place: copied
 * @text: copied
 *
 * Return: 0, RD_MODPROBE_LINES_FULL, or -ENOMEM.
 */
int rd_modprobe_lines_add(struct rd_modprobe_lines *lines, enum rd_modprobe_kind kind,
			  const char *module, const char *place, const char *text);

/* "blacklist", "install", ...; static. */
const char *rd_modprobe_kind_name(enum rd_modprobe_kind kind);

void rd_modprobe_lines_deinit(struct rd_modprobe_lines *lines);
