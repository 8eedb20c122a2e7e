/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which of several files of one module depmod takes for a kernel. */

#include <stdbool.h>
#include <stddef.h>

#include "model/modprobe.h"

struct rd_depmod_override {
	char *path; /* FOLDER/MODULE, below the kernel's folder, without a suffix */
	char *pattern; /* of kernel releases */
};

struct rd_depmod_external {
	char *folder, *pattern;
};

/* The configuration of all kernels, in the order of its lines. */
struct rd_depmod_conf {
	struct {
		char **items;
		size_t n, cap;
	} searches;
	struct {
		struct rd_depmod_override *items;
		size_t n, cap;
	} overrides;
	struct {
		struct rd_depmod_external *items;
		size_t n, cap;
	} externals;
	struct {
		char **items;
		size_t n, cap;
	} excludes; /* names of folders that are left out at any depth */
};

#define RD_DEPMOD_CONF_INIT \
	{                   \
		0           \
	}

void rd_depmod_conf_deinit(struct rd_depmod_conf *conf);

enum {
	_RD_DEPMOD_CONF_OK,
	RD_DEPMOD_CONF_REFUSED, /* more lines than any machine has, or a pattern that may be a trap
				 */
};

/**
 * rd_depmod_conf_read() - append one file
 * @text: the file, @len bytes
 * @path: its name, for the places
 * @module: whose overrides matter
 * @lines: gets the lines that matter
 *
 * Return: 0, RD_DEPMOD_CONF_REFUSED, or -ENOMEM.
 */
int rd_depmod_conf_read(struct rd_depmod_conf *conf, const char *text, size_t len, const char *path,
			const char *module, struct rd_modprobe_lines *lines);

/* What of the configuration holds for one kernel; borrows from it. */
struct rd_depmod_order {
	const struct rd_depmod_conf *conf;
	const char *folder; /* of the kernel: /lib/modules/RELEASE */
	struct {
		const char **items;
		size_t n, cap;
	} overrides; /* the one that wins first */
	struct {
		const char **items;
		size_t n, cap;
	} externals; /* folders, in depmod's order */
};

#define RD_DEPMOD_ORDER_INIT \
	{                    \
		0            \
	}

/**
 * rd_depmod_order_init() - the order of one kernel
 * @folder: of the kernel, borrowed; its last part is the release
 *
 * Return: 0, RD_DEPMOD_CONF_REFUSED (a pattern that may be a trap), or -ENOMEM.
 */
int rd_depmod_order_init(struct rd_depmod_order *order, const struct rd_depmod_conf *conf,
			 const char *folder);
void rd_depmod_order_deinit(struct rd_depmod_order *order);

/* Whether depmod looks at a path at all, or an exclude line keeps it from that. */
bool rd_depmod_order_sees(const struct rd_depmod_order *order, const char *path);

/**
 * rd_depmod_order_replaces() - whether depmod, having @old, takes @new for it when it meets it
 *
 * Both are paths as seen from the root, of files of one module. Where A replaces B and B replaces
 * A, or neither does, the order of the folder's entries decides.
 */
bool rd_depmod_order_replaces(const struct rd_depmod_order *order, const char *old,
			      const char *new);
