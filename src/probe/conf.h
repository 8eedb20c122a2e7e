/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The folders of kmod's configuration: modprobe.d and depmod.d. Private to src/probe. */

#include "model/facts.h"
#include "system/system.h"

/* Takes the text of one file. Return: 0, a positive result that ends the reading, or -ENOMEM. */
typedef int (*rd_conf_fn)(void *userdata, const char *path, const struct rd_text *text);

/**
 * rd_conf_read() - hand over the files of one kind in the order in which kmod reads them
 * @name: "modprobe.d" or "depmod.d"
 *
 * What could not be read is noted among the facts' unreads, and *@is_completep is false then.
 * Return: 0, what @fn returned, or a negative errno.
 */
int rd_conf_read(const struct rd_system *sys, const char *name, rd_conf_fn fn, void *userdata,
		 struct rd_facts *facts, bool *is_completep, struct rd_error *err);
