/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Finding one module in the indexes of a kernel, and by the name of its file. */

#include <stdbool.h>
#include <stddef.h>

/**
 * rd_modules_dep_is() - whether depmod takes a file for that module
 * @name: of the file, without folders: NAME.ko, also compressed, also with more between the first
 *        dot and the end (amdgpu.orig.ko)
 * @module: as the kernel has it, with underscores
 */
bool rd_modules_dep_is(const char *name, const char *module);

/**
 * rd_modules_dep_find() - the path that an index has for a module
 * @text: modules.dep, modules.order or modules.builtin, @len bytes
 * @pathp: as it stands, the caller's; stays NULL if the index has none
 *
 * Return: 0 or -ENOMEM.
 */
int rd_modules_dep_find(const char *text, size_t len, const char *module, char **pathp);
