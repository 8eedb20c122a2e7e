/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What others do to a machine between a transaction and its rollback. */

#include <stdbool.h>

/* New content at paths of the transaction of machine_plan(): over its files, over what a tool
 * wrote, in its folders, and where it had taken something away. */
void others_change(const char *root);

/* Whether all of that is in its place, or in the aside folder of transaction 1. */
bool others_is_somewhere(const char *root);

/* Whether the backup of transaction 1 names all of that, and is whole. */
bool others_is_kept(const char *root);
