/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The variables that a configuration of dkms has given so far; dkms_conf_read.c fills them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "dkms_conf_private.h"

static void variable_deinit(struct rd_dkms_variable *variable)
{
	free(variable->name);
	free(variable->value);
}

void rd_dkms_conf_deinit(struct rd_dkms_conf *conf)
{
	for (size_t i = 0; i < conf->n; i++)
		variable_deinit(&conf->items[i]);
	free(conf->items);
	free(conf->problem);
	*conf = (struct rd_dkms_conf)RD_DKMS_CONF_INIT;
}

struct rd_dkms_variable *dkms_conf_find(const struct rd_dkms_conf *conf, const char *name,
					size_t len, size_t index)
{
	for (size_t i = 0; i < conf->n; i++) {
		struct rd_dkms_variable *variable = &conf->items[i];

		if (variable->index == index && !strncmp(variable->name, name, len) &&
		    !variable->name[len])
			return variable;
	}
	return NULL;
}

const struct rd_dkms_variable *rd_dkms_conf_find(const struct rd_dkms_conf *conf, const char *name,
						 size_t index)
{
	return dkms_conf_find(conf, name, strlen(name), index);
}

const char *rd_dkms_conf_get(const struct rd_dkms_conf *conf, const char *name, size_t index)
{
	const struct rd_dkms_variable *variable = rd_dkms_conf_find(conf, name, index);

	return variable ? variable->value : NULL;
}

size_t rd_dkms_conf_count(const struct rd_dkms_conf *conf, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < conf->n; i++) {
		if (conf->items[i].index >= n && !strcmp(conf->items[i].name, name))
			n = conf->items[i].index + 1;
	}
	return n;
}

int dkms_conf_add(struct rd_dkms_conf *conf, const char *name, size_t index,
		  struct rd_dkms_variable **variablep)
{
	struct rd_dkms_variable variable = { .name = strdup(name), .index = index };

	if (!variable.name || rd_array_push(conf, &variable)) {
		free(variable.name);
		return -ENOMEM;
	}
	*variablep = &conf->items[conf->n - 1];
	return 0;
}

int rd_dkms_conf_define(struct rd_dkms_conf *conf, const char *name, const char *value)
{
	struct rd_dkms_variable *variable = dkms_conf_find(conf, name, strlen(name), 0);

	if (!variable && dkms_conf_add(conf, name, 0, &variable))
		return -ENOMEM;
	free(variable->value);
	variable->is_conditional = false;
	variable->value = strdup(value);
	return variable->value ? 0 : -ENOMEM;
}
