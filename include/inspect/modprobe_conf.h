/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which lines of modprobe's configuration, and words of the kernel's command line, touch a driver.
 */

#include <stddef.h>

#include "model/modprobe.h"

/* The place of what stands on the kernel's command line. */
#define RD_MODPROBE_CMDLINE "the kernel's command line"

/* What lines are looked for; all borrowed. */
struct rd_modprobe_subject {
	const char *const *modules; /* names as the kernel has them, with underscores; driver first,
				       at least that */
	size_t n_modules;
	const char *const *modaliases; /* of the devices that the driver is wanted for */
	size_t n_modaliases;
};

/**
 * rd_modprobe_conf_read() - append the lines of one file that touch the subject
 * @text: the file, @len bytes
 * @path: its name, for the places
 *
 * A pattern is taken for the first module of the subject that it matches. Of an alias that leads
 * away from the subject, the line's module is the one that it leads to.
 *
 * Return: 0, RD_MODPROBE_LINES_FULL, or -ENOMEM.
 */
int rd_modprobe_conf_read(const char *text, size_t len, const char *path,
			  const struct rd_modprobe_subject *subject,
			  struct rd_modprobe_lines *lines);

/* As above for /proc/cmdline: options, blacklists, and nomodeset. */
int rd_modprobe_cmdline_read(const char *text, size_t len,
			     const struct rd_modprobe_subject *subject,
			     struct rd_modprobe_lines *lines);
