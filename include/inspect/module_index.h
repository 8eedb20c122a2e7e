/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Which file modprobe loads a module from, by depmod's index: modules.dep (modules.dep(5)), or the
 * trie modules.dep.bin, which is all that some initramfs images have.
 */

#include <stddef.h>
#include <stdint.h>

/**
 * rd_module_index_find() - the path that the index has for a module
 * @data: modules.dep or modules.dep.bin, told apart by the magic number
 * @module: its name as the kernel has it: with underscores, without a suffix
 * @pathp: malloc()ed, as it stands: below the index's folder, or absolute; stays NULL if the index
 *         does not have the module, or is broken
 *
 * Return: 0 or -ENOMEM.
 */
int rd_module_index_find(const uint8_t *data, size_t len, const char *module, char **pathp);
