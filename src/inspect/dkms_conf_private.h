/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Between the variables of a configuration and its reader. Private to src/inspect. */

#include "inspect/dkms_conf.h"

/* NAME[INDEX], whose name has @len characters; or NULL; borrowed until the next is added. */
struct rd_dkms_variable *dkms_conf_find(const struct rd_dkms_conf *conf, const char *name,
					size_t len, size_t index);

/* A new one, without a value, at @variablep; borrowed until the next is added. 0 or -ENOMEM. */
int dkms_conf_add(struct rd_dkms_conf *conf, const char *name, size_t index,
		  struct rd_dkms_variable **variablep);
